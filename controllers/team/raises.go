package team

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"foundation.team/operator/internal/apply"
)

// raises is, by entry for devices, which namespaces of a team have more than they shall: nobody else's quota of that
// entry is raised before theirs are lowered, and the cluster enforces it. So their sum never exceeds the grant on the
// way.
type raises map[corev1.ResourceName]map[string]bool

// allowedRaises reads who has more than it shall. A quota that the cache shows older than we wrote it could have.
func (r *Reconciler) allowedRaises(in Input, desired Desired) raises {
	above := raises{}
	for _, p := range desired.Places {
		live := in.Quotas[p.name]
		if live == nil {
			continue
		}
		stale := r.Applier.Stale(apply.NameOf(p.Quota), live)
		for name := range in.deviceEntries() {
			want := (*p.Quota.Spec.Hard)[name]
			if stale || exceeds(live.Spec.Hard[name], want) || exceeds(live.Status.Hard[name], want) {
				if above[name] == nil {
					above[name] = map[string]bool{}
				}
				above[name][p.name] = true
			}
		}
	}
	return above
}

// clamp is the quota as far as it may go now: what it lowers, and what it raises of what no other namespace has too much of.
func (r raises) clamp(live *corev1.ResourceQuota, p DesiredPlace) *corev1ac.ResourceQuotaApplyConfiguration {
	hard := maps.Clone(*p.Quota.Spec.Hard)
	for name, above := range r {
		waits := len(above) > 1 || len(above) == 1 && !above[p.name]
		if has := had(live, name); waits && exceeds(hard[name], has) {
			hard[name] = has
		}
	}
	clamped := *p.Quota
	clamped.Spec = corev1ac.ResourceQuotaSpec().WithHard(hard)
	return &clamped
}

// frozen is the quota without what it raises. An entry that is new is a bound more, and stays.
func frozen(live *corev1.ResourceQuota, quota *corev1ac.ResourceQuotaApplyConfiguration) *corev1ac.ResourceQuotaApplyConfiguration {
	if live == nil {
		return quota
	}
	hard := maps.Clone(*quota.Spec.Hard)
	for name, has := range live.Spec.Hard {
		if wanted, ok := hard[name]; !ok || exceeds(wanted, has) {
			hard[name] = has
		}
	}
	held := *quota
	held.Spec = corev1ac.ResourceQuotaSpec().WithHard(hard)
	return &held
}

func had(live *corev1.ResourceQuota, name corev1.ResourceName) resource.Quantity {
	if live == nil {
		return resource.Quantity{}
	}
	return live.Spec.Hard[name]
}

func exceeds(a, b resource.Quantity) bool { return a.Cmp(b) > 0 }
