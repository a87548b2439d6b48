package allocation

import (
	"slices"
	"time"
)

// simulation steps through the events of the schedules. A schedule is identified by its rank, its index in the order
// of serving.
type simulation struct {
	schedules []Schedule
	events    []event
	capacity  Nodes

	at time.Time
	// risen are the ranks whose demand rose at this moment, demanded is what all teams together demand.
	risen    []int
	demanded Nodes
	// actual assigns only nodes that are free by then at the latest, planned as many as the capacity is. NextFree
	// comes from the former, shortages from the latter.
	actual, planned assignment

	teams      []TeamForecast
	overcommit *Overcommit
}

// event is a change of what a team demands or, with noRank, a number of nodes that become free.
type event struct {
	at    time.Time
	rank  int
	nodes Nodes
}

const noRank = -1

func newSimulation(schedules []Schedule, free, capacity Nodes, returns []Return, now time.Time) *simulation {
	schedules = slices.SortedFunc(slices.Values(schedules), func(a, b Schedule) int { return Compare(a.Request, b.Request) })
	s := &simulation{
		schedules: schedules,
		events:    eventsOf(schedules, returns, now),
		capacity:  capacity,
		at:        now,
		actual:    newAssignment(schedules, capacity),
		planned:   newAssignment(schedules, capacity),
		teams:     make([]TeamForecast, len(schedules)),
	}
	s.actual.free += free
	s.planned.free = s.planned.headroom
	for _, schedule := range schedules {
		s.demanded += schedule.Demanded
	}
	s.planned.serve(func(int) {})
	s.recordOvercommit()
	return s
}

func eventsOf(schedules []Schedule, returns []Return, now time.Time) []event {
	size := len(returns)
	for _, schedule := range schedules {
		size += len(schedule.Changes)
	}
	events := make([]event, 0, size)
	for rank, schedule := range schedules {
		for i, change := range schedule.Changes {
			replaced := i+1 < len(schedule.Changes) && schedule.Changes[i+1].At.Equal(change.At)
			if change.At.After(now) && !replaced {
				events = append(events, event{at: change.At, rank: rank, nodes: change.Demanded})
			}
		}
	}
	for _, returned := range returns {
		if returned.At.After(now) {
			events = append(events, event{at: returned.At, rank: noRank, nodes: returned.Nodes})
		}
	}
	slices.SortFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	return events
}

// advance applies all events of the next moment that has any. It returns false if there is none.
func (s *simulation) advance() bool {
	if len(s.events) == 0 {
		return false
	}
	s.at, s.risen = s.events[0].at, s.risen[:0]
	for len(s.events) > 0 && s.events[0].at.Equal(s.at) {
		if e := s.events[0]; e.rank == noRank {
			s.actual.free += e.nodes
		} else {
			s.setDemand(e.rank, e.nodes)
		}
		s.events = s.events[1:]
	}
	s.actual.serve(s.recordNextFree)
	s.planned.serve(s.recordShortageEnd)
	return true
}

func (s *simulation) setDemand(rank int, nodes Nodes) {
	before := s.planned.assigned[rank] + s.planned.missing[rank]
	s.demanded += nodes - before
	if nodes > before {
		s.risen = append(s.risen, rank)
	}
	s.actual.setDemand(rank, nodes)
	s.planned.setDemand(rank, nodes)
	s.recordShortageEnd(rank)
}

// recordShortages records the teams whose demand rose at this moment and is not served in full.
func (s *simulation) recordShortages() {
	for _, rank := range s.risen {
		if missing := s.planned.missing[rank]; missing > 0 && s.teams[rank].Shortage.Missing == 0 {
			s.teams[rank].Shortage = Shortage{
				At: s.at, Missing: missing, Demanded: s.planned.assigned[rank] + missing, TotalDemanded: s.demanded,
			}
		}
	}
	s.recordOvercommit()
}

func (s *simulation) recordOvercommit() {
	if s.overcommit != nil || s.demanded <= s.capacity {
		return
	}
	s.overcommit = &Overcommit{At: s.at, Demanded: s.demanded, Capacity: s.capacity}
	for rank, missing := range s.planned.missing {
		if missing > 0 {
			s.overcommit.Teams = append(s.overcommit.Teams, s.schedules[rank].Team)
		}
	}
}

// recordNextFree is called when a team was assigned nodes that became free.
func (s *simulation) recordNextFree(rank int) {
	now := s.schedules[rank].Request
	more := s.actual.assigned[rank] - now.Granted
	if nextFree := &s.teams[rank].NextFree; now.Granted < now.Demanded && more > 0 && nextFree.Nodes == 0 {
		*nextFree = NextFree{At: s.at, Nodes: more}
	}
}

// recordShortageEnd is called when a team's shortage may be over.
func (s *simulation) recordShortageEnd(rank int) {
	if shortage := &s.teams[rank].Shortage; s.planned.missing[rank] == 0 && shortage.Missing > 0 && shortage.Until.IsZero() {
		shortage.Until = s.at
	}
}
