package allocation_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"foundation.team/operator/internal/allocation"
)

func TestGrant(t *testing.T) {
	tests := map[string]struct {
		requests       []allocation.Request
		free, capacity allocation.Nodes
		want           grants
	}{
		"nobody requests any":                               {requests: nil, free: 4, capacity: 4, want: grants{}},
		"a team gets what is there":                         {requests: []allocation.Request{{Team: team("a"), Demanded: 3}}, free: 4, capacity: 4, want: grants{team("a"): 3}},
		"nobody gets more than is free":                     {requests: []allocation.Request{{Team: team("a"), Demanded: 3}}, free: 2, capacity: 4, want: grants{team("a"): 2}},
		"nobody gets more than the capacity":                {requests: []allocation.Request{{Team: team("a"), Demanded: 3}}, free: 4, capacity: 2, want: grants{team("a"): 2}},
		"a team keeps what it has":                          {requests: []allocation.Request{{Team: team("a"), Granted: 4, Demanded: 4}, {Team: team("b"), Demanded: 4, Priority: 9}}, free: 0, capacity: 4, want: grants{team("a"): 4, team("b"): 0}},
		"a team loses what it does not demand":              {requests: []allocation.Request{{Team: team("a"), Granted: 4, Demanded: 1}}, free: 0, capacity: 4, want: grants{team("a"): 1}},
		"what a team gives back is not free yet":            {requests: []allocation.Request{{Team: team("a"), Granted: 4, Demanded: 0}, {Team: team("b"), Demanded: 4}}, free: 0, capacity: 4, want: grants{team("a"): 0, team("b"): 0}},
		"the higher priority is served first":               {requests: []allocation.Request{{Team: team("a"), Demanded: 2}, {Team: team("b"), Demanded: 2, Priority: 1}}, free: 3, capacity: 3, want: grants{team("a"): 1, team("b"): 2}},
		"the negative priority is served last":              {requests: []allocation.Request{{Team: team("a"), Demanded: 2, Priority: -1}, {Team: team("b"), Demanded: 2}}, free: 3, capacity: 3, want: grants{team("a"): 1, team("b"): 2}},
		"of equal priority the older team is served first":  {requests: []allocation.Request{{Team: team("a"), Demanded: 2, Created: day(1)}, {Team: team("b"), Demanded: 2, Created: day(0)}}, free: 3, capacity: 3, want: grants{team("a"): 1, team("b"): 2}},
		"priority counts before age":                        {requests: []allocation.Request{{Team: team("a"), Demanded: 2, Created: day(0)}, {Team: team("b"), Demanded: 2, Created: day(1), Priority: 1}}, free: 3, capacity: 3, want: grants{team("a"): 1, team("b"): 2}},
		"of equal age the first name is served first":       {requests: []allocation.Request{{Team: twin("b", "1"), Demanded: 2}, {Team: twin("a", "2"), Demanded: 2}}, free: 3, capacity: 3, want: grants{twin("b", "1"): 1, twin("a", "2"): 2}},
		"of equal names the first UID is served first":      {requests: []allocation.Request{{Team: twin("a", "2"), Demanded: 2}, {Team: twin("a", "1"), Demanded: 2}}, free: 3, capacity: 3, want: grants{twin("a", "1"): 2, twin("a", "2"): 1}},
		"a team reclaims its own without any free":          {requests: []allocation.Request{{Team: team("a"), Granted: 1, Demanded: 3, Reclaimable: 2}}, free: 0, capacity: 3, want: grants{team("a"): 3}},
		"a team reclaims its own before it takes free ones": {requests: []allocation.Request{{Team: team("a"), Granted: 1, Demanded: 3, Reclaimable: 1}, {Team: team("b"), Demanded: 1}}, free: 2, capacity: 4, want: grants{team("a"): 3, team("b"): 1}},
		"what a team may reclaim is nobody else's":          {requests: []allocation.Request{{Team: team("a"), Granted: 1, Demanded: 2, Reclaimable: 1, Priority: -5}, {Team: team("b"), Demanded: 4}}, free: 0, capacity: 4, want: grants{team("a"): 2, team("b"): 0}},
		"a team reclaims its own only within capacity":      {requests: []allocation.Request{{Team: team("a"), Demanded: 3, Reclaimable: 3}, {Team: team("b"), Granted: 2, Demanded: 2}}, free: 0, capacity: 3, want: grants{team("a"): 1, team("b"): 2}},
		"nothing increases beyond capacity that was lost":   {requests: []allocation.Request{{Team: team("a"), Granted: 4, Demanded: 4}, {Team: team("b"), Granted: 2, Demanded: 3, Reclaimable: 1}}, free: 1, capacity: 5, want: grants{team("a"): 4, team("b"): 2}},
		"less than none free is none":                       {requests: []allocation.Request{{Team: team("a"), Demanded: 1}}, free: -1, capacity: 4, want: grants{team("a"): 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, allocation.Grant(tt.requests, tt.free, tt.capacity)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func requests(t *rapid.T) []allocation.Request {
	list := make([]allocation.Request, rapid.IntRange(0, 6).Draw(t, "requests"))
	for i := range list {
		list[i] = allocation.Request{
			Team:        twin(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"), types.UID(fmt.Sprint(i))),
			Priority:    rapid.Int32Range(-1, 1).Draw(t, "priority"),
			Created:     day(rapid.IntRange(0, 1).Draw(t, "created")),
			Granted:     drawNodes(t, 0, 8, "granted"),
			Demanded:    drawNodes(t, 0, 8, "demanded"),
			Reclaimable: drawNodes(t, 0, 3, "reclaimable"),
		}
	}
	return list
}

func TestGrantKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := requests(t)
		free := drawNodes(t, -3, 12, "free")
		capacity := drawNodes(t, 0, 40, "capacity")
		granted := allocation.Grant(list, free, capacity)
		if len(granted) != len(list) {
			t.Fatalf("%d of %d requests decided", len(granted), len(list))
		}
		sum, fromFree, raised := allocation.Nodes(0), allocation.Nodes(0), false
		for _, request := range list {
			got, kept := granted[request.Team], request.Kept()
			if got < kept || got > request.Demanded {
				t.Fatalf("%+v is granted %d", request, got)
			}
			raised = raised || got > kept
			fromFree += max(got-kept-request.Reclaimable, 0)
			sum += got
		}
		checkOrder(t, list, granted, free-fromFree, capacity-sum)
		if raised && sum > capacity {
			t.Fatalf("raised to %d of %d", sum, capacity)
		}
		if fromFree > max(free, 0) {
			t.Fatalf("%d given out, %d free", fromFree, free)
		}
	})
}

// checkOrder checks that no team is short while what is left of the free nodes and of the capacity could serve it.
func checkOrder(t *rapid.T, list []allocation.Request, granted grants, free, headroom allocation.Nodes) {
	short := false
	for _, request := range slices.SortedFunc(slices.Values(list), allocation.Compare) {
		raise := granted[request.Team] - request.Kept()
		if short && raise > request.Reclaimable {
			t.Fatalf("%+v is raised by %d from free nodes while one before it is short: %v", request, raise, granted)
		}
		short = short || granted[request.Team] < request.Demanded
		if granted[request.Team] < request.Demanded && headroom > 0 && (free > 0 || raise < request.Reclaimable) {
			t.Fatalf("%+v is granted %d although there is more: %v", request, granted[request.Team], granted)
		}
	}
}

func TestGrantTakesNoNoticeOfTheOrderOfClaims(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := requests(t)
		free, capacity := drawNodes(t, 0, 12, "free"), drawNodes(t, 0, 40, "capacity")
		want := allocation.Grant(list, free, capacity)
		if diff := cmp.Diff(want, allocation.Grant(rapid.Permutation(list).Draw(t, "shuffled"), free, capacity)); diff != "" {
			t.Fatal(diff)
		}
	})
}
