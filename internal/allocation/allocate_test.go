package allocation_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
)

// demanding returns the demand of a team that holds no nodes.
func demanding(name string, nodes allocation.Nodes) allocation.Demand {
	return allocation.Demand{Team: team(name), Demanded: nodes}
}

// having returns the demand with this holding.
func having(name string, nodes allocation.Nodes, holding allocation.Holding) allocation.Demand {
	return allocation.Demand{Team: team(name), Demanded: nodes, Holding: holding}
}

func grantsOf(result allocation.Result) grants {
	granted := grants{}
	for _, team := range result.Teams {
		granted[team.Team] = team.Granted
	}
	return granted
}

// allocateCase is a supply with demands, the expected grants, and what is free afterwards.
type allocateCase struct {
	supply  allocation.Supply
	demands []allocation.Demand
	want    grants
	free    allocation.Nodes
}

func (tt allocateCase) check(t *testing.T) {
	t.Helper()
	result := allocation.Allocate(tt.supply, tt.demands)
	if diff := cmp.Diff(tt.want, grantsOf(result)); diff != "" {
		t.Error(diff)
	}
	if result.Free != tt.free {
		t.Errorf("%d free, want %d", result.Free, tt.free)
	}
}

func runAllocateCases(t *testing.T, tests map[string]allocateCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

func TestAllocateWhatIsUnassigned(t *testing.T) {
	runAllocateCases(t, map[string]allocateCase{
		"what is unassigned is granted": {
			supply: allocation.Supply{Capacity: 4, Unassigned: 4}, demands: []allocation.Demand{demanding("a", 3)}, want: grants{team("a"): 3}, free: 1,
		},
		"what a team keeps and does not have yet is reserved for it": {
			supply:  allocation.Supply{Capacity: 4, Unassigned: 2},
			demands: []allocation.Demand{having("a", 4, allocation.Holding{Previous: 4, Usable: 2}), demanding("b", 2)},
			want:    grants{team("a"): 4, team("b"): 0},
		},
		"what Karpenter may still provision for a team is reserved for it": {
			supply:  allocation.Supply{Capacity: 4, Unassigned: 4, Provisioned: true},
			demands: []allocation.Demand{having("a", 1, allocation.Holding{Previous: 1, NodeLimit: 3}), demanding("b", 4)},
			want:    grants{team("a"): 1, team("b"): 1},
		},
		"what a team drains it can have back and nobody else gets": {
			supply:  allocation.Supply{Capacity: 2},
			demands: []allocation.Demand{having("a", 1, allocation.Holding{Draining: 1}), having("b", 2, allocation.Holding{Previous: 1, Usable: 1})},
			want:    grants{team("a"): 1, team("b"): 1},
		},
	})
}

func TestAllocateWhatCannotBeGranted(t *testing.T) {
	runAllocateCases(t, map[string]allocateCase{
		"while nodes settle nothing that is unassigned is granted, and it is free": {
			supply: allocation.Supply{Capacity: 4, Unassigned: 2, Arriving: 1}, demands: []allocation.Demand{demanding("a", 3)}, want: grants{team("a"): 0}, free: 2,
		},
		"while it is frozen no grant is raised": {
			supply:  allocation.Supply{Capacity: 4, Unassigned: 3, IncreasesPaused: true},
			demands: []allocation.Demand{having("a", 3, allocation.Holding{Previous: 1, Usable: 1}), demanding("b", 1)},
			want:    grants{team("a"): 1, team("b"): 0}, free: 3,
		},
		"while it is frozen a grant is lowered": {
			supply: allocation.Supply{Capacity: 4, IncreasesPaused: true}, demands: []allocation.Demand{having("a", 1, allocation.Holding{Previous: 3, Usable: 3})},
			want: grants{team("a"): 1},
		},
		"a pool that is being deleted has nothing to give": {
			supply: allocation.Supply{Capacity: 4, Unassigned: 3, PoolDeleting: true}, demands: []allocation.Demand{having("a", 3, allocation.Holding{Previous: 1, Usable: 1})},
			want: grants{team("a"): 1},
		},
		"of what Karpenter provisioned beyond the capacity nobody keeps more than it was granted": {
			supply:  allocation.Supply{Capacity: 2, Unassigned: -1, Provisioned: true},
			demands: []allocation.Demand{having("a", 3, allocation.Holding{Previous: 1, Usable: 2}), having("b", 1, allocation.Holding{Draining: 1})},
			want:    grants{team("a"): 1, team("b"): 0},
		},
		"what was lost of the capacity is not free": {
			supply: allocation.Supply{Capacity: 2, Unassigned: 1}, demands: []allocation.Demand{having("a", 2, allocation.Holding{Previous: 2, Usable: 2})},
			want: grants{team("a"): 2},
		},
	})
}

// For every supply and all demands: no team loses what it keeps or gets more than it demands, increases stay within
// the capacity without spares and are never served with a broken node, and what is free is unassigned.
func TestAllocateKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var demands []allocation.Demand
		held := allocation.Nodes(0)
		for _, request := range requests(t) {
			d := allocation.Demand{Team: request.Team, Priority: request.Priority, Created: request.Created, Demanded: request.Demanded}
			d.Holding = allocation.Holding{Previous: request.Granted, Usable: drawNodes(t, 0, 4, "usable"), Draining: drawNodes(t, 0, 3, "draining"), OutOfUse: drawNodes(t, 0, 2, "out of use")}
			held += d.Held()
			demands = append(demands, d)
		}
		supply := allocation.Supply{Unassigned: drawNodes(t, 0, 12, "unassigned"), IncreasesPaused: rapid.Bool().Draw(t, "frozen"), PoolDeleting: rapid.Bool().Draw(t, "closed")}
		supply.Spares = drawNodes(t, 0, 3, "spares")
		supply.KeptBack = drawNodes(t, 0, int(supply.Spares), "kept back")
		supply.Capacity = max(held+supply.Unassigned-supply.Spares, 0)
		result := allocation.Allocate(supply, demands)
		raised, fromFree, owed := false, false, allocation.Nodes(0)
		for _, team := range result.Teams {
			if team.Granted < team.Kept() || team.Granted > team.Demanded {
				t.Fatalf("%+v", team)
			}
			if team.Granted > team.Kept() && supply.IncreasesPaused {
				t.Fatalf("raised while it is frozen: %+v", team)
			}
			raised = raised || team.Granted > team.Kept()
			fromFree = fromFree || team.Granted > max(team.Kept(), team.InUse())
			owed += max(team.Granted-team.InUse(), 0)
		}
		if raised && result.Granted() > supply.Capacity {
			t.Fatalf("raised to %d of %d", result.Granted(), supply.Capacity)
		}
		if fromFree && owed+supply.KeptBack > supply.Unassigned {
			t.Fatalf("%d owed and %d kept back of %d unassigned", owed, supply.KeptBack, supply.Unassigned)
		}
		if result.Free < 0 || result.Free > 0 && owed+result.Free > supply.Unassigned {
			t.Fatalf("%d owed and %d free of %d unassigned", owed, result.Free, supply.Unassigned)
		}
	})
}

// Returns lists only nodes whose return has a known time.
func TestReturns(t *testing.T) {
	const grace = time.Hour
	now := day(0)
	node := func(state gpunode.State, since time.Time, mods ...func(*gpunode.Node)) gpunode.Node {
		n := gpunode.Node{Ownership: gpunode.Ownership{State: state, Since: since}, Member: true}
		for _, mod := range mods {
			mod(&n)
		}
		return n
	}
	broken := func(n *gpunode.Node) { n.Fault = gpunode.Fault{Kind: gpunode.FaultNotReady} }
	left := func(n *gpunode.Node) { n.Member = false }
	earlier := now.Add(-time.Minute)
	surplus := allocation.Result{Teams: []allocation.Allocation{{Demand: having("a", 1, allocation.Holding{Usable: 3}), Granted: 1}}}
	tests := map[string]struct {
		node   gpunode.Node
		result allocation.Result
		want   []allocation.Return
	}{
		"a node that is new":                 {node: node(gpunode.Outside, time.Time{}), want: []allocation.Return{{At: now.Add(gpunode.PodBindDelay), Nodes: 1}}},
		"a node that is entering":            {node: node(gpunode.Entering, earlier), want: []allocation.Return{{At: earlier.Add(gpunode.PodBindDelay), Nodes: 1}}},
		"a node that is draining":            {node: node(gpunode.Draining, earlier), want: []allocation.Return{{At: earlier.Add(grace), Nodes: 1}}},
		"a node that is terminating":         {node: node(gpunode.Terminating, earlier), want: []allocation.Return{{At: earlier.Add(grace), Nodes: 1}}},
		"a node that awaits its scrub":       {node: node(gpunode.AwaitingScrub, earlier)},
		"a node that is free already":        {node: node(gpunode.Free, time.Time{})},
		"a node that a team uses":            {node: node(gpunode.Held, time.Time{})},
		"a draining node that is broken":     {node: node(gpunode.Draining, earlier, broken)},
		"a draining node that left the pool": {node: node(gpunode.Draining, earlier, left)},
		"nodes that a team has to give back": {node: node(gpunode.Free, time.Time{}), result: surplus, want: []allocation.Return{{At: now.Add(grace), Nodes: 2}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, allocation.Returns([]gpunode.Node{tt.node}, tt.result, grace, now)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The forecast is empty for a pool that is being deleted, and has no NextFree while increases are paused.
func TestForeseeOfAClosedOrFrozenPool(t *testing.T) {
	demands := []allocation.Demand{demanding("a", 3)}
	returns := []allocation.Return{{At: day(3), Nodes: 2}}
	of := func(supply allocation.Supply) allocation.Forecast {
		supply.Capacity = 4
		return allocation.NewForecast(allocation.Allocate(supply, demands), returns, day(0))
	}
	if got := of(allocation.Supply{}).Teams[team("a")].NextFree; got != (allocation.NextFree{At: day(3), Nodes: 2}) {
		t.Errorf("next free is %+v", got)
	}
	if got := of(allocation.Supply{IncreasesPaused: true}).Teams[team("a")].NextFree; got != (allocation.NextFree{}) {
		t.Errorf("while it is frozen, next free is %+v", got)
	}
	if diff := cmp.Diff(allocation.Forecast{}, of(allocation.Supply{PoolDeleting: true})); diff != "" {
		t.Errorf("while it is deleted: %s", diff)
	}
}
