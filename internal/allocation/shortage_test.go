package allocation_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
)

// shortageCase has schedules and the expected shortages.
type shortageCase struct {
	schedules      []allocation.Schedule
	free, capacity allocation.Nodes
	returns        []allocation.Return
	want           map[gpunode.Owner]allocation.Shortage
}

func (tt shortageCase) check(t *testing.T) {
	t.Helper()
	got := map[gpunode.Owner]allocation.Shortage{}
	for owner, forecast := range allocation.Simulate(tt.schedules, tt.free, tt.capacity, tt.returns, day(0)).Teams {
		if forecast.Shortage != (allocation.Shortage{}) {
			got[owner] = forecast.Shortage
		}
	}
	if diff := cmp.Diff(tt.want, got); diff != "" {
		t.Error(diff)
	}
}

func runShortageCases(t *testing.T, tests map[string]shortageCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

func TestShortages(t *testing.T) {
	runShortageCases(t, map[string]shortageCase{
		"an award that does not fit": {
			schedules: []allocation.Schedule{has("a", 64, 64, 0), later("b", 0, 128, 30)},
			free:      64, capacity: 128,
			want: map[gpunode.Owner]allocation.Shortage{team("b"): {At: day(30), Missing: 64, Demanded: 128, TotalDemanded: 192}},
		},
		"an award that fits": {
			schedules: []allocation.Schedule{has("a", 64, 64, 0), later("b", 0, 64, 30)},
			free:      64, capacity: 128,
			want: map[gpunode.Owner]allocation.Shortage{},
		},
		"an award that fits because another ends just then": {
			schedules: []allocation.Schedule{has("a", 64, 64, 30), later("b", 0, 128, 30)},
			free:      64, capacity: 128,
			want: map[gpunode.Owner]allocation.Shortage{},
		},
		"a shortage lasts until another award ends": {
			schedules: []allocation.Schedule{has("a", 64, 64, 40), later("b", 0, 128, 30)},
			free:      64, capacity: 128,
			want: map[gpunode.Owner]allocation.Shortage{team("b"): {At: day(30), Missing: 64, Demanded: 128, TotalDemanded: 192, Until: day(40)}},
		},
		"a shortage lasts until the last award that it waits for ends": {
			schedules: []allocation.Schedule{has("a", 1, 1, 40), has("b", 1, 1, 50), later("c", 0, 2, 30)},
			capacity:  2,
			want:      map[gpunode.Owner]allocation.Shortage{team("c"): {At: day(30), Missing: 2, Demanded: 2, TotalDemanded: 4, Until: day(50)}},
		},
		"a shortage lasts until the team demands no more": {
			schedules: []allocation.Schedule{has("a", 64, 64, 0), then(later("b", 0, 128, 30), 35, 64)},
			free:      64, capacity: 128,
			want: map[gpunode.Owner]allocation.Shortage{team("b"): {At: day(30), Missing: 64, Demanded: 128, TotalDemanded: 192, Until: day(35)}},
		},
		"the first shortage is told, and not the largest": {
			schedules: []allocation.Schedule{has("a", 3, 3, 0), then(then(then(later("b", 0, 2, 10), 20, 0), 30, 0), 40, 9)},
			free:      1, capacity: 4,
			want: map[gpunode.Owner]allocation.Shortage{team("b"): {At: day(10), Missing: 1, Demanded: 2, TotalDemanded: 5, Until: day(20)}},
		},
	})
}

func TestShortagesOfSeveralTeams(t *testing.T) {
	runShortageCases(t, map[string]shortageCase{
		"of two awards that begin at once the one served last is short": {
			schedules: []allocation.Schedule{later("a", 0, 3, 10), later("b", 1, 3, 10)},
			free:      4, capacity: 4,
			want: map[gpunode.Owner]allocation.Shortage{team("a"): {At: day(10), Missing: 2, Demanded: 3, TotalDemanded: 6}},
		},
		"an award that begins first keeps what it has": {
			schedules: []allocation.Schedule{later("a", 0, 3, 10), later("b", 1, 3, 11)},
			free:      4, capacity: 4,
			want: map[gpunode.Owner]allocation.Shortage{team("b"): {At: day(11), Missing: 2, Demanded: 3, TotalDemanded: 6}},
		},
		"a team that is short now and stays so has no shortage ahead": {
			schedules: []allocation.Schedule{has("a", 4, 4, 0), has("b", 0, 4, 0)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.Shortage{},
		},
		"a team that is short now and demands less has no shortage ahead": {
			schedules: []allocation.Schedule{has("a", 4, 4, 0), then(has("b", 0, 4, 0), 10, 3)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.Shortage{},
		},
		"a team that is short now and demands more has a shortage ahead": {
			schedules: []allocation.Schedule{has("a", 4, 4, 0), then(has("b", 0, 4, 0), 10, 6)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.Shortage{team("b"): {At: day(10), Missing: 6, Demanded: 6, TotalDemanded: 10}},
		},
		"a team that demands less, and then more again": {
			schedules: []allocation.Schedule{then(then(has("a", 4, 4, 0), 5, 2), 20, 4), later("b", 0, 2, 10)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.Shortage{team("a"): {At: day(20), Missing: 2, Demanded: 4, TotalDemanded: 6}},
		},
		"awards that follow each other without a break keep their nodes": {
			schedules: []allocation.Schedule{then(has("a", 4, 4, 0), 5, 4), later("b", 9, 2, 5)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.Shortage{team("b"): {At: day(5), Missing: 2, Demanded: 2, TotalDemanded: 6}},
		},
		"of two changes at one moment the later in the list counts": {
			schedules: []allocation.Schedule{then(then(has("a", 4, 4, 0), 5, 0), 5, 4), later("b", 9, 4, 5)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.Shortage{team("b"): {At: day(5), Missing: 4, Demanded: 4, TotalDemanded: 8}},
		},
		"changes in the past are skipped": {
			schedules: []allocation.Schedule{then(then(has("a", 4, 4, 0), -1, 9), 0, 9)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.Shortage{},
		},
	})
}

func TestShortagesAndNodesThatAreNotThere(t *testing.T) {
	runShortageCases(t, map[string]shortageCase{
		"nodes that drain are there for a later award": {
			schedules: []allocation.Schedule{later("a", 0, 4, 10)},
			capacity:  4,
			returns:   []allocation.Return{{At: day(20), Nodes: 4}},
			want:      map[gpunode.Owner]allocation.Shortage{},
		},
		"nodes that drain are there for those who wait": {
			schedules: []allocation.Schedule{has("a", 0, 2, 0), later("b", 9, 4, 10)},
			capacity:  4,
			returns:   []allocation.Return{{At: day(20), Nodes: 4}},
			want:      map[gpunode.Owner]allocation.Shortage{team("b"): {At: day(10), Missing: 2, Demanded: 4, TotalDemanded: 6}},
		},
		"nodes that are broken today are there for a later award": {
			schedules: []allocation.Schedule{has("a", 2, 2, 0), later("b", 0, 2, 10)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.Shortage{},
		},
		"capacity that was lost is not there for a later award": {
			schedules: []allocation.Schedule{has("a", 4, 4, 20), later("b", 0, 1, 10)},
			capacity:  3,
			want:      map[gpunode.Owner]allocation.Shortage{team("b"): {At: day(10), Missing: 1, Demanded: 1, TotalDemanded: 5, Until: day(20)}},
		},
		// The forecast does not hold: a ended on day 10 before it was shortened, and z had all.
		"nodes that come sooner are taken by a team that waits": {
			schedules: []allocation.Schedule{has("a", 4, 4, 5), has("b", 0, 4, 0), later("z", 9, 4, 10)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.Shortage{team("z"): {At: day(10), Missing: 4, Demanded: 4, TotalDemanded: 8}},
		},
		"nodes that come when it begins are not taken before": {
			schedules: []allocation.Schedule{has("a", 4, 4, 10), has("b", 0, 4, 0), later("z", 9, 4, 10)},
			capacity:  4,
			want:      map[gpunode.Owner]allocation.Shortage{},
		},
	})
}

func TestOvercommit(t *testing.T) {
	tests := map[string]struct {
		schedules      []allocation.Schedule
		free, capacity allocation.Nodes
		want           *allocation.Overcommit
	}{
		"nobody demands any":                      {schedules: nil, free: 4, capacity: 4, want: nil},
		"awards follow each other":                {schedules: []allocation.Schedule{has("a", 4, 4, 10), later("b", 0, 4, 10)}, capacity: 4, want: nil},
		"over-committed now":                      {schedules: []allocation.Schedule{has("a", 4, 4, 0), has("b", 0, 1, 0)}, capacity: 4, want: &allocation.Overcommit{At: day(0), Demanded: 5, Capacity: 4, Teams: []gpunode.Owner{team("b")}}},
		"over-committed later":                    {schedules: []allocation.Schedule{has("a", 4, 4, 0), later("b", 9, 1, 7)}, capacity: 4, want: &allocation.Overcommit{At: day(7), Demanded: 5, Capacity: 4, Teams: []gpunode.Owner{team("b")}}},
		"the first of several":                    {schedules: []allocation.Schedule{has("a", 4, 4, 8), later("b", 9, 1, 7), later("c", 9, 9, 9)}, capacity: 4, want: &allocation.Overcommit{At: day(7), Demanded: 5, Capacity: 4, Teams: []gpunode.Owner{team("b")}}},
		"teams are named in the order of serving": {schedules: []allocation.Schedule{has("a", 4, 4, 0), later("b", 1, 1, 7), later("c", 2, 1, 7)}, capacity: 4, want: &allocation.Overcommit{At: day(7), Demanded: 6, Capacity: 4, Teams: []gpunode.Owner{team("c"), team("b")}}},
		"teams that only wait for draining nodes are not named": {
			schedules: []allocation.Schedule{has("a", 2, 4, 0), later("b", 0, 1, 7)},
			capacity:  4,
			want:      &allocation.Overcommit{At: day(7), Demanded: 5, Capacity: 4, Teams: []gpunode.Owner{team("b")}},
		},
		"capacity was lost and all keep what they have": {schedules: []allocation.Schedule{has("a", 4, 4, 0)}, capacity: 3, want: &allocation.Overcommit{At: day(0), Demanded: 4, Capacity: 3}},
		"the demand counts, whoever gets what":          {schedules: []allocation.Schedule{has("a", 0, 3, 0), then(has("b", 3, 3, 0), 5, 2)}, capacity: 4, want: &allocation.Overcommit{At: day(0), Demanded: 6, Capacity: 4, Teams: []gpunode.Owner{team("a")}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, allocation.Simulate(tt.schedules, tt.free, tt.capacity, nil, day(0)).Overcommit); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// One team can have both: a NextFree, and a later shortage.
func TestNextFreeAndAShortage(t *testing.T) {
	schedules := []allocation.Schedule{has("a", 4, 4, 10), then(has("b", 0, 2, 0), 20, 8), has("c", 1, 1, 0)}
	want := allocation.Forecast{
		Teams: map[gpunode.Owner]allocation.TeamForecast{team("b"): {
			NextFree: allocation.NextFree{At: day(10), Nodes: 2},
			Shortage: allocation.Shortage{At: day(20), Missing: 4, Demanded: 8, TotalDemanded: 9},
		}},
		Overcommit: &allocation.Overcommit{At: day(0), Demanded: 7, Capacity: 5, Teams: []gpunode.Owner{team("b")}},
	}
	if diff := cmp.Diff(want, allocation.Simulate(schedules, 0, 5, nil, day(0))); diff != "" {
		t.Error(diff)
	}
}
