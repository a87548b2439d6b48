package allocation

import "math/bits"

// assignment is the state of the simulation at one moment, by rank: how many nodes each team has and misses, how many
// nodes are free, and how much headroom the capacity leaves for granting them.
type assignment struct {
	assigned, missing []Nodes
	waiting           rankSet
	free, headroom    Nodes
}

// newAssignment returns the assignment of what is granted now. Only nodes that teams were granted and no longer
// demand are free.
func newAssignment(schedules []Schedule, capacity Nodes) assignment {
	a := assignment{
		assigned: make([]Nodes, len(schedules)),
		missing:  make([]Nodes, len(schedules)),
		waiting:  newRankSet(len(schedules)),
		headroom: capacity,
	}
	for rank, schedule := range schedules {
		a.assigned[rank] = schedule.Granted
		a.headroom -= schedule.Granted
		a.setDemand(rank, schedule.Demanded)
	}
	return a
}

// setDemand sets what a team demands. What it has beyond that becomes free.
func (a *assignment) setDemand(rank int, nodes Nodes) {
	surplus := max(a.assigned[rank]-nodes, 0)
	a.assigned[rank] -= surplus
	a.free += surplus
	a.headroom += surplus
	a.missing[rank] = nodes - a.assigned[rank]
	a.waiting.set(rank, a.missing[rank] > 0)
}

// serve assigns free nodes in the order of serving, as Grant does, and calls increased for each team that gets some.
// Its cost depends on the number of increases, not of teams, because a simulation calls it at every event.
func (a *assignment) serve(increased func(rank int)) {
	for a.free > 0 && a.headroom > 0 {
		rank := a.waiting.first()
		if rank == noRank {
			return
		}
		nodes := min(a.missing[rank], a.free, a.headroom)
		a.assigned[rank] += nodes
		a.missing[rank] -= nodes
		a.free -= nodes
		a.headroom -= nodes
		a.waiting.set(rank, a.missing[rank] > 0)
		increased(rank)
	}
}

// rankSet is a set of ranks, one bit for each.
type rankSet []uint64

func newRankSet(size int) rankSet { return make(rankSet, (size+63)/64) }

func (r rankSet) set(rank int, in bool) {
	if bit := uint64(1) << (rank % 64); in {
		r[rank/64] |= bit
	} else {
		r[rank/64] &^= bit
	}
}

// first returns the lowest rank in the set, noRank if the set is empty.
func (r rankSet) first() int {
	for i, word := range r {
		if word != 0 {
			return 64*i + bits.TrailingZeros64(word)
		}
	}
	return noRank
}
