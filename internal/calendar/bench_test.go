package calendar_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"foundation.team/operator/internal/calendar"
)

// goal is how long the forecasts of 10,000 awards may take.
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

// pool is one pool's bookings.
type pool struct {
	bookings []calendar.Booking
	capacity int
}

// draw draws the pools. Awards begin and end at moments of their own, and more is wanted than there is.
func (c crowd) draw() []pool {
	random := rand.New(rand.NewPCG(1, 2))
	minutes := 3 * 365 * 24 * 60 / c.awards
	moment := func(minute int) time.Time { return day0.Add(time.Duration(1+minute) * time.Minute) }
	pools := make([]pool, c.pools)
	for i := range pools {
		for k := range c.teams {
			b := calendar.Booking{Claim: calendar.Claim{Key: fmt.Sprint("uid-of/", k), Name: fmt.Sprint("team-", k), Priority: random.Int32N(5)}}
			for n := range c.awards {
				from := n*minutes + random.IntN(minutes/2)
				b.Steps = append(b.Steps,
					calendar.Step{At: moment(from), Nodes: 1 + random.IntN(64)},
					calendar.Step{At: moment(from + random.IntN(minutes/2)), Nodes: 0})
			}
			pools[i].bookings = append(pools[i].bookings, b)
			pools[i].capacity += 4
		}
	}
	return pools
}

// foresee gives how many gaps there are in all pools.
func foresee(pools []pool) int {
	gaps := 0
	for _, pool := range pools {
		for _, outlook := range calendar.Foresee(pool.bookings, 0, pool.capacity, []calendar.Release{{At: day(3), Nodes: 4}}, day0).Outlooks {
			if outlook.Gap.Nodes > 0 {
				gaps++
			}
		}
	}
	return gaps
}

func BenchmarkForesee(b *testing.B) {
	for name, crowd := range crowds {
		b.Run(name, func(b *testing.B) {
			pools := crowd.draw()
			b.ReportAllocs()
			for b.Loop() {
				if gaps := foresee(pools); gaps < crowd.teams*crowd.pools/10 {
					b.Fatalf("only %d gaps: too easy", gaps)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/10000-awards")
		})
	}
}

// The machine that runs tests is shared: only what is worse than slow fails, such as work that is quadratic in awards.
func TestForeseeIsFast(t *testing.T) {
	var all [][]pool
	for _, crowd := range crowds {
		all = append(all, crowd.draw())
	}
	result := testing.Benchmark(func(b *testing.B) {
		b.Helper()
		for b.Loop() {
			for _, pools := range all {
				foresee(pools)
			}
		}
	})
	took := time.Duration(result.NsPerOp()) / time.Duration(len(all))
	t.Logf("%s for 10,000 awards; the goal is %s", took, goal)
	if result.N == 0 || took > 10*goal {
		t.Errorf("%s for 10,000 awards, the goal is %s", took, goal)
	}
}
