package allocation

import "math/bits"

// assignment is who has how many nodes, by rank, and what there is to give: nodes that are free, as far as there is headroom
// for them in the capacity.
type assignment struct {
	assigned, missing []Nodes
	waiting           rankSet
	free, headroom    Nodes
}

// newAssignment has nothing free but what teams were granted and do not demand.
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
		a.demand(rank, schedule.Demanded)
	}
	return a
}

// demand sets what a team demands. What it has beyond that it gives back.
func (a *assignment) demand(rank int, nodes Nodes) {
	surplus := max(a.assigned[rank]-nodes, 0)
	a.assigned[rank] -= surplus
	a.free += surplus
	a.headroom += surplus
	a.missing[rank] = nodes - a.assigned[rank]
	a.waiting.set(rank, a.missing[rank] > 0)
}

// serve decides as Grant does, and calls back for each team that has more now. It costs as much as there are increases, not
// teams.
func (a *assignment) serve(increased func(rank int)) {
	for a.free > 0 && a.headroom > 0 {
		rank := a.waiting.first()
		if rank == nobody {
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

// rankSet is a set of ranks, a bit for each.
type rankSet []uint64

func newRankSet(size int) rankSet { return make(rankSet, (size+63)/64) }

func (r rankSet) set(rank int, in bool) {
	if bit := uint64(1) << (rank % 64); in {
		r[rank/64] |= bit
	} else {
		r[rank/64] &^= bit
	}
}

// first is the lowest rank in the set, nobody if it is empty.
func (r rankSet) first() int {
	for i, word := range r {
		if word != 0 {
			return 64*i + bits.TrailingZeros64(word)
		}
	}
	return nobody
}
