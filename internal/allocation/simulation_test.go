package allocation_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
)

// horizon is how many days the properties cover.
const horizon = 12

// scene is a pool with the demands on it, day by day.
type scene struct {
	schedules      []allocation.Schedule
	demands        map[gpunode.Owner][]allocation.Nodes
	free, capacity allocation.Nodes
	returns        []allocation.Return
}

// drawScene draws a pool in which everything that can be granted today is granted.
func drawScene(t *rapid.T) scene {
	s := scene{
		demands:  map[gpunode.Owner][]allocation.Nodes{},
		free:     drawNodes(t, 0, 8, "free"),
		capacity: drawNodes(t, 0, 40, "capacity"),
	}
	for i, request := range requests(t) {
		request.Reclaimable, request.Granted = 0, request.Kept()
		b := allocation.Schedule{Request: request}
		demands := []allocation.Nodes{request.Demanded}
		for n := 1; n < horizon; n++ {
			demanded := demands[n-1]
			if rapid.Bool().Draw(t, fmt.Sprint("change ", i, n)) {
				demanded = drawNodes(t, 0, 8, fmt.Sprint("demanded ", i, n))
				b = then(b, n, demanded)
			}
			demands = append(demands, demanded)
		}
		s.demands[request.Team], s.schedules = demands, append(s.schedules, b)
	}
	granted := allocation.Grant(s.requests(0, nil), s.free, s.capacity)
	for i, b := range s.schedules {
		s.free -= granted[b.Team] - b.Granted
		s.schedules[i].Granted = granted[b.Team]
	}
	for n := range rapid.IntRange(0, 3).Draw(t, "returns") {
		s.returns = append(s.returns, allocation.Return{
			At: day(rapid.IntRange(1, horizon-1).Draw(t, fmt.Sprint("return ", n))), Nodes: drawNodes(t, 1, 4, "nodes"),
		})
	}
	return s
}

// requests returns the requests of a day by teams with these previous grants; without any, with today's.
func (s scene) requests(n int, have grants) []allocation.Request {
	list := make([]allocation.Request, len(s.schedules))
	for i, b := range s.schedules {
		list[i] = b.Request
		list[i].Demanded = s.demands[b.Team][n]
		if have != nil {
			list[i].Granted = have[b.Team]
		}
	}
	return list
}

func (s scene) forecast() allocation.Forecast {
	return allocation.Simulate(s.schedules, s.free, s.capacity, s.returns, day(0))
}

// actual applies Grant to each day in turn, with the nodes that are free then.
func (s scene) actual() []grants {
	days := []grants{s.today()}
	free := s.free
	for n := 1; n < horizon; n++ {
		for _, back := range s.returns {
			if back.At.Equal(day(n)) {
				free += back.Nodes
			}
		}
		list := s.requests(n, days[n-1])
		for _, request := range list {
			free += max(request.Granted-request.Demanded, 0)
		}
		days = append(days, allocation.Grant(list, free, s.capacity))
		for _, request := range list {
			free -= days[n][request.Team] - request.Kept()
		}
	}
	return days
}

// planned does the same with all nodes of the capacity that are not granted.
func (s scene) planned() []grants {
	have := s.today()
	days := make([]grants, horizon)
	for n := range days {
		list, room := s.requests(n, have), s.capacity
		for _, request := range list {
			room -= request.Kept()
		}
		have = allocation.Grant(list, room, s.capacity)
		days[n] = have
	}
	return days
}

func (s scene) today() grants {
	have := grants{}
	for _, b := range s.schedules {
		have[b.Team] = b.Granted
	}
	return have
}

// expected computes the forecast from its definition, day by day.
func (s scene) expected() allocation.Forecast {
	forecast := allocation.Forecast{Teams: map[gpunode.Owner]allocation.TeamForecast{}}
	actual, planned := s.actual(), s.planned()
	demanded := make([]allocation.Nodes, horizon)
	for n := range horizon {
		for _, demands := range s.demands {
			demanded[n] += demands[n]
		}
	}
	for _, b := range s.schedules {
		if team := s.teamForecast(b, actual, planned, demanded); team != (allocation.TeamForecast{}) {
			forecast.Teams[b.Team] = team
		}
	}
	if n := slices.IndexFunc(demanded, func(nodes allocation.Nodes) bool { return nodes > s.capacity }); n >= 0 {
		forecast.Overcommit = &allocation.Overcommit{At: day(n), Demanded: demanded[n], Capacity: s.capacity}
		for _, request := range slices.SortedFunc(slices.Values(s.requests(n, planned[n])), allocation.Compare) {
			if request.Granted < request.Demanded {
				forecast.Overcommit.Teams = append(forecast.Overcommit.Teams, request.Team)
			}
		}
	}
	return forecast
}

// teamForecast is one team's by its definition, from who has how much on each day, and what all demand.
func (s scene) teamForecast(b allocation.Schedule, actual, planned []grants, total []allocation.Nodes) allocation.TeamForecast {
	var team allocation.TeamForecast
	for n := 1; n < horizon; n++ {
		demanded, more := s.demands[b.Team][n], actual[n][b.Team]-b.Granted
		missing := demanded - planned[n][b.Team]
		if team.NextFree.Nodes == 0 && b.Granted < b.Demanded && more > 0 {
			team.NextFree = allocation.NextFree{At: day(n), Nodes: more}
		}
		switch shortage := &team.Shortage; {
		case shortage.Missing == 0 && missing > 0 && demanded > s.demands[b.Team][n-1]:
			*shortage = allocation.Shortage{At: day(n), Missing: missing, Demanded: demanded, TotalDemanded: total[n]}
		case shortage.Missing > 0 && missing == 0 && shortage.Until.IsZero():
			shortage.Until = day(n)
		}
	}
	return team
}

// The forecast agrees with what Grant decides day by day.
func TestForecastsComeTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		if diff := cmp.Diff(s.expected(), s.forecast()); diff != "" {
			t.Fatal(diff)
		}
		actual, planned := s.actual(), s.planned()
		allocation.EveryMoment(s.schedules, s.free, s.capacity, s.returns, day(0), func(at time.Time, wasActual, wasPlanned grants) {
			n := int(at.Sub(day0) / (24 * time.Hour))
			if diff := cmp.Diff(actual[n], wasActual) + cmp.Diff(planned[n], wasPlanned); diff != "" {
				t.Fatalf("day %d: %s", n, diff)
			}
		})
	})
}

// If every node is healthy and either free or held, each forecast shortage occurs with exactly that number of nodes.
func TestPlanComesTrueWhereNodesAreFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		s.returns, s.free = nil, s.capacity
		for _, b := range s.schedules {
			s.free -= b.Granted
		}
		granted := allocation.Grant(s.requests(0, s.today()), s.free, s.capacity)
		for i, b := range s.schedules {
			s.free -= granted[b.Team] - b.Granted
			s.schedules[i].Granted = granted[b.Team]
		}
		allocation.EveryMoment(s.schedules, s.free, s.capacity, nil, day(0), func(at time.Time, actual, planned grants) {
			if diff := cmp.Diff(actual, planned); diff != "" {
				t.Fatalf("%s: %s", at, diff)
			}
		})
	})
}

// At every moment of the simulation: nothing is given beyond the capacity, nobody has more than it demands, nobody loses
// what it demands, and nobody gets more while one before it in order is short.
func TestEveryMomentIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		inOrder := slices.SortedFunc(slices.Values(s.requests(0, nil)), allocation.Compare)
		check := func(n int, before, after grants) {
			sum, kept, short := allocation.Nodes(0), allocation.Nodes(0), false
			for _, request := range inOrder {
				has, demanded := after[request.Team], s.demands[request.Team][n]
				keeps := min(before[request.Team], demanded)
				if has > demanded || has < keeps {
					t.Fatalf("day %d: %s has %d, had %d and demands %d", n, request.Team, has, before[request.Team], demanded)
				}
				if short && has > keeps {
					t.Fatalf("day %d: %s gets more while one before it is short: %v", n, request.Team, after)
				}
				short = short || has < demanded
				sum, kept = sum+has, kept+keeps
			}
			if sum > max(s.capacity, kept) {
				t.Fatalf("day %d: %d of %d", n, sum, s.capacity)
			}
		}
		headroom := func(planned grants) allocation.Nodes {
			room := s.capacity
			for _, nodes := range planned {
				room -= nodes
			}
			return room
		}
		lastActual, lastPlanned := s.today(), s.today()
		allocation.EveryMoment(s.schedules, s.free, s.capacity, s.returns, day(0), func(at time.Time, actual, planned grants) {
			n := int(at.Sub(day0) / (24 * time.Hour))
			check(n, lastActual, actual)
			check(n, lastPlanned, planned)
			for key, nodes := range planned {
				if nodes < s.demands[key][n] && headroom(planned) > 0 {
					t.Fatalf("day %d: %s is short although there is headroom: %v", n, key, planned)
				}
			}
			lastActual, lastPlanned = maps.Clone(actual), maps.Clone(planned)
		})
	})
}

// There is a shortage only while the pool is over-committed, and at its start the teams that the over-commit names
// are short.
func TestShortagesAreOvercommits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		forecast := s.forecast()
		var begin []gpunode.Owner
		for owner, team := range forecast.Teams {
			shortage := team.Shortage
			if shortage.Missing == 0 {
				continue
			}
			if forecast.Overcommit == nil || shortage.At.Before(forecast.Overcommit.At) || shortage.TotalDemanded <= s.capacity {
				t.Fatalf("%s has a shortage %+v, overcommit is %+v", owner, shortage, forecast.Overcommit)
			}
			if shortage.At.Equal(forecast.Overcommit.At) {
				begin = append(begin, owner)
			}
		}
		if overcommit := forecast.Overcommit; overcommit != nil && overcommit.At.After(day(0)) {
			if !sameOwners(begin, overcommit.Teams) {
				t.Fatalf("%v begin to have shortages, overcommit is %+v", begin, overcommit)
			}
		}
	})
}

func TestSimulateIgnoresTheOrderOfSchedules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		want := s.forecast()
		s.schedules = rapid.Permutation(s.schedules).Draw(t, "schedules shuffled")
		s.returns = rapid.Permutation(s.returns).Draw(t, "returns shuffled")
		if diff := cmp.Diff(want, s.forecast()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Monotonicity: with more nodes no team has less at any moment.
func TestMoreNodesAreNeverWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := drawScene(t)
		large := small
		more := drawNodes(t, 1, 9, "more")
		large.free, large.capacity = large.free+more, large.capacity+more
		type moment struct{ actual, planned grants }
		moments := map[time.Time]moment{}
		allocation.EveryMoment(small.schedules, small.free, small.capacity, small.returns, day(0), func(at time.Time, actual, planned grants) {
			moments[at] = moment{actual, planned}
		})
		allocation.EveryMoment(large.schedules, large.free, large.capacity, large.returns, day(0), func(at time.Time, actual, planned grants) {
			for key := range actual {
				if actual[key] < moments[at].actual[key] || planned[key] < moments[at].planned[key] {
					t.Fatalf("%s, %s: %v %v, and with %d more %v %v", at, key, moments[at].actual, moments[at].planned, more, actual, planned)
				}
			}
		})
		were, are := small.forecast().Teams, large.forecast().Teams
		for key, was := range were {
			is := are[key].NextFree
			if was.NextFree.Nodes > 0 && (is.Nodes == 0 || is.At.After(was.NextFree.At) || is.At.Equal(was.NextFree.At) && is.Nodes < was.NextFree.Nodes) {
				t.Fatalf("%s: %+v, and with %d more %+v", key, was.NextFree, more, is)
			}
		}
		for owner, team := range are {
			is, was := team.Shortage, were[owner].Shortage
			if is.Missing > 0 && !noWorse(was, is) {
				t.Fatalf("%s: %+v, and with %d more %+v", owner, was, more, is)
			}
		}
	})
}

// noWorse reports whether a shortage that is there is no worse than the one that was.
func noWorse(was, is allocation.Shortage) bool {
	if was.Missing == 0 || is.At.Before(was.At) {
		return false
	}
	sooner := was.Until.IsZero() || !is.Until.IsZero() && !is.Until.After(was.Until)
	return is.At.After(was.At) || is.Missing <= was.Missing && sooner
}

func sameOwners(a, b []gpunode.Owner) bool {
	set := func(owners []gpunode.Owner) map[gpunode.Owner]bool {
		set := map[gpunode.Owner]bool{}
		for _, owner := range owners {
			set[owner] = true
		}
		return set
	}
	return len(a) == len(b) && maps.Equal(set(a), set(b))
}
