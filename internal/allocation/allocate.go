package allocation

import (
	"slices"
)

// Supply is what there is to give out.
type Supply struct {
	// Capacity is all nodes of the pool, Unassigned those that no team has. Fewer than none are unassigned while Karpenter has
	// provisioned more than the capacity.
	Capacity, Unassigned Nodes
	// Settling are nodes that came into the pool just now. Until it is known which of them are free nothing is granted, so
	// that each team's nodes can be chosen close together.
	Settling Nodes
	// AwaitingScrub are nodes that are free once they are scrubbed.
	AwaitingScrub Nodes
	// Provisioned is true if Karpenter provisions a node when it is granted: a team's nodes are no others than its own.
	Provisioned bool
	// Frozen is true while no grant may be raised.
	Frozen bool
	// Closed is true of a pool that is being deleted: it has nothing to give any more.
	Closed bool
}

// Allocation is what a team is granted of what it demands.
type Allocation struct {
	Demand
	Granted Nodes
}

// Missing is how many nodes the team was granted and does not have yet.
func (a Allocation) Missing() Nodes { return max(a.Granted-a.Usable, 0) }

// Surplus is how many nodes the team has and was not granted.
func (a Allocation) Surplus() Nodes { return max(a.Usable-a.Granted, 0) }

// Short reports whether the team is granted less than it demands.
func (a Allocation) Short() bool { return a.Granted < a.Demanded }

// Result is what all teams are granted.
type Result struct {
	Supply
	// Teams are in the order of the demands.
	Teams []Allocation
	// Free is what can still be granted now.
	Free Nodes
}

// Allocate decides what each team is granted. What a team has it keeps, as far as it still demands it; the rest is given out
// as Grant does.
func Allocate(supply Supply, demands []Demand) Result {
	unreserved := supply.Unassigned - reserved(demands)
	if supply.Closed {
		unreserved = 0
	}
	requests := make([]Request, len(demands))
	for i, d := range demands {
		requests[i] = d.request()
		if supply.Provisioned && unreserved < 0 {
			// Karpenter provisioned more than there may be: who has too many gives them back before anybody is raised.
			requests[i].Reclaimable = 0
		}
		if supply.Frozen {
			requests[i].Demanded = d.Kept()
		}
	}
	grantable := unreserved
	if supply.Settling > 0 {
		grantable = 0
	}
	granted := Grant(requests, grantable, supply.Capacity)

	result := Result{Supply: supply, Teams: make([]Allocation, len(demands))}
	taken := Nodes(0)
	for i, d := range demands {
		result.Teams[i] = Allocation{Demand: d, Granted: granted[d.Team]}
		taken += max(granted[d.Team]-max(d.Kept(), d.NodeLimit, d.Held()), 0)
	}
	result.Free = max(min(unreserved-taken, supply.Capacity-result.Granted()), 0)
	return result
}

// reserved are unassigned nodes that nobody else gets: those that teams keep or may have provisioned, and do not have yet.
func reserved(demands []Demand) Nodes {
	sum := Nodes(0)
	for _, d := range demands {
		sum += max(max(d.Kept(), d.NodeLimit)-d.Held(), 0)
	}
	return sum
}

// Granted is what all teams are granted together.
func (r Result) Granted() Nodes {
	sum := Nodes(0)
	for _, team := range r.Teams {
		sum += team.Granted
	}
	return sum
}

// Waiting reports whether a team is granted less than it demands.
func (r Result) Waiting() bool { return slices.ContainsFunc(r.Teams, Allocation.Short) }

// InOrder are the teams, those served first before the others.
func (r Result) InOrder() []Allocation {
	return slices.SortedFunc(slices.Values(r.Teams), func(a, b Allocation) int { return Compare(a.request(), b.request()) })
}
