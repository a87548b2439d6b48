package allocation

import (
	"slices"
	"time"
)

// simulation is the schedules at one moment after another. Schedules are known by rank: their place in the order of
// serving.
type simulation struct {
	schedules []Schedule
	events    []event
	capacity  Nodes

	at time.Time
	// rose are those whose demand rose just now, demanded is what all demand.
	rose     []int
	demanded Nodes
	// actual assigns nodes as they will have come free at the latest, planned as many as the capacity is.
	actual, planned assignment

	teams      []TeamForecast
	overcommit *Overcommit
}

// event is a change of what a team demands or, with a rank of nobody, nodes that come free.
type event struct {
	at    time.Time
	rank  int
	nodes Nodes
}

const nobody = -1

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
	s.noteOvercommit()
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
			events = append(events, event{at: returned.At, rank: nobody, nodes: returned.Nodes})
		}
	}
	slices.SortFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	return events
}

// advance goes on to the next moment at which anything changes; false if there is none.
func (s *simulation) advance() bool {
	if len(s.events) == 0 {
		return false
	}
	s.at, s.rose = s.events[0].at, s.rose[:0]
	for len(s.events) > 0 && s.events[0].at.Equal(s.at) {
		if e := s.events[0]; e.rank == nobody {
			s.actual.free += e.nodes
		} else {
			s.demand(e.rank, e.nodes)
		}
		s.events = s.events[1:]
	}
	s.actual.serve(s.noteNextFree)
	s.planned.serve(s.noteShortageEnd)
	return true
}

func (s *simulation) demand(rank int, nodes Nodes) {
	before := s.planned.assigned[rank] + s.planned.missing[rank]
	s.demanded += nodes - before
	if nodes > before {
		s.rose = append(s.rose, rank)
	}
	s.actual.demand(rank, nodes)
	s.planned.demand(rank, nodes)
	s.noteShortageEnd(rank)
}

// noteShortages takes down who does not get what it demands from now on.
func (s *simulation) noteShortages() {
	for _, rank := range s.rose {
		if missing := s.planned.missing[rank]; missing > 0 && s.teams[rank].Shortage.Missing == 0 {
			s.teams[rank].Shortage = Shortage{
				At: s.at, Missing: missing, Demanded: s.planned.assigned[rank] + missing, TotalDemanded: s.demanded,
			}
		}
	}
	s.noteOvercommit()
}

func (s *simulation) noteOvercommit() {
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

// noteNextFree is called for a team that was assigned nodes that came free.
func (s *simulation) noteNextFree(rank int) {
	now := s.schedules[rank].Request
	more := s.actual.assigned[rank] - now.Granted
	if nextFree := &s.teams[rank].NextFree; now.Granted < now.Demanded && more > 0 && nextFree.Nodes == 0 {
		*nextFree = NextFree{At: s.at, Nodes: more}
	}
}

// noteShortageEnd is called for a team that may not be missing planned nodes any more.
func (s *simulation) noteShortageEnd(rank int) {
	if shortage := &s.teams[rank].Shortage; s.planned.missing[rank] == 0 && shortage.Missing > 0 && shortage.Until.IsZero() {
		shortage.Until = s.at
	}
}
