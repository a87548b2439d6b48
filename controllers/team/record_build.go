package team

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// maxUIDs is the CRD's maxItems of a record's UIDs.
const maxUIDs = 32

// BuildRecord returns a team's record: what was awarded and decided, and every change since the last reconcile.
func BuildRecord(m *Model) *foundationv1alpha1.TeamRecord {
	record := m.Record.DeepCopy()
	facts := factsOf(m)
	known := 0
	if record == nil {
		record = &foundationv1alpha1.TeamRecord{}
		record.Name = m.Team.Name + "." + string(m.Team.UID)[:min(8, len(m.Team.UID))]
	} else {
		known = len(record.Spec.History)
		record.Spec.History = append(record.Spec.History, factChanges(m, record.Spec.Facts, facts)...)
	}
	labels, annotations := m.ownerMetadata()
	record.Labels, record.Annotations = merged(record.Labels, labels), merged(record.Annotations, annotations)
	spec := &record.Spec
	if uids := teamUIDs(m.Input); !slices.Equal(uids, spec.UIDs) {
		if len(uids) > 1 {
			spec.History = append(spec.History, specChange(m, factKey{field: foundationv1alpha1.FieldManifest}, false))
		}
		spec.UIDs = uids
	}
	if spec.State != m.State && !wasClosed(m) {
		spec.History = append(spec.History, observedStateChange(m, spec.State))
		spec.State, spec.StateTransitionTime = m.State, foundationv1alpha1.OptionalTimestamp(m.Now)
		if !m.StateSince.IsZero() {
			spec.StateTransitionTime = foundationv1alpha1.OptionalTimestamp(m.StateSince)
		}
	}
	if !equality.Semantic.DeepEqual(spec.Facts, facts) {
		spec.Facts = facts
	}
	spec.SuspensionKept = m.SuspensionKept
	spec.TeamName, spec.ProgramName, spec.Lead = m.Team.Name, m.Team.Spec.ProgramName, leadOf(m.Team)
	spec.Tenure = tenureFact(m)
	if m.Record != nil && slices.Contains(m.Record.Spec.UIDs, string(m.Team.UID)) {
		spec.History = append(spec.History[:known], addEffects(m, spec.History[known:])...)
		spec.History = append(spec.History, lateChanges(m, m.Record.Spec.Facts, facts)...)
	}
	if payments := paymentsOf(m); !slices.Equal(spec.Payments, payments) {
		spec.Payments = payments
	}
	spec.History = boundedHistory(spec.History)
	spec.Incidents = recordedIncidents(spec.Incidents, m.Incidents)
	return record
}

// wasClosed reports whether the record of a team that is being deleted is closed already. That is the last step before the
// finalizer is removed, and the cache may show the team for a moment after it.
func wasClosed(m *Model) bool {
	return !m.Team.DeletionTimestamp.IsZero() && m.Record != nil && m.Record.Spec.State == foundationv1alpha1.StateDeleted &&
		slices.Contains(m.Record.Spec.UIDs, string(m.Team.UID))
}

// closedRecord returns the record of a team whose FoundationTeam is gone.
func closedRecord(record *foundationv1alpha1.TeamRecord, now time.Time) *foundationv1alpha1.TeamRecord {
	closed := record.DeepCopy()
	if closed.Spec.State == foundationv1alpha1.StateDeleted {
		return closed
	}
	closed.Spec.History = boundedHistory(append(closed.Spec.History, stateChange(now, closed.Spec.State, foundationv1alpha1.StateDeleted)))
	closed.Spec.State, closed.Spec.StateTransitionTime = foundationv1alpha1.StateDeleted, foundationv1alpha1.OptionalTimestamp(now)
	return closed
}
