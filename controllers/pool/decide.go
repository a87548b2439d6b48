package pool

import (
	"maps"
	"slices"
	"strings"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/timing"
)

// Decide grants a pool's GPUs. It needs no pods: they decide when a node changes hands, not how many a team gets.
func Decide(in Input) Decision {
	nodes := providerOf(in.Pool).nodes(in)
	markReplaced(in, nodes)
	grants := allocation.Allocate(supplyOf(in, nodes), demandsOf(in, nodes))
	returns := allocation.Returns(nodes, grants, in.policy().Grace(), in.Now)
	return Decision{Nodes: nodes, Grants: grants, Forecast: allocation.NewForecast(grants, returns, in.Now)}
}

func supplyOf(in Input, nodes []gpunode.Node) allocation.Supply {
	all, unassigned := providerOf(in.Pool).supply(in, nodes)
	spares := min(sparesOf(in.Pool), all)
	return allocation.Supply{
		Capacity:        all - spares,
		Unassigned:      unassigned,
		Spares:          spares,
		KeptBack:        max(spares-countNodes(nodes, isReplaced), 0),
		Arriving:        countNodes(nodes, func(n *gpunode.Node) bool { return n.Arriving(in.Now) }),
		AwaitingScrub:   countNodes(nodes, awaitsScrub),
		Provisioned:     in.Pool.Spec.Karpenter != nil,
		IncreasesPaused: in.debouncing() || !in.Guards.OK(),
		PoolDeleting:    in.deleting(),
	}
}

// demandsOf returns the demands of all teams that have awards, earlier grants, nodes or NodePools of the pool.
func demandsOf(in Input, nodes []gpunode.Node) []allocation.Demand {
	holdings := holdingsOf(in, nodes)
	demands := map[gpunode.Owner]allocation.Demand{}
	for owner, holding := range holdings {
		demands[owner] = allocation.Demand{Team: owner, Holding: holding}
	}
	for _, team := range in.Teams {
		owner := ownerOfTeam(team.FoundationTeam)
		demands[owner] = allocation.NewDemand(team, in.Pool, holdings[owner], in.Now)
	}
	return slices.SortedFunc(maps.Values(demands), func(a, b allocation.Demand) int {
		return strings.Compare(a.Team.String(), b.Team.String())
	})
}

// holdingsOf returns what each team holds of the pool now.
func holdingsOf(in Input, nodes []gpunode.Node) map[gpunode.Owner]allocation.Holding {
	holdings := map[gpunode.Owner]allocation.Holding{}
	change := func(owner gpunode.Owner, change func(*allocation.Holding)) {
		holding := holdings[owner]
		change(&holding)
		holdings[owner] = holding
	}
	for i := range nodes {
		switch n := &nodes[i]; {
		case n.State.Owned() && n.OutOfUse():
			change(n.Owner, func(h *allocation.Holding) { h.OutOfUse++ })
		case n.State.Usable():
			change(n.Owner, func(h *allocation.Holding) { h.Usable++ })
		case n.State.Owned():
			change(n.Owner, func(h *allocation.Holding) { h.Draining++ })
		}
	}
	resolve, recorded := in.ownerResolver(), map[gpunode.Owner]bool{}
	for owner, limit := range nodeLimits(in, resolve) {
		change(owner, func(h *allocation.Holding) { h.NodeLimit = limit })
	}
	for _, grant := range in.Pool.Status.Grants {
		owner := resolve(ownerOfGrant(grant))
		recorded[owner] = true
		change(owner, func(h *allocation.Holding) { h.Previous += allocation.GPUs(grant.Granted).WholeNodes(in.perNode()) })
	}
	for owner := range holdings {
		if !recorded[owner] {
			// No grant is recorded, for example after a restore without status: the nodes that the team has are its grant.
			change(owner, func(h *allocation.Holding) { h.Previous = h.Usable + replacedBy(in, *h) })
		}
	}
	return holdings
}

// replacedBy returns how many of the broken nodes that a team is losing count for its grant: those in whose place Karpenter is to
// provision others. Those of a static pool were replaced at once.
func replacedBy(in Input, holding allocation.Holding) allocation.Nodes {
	if in.Pool.Spec.Karpenter == nil {
		return 0
	}
	return holding.OutOfUse
}

// nodeLimits returns how many nodes each team's NodePools may have.
func nodeLimits(in Input, resolve func(gpunode.Owner) gpunode.Owner) map[gpunode.Owner]allocation.Nodes {
	limits := map[gpunode.Owner]allocation.Nodes{}
	for _, nodePool := range in.NodePools {
		if team, ours := teamOfNodePool(nodePool.Name, in.Pool); ours && !deleting(nodePool) {
			limits[resolve(ownerOfNodePool(team, nodePool))] += nodeLimit(nodePool, in.Pool)
		}
	}
	return limits
}

// NodesToInspect returns the names of the nodes whose pods have to be known to build the plan: those that become free when
// they are empty, and all of a team that has to give some back.
func NodesToInspect(decision Decision) []string {
	shrinks := map[gpunode.Owner]bool{}
	for _, team := range decision.Grants.Teams {
		shrinks[team.Team] = team.Surplus() > 0
	}
	var names []string
	for i := range decision.Nodes {
		n := &decision.Nodes[i]
		closed := n.State == gpunode.Entering || n.State == gpunode.Draining
		if n.Object != nil && (closed || n.State.Usable() && shrinks[n.Owner]) {
			names = append(names, n.Name)
		}
	}
	return names
}

// Unused reports whether no node, NodeClaim or NodePool belongs to the pool any more.
func Unused(in Input, decision Decision) bool {
	return len(in.NodeClaims)+len(in.NodePools) == 0 &&
		!slices.ContainsFunc(decision.Nodes, func(n gpunode.Node) bool {
			return n.Object != nil && n.Object.Labels[foundationv1alpha1.LabelPool] == in.Pool.Name
		})
}

// RequeueAfter returns how long it is until another decision may differ although no event tells; 0 if only an event can change
// anything.
func RequeueAfter(in Input, decision Decision, plan Plan) time.Duration {
	return timing.Wait(in.Now, plan.RequeueAt, nextTransition(in, decision), requeueAt(in, decision), in.Guards.RequeueAt(in.Now))
}

// nextTransition returns when time alone changes a grant next; the zero time if it never does.
func nextTransition(in Input, decision Decision) time.Time {
	var times []time.Time
	for _, team := range decision.Grants.Teams {
		times = append(times, team.Boundaries()...)
	}
	if window := in.Pool.Spec.Availability; window != nil {
		times = append(times, lifecycle.Boundaries(lifecycle.Within(window, []lifecycle.Span{{}}))...)
	}
	return timing.Next(in.Now, times)
}

// requeueAt returns when to decide again although no event will tell; the zero time if only an event can change anything.
func requeueAt(in Input, decision Decision) time.Time {
	switch {
	case in.debouncing() && decision.Grants.Waiting():
		return in.DebounceUntil
	case in.KarpenterMissing:
		return in.Now.Add(optionalProbeInterval)
	default:
		return time.Time{}
	}
}

// optionalProbeInterval is how often it is checked whether the cluster serves kinds by now that it did not serve. The operator does
// not watch CRDs, so nothing else would tell.
const optionalProbeInterval = 30 * time.Second
