package team

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
)

// failedConditions returns the conditions of a team whose reconcile could not be finished: Ready says why, and the others are
// as they were when one last was.
func failedConditions(team *foundationv1alpha1.FoundationTeam, err error, now time.Time) []metav1.Condition {
	message := "not all could be looked at, which is tried again within 15 seconds; access that ends is taken away all the same: " + err.Error()
	summary := conditions.Merge(team.Status.Conditions, []metav1.Condition{
		conditions.False(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonReconcileFailed, message),
		conditions.True(foundationv1alpha1.ConditionReconciling, foundationv1alpha1.ReasonReconcileFailed, message),
	}, team.Generation, now)
	others := slices.DeleteFunc(slices.Clone(team.Status.Conditions), func(c metav1.Condition) bool {
		return c.Type == foundationv1alpha1.ConditionReady || c.Type == foundationv1alpha1.ConditionReconciling || c.Type == foundationv1alpha1.ConditionStalled
	})
	return append(append(summary[:1:1], others...), summary[1:]...)
}
