package allocation

import (
	"time"

	"foundation.team/operator/internal/gpunode"
)

// Forecast is what lies ahead of a pool.
type Forecast struct {
	// Teams are those ahead of whom there is something.
	Teams map[gpunode.Owner]TeamForecast
	// Overcommit is when more is demanded than there is; nil if that does not happen.
	Overcommit *Overcommit
}

// TeamForecast is what lies ahead of one team.
type TeamForecast struct {
	NextFree NextFree
	Shortage Shortage
	// Uncovered is nil if all awards are covered.
	Uncovered *Uncovered
}

// NextFree is the earliest moment at which a team that is short now can have more, and how much more. It is zero for a team
// that is not short, and for one that waits for somebody's decision.
type NextFree struct {
	At    time.Time
	Nodes Nodes
}

// Shortage is the first moment at which a team's demand rises and cannot be served in full, because all teams together
// demand more than the pool's capacity. It is zero if there is none. A team that is short now has a shortage only
// where it demands even more.
type Shortage struct {
	At time.Time
	// Missing of the Demanded are missing then.
	Missing, Demanded Nodes
	// TotalDemanded is what all teams demand together then.
	TotalDemanded Nodes
	// Until is when nothing is missing any more, because nodes came or because the team demands no more than it has; zero
	// if never.
	Until time.Time
}

// Overcommit is the first moment, now or later, at which all teams together demand more than the capacity.
type Overcommit struct {
	// At is now if that is so already.
	At                 time.Time
	Demanded, Capacity Nodes
	// Teams are those who get less than they demand then, in the order of serving. There are none if capacity was lost
	// and those who have it keep it.
	Teams []gpunode.Owner
}

// Simulate plays the schedules forward from now. Granted is what was granted now, free is what can be granted beyond that.
//
// NextFree follows from the nodes that are free and those that come free: at once where an award will end, and at
// the latest moment where one ended. Shortages follow from the capacity. A node that is draining, new or broken today is
// there for a later award: that somebody clears it up within the grace period is not what an award has to be planned
// around. So there is a shortage only while the pool is over-committed.
//
// With as many more nodes, in free and capacity alike, no team ever has less at any moment: nothing is free later, no
// shortage is earlier, larger or longer. That does not hold for nodes that only come sooner, such as those of another
// award that is shortened: a team lower in order that waits by then may take them, and keeps them.
func Simulate(schedules []Schedule, free, capacity Nodes, returns []Return, now time.Time) Forecast {
	s := newSimulation(schedules, free, capacity, returns, now)
	for s.advance() {
		s.noteShortages()
	}
	forecast := Forecast{Teams: map[gpunode.Owner]TeamForecast{}, Overcommit: s.overcommit}
	for rank, team := range s.teams {
		if team != (TeamForecast{}) {
			forecast.Teams[s.schedules[rank].Team] = team
		}
	}
	return forecast
}
