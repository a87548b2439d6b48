package allocation

import (
	"time"

	"foundation.team/operator/internal/gpunode"
)

// Forecast is what will change in a pool's allocation.
type Forecast struct {
	// Teams has only teams with a forecast that is not empty.
	Teams map[gpunode.Owner]TeamForecast
	// Overcommit is the first time at which more is demanded than the capacity; nil if that does not happen.
	Overcommit *Overcommit
}

// TeamForecast is what will change for one team.
type TeamForecast struct {
	NextFree NextFree
	Shortage Shortage
	// Uncovered is nil if all later awards are covered.
	Uncovered *Uncovered
}

// NextFree is the earliest moment at which a team that is short now can have more, and how much more. It is zero for
// a team that is not short, and where no known event frees a node for it.
type NextFree struct {
	At    time.Time
	Nodes Nodes
}

// Shortage is the first moment at which a team's demand rises and cannot be served in full, because all teams together
// demand more than the pool's capacity. It is zero if there is none. A team that is short now has a shortage only
// where it demands even more.
type Shortage struct {
	At time.Time
	// Missing is how many of the Demanded nodes cannot be served then.
	Missing, Demanded Nodes
	// TotalDemanded is what all teams together demand then.
	TotalDemanded Nodes
	// Until is when the shortage ends, because nodes become free or because the team demands less; zero if never.
	Until time.Time
}

// Overcommit is the first moment, now or later, at which all teams together demand more than the capacity.
type Overcommit struct {
	// At is now if the pool is over-committed already.
	At                 time.Time
	Demanded, Capacity Nodes
	// Teams are those that get less than they demand then, in the order of serving. There are none if capacity was
	// lost and the teams that hold more than it keep their grants.
	Teams []gpunode.Owner
}

// Simulate applies the changes of the schedules in the order of time from now on. Their Granted is what is granted
// now, free is what can be granted beyond that.
//
// NextFree follows from nodes that are free and that become free: where an award will end, immediately; where one has
// ended, when the drain must be over. Shortages follow from the capacity alone: a node that drains, is new or is
// broken today counts as available for a later award, because such states pass and awards are planned against the
// capacity. So there is a shortage only while the pool is over-committed.
//
// Monotonicity: if free and capacity grow by the same number, no team has less at any moment; no NextFree is later
// and no shortage earlier, larger or longer. It does not hold for nodes that only become free sooner, for example
// because another award is shortened: a team lower in order that waits by then may be granted them, and keeps them.
func Simulate(schedules []Schedule, free, capacity Nodes, returns []Return, now time.Time) Forecast {
	s := newSimulation(schedules, free, capacity, returns, now)
	for s.advance() {
		s.recordShortages()
	}
	forecast := Forecast{Teams: map[gpunode.Owner]TeamForecast{}, Overcommit: s.overcommit}
	for rank, team := range s.teams {
		if team != (TeamForecast{}) {
			forecast.Teams[s.schedules[rank].Team] = team
		}
	}
	return forecast
}
