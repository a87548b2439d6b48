package team

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
)

// activeCondition reports the team's state, which is its reason, and which edit put it there.
func activeCondition(m *Model, record *foundationv1alpha1.TeamRecord) metav1.Condition {
	reason, message := string(m.State), m.Life.Message(m.Now)
	if m.SuspensionKept && m.State == foundationv1alpha1.StateSuspended {
		message += "; it was suspended when its manifest was removed, and the one that was applied again has no spec.suspend"
	}
	if effect := stateEffect(m, record); effect != "" {
		message += "; " + effect
	}
	if m.State == foundationv1alpha1.StateInTerm {
		return conditions.True(foundationv1alpha1.ConditionActive, reason, message)
	}
	return conditions.False(foundationv1alpha1.ConditionActive, reason, message)
}
