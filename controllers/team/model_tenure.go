package team

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/lifecycle"
)

// tenureBefore returns what was known of a team's time before this reconcile. Without a record its namespaces tell whether
// it was in term, and those that are not locked that it had a seat.
func tenureBefore(in Input, owner apply.Owner) lifecycle.Tenure {
	if in.Record != nil && in.Record.Spec.Tenure != nil {
		fact := in.Record.Spec.Tenure
		return lifecycle.Tenure{
			Phase: lifecycle.Phase(fact.Phase), Begun: fact.Begun,
			End: timeOf(fact.PlannedEndTime), EndSeen: timeOf(fact.PlannedEndObservedTime),
			Ended: timeOf(fact.EndedTime), AccessUntil: timeOf(fact.DataAccessEndTime), KeptUntil: timeOf(fact.KeepEndTime),
		}
	}
	var tenure lifecycle.Tenure
	for _, namespace := range in.LiveNamespaces {
		if !owner.Owns(namespace) {
			continue
		}
		tenure.Begun = true
		if namespace.Labels[foundationv1alpha1.LabelLocked] != "true" {
			tenure.Phase = lifecycle.PhaseIn
		}
	}
	return tenure
}

// tenureFact returns what is on record of a team's time after this reconcile.
func tenureFact(m *Model) *foundationv1alpha1.TenureFact {
	tenure := m.Life.Tenure
	return &foundationv1alpha1.TenureFact{
		Phase: string(tenure.Phase), Begun: tenure.Begun,
		PlannedEndTime: recordTime(tenure.End), PlannedEndObservedTime: recordTime(tenure.EndSeen),
		EndedTime: recordTime(tenure.Ended), DataAccessEndTime: recordTime(tenure.AccessUntil), KeepEndTime: recordTime(tenure.KeptUntil),
		Confirmation: m.Confirmation,
	}
}

// confirmationOf returns what an admin confirmed: the deletion of data under the conditions that held when the confirmation
// was first seen. It is nil while nothing is confirmed.
func confirmationOf(in Input, life lifecycle.Team) *foundationv1alpha1.ConfirmationFact {
	if !confirmed(in.Team) {
		return nil
	}
	if in.Record != nil && in.Record.Spec.Tenure != nil && in.Record.Spec.Tenure.Confirmation != nil {
		return in.Record.Spec.Tenure.Confirmation
	}
	return &foundationv1alpha1.ConfirmationFact{
		ObservedTime: foundationv1alpha1.NewTimestamp(in.Now), DeletionPolicy: string(in.Team.Spec.DeletionPolicy),
		Keep: metav1.Duration{Duration: life.Keep()}, PlannedEndTime: recordTime(life.Tenure.End),
	}
}

// keptAsConfirmed returns until when data is kept under the conditions that were confirmed: a keep that is shorter than the
// confirmed one has to be confirmed anew.
func keptAsConfirmed(confirmation *foundationv1alpha1.ConfirmationFact, retention *lifecycle.Retention) time.Time {
	if confirmation == nil {
		return retention.KeptUntil
	}
	if until := retention.Ended.Add(confirmation.Keep.Duration); until.After(retention.KeptUntil) {
		return until
	}
	return retention.KeptUntil
}

// recordTime returns a time as a record has it, nil for none. A record has no year after 2199; what is kept until later is
// kept as long as the specs say that.
func recordTime(at time.Time) *foundationv1alpha1.Timestamp {
	if last := time.Date(2199, 12, 31, 23, 59, 59, 0, time.UTC); at.After(last) {
		at = last
	}
	return foundationv1alpha1.OptionalTimestamp(at)
}

func timeOf(t *foundationv1alpha1.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}
