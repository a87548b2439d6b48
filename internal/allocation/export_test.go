package allocation

import (
	"time"

	"foundation.team/operator/internal/gpunode"
)

// EveryMoment returns the state of the simulation at every moment: now, and whenever anything changes.
func EveryMoment(schedules []Schedule, free, capacity Nodes, returns []Return, now time.Time, visit func(at time.Time, actual, planned map[gpunode.Owner]Nodes)) {
	s := newSimulation(schedules, free, capacity, returns, now)
	byTeam := func(a assignment) map[gpunode.Owner]Nodes {
		assigned := map[gpunode.Owner]Nodes{}
		for rank, nodes := range a.assigned {
			assigned[s.schedules[rank].Team] = nodes
		}
		return assigned
	}
	visit(s.at, byTeam(s.actual), byTeam(s.planned))
	for s.advance() {
		visit(s.at, byTeam(s.actual), byTeam(s.planned))
	}
}
