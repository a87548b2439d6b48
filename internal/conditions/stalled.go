package conditions

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// stalledReasons are the reasons that neither time nor another reconcile resolves: a person has to act.
var stalledReasons = map[string]bool{
	foundationv1alpha1.ReasonNameConflict:  true,
	foundationv1alpha1.ReasonRecordMissing: true,
	foundationv1alpha1.ReasonRefused:       true,

	foundationv1alpha1.ReasonPolicyMissing: true,
	foundationv1alpha1.ReasonPolicyChanged: true,

	foundationv1alpha1.ReasonProgramNotFound: true,
	foundationv1alpha1.ReasonStageNotFound:   true,
	foundationv1alpha1.ReasonSeatsExceeded:   true,
	foundationv1alpha1.ReasonCeilingExceeded: true,
	foundationv1alpha1.ReasonBudgetExceeded:  true,

	foundationv1alpha1.ReasonPoolNotFound:  true,
	foundationv1alpha1.ReasonPoolDeleting:  true,
	foundationv1alpha1.ReasonIneligible:    true,
	foundationv1alpha1.ReasonNotWholeNodes: true,

	foundationv1alpha1.ReasonStorageClassNotFound: true,
	foundationv1alpha1.ReasonVolumeLost:           true,
	foundationv1alpha1.ReasonVolumeChoice:         true,

	foundationv1alpha1.ReasonDeletionNotConfirmed: true,

	foundationv1alpha1.ReasonKarpenterMissing: true,
	foundationv1alpha1.ReasonInvalidSelector:  true,
	foundationv1alpha1.ReasonNodeConflict:     true,
	foundationv1alpha1.ReasonNodesOccupied:    true,
	foundationv1alpha1.ReasonNodesLeft:        true,
}

// Stalled returns the Stalled condition of an object, made from the first condition that is not True and that only a
// person can resolve; nil if there is none.
func Stalled(current ...metav1.Condition) *metav1.Condition {
	for _, condition := range current {
		if condition.Status != metav1.ConditionTrue && stalledReasons[condition.Reason] {
			return new(True(foundationv1alpha1.ConditionStalled, condition.Reason, condition.Message))
		}
	}
	return nil
}
