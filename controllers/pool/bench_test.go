package pool

import (
	"fmt"
	"testing"
	"time"

	"foundation.team/operator/test/support/builder"
)

// large is a pool of 4,000 nodes for 400 teams, each granted half of what it demands, with some nodes draining and some
// entering.
func large() Input {
	const teams, nodesOfTeam = 400, 9
	things, mods := []any{}, []builder.PoolMod{builder.TopologyKeys("rack"), builder.Grace(time.Hour)}
	add := func(name string, mod builder.NodeMod) {
		things = append(things, builder.Node(name, mod, builder.Labelled("rack", name[:3])))
	}
	for i := range teams {
		team := builder.Team(fmt.Sprintf("team-%03d", i), builder.Award(b200, 2*builder.PerNode*nodesOfTeam))
		things = append(things, team)
		mods = append(mods, builder.Granted(team, builder.PerNode*nodesOfTeam))
		for k := range nodesOfTeam {
			add(fmt.Sprintf("h%03d-%d", i, k), builder.HeldIn(b200, team))
		}
		if i%2 == 0 {
			add(fmt.Sprintf("d%03d", i), builder.DrainingIn(b200, team, now.Add(-time.Minute)))
		} else {
			add(fmt.Sprintf("e%03d", i), builder.EnteringIn(b200, now.Add(-time.Minute)))
		}
	}
	return input(builder.Pool(b200, mods...), things...)
}

// One reconcile's decisions, without the requests that they make.
func BenchmarkDecide(b *testing.B) {
	in := large()
	b.ReportAllocs()
	for b.Loop() {
		decision := Decide(in)
		status, plan := BuildStatus(in, decision), BuildPlan(in, decision)
		if len(status.Grants) == 0 || len(plan.Transitions) == 0 {
			b.Fatal("nothing is decided")
		}
	}
}
