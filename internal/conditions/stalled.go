package conditions

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/text"
)

// maxUnreadable is how many values that cannot be read a condition names.
const maxUnreadable = 3

// stalledReasons are the reasons that neither time nor another reconcile resolves: a person has to act.
var stalledReasons = map[string]bool{
	foundationv1alpha1.ReasonNameConflict:  true,
	foundationv1alpha1.ReasonRecordMissing: true,
	foundationv1alpha1.ReasonRefused:       true,
	foundationv1alpha1.ReasonUnreadable:    true,

	foundationv1alpha1.ReasonPolicyMissing: true,
	foundationv1alpha1.ReasonPolicyChanged: true,

	foundationv1alpha1.ReasonProgramNotFound: true,
	foundationv1alpha1.ReasonStageNotFound:   true,
	foundationv1alpha1.ReasonSeatsExceeded:   true,
	foundationv1alpha1.ReasonCeilingExceeded: true,
	foundationv1alpha1.ReasonBudgetExceeded:  true,
	foundationv1alpha1.ReasonBudgetOverdrawn: true,

	foundationv1alpha1.ReasonPoolNotFound:  true,
	foundationv1alpha1.ReasonPoolDeleting:  true,
	foundationv1alpha1.ReasonIneligible:    true,
	foundationv1alpha1.ReasonNotWholeNodes: true,

	foundationv1alpha1.ReasonStorageClassNotFound: true,
	foundationv1alpha1.ReasonVolumeNotExpandable:  true,
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

// Unreadable returns the conditions of an object of which these values cannot be read. The others are dropped: nothing is
// known of them now.
func Unreadable(old []metav1.Condition, values []string, generation int64, now time.Time) []metav1.Condition {
	message := text.First(values, maxUnreadable) + "; correct it: until then what is there is kept, and nothing new is provisioned"
	ready := False(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonUnreadable, message)
	return Merge(old, []metav1.Condition{ready, *Stalled(ready)}, generation, now)
}
