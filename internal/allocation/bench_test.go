package allocation_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"foundation.team/operator/internal/allocation"
)

// goal is how long the forecasts of 10,000 awards may take at most.
const goal = 50 * time.Millisecond

// crowd is how many pools there are, teams in each, and awards of each team.
type crowd struct{ pools, teams, awards int }

// crowds are 10,000 awards each.
var crowds = map[string]crowd{
	"100 pools of 100 teams":             {100, 100, 1},
	"100 pools of 10 teams, 10 awards":   {100, 10, 10},
	"1 pool of 1000 teams, 10 awards":    {1, 1000, 10},
	"1 pool of 10000 teams, all at once": {1, 10000, 1},
}

// pool is one pool's schedules.
type pool struct {
	schedules []allocation.Schedule
	capacity  allocation.Nodes
}

// draw draws the pools. Awards begin and end at moments of their own, and more is demanded than there is.
func (c crowd) draw() []pool {
	random := rand.New(rand.NewPCG(1, 2))
	minutes := 3 * 365 * 24 * 60 / c.awards
	moment := func(minute int) time.Time { return day0.Add(time.Duration(1+minute) * time.Minute) }
	pools := make([]pool, c.pools)
	for i := range pools {
		for k := range c.teams {
			b := allocation.Schedule{Request: allocation.Request{Team: twin(fmt.Sprint("team-", k), types.UID(fmt.Sprint("uid-of/", k))), Priority: random.Int32N(5)}}
			for n := range c.awards {
				from := n*minutes + random.IntN(minutes/2)
				b.Changes = append(b.Changes,
					allocation.Change{At: moment(from), Demanded: allocation.Nodes(1 + random.IntN(64))},
					allocation.Change{At: moment(from + random.IntN(minutes/2)), Demanded: 0})
			}
			pools[i].schedules = append(pools[i].schedules, b)
			pools[i].capacity += 4
		}
	}
	return pools
}

// simulate gives how many shortages there are in all pools.
func simulate(pools []pool) int {
	shortages := 0
	for _, pool := range pools {
		for _, outlook := range allocation.Simulate(pool.schedules, 0, pool.capacity, []allocation.Return{{At: day(3), Nodes: 4}}, day0).Teams {
			if outlook.Shortage.Missing > 0 {
				shortages++
			}
		}
	}
	return shortages
}

func BenchmarkSimulate(b *testing.B) {
	for name, crowd := range crowds {
		b.Run(name, func(b *testing.B) {
			pools := crowd.draw()
			b.ReportAllocs()
			for b.Loop() {
				if shortages := simulate(pools); shortages < crowd.teams*crowd.pools/10 {
					b.Fatalf("only %d shortages: too easy", shortages)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/10000-awards")
		})
	}
}

// Machines that run tests are shared, so the limit is far above the goal: it catches only work that is quadratic in
// awards.
func TestSimulateIsFast(t *testing.T) {
	var all [][]pool
	for _, crowd := range crowds {
		all = append(all, crowd.draw())
	}
	result := testing.Benchmark(func(b *testing.B) {
		b.Helper()
		for b.Loop() {
			for _, pools := range all {
				simulate(pools)
			}
		}
	})
	took := time.Duration(result.NsPerOp()) / time.Duration(len(all))
	t.Logf("%s for 10,000 awards; the goal is %s", took, goal)
	if result.N == 0 || took > 10*goal {
		t.Errorf("%s for 10,000 awards, the goal is %s", took, goal)
	}
}
