package allocation

import (
	"maps"
	"slices"
	"time"

	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/lifecycle"
)

// Uncovered is the first later moment at which more is awarded than the pool's availability, or who may draw from it, lets a
// team have.
type Uncovered struct {
	At   time.Time
	GPUs GPUs
}

// Foresee is the forecast for what teams are granted now: when those that are short can have more, and which awards will not
// be served in full later. It is empty for a pool that is being deleted.
func Foresee(result Result, returns []Return, now time.Time) Forecast {
	if result.Closed {
		return Forecast{}
	}
	schedules := make([]Schedule, len(result.Teams))
	for i, team := range result.Teams {
		schedules[i] = team.schedule(team.Granted)
	}
	forecast := Simulate(schedules, result.Free, result.Capacity, returns, now)
	for _, team := range result.Teams {
		of := forecast.Teams[team.Team]
		of.Uncovered = team.uncovered(now)
		if result.Frozen {
			// It is not decided yet who is short.
			of.NextFree = NextFree{}
		}
		forecast.Teams[team.Team] = of
	}
	return forecast
}

// Short reports whether an award of the team will not be served in full later.
func (f TeamForecast) Short() bool { return f.Uncovered != nil || !f.Shortage.At.IsZero() }

func (d Demand) uncovered(now time.Time) *Uncovered {
	moments := append(lifecycle.Boundaries(d.Awards), lifecycle.Boundaries(d.Covered)...)
	slices.SortFunc(moments, time.Time.Compare)
	for _, at := range moments {
		if missing := lifecycle.Demand(d.Awards, at) - lifecycle.Demand(d.Covered, at); at.After(now) && missing > 0 {
			return &Uncovered{At: at, GPUs: GPUs(missing)}
		}
	}
	return nil
}

// Returns are when nodes that teams do not use any more will be free at the latest, with so much grace. For a node that had
// pods on it when it came into the pool nobody can say.
func Returns(nodes []gpunode.Node, result Result, grace time.Duration, now time.Time) []Return {
	now = now.Truncate(time.Second)
	free := map[time.Time]Nodes{}
	for i := range nodes {
		n := &nodes[i]
		if !n.Member || !n.Healthy && n.Claim == nil {
			continue
		}
		switch n.State {
		case gpunode.Outside:
			free[now.Add(gpunode.Settle)]++
		case gpunode.Entering:
			free[n.Since.Add(gpunode.Settle)]++
		case gpunode.Draining, gpunode.Terminating:
			free[n.Since.Add(grace)]++
		default:
			// Nobody has it, or a team uses it.
		}
	}
	for _, team := range result.Teams {
		// What a team was just told to give back it has for the whole grace period.
		free[now.Add(grace)] += team.Surplus()
	}
	var returns []Return
	for _, moment := range slices.SortedFunc(maps.Keys(free), time.Time.Compare) {
		returns = append(returns, Return{At: moment, Nodes: free[moment]})
	}
	return returns
}
