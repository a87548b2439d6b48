package team

import (
	"context"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// pendingDecreases are the namespaces that have more of a quota key for devices than they should, by key. No other
// namespace's quota of that key is raised before theirs is lowered and the cluster enforces it, so that the quotas of a
// team never add up to more than its grant.
type pendingDecreases map[corev1.ResourceName]map[string]bool

// findPendingDecreases compares live quotas with desired ones. A quota that the cache shows older than the operator's own
// last write counts as too high for every key: that write may have raised it.
func (r *Reconciler) findPendingDecreases(m *Model, desired Desired) pendingDecreases {
	pending := pendingDecreases{}
	for _, n := range desired.Namespaces {
		live := m.Quotas[n.name]
		if live == nil {
			continue
		}
		stale := r.Applier.Stale(apply.NameOf(n.Quota), live)
		for key := range m.Devices.Keys {
			want := n.hard()[key]
			if stale || exceeds(live.Spec.Hard[key], want) || exceeds(live.Status.Hard[key], want) {
				if pending[key] == nil {
					pending[key] = map[string]bool{}
				}
				pending[key][n.name] = true
			}
		}
	}
	return pending
}

// limit returns a namespace's quota without the increases that have to wait for a decrease in another namespace.
func (d pendingDecreases) limit(live *corev1.ResourceQuota, n DesiredNamespace) *corev1ac.ResourceQuotaApplyConfiguration {
	hard := maps.Clone(n.hard())
	for key, namespaces := range d {
		waits := len(namespaces) > 1 || len(namespaces) == 1 && !namespaces[n.name]
		if current := currentHard(live, key); waits && exceeds(hard[key], current) {
			hard[key] = current
		}
	}
	return withHard(n.Quota, hard)
}

// withoutIncreases returns a quota that allows no more than the live one: what is applied first, and all that is applied while
// there is a Hold. New keys only restrict, so they are written; keys of the live quota are kept, because dropping one would lift its limit.
func withoutIncreases(live *corev1.ResourceQuota, quota *corev1ac.ResourceQuotaApplyConfiguration) *corev1ac.ResourceQuotaApplyConfiguration {
	if live == nil {
		return quota
	}
	hard := maps.Clone(*quota.Spec.Hard)
	for key, current := range live.Spec.Hard {
		if wanted, ok := hard[key]; !ok || exceeds(wanted, current) {
			hard[key] = current
		}
	}
	return withHard(quota, hard)
}

// lowerQuota applies the decreases of a namespace's quota. It returns what it was lowered to, nil if it did not have to be,
// and whether that succeeded. A quota that the cache shows older than the operator's own last write is left to applyQuota: it
// may have been raised meanwhile.
func (r *Reconciler) lowerQuota(ctx context.Context, m *Model, n DesiredNamespace, out *Outcome) (lowered corev1.ResourceList, ok bool) {
	live := m.Quotas[n.name]
	if live == nil || r.Applier.Stale(apply.NameOf(n.Quota), live) {
		return nil, true
	}
	quota := withoutIncreases(live, n.Quota)
	if equality.Semantic.DeepEqual(*quota.Spec.Hard, live.Spec.Hard) {
		return nil, true
	}
	return *quota.Spec.Hard, !out.failed(foundationv1alpha1.ConditionQuotaReady, n.name, r.Applier.Apply(ctx, m.Owner, quota))
}

// applyQuota applies a namespace's quota, without increases that have to wait, and reports whether a quota is there. Nothing
// is sent if this reconcile has lowered it to that already.
func (r *Reconciler) applyQuota(
	ctx context.Context, m *Model, n DesiredNamespace, pending pendingDecreases, lowered corev1.ResourceList, out *Outcome,
) bool {
	quota := pending.limit(m.Quotas[n.name], n)
	if !m.Hold.None() {
		quota = withoutIncreases(m.Quotas[n.name], quota)
	}
	if lowered != nil && equality.Semantic.DeepEqual(*quota.Spec.Hard, lowered) {
		return true
	}
	return !out.failed(foundationv1alpha1.ConditionQuotaReady, n.name, r.Applier.Apply(ctx, m.Owner, quota))
}

// enforced reports whether the cluster enforces a desired quota. Keys that somebody else added only restrict further.
func enforced(quota *corev1.ResourceQuota, hard corev1.ResourceList) bool {
	if quota == nil {
		return false
	}
	for key, want := range hard {
		if has, there := quota.Status.Hard[key]; !there || has.Cmp(want) != 0 {
			return false
		}
	}
	return true
}

func withHard(quota *corev1ac.ResourceQuotaApplyConfiguration, hard corev1.ResourceList) *corev1ac.ResourceQuotaApplyConfiguration {
	changed := *quota
	changed.Spec = corev1ac.ResourceQuotaSpec().WithHard(hard)
	return &changed
}

func currentHard(live *corev1.ResourceQuota, key corev1.ResourceName) resource.Quantity {
	if live == nil {
		return resource.Quantity{}
	}
	return live.Spec.Hard[key]
}

func exceeds(a, b resource.Quantity) bool { return a.Cmp(b) > 0 }
