package team

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpuquota"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/lifecycle"
)

// poolGrant is what a team requests of one pool, and what it is granted there.
type poolGrant struct {
	poolName string
	// pool is nil if no GPUPool has that name.
	pool *foundationv1alpha1.GPUPool
	// requested is the sum of the awards in force now; unexpired is true if any award of the pool ends in the future or
	// never.
	requested int32
	unexpired bool
	// inPool is true if the pool's status has a grant for the team; grant is empty otherwise.
	inPool bool
	grant  foundationv1alpha1.Grant
}

// grantsOf returns an entry for each pool that the team has awards of or still holds GPUs of, sorted by name.
func grantsOf(in Input, life lifecycle.Team) []poolGrant {
	names := index.AwardPools(in.Team)
	for name, pool := range in.Pools {
		if grantOf(pool, in.Team) != nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	grants := make([]poolGrant, 0, len(names))
	for _, name := range names {
		awards := life.Awards(name)
		g := poolGrant{poolName: name, pool: in.Pools[name], requested: lifecycle.Demand(awards, in.Now), unexpired: lifecycle.HasGPUsAfter(awards, in.Now)}
		if g.pool != nil {
			if grant := grantOf(g.pool, in.Team); grant != nil {
				g.inPool, g.grant = true, *grant.DeepCopy() // the status that is written is read back into what it is made of
			}
		}
		grants = append(grants, g)
	}
	return grants
}

// grantOf returns the team's grant in a pool's status, not that of an earlier team of the same name; nil if it has none. While the
// pool's status is lost it is what the team had last: the pool derives it anew within a moment, and until then no quota falls to 0.
func grantOf(pool *foundationv1alpha1.GPUPool, team *foundationv1alpha1.FoundationTeam) *foundationv1alpha1.Grant {
	for i := range pool.Status.Grants {
		if grant := &pool.Status.Grants[i]; grant.TeamName == team.Name && grant.UID == string(team.UID) {
			return grant
		}
	}
	if isDecided(pool) {
		return nil
	}
	return lastGrant(pool, team)
}

// isDecided reports whether a pool's status is what the pool decided: one that somebody emptied, or took grants out of, is not.
func isDecided(pool *foundationv1alpha1.GPUPool) bool {
	var granted int32
	for i := range pool.Status.Grants {
		granted += pool.Status.Grants[i].Granted
	}
	return pool.Status.ObservedGeneration > 0 && (pool.Status.Capacity == nil || pool.Status.Capacity.Granted == granted)
}

// lastGrant returns what the team's own status says of its grant in a pool; nil if it says nothing.
func lastGrant(pool *foundationv1alpha1.GPUPool, team *foundationv1alpha1.FoundationTeam) *foundationv1alpha1.Grant {
	if team.Status.GPUs == nil {
		return nil
	}
	for _, had := range team.Status.GPUs.Pools {
		if had.Name == pool.Name && had.Granted+had.Held > 0 {
			return &foundationv1alpha1.Grant{
				TeamName: team.Name, UID: string(team.UID), Requested: had.Requested, Granted: had.Granted, Held: had.Held, Ready: had.Ready, Shortfall: had.Shortfall,
				Reason: foundationv1alpha1.ReasonProgressing, Message: pool.Name + ": waits for the pool's decision, its status was lost",
			}
		}
	}
	return nil
}

// devicesInput returns what the device entries of the quotas are computed from. Only active namespaces share the grants; what
// pods use in the others counts until it is free.
func devicesInput(in Input, namespaces []teamNamespace) gpuquota.Input {
	devices := gpuquota.Input{DeviceClasses: map[string]corev1.ResourceName{}}
	for _, name := range slices.Sorted(maps.Keys(in.Pools)) {
		pool := in.Pools[name]
		p := gpuquota.Pool{
			ResourceName: corev1.ResourceName(pool.Spec.ResourceName), DeviceClass: pool.Spec.DeviceClassName,
			GPUsPerNode: pool.Spec.GPUsPerNode, Node: pool.Status.NodeAllocatable,
		}
		if grant := grantOf(pool, in.Team); grant != nil {
			p.Granted, p.Held = grant.Granted, grant.Held
		}
		devices.Pools = append(devices.Pools, p)
	}
	for name, class := range in.DeviceClasses {
		devices.DeviceClasses[name] = corev1.ResourceName(ptr.Deref(class.Spec.ExtendedResourceName, ""))
	}
	for _, n := range namespaces {
		share := gpuquota.Namespace{Name: n.name}
		if n.active() {
			share.Weight = n.weight()
		}
		if quota := in.Quotas[n.name]; quota != nil {
			share.Used = quota.Status.Used
		}
		devices.Namespaces = append(devices.Namespaces, share)
	}
	return devices
}

// incidentsOf returns the times in which nodes of the team were broken, as the pools tell, the oldest first.
func incidentsOf(in Input) []foundationv1alpha1.TeamIncident {
	var list []foundationv1alpha1.TeamIncident
	for _, name := range slices.Sorted(maps.Keys(in.Pools)) {
		for _, incident := range in.Pools[name].Status.Incidents {
			if incident.TeamName == in.Team.Name && incident.UID == string(in.Team.UID) {
				list = append(list, foundationv1alpha1.TeamIncident{PoolName: name, NodeName: incident.NodeName, NodeFault: *incident.NodeFault.DeepCopy()})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b foundationv1alpha1.TeamIncident) int { return a.StartTime.Compare(b.StartTime.Time) })
	return list
}

func isOver(incident foundationv1alpha1.TeamIncident) bool { return incident.EndTime != nil }
