package team

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
)

// accessCondition reports who has access, and what others wait for.
func accessCondition(m *Model, out *Outcome) metav1.Condition {
	const area = foundationv1alpha1.ConditionAccessReady
	if condition := out.problem(area); condition != nil {
		return *condition
	}
	if waiting := staffWithoutRole(m); waiting > 0 && !m.Hold.None() {
		return conditions.False(area, m.Hold.Reason,
			fmt.Sprintf("%d of %d staff entries in date wait for access: %s", waiting, len(m.Staff), m.Hold.Message))
	}
	switch {
	case len(m.Staff) == 0 && !m.Served.HoldsAwards():
		return conditions.True(area, foundationv1alpha1.ReasonNotActive, "nobody has access")
	case len(m.Staff) == 0:
		return conditions.True(area, foundationv1alpha1.ReasonNothingDeclared, "no staff in date: nobody has access")
	case len(out.Problems[foundationv1alpha1.ConditionNamespacesReady])+len(out.Problems[foundationv1alpha1.ConditionQuotaReady]) > 0:
		return conditions.False(area, foundationv1alpha1.ReasonProgressing, "access waits for isolation and quota")
	default:
		return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, fmt.Sprintf("%d of %d staff entries in date", len(m.Staff), len(m.Team.Spec.Staff)))
	}
}
