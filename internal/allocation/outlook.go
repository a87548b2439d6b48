package allocation

import (
	"maps"
	"slices"
	"time"

	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/lifecycle"
)

// Uncovered is the first later moment at which a team is awarded more than it can have, because the pool is not
// available then or because the team is not eligible for it.
type Uncovered struct {
	At   time.Time
	GPUs GPUs
}

// NewForecast returns the forecast from what teams are granted now: when those that are short can have more, and which
// awards will not be served in full later. It is empty for a pool that is being deleted.
func NewForecast(result Result, returns []Return, now time.Time) Forecast {
	if result.PoolDeleting {
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
		if result.IncreasesPaused {
			// While increases are paused, a difference to the demand is no shortage.
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

// Returns lists when nodes that no team uses any more become free at the latest, given the grace period of drains.
// For a node that entered the pool with pods on it that is unknown; it is counted as if it had none.
func Returns(nodes []gpunode.Node, result Result, grace time.Duration, now time.Time) []Return {
	now = now.Truncate(time.Second)
	free := map[time.Time]Nodes{}
	for i := range nodes {
		n := &nodes[i]
		if !n.Member || !n.Healthy() && n.NodeClaim == nil {
			continue
		}
		switch n.State {
		case gpunode.Outside:
			free[now.Add(gpunode.PodBindDelay)]++
		case gpunode.Entering:
			free[n.Since.Add(gpunode.PodBindDelay)]++
		case gpunode.Draining, gpunode.Terminating:
			free[n.Since.Add(grace)]++
		default:
			// Free already, waits for a scrub of unknown length, or a team uses it.
		}
	}
	for _, team := range result.Teams {
		// Nodes whose drain is only about to start have the whole grace period before them.
		free[now.Add(grace)] += team.Surplus()
	}
	var returns []Return
	for _, moment := range slices.SortedFunc(maps.Keys(free), time.Time.Compare) {
		returns = append(returns, Return{At: moment, Nodes: free[moment]})
	}
	return returns
}
