package team

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

// maxNamedNamespaces is how many namespaces a message names.
const maxNamedNamespaces = 3

// quotaCondition reports whether the cluster enforces the desired quotas.
func quotaCondition(m *Model, desired Desired, out *Outcome) metav1.Condition {
	const area = foundationv1alpha1.ConditionQuotaReady
	if condition := out.problem(area); condition != nil {
		return *condition
	}
	for _, n := range desired.Namespaces {
		if !m.Hold.None() && !enforced(m.Quotas[n.name], n.hard()) {
			return conditions.False(area, m.Hold.Reason, n.name+": "+m.Hold.Message)
		}
		if !enforced(m.Quotas[n.name], n.hard()) {
			return conditions.False(area, foundationv1alpha1.ReasonProgressing, n.name+": waits until the cluster enforces the new quota")
		}
	}
	if waiting := usedBeyondShare(m); waiting != "" {
		return conditions.False(area, foundationv1alpha1.ReasonGPUsInUse, waiting)
	}
	if len(desired.Namespaces) == 0 {
		return conditions.True(area, nothingReason(m), "no namespaces")
	}
	return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, text.Count(len(desired.Namespaces), "namespace"))
}

// usedBeyondShare says whose GPUs other namespaces of the team wait for: those that pods in retired namespaces still use, or
// in others more than their share. It is empty if all have what their weight gives them.
func usedBeyondShare(m *Model) string {
	var users, waiting []string
	for _, n := range m.Namespaces {
		share := m.Devices.Shares[n.name]
		var used int64
		if quota := m.Quotas[n.name]; quota != nil {
			used = int64(m.Devices.Used(quota.Status.Used))
		}
		switch {
		case used > share.Weighted && n.state == foundationv1alpha1.ResourceRetired:
			users = append(users, fmt.Sprintf("%d GPUs are still used in %s (retired): end its pods", used, n.name))
		case used > share.Weighted:
			users = append(users, fmt.Sprintf("%d GPUs are used in %s, whose share is %d: end some of its pods", used, n.name, share.Weighted))
		case share.GPUs < share.Weighted:
			waiting = append(waiting, fmt.Sprintf("%s has %d of %d", n.name, share.GPUs, share.Weighted))
		}
	}
	if m.State != foundationv1alpha1.StateInTerm || len(waiting) == 0 {
		return ""
	}
	return text.First(users, maxNamedNamespaces) + "; until then " + text.First(waiting, maxNamedNamespaces)
}
