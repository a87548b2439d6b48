package allocation

import (
	"slices"
)

// Supply is what a pool can grant.
type Supply struct {
	// Capacity is the number of nodes of the pool that can be granted, Unassigned of those that no team holds. Unassigned is
	// negative while Karpenter has provisioned more than the capacity.
	Capacity, Unassigned Nodes
	// Spares is how many more nodes the pool has, to take the place of broken ones. KeptBack is how many of the unassigned
	// nodes are kept for that now: as many fewer as broken ones were replaced already.
	Spares, KeptBack Nodes
	// Arriving is the number of nodes that have just entered the pool. Until it is known which of them are free no
	// free node is granted, so that each team's nodes can be chosen close together.
	Arriving Nodes
	// AwaitingScrub is the number of nodes that become free once they are scrubbed.
	AwaitingScrub Nodes
	// Provisioned is true if Karpenter provisions a node when it is granted. Such a node is not passed on to another
	// team.
	Provisioned bool
	// IncreasesPaused is true while no grant may increase.
	IncreasesPaused bool
	// PoolDeleting is true while the pool is being deleted: it has no nodes to grant any more.
	PoolDeleting bool
}

// Allocation is a team's demand with what it is granted.
type Allocation struct {
	Demand
	Granted Nodes
}

// Missing returns how many nodes the team is granted and does not have yet.
func (a Allocation) Missing() Nodes { return max(a.Granted-a.Usable, 0) }

// Surplus returns how many nodes the team can use beyond what it is granted. They are to be drained.
func (a Allocation) Surplus() Nodes { return max(a.Usable-a.Granted, 0) }

// Short reports whether the team is granted less than it demands.
func (a Allocation) Short() bool { return a.Granted < a.Demanded }

// Result is the allocation of a pool.
type Result struct {
	Supply
	// Teams are in the order of the demands.
	Teams []Allocation
	// Free is how many nodes can still be granted now.
	Free Nodes
}

// Allocate decides what each team is granted. A team keeps its grant as far as it still demands it; the rest is
// granted in the order of serving, as Grant does.
func Allocate(supply Supply, demands []Demand) Result {
	unreserved := supply.Unassigned - Reserved(demands) - supply.KeptBack
	if supply.PoolDeleting {
		unreserved = 0
	}
	requests := make([]Request, len(demands))
	for i, d := range demands {
		requests[i] = d.request()
		if supply.Provisioned && supply.Unassigned-supply.KeptBack < promised(demands) {
			// Karpenter provisioned more than the capacity: surplus nodes go before any grant increases, even of a
			// team that could keep its own.
			requests[i].Reclaimable = 0
		}
		if supply.IncreasesPaused {
			requests[i].Demanded = d.Kept()
		}
	}
	grantable := unreserved
	if supply.Arriving > 0 {
		grantable = 0
	}
	granted := Grant(requests, grantable, supply.Capacity)

	result := Result{Supply: supply, Teams: make([]Allocation, len(demands))}
	taken := Nodes(0)
	for i, d := range demands {
		result.Teams[i] = Allocation{Demand: d, Granted: granted[d.Team]}
		taken += max(granted[d.Team]-max(d.Kept(), d.NodeLimit-d.OutOfUse, d.InUse()), 0)
	}
	result.Free = max(min(unreserved-taken, supply.Capacity-result.Granted()), 0)
	return result
}

// Reserved returns how many unassigned nodes are spoken for: those that teams keep, or that Karpenter may provision
// for them, and that they do not hold yet. Nodes that are drained because they are broken are no part of what a team keeps.
func Reserved(demands []Demand) Nodes {
	sum := Nodes(0)
	for _, d := range demands {
		sum += max(d.Kept()-d.InUse(), d.NodeLimit-d.Held(), 0)
	}
	return sum
}

// promised returns how many unassigned nodes are spoken for beyond what teams hold in any way.
func promised(demands []Demand) Nodes {
	sum := Nodes(0)
	for _, d := range demands {
		sum += max(max(d.Kept(), d.NodeLimit)-d.Held(), 0)
	}
	return sum
}

// Granted returns what all teams are granted together.
func (r Result) Granted() Nodes {
	sum := Nodes(0)
	for _, team := range r.Teams {
		sum += team.Granted
	}
	return sum
}

// Waiting reports whether a team is granted less than it demands.
func (r Result) Waiting() bool { return slices.ContainsFunc(r.Teams, Allocation.Short) }

// InOrder returns the teams in the order of serving.
func (r Result) InOrder() []Allocation {
	return slices.SortedFunc(slices.Values(r.Teams), func(a, b Allocation) int { return Compare(a.request(), b.request()) })
}

// InServingOrder returns demands in the order of serving.
func InServingOrder(demands []Demand) []Demand {
	return slices.SortedFunc(slices.Values(demands), func(a, b Demand) int { return Compare(a.request(), b.request()) })
}
