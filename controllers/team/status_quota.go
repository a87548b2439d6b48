package team

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

// quotaCondition reports whether the cluster enforces the desired quotas.
func quotaCondition(m *Model, desired Desired, out *Outcome) metav1.Condition {
	const area = foundationv1alpha1.ConditionQuotaReady
	if condition := out.problem(area); condition != nil {
		return *condition
	}
	for _, n := range desired.Namespaces {
		if !m.Guards.OK() && !enforced(m.Quotas[n.name], n.hard()) {
			return conditions.False(area, m.Guards.Reason, n.name+": "+m.Guards.Message)
		}
		if !enforced(m.Quotas[n.name], n.hard()) {
			return conditions.False(area, foundationv1alpha1.ReasonProgressing, n.name+": waits until the cluster enforces the new quota")
		}
	}
	if len(desired.Namespaces) == 0 {
		return conditions.True(area, nothingReason(m), "no namespaces")
	}
	return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, text.Count(len(desired.Namespaces), "namespace"))
}
