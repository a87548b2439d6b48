package team

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

// finalizedCondition reports what the deletion of a team, or of its data, waits for; nil while neither is asked for. It is
// True when it waits for nothing more.
func finalizedCondition(m *Model, out *Outcome) *metav1.Condition {
	if m.Deletion.Step == NotDeleting {
		return nil
	}
	const area = foundationv1alpha1.ConditionFinalized
	if problem := out.blocksDeletion(); problem != nil {
		return new(conditions.False(area, problem.Reason, problem.Message))
	}
	switch m.Deletion.Step {
	case KeepingData:
		return new(conditions.True(area, foundationv1alpha1.ReasonAsDeclared, "namespaces and volumes are kept, locked"))
	case DrainingGPUs:
		var draining []string
		for _, g := range m.Deletion.Draining {
			draining = append(draining, fmt.Sprintf("%s: %d GPUs are drained until their pods have ended or the pool's grace period is over", g.poolName, g.grant.Held))
		}
		return new(conditions.False(area, foundationv1alpha1.ReasonWaitingForGPUs, "deletion waits: "+text.Within(draining, conditions.MaxList)))
	case AwaitingConfirmation:
		return new(conditions.False(area, foundationv1alpha1.ReasonDeletionNotConfirmed,
			"deletionPolicy is Delete, and nothing is deleted yet: "+deletionRemedy(m)+"; or set spec.deletionPolicy to Retain"))
	case DeletingNamespaces:
		return new(conditions.False(area, foundationv1alpha1.ReasonWaitingForNamespaces, text.Count(len(m.Namespaces), "namespace")+" being deleted"))
	default:
		return new(conditions.True(area, foundationv1alpha1.ReasonAsDeclared, "no namespace is left"))
	}
}

// deletionRemedy says what an admin can do about what keeps data from being deleted.
func deletionRemedy(m *Model) string {
	switch m.Deletion.Blocker {
	case blockedByHold:
		return fmt.Sprintf("remove the annotation %s (%q)", foundationv1alpha1.AnnotationHold, m.Team.Annotations[foundationv1alpha1.AnnotationHold])
	case notConfirmed:
		return fmt.Sprintf("confirm with the annotation %s=%s", foundationv1alpha1.AnnotationConfirmDeletion, m.Team.Name)
	case termNotOver:
		return "the term lasts until " + m.Life.FormatTime(m.Team.Spec.Term.EndTime.Time)
	case termWithoutEnd:
		return "set spec.term.endTime: data is deleted only after a date"
	case programMissing:
		return fmt.Sprintf("FoundationProgram %s does not exist, which may say how long data is kept: create it, or correct spec.programName", m.Team.Spec.ProgramName)
	case confirmedForRetain:
		return fmt.Sprintf("it was confirmed %s, when deletionPolicy was %s: %s", m.Life.FormatTime(m.Confirmation.ObservedTime.Time), m.Confirmation.DeletionPolicy, confirmAgain)
	case confirmedForLonger:
		return fmt.Sprintf("data is kept until %s, because it was confirmed %s for a keep of %s: wait, or %s",
			m.Life.FormatTime(keptAsConfirmed(m.Confirmation, m.Retention)), m.Life.FormatTime(m.Confirmation.ObservedTime.Time), m.Confirmation.Keep.Duration, confirmAgain)
	default:
		return "data is kept until " + m.Life.FormatTime(keptAsConfirmed(m.Confirmation, m.Retention)) + confirmedForOtherEnd(m) + "; wait, or shorten spec.retention.keep"
	}
}

// confirmAgain is how a confirmation is given for the conditions of now.
const confirmAgain = "take the annotation " + foundationv1alpha1.AnnotationConfirmDeletion + " off, and set it again"

// confirmedForOtherEnd says for which end a deletion was confirmed, if the team's time ended otherwise; empty if it did not.
func confirmedForOtherEnd(m *Model) string {
	if m.Confirmation.PlannedEndTime.Equal(recordTime(m.Life.Tenure.End)) {
		return ""
	}
	when := "without an end"
	if end := m.Confirmation.PlannedEndTime; end != nil {
		when = "until " + m.Life.FormatTime(end.Time)
	}
	return fmt.Sprintf(" (confirmed %s, when the team's time was to go on %s)", m.Life.FormatTime(m.Confirmation.ObservedTime.Time), when)
}
