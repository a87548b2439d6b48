package team

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/gpuquota"
	"foundation.team/operator/internal/lifecycle"
)

// teamNamespace is a namespace of a team.
type teamNamespace struct {
	// name is the name in the cluster, <team>-<name in the spec>.
	name  string
	state foundationv1alpha1.ResourceState
	// spec is nil for a retired namespace.
	spec *foundationv1alpha1.TeamNamespace
}

// active reports whether the team can work there.
func (n teamNamespace) active() bool { return n.state == foundationv1alpha1.ResourceActive }

// accessible reports whether staff have access: to work, or to read and copy data.
func (n teamNamespace) accessible() bool {
	return n.active() || n.state == foundationv1alpha1.ResourceDataAccess
}

// namespacesOf returns the namespaces that a team should have: those of the spec while it holds its awards, and existing
// ones after that or when they were removed from the spec.
func namespacesOf(in Input, owner apply.Owner, state foundationv1alpha1.TeamState, retention *lifecycle.Retention) []teamNamespace {
	var namespaces []teamNamespace
	declared := map[string]bool{}
	for i := range in.Team.Spec.Namespaces {
		spec := &in.Team.Spec.Namespaces[i]
		n := teamNamespace{name: foundationv1alpha1.NamespaceName(in.Team.Name, spec.Name), spec: spec, state: foundationv1alpha1.ResourceActive}
		declared[n.name] = true
		if !state.HoldsAwards() {
			n.state = closedState(retention)
			if live := in.LiveNamespaces[n.name]; !in.NamespacesUnread && (live == nil || !owner.CanAdopt(live)) {
				continue
			}
		}
		namespaces = append(namespaces, n)
	}
	for _, name := range slices.Sorted(maps.Keys(in.LiveNamespaces)) {
		if !declared[name] && owner.Owns(in.LiveNamespaces[name]) {
			namespaces = append(namespaces, teamNamespace{name: name, state: foundationv1alpha1.ResourceRetired})
		}
	}
	if in.NamespacesUnread {
		namespaces = append(namespaces, retiredByAccess(in, declared)...)
	}
	return namespaces
}

// retiredByAccess returns the namespaces that are not declared and in which somebody has access of the team.
func retiredByAccess(in Input, declared map[string]bool) []teamNamespace {
	var namespaces []teamNamespace
	for _, obj := range in.Others {
		if name := obj.GetNamespace(); name != "" && !declared[name] && in.LiveNamespaces[name] == nil {
			declared[name] = true
			namespaces = append(namespaces, teamNamespace{name: name, state: foundationv1alpha1.ResourceRetired})
		}
	}
	return namespaces
}

// closedState returns the state of the namespaces of a team that does not hold its awards.
func closedState(retention *lifecycle.Retention) foundationv1alpha1.ResourceState {
	if retention != nil && retention.Phase == foundationv1alpha1.RetentionDataAccess {
		return foundationv1alpha1.ResourceDataAccess
	}
	return foundationv1alpha1.ResourceLocked
}

// isInUse reports whether pods that have not finished, or claims of devices, are left in a namespace; true if that could not be
// read.
func isInUse(m *Model, n teamNamespace) bool {
	quota := m.Quotas[n.name]
	if quota == nil {
		return m.QuotasUnread
	}
	for _, key := range []corev1.ResourceName{corev1.ResourcePods, gpuquota.ResourceClaims} {
		if used := quota.Status.Used[key]; !used.IsZero() {
			return true
		}
	}
	return m.Devices.Used(quota.Status.Used) > 0
}

// weight returns the namespace's share of the team's GPUs, relative to the weights of the others.
func (n teamNamespace) weight() int64 {
	if n.spec.GPUWeight == nil {
		return 1
	}
	return int64(*n.spec.GPUWeight)
}
