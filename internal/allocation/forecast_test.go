package allocation_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
)

// has returns the schedule of a team that is granted nodes and demands some until a day; 0 is without an end.
func has(name string, granted, demanded allocation.Nodes, until int) allocation.Schedule {
	s := allocation.Schedule{Request: allocation.Request{Team: team(name), Granted: granted, Demanded: demanded}}
	if until > 0 {
		return then(s, until, 0)
	}
	return s
}

// later returns the schedule of a team that has no grant and demands nodes from a day on.
func later(name string, priority int32, demanded allocation.Nodes, from int) allocation.Schedule {
	return then(allocation.Schedule{Request: allocation.Request{Team: team(name), Priority: priority}}, from, demanded)
}

// then demands another number from a day on.
func then(s allocation.Schedule, from int, demanded allocation.Nodes) allocation.Schedule {
	s.Changes = append(s.Changes, allocation.Change{At: day(from), Demanded: demanded})
	return s
}

func TestChanges(t *testing.T) {
	demandedAt := func(at time.Time) allocation.Nodes { return allocation.Nodes(at.Day()) }
	tests := map[string]struct {
		changes []time.Time
		want    []allocation.Change
	}{
		"no moments":                                {nil, []allocation.Change{}},
		"the zero moment is none":                   {[]time.Time{{}}, []allocation.Change{}},
		"moments are sorted":                        {[]time.Time{day(3), day(1)}, []allocation.Change{{day(1), 2}, {day(3), 4}}},
		"a moment counts once":                      {[]time.Time{day(1), day(1).In(time.FixedZone("", 3600))}, []allocation.Change{{day(1), 2}}},
		"the moments given are not sorted in place": {[]time.Time{day(2), {}, day(1), day(2)}, []allocation.Change{{day(1), 2}, {day(2), 3}}},
		"moments in the past count":                 {[]time.Time{day(-1)}, []allocation.Change{{day(-1), 31}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := append([]time.Time(nil), tt.changes...)
			if diff := cmp.Diff(tt.want, allocation.Changes(tt.changes, demandedAt)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(before, tt.changes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// nextFreeCase is when teams that are short can have more.
type nextFreeCase struct {
	schedules      []allocation.Schedule
	free, capacity allocation.Nodes
	returns        []allocation.Return
	want           map[gpunode.Owner]allocation.NextFree
}

func (tt nextFreeCase) check(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(tt.want, nextFrees(tt.schedules, tt.free, tt.capacity, tt.returns)); diff != "" {
		t.Error(diff)
	}
}

func runNextFreeCases(t *testing.T, tests map[string]nextFreeCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

func TestNextFree(t *testing.T) {
	runNextFreeCases(t, map[string]nextFreeCase{
		"two teams have all until a date, a third waits": {
			schedules: []allocation.Schedule{has("a", 64, 64, 91), has("b", 64, 64, 91), has("c", 0, 96, 0)},
			capacity:  128,
			want:      map[gpunode.Owner]allocation.NextFree{team("c"): {At: day(91), Nodes: 96}},
		},
		"what the first award that ends gives back is a part": {
			schedules: []allocation.Schedule{has("a", 64, 64, 10), has("b", 64, 64, 20), has("c", 0, 96, 0)},
			capacity:  128,
			want:      map[gpunode.Owner]allocation.NextFree{team("c"): {At: day(10), Nodes: 64}},
		},
		"no award ends": {
			schedules: []allocation.Schedule{has("a", 64, 64, 0), has("c", 0, 96, 0)},
			capacity:  64,
			want:      map[gpunode.Owner]allocation.NextFree{},
		},
		"nobody is short": {
			schedules: []allocation.Schedule{has("a", 4, 4, 10)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.NextFree{},
		},
		"a team that demands more later is not short now": {
			schedules: []allocation.Schedule{has("a", 4, 4, 10), later("b", 0, 4, 5)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.NextFree{},
		},
		"a node that drains is free when its grace is over": {
			schedules: []allocation.Schedule{has("a", 2, 4, 0)},
			capacity:  4,
			returns:   []allocation.Return{{At: day(3), Nodes: 1}, {At: day(5), Nodes: 1}},
			want:      map[gpunode.Owner]allocation.NextFree{team("a"): {At: day(3), Nodes: 1}},
		},
		"two returns at one moment add up": {
			schedules: []allocation.Schedule{has("a", 2, 4, 0)},
			capacity:  4,
			returns:   []allocation.Return{{At: day(3), Nodes: 1}, {At: day(3), Nodes: 1}},
			want:      map[gpunode.Owner]allocation.NextFree{team("a"): {At: day(3), Nodes: 2}},
		},
		"a return that is due or overdue is no promise": {
			schedules: []allocation.Schedule{has("a", 2, 4, 0)},
			capacity:  4,
			returns:   []allocation.Return{{At: day(0), Nodes: 1}, {At: day(-1), Nodes: 1}},
			want:      map[gpunode.Owner]allocation.NextFree{},
		},
	})
}

func TestNextFreeTakesTurns(t *testing.T) {
	runNextFreeCases(t, map[string]nextFreeCase{
		"an award of higher priority that begins just then takes it": {
			schedules: []allocation.Schedule{has("a", 4, 4, 10), has("b", 0, 4, 0), later("z", 1, 3, 10)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.NextFree{team("b"): {At: day(10), Nodes: 1}},
		},
		"an award of higher priority that begins later does not hold it back": {
			schedules: []allocation.Schedule{has("a", 4, 4, 10), has("b", 0, 4, 0), later("z", 1, 4, 11)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.NextFree{team("b"): {At: day(10), Nodes: 4}},
		},
		"a team whose own demand ends first has none": {
			schedules: []allocation.Schedule{has("a", 4, 4, 10), has("b", 0, 4, 10)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.NextFree{},
		},
		"its own nodes become free as a return does, and only once": {
			schedules: []allocation.Schedule{
				{Request: allocation.Request{Team: team("a"), Granted: 1, Demanded: 2, Reclaimable: 1}},
				has("b", 1, 1, 10), has("c", 0, 2, 0),
			},
			capacity: 4,
			want:     map[gpunode.Owner]allocation.NextFree{team("a"): {At: day(10), Nodes: 1}},
		},
		"lost capacity does not become free again": {
			schedules: []allocation.Schedule{has("a", 4, 4, 10), has("b", 0, 4, 0)},
			capacity:  3,
			want:      map[gpunode.Owner]allocation.NextFree{team("b"): {At: day(10), Nodes: 3}},
		},
		"of equal priority the older team is served first": {
			schedules: []allocation.Schedule{has("a", 4, 4, 10), aged(has("b", 0, 4, 0), 1), aged(has("c", 0, 4, 0), 0)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.NextFree{team("c"): {At: day(10), Nodes: 4}},
		},
		"of equal age the first name is served first": {
			schedules: []allocation.Schedule{has("a", 4, 4, 10), has("c", 0, 4, 0), has("b", 0, 4, 0)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.NextFree{team("b"): {At: day(10), Nodes: 4}},
		},
	})
}

func nextFrees(schedules []allocation.Schedule, free, capacity allocation.Nodes, returns []allocation.Return) map[gpunode.Owner]allocation.NextFree {
	found := map[gpunode.Owner]allocation.NextFree{}
	for owner, forecast := range allocation.Simulate(schedules, free, capacity, returns, day(0)).Teams {
		if forecast.NextFree != (allocation.NextFree{}) {
			found[owner] = forecast.NextFree
		}
	}
	return found
}

func aged(s allocation.Schedule, created int) allocation.Schedule {
	s.Created = day(created)
	return s
}

// However many wait, each day's node goes to the next in order.
func TestMoreWaitThanOneWordHasBits(t *testing.T) {
	const teams = 200
	var schedules []allocation.Schedule
	var returns []allocation.Return
	want := map[gpunode.Owner]allocation.NextFree{}
	for n := range teams {
		key := fmt.Sprintf("%03d", n)
		schedules = append(schedules, has(key, 0, 1, 0))
		returns = append(returns, allocation.Return{At: day(n + 1), Nodes: 1})
		want[team(key)] = allocation.NextFree{At: day(n + 1), Nodes: 1}
	}
	if diff := cmp.Diff(want, nextFrees(schedules, 0, teams, returns)); diff != "" {
		t.Error(diff)
	}
}

func TestSimulateChangesNothing(t *testing.T) {
	schedules := []allocation.Schedule{has("b", 64, 64, 91), then(has("a", 0, 96, 10), 5, 1)}
	returns := []allocation.Return{{At: day(5), Nodes: 1}, {At: day(3), Nodes: 1}}
	allocation.Simulate(schedules, 0, 128, returns, day(0))
	if diff := cmp.Diff([]allocation.Schedule{has("b", 64, 64, 91), then(has("a", 0, 96, 10), 5, 1)}, schedules); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]allocation.Return{{At: day(5), Nodes: 1}, {At: day(3), Nodes: 1}}, returns); diff != "" {
		t.Error(diff)
	}
}
