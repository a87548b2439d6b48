package team

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
)

// namespacesCondition reports whether the namespaces and their isolation are there, and counts them.
func namespacesCondition(m *Model, out *Outcome) metav1.Condition {
	const area = foundationv1alpha1.ConditionNamespacesReady
	if condition := out.problem(area); condition != nil {
		return *condition
	}
	var active, dataAccess, locked, retired int
	for _, n := range m.Namespaces {
		switch {
		case n.active():
			active++
		case n.accessible():
			dataAccess++
		case n.state == foundationv1alpha1.ResourceRetired:
			retired++
		default:
			locked++
		}
	}
	var parts []string
	for _, part := range []struct {
		count int
		what  string
	}{{active, "active"}, {dataAccess, "open for data access"}, {locked, "locked"}, {retired, "retired"}} {
		if part.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.count, part.what))
		}
	}
	if len(parts) == 0 {
		return conditions.True(area, nothingReason(m), "no namespaces")
	}
	return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, strings.Join(parts, ", "))
}

// namespaceStatus returns the team's namespaces with their GPUs.
func namespaceStatus(m *Model, out *Outcome) []foundationv1alpha1.TeamNamespaceStatus {
	var list []foundationv1alpha1.TeamNamespaceStatus
	for _, n := range m.Namespaces {
		entry := foundationv1alpha1.TeamNamespaceStatus{Name: n.name, State: n.state}
		live := m.LiveNamespaces[n.name]
		switch {
		case live != nil && !m.Owner.CanAdopt(live):
			entry.State = foundationv1alpha1.ResourceConflict
		case live == nil, out.has(foundationv1alpha1.ConditionNamespacesReady, n.name) && n.active():
			entry.State = foundationv1alpha1.ResourcePending
		}
		if quota := m.Quotas[n.name]; quota != nil {
			entry.Granted = m.Devices.GPUs(quota.Spec.Hard)
			entry.Used = m.Devices.Used(quota.Status.Used)
		}
		list = append(list, entry)
	}
	return list
}
