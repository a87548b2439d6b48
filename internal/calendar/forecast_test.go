package calendar_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"foundation.team/operator/internal/calendar"
)

// has is a booking that has nodes and wants some until a day; 0 is for ever.
func has(key string, have, want, until int) calendar.Booking {
	b := calendar.Booking{Claim: calendar.Claim{Key: key, Name: key, Have: have, Want: want}}
	if until > 0 {
		return then(b, until, 0)
	}
	return b
}

// later has none and wants some from a day on.
func later(key string, priority int32, want, from int) calendar.Booking {
	return then(calendar.Booking{Claim: calendar.Claim{Key: key, Name: key, Priority: priority}}, from, want)
}

// then wants another number from a day on.
func then(b calendar.Booking, from, want int) calendar.Booking {
	b.Steps = append(b.Steps, calendar.Step{At: day(from), Nodes: want})
	return b
}

func TestSteps(t *testing.T) {
	wantAt := func(at time.Time) int { return at.Day() }
	tests := map[string]struct {
		changes []time.Time
		want    []calendar.Step
	}{
		"none":                   {nil, []calendar.Step{}},
		"none that is a moment":  {[]time.Time{{}}, []calendar.Step{}},
		"in order":               {[]time.Time{day(3), day(1)}, []calendar.Step{{day(1), 2}, {day(3), 4}}},
		"each once":              {[]time.Time{day(1), day(1).In(time.FixedZone("", 3600))}, []calendar.Step{{day(1), 2}}},
		"and the changes stay":   {[]time.Time{day(2), {}, day(1), day(2)}, []calendar.Step{{day(1), 2}, {day(2), 3}}},
		"the past is passed too": {[]time.Time{day(-1)}, []calendar.Step{{day(-1), 31}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := append([]time.Time(nil), tt.changes...)
			if diff := cmp.Diff(tt.want, calendar.Steps(tt.changes, wantAt)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(before, tt.changes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOpenings(t *testing.T) {
	tests := map[string]struct {
		bookings       []calendar.Booking
		free, capacity int
		releases       []calendar.Release
		want           map[string]calendar.Opening
	}{
		"two teams have all until a date, a third waits": {
			bookings: []calendar.Booking{has("a", 64, 64, 91), has("b", 64, 64, 91), has("c", 0, 96, 0)},
			capacity: 128,
			want:     map[string]calendar.Opening{"c": {At: day(91), Nodes: 96}},
		},
		"the first who goes opens a part": {
			bookings: []calendar.Booking{has("a", 64, 64, 10), has("b", 64, 64, 20), has("c", 0, 96, 0)},
			capacity: 128,
			want:     map[string]calendar.Opening{"c": {At: day(10), Nodes: 64}},
		},
		"nobody goes": {
			bookings: []calendar.Booking{has("a", 64, 64, 0), has("c", 0, 96, 0)},
			capacity: 64,
			want:     map[string]calendar.Opening{},
		},
		"nobody is short": {
			bookings: []calendar.Booking{has("a", 4, 4, 10)},
			capacity: 4,
			want:     map[string]calendar.Opening{},
		},
		"one who wants more later is not short now": {
			bookings: []calendar.Booking{has("a", 4, 4, 10), later("b", 0, 4, 5)},
			capacity: 4,
			want:     map[string]calendar.Opening{},
		},
		"a node on its way back": {
			bookings: []calendar.Booking{has("a", 2, 4, 0)},
			capacity: 4,
			releases: []calendar.Release{{At: day(3), Nodes: 1}, {At: day(5), Nodes: 1}},
			want:     map[string]calendar.Opening{"a": {At: day(3), Nodes: 1}},
		},
		"two releases at one moment": {
			bookings: []calendar.Booking{has("a", 2, 4, 0)},
			capacity: 4,
			releases: []calendar.Release{{At: day(3), Nodes: 1}, {At: day(3), Nodes: 1}},
			want:     map[string]calendar.Opening{"a": {At: day(3), Nodes: 2}},
		},
		"what is due or overdue is no promise": {
			bookings: []calendar.Booking{has("a", 2, 4, 0)},
			capacity: 4,
			releases: []calendar.Release{{At: day(0), Nodes: 1}, {At: day(-1), Nodes: 1}},
			want:     map[string]calendar.Opening{},
		},
		"one that is served first and begins just then takes it": {
			bookings: []calendar.Booking{has("a", 4, 4, 10), has("b", 0, 4, 0), later("z", 1, 3, 10)},
			capacity: 4,
			want:     map[string]calendar.Opening{"b": {At: day(10), Nodes: 1}},
		},
		"one that begins later does not hold it back": {
			bookings: []calendar.Booking{has("a", 4, 4, 10), has("b", 0, 4, 0), later("z", 1, 4, 11)},
			capacity: 4,
			want:     map[string]calendar.Opening{"b": {At: day(10), Nodes: 4}},
		},
		"one whose own want ends first has none": {
			bookings: []calendar.Booking{has("a", 4, 4, 10), has("b", 0, 4, 10)},
			capacity: 4,
			want:     map[string]calendar.Opening{},
		},
		"its own nodes come back as a release does, and once": {
			bookings: []calendar.Booking{
				{Claim: calendar.Claim{Key: "a", Name: "a", Have: 1, Want: 2, Own: 1}},
				has("b", 1, 1, 10), has("c", 0, 2, 0),
			},
			capacity: 4,
			want:     map[string]calendar.Opening{"a": {At: day(10), Nodes: 1}},
		},
		"capacity that broke away does not come back": {
			bookings: []calendar.Booking{has("a", 4, 4, 10), has("b", 0, 4, 0)},
			capacity: 3,
			want:     map[string]calendar.Opening{"b": {At: day(10), Nodes: 3}},
		},
		"of equal priority the older": {
			bookings: []calendar.Booking{has("a", 4, 4, 10), aged(has("b", 0, 4, 0), 1), aged(has("c", 0, 4, 0), 0)},
			capacity: 4,
			want:     map[string]calendar.Opening{"c": {At: day(10), Nodes: 4}},
		},
		"of equal age the name": {
			bookings: []calendar.Booking{has("a", 4, 4, 10), has("c", 0, 4, 0), has("b", 0, 4, 0)},
			capacity: 4,
			want:     map[string]calendar.Opening{"b": {At: day(10), Nodes: 4}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, openings(tt.bookings, tt.free, tt.capacity, tt.releases)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func openings(bookings []calendar.Booking, free, capacity int, releases []calendar.Release) map[string]calendar.Opening {
	found := map[string]calendar.Opening{}
	for key, outlook := range calendar.Foresee(bookings, free, capacity, releases, day(0)).Outlooks {
		if outlook.Opening != (calendar.Opening{}) {
			found[key] = outlook.Opening
		}
	}
	return found
}

func aged(b calendar.Booking, created int) calendar.Booking {
	b.Created = day(created)
	return b
}

func TestGaps(t *testing.T) {
	tests := map[string]struct {
		bookings       []calendar.Booking
		free, capacity int
		releases       []calendar.Release
		want           map[string]calendar.Gap
	}{
		"an award that does not fit": {
			bookings: []calendar.Booking{has("a", 64, 64, 0), later("b", 0, 128, 30)},
			free:     64, capacity: 128,
			want: map[string]calendar.Gap{"b": {At: day(30), Nodes: 64, Want: 128, Wanted: 192}},
		},
		"one that fits": {
			bookings: []calendar.Booking{has("a", 64, 64, 0), later("b", 0, 64, 30)},
			free:     64, capacity: 128,
			want: map[string]calendar.Gap{},
		},
		"one that fits because another ends just then": {
			bookings: []calendar.Booking{has("a", 64, 64, 30), later("b", 0, 128, 30)},
			free:     64, capacity: 128,
			want: map[string]calendar.Gap{},
		},
		"until another ends": {
			bookings: []calendar.Booking{has("a", 64, 64, 40), later("b", 0, 128, 30)},
			free:     64, capacity: 128,
			want: map[string]calendar.Gap{"b": {At: day(30), Nodes: 64, Want: 128, Wanted: 192, Until: day(40)}},
		},
		"until the last that it waits for ends": {
			bookings: []calendar.Booking{has("a", 1, 1, 40), has("b", 1, 1, 50), later("c", 0, 2, 30)},
			capacity: 2,
			want:     map[string]calendar.Gap{"c": {At: day(30), Nodes: 2, Want: 2, Wanted: 4, Until: day(50)}},
		},
		"until it wants no more": {
			bookings: []calendar.Booking{has("a", 64, 64, 0), then(later("b", 0, 128, 30), 35, 64)},
			free:     64, capacity: 128,
			want: map[string]calendar.Gap{"b": {At: day(30), Nodes: 64, Want: 128, Wanted: 192, Until: day(35)}},
		},
		"the first, and not the largest": {
			bookings: []calendar.Booking{has("a", 3, 3, 0), then(then(then(later("b", 0, 2, 10), 20, 0), 30, 0), 40, 9)},
			free:     1, capacity: 4,
			want: map[string]calendar.Gap{"b": {At: day(10), Nodes: 1, Want: 2, Wanted: 5, Until: day(20)}},
		},
		"of two that begin at once the one served last": {
			bookings: []calendar.Booking{later("a", 0, 3, 10), later("b", 1, 3, 10)},
			free:     4, capacity: 4,
			want: map[string]calendar.Gap{"a": {At: day(10), Nodes: 2, Want: 3, Wanted: 6}},
		},
		"one that begins first keeps what it has": {
			bookings: []calendar.Booking{later("a", 0, 3, 10), later("b", 1, 3, 11)},
			free:     4, capacity: 4,
			want: map[string]calendar.Gap{"b": {At: day(11), Nodes: 2, Want: 3, Wanted: 6}},
		},
		"one that is short now and stays so has none": {
			bookings: []calendar.Booking{has("a", 4, 4, 0), has("b", 0, 4, 0)},
			capacity: 4,
			want:     map[string]calendar.Gap{},
		},
		"nor if it wants less": {
			bookings: []calendar.Booking{has("a", 4, 4, 0), then(has("b", 0, 4, 0), 10, 3)},
			capacity: 4,
			want:     map[string]calendar.Gap{},
		},
		"one that is short now and wants more": {
			bookings: []calendar.Booking{has("a", 4, 4, 0), then(has("b", 0, 4, 0), 10, 6)},
			capacity: 4,
			want:     map[string]calendar.Gap{"b": {At: day(10), Nodes: 6, Want: 6, Wanted: 10}},
		},
		"one that wants less, and then more again": {
			bookings: []calendar.Booking{then(then(has("a", 4, 4, 0), 5, 2), 20, 4), later("b", 0, 2, 10)},
			capacity: 4,
			want:     map[string]calendar.Gap{"a": {At: day(20), Nodes: 2, Want: 4, Wanted: 6}},
		},
		"awards that follow each other without a break keep their nodes": {
			bookings: []calendar.Booking{then(has("a", 4, 4, 0), 5, 4), later("b", 9, 2, 5)},
			capacity: 4,
			want:     map[string]calendar.Gap{"b": {At: day(5), Nodes: 2, Want: 2, Wanted: 6}},
		},
		"of two steps at one moment the later in the list": {
			bookings: []calendar.Booking{then(then(has("a", 4, 4, 0), 5, 0), 5, 4), later("b", 9, 4, 5)},
			capacity: 4,
			want:     map[string]calendar.Gap{"b": {At: day(5), Nodes: 4, Want: 4, Wanted: 8}},
		},
		"steps that are over": {
			bookings: []calendar.Booking{then(then(has("a", 4, 4, 0), -1, 9), 0, 9)},
			capacity: 4,
			want:     map[string]calendar.Gap{},
		},
		"nodes on their way back are there for it": {
			bookings: []calendar.Booking{later("a", 0, 4, 10)},
			capacity: 4,
			releases: []calendar.Release{{At: day(20), Nodes: 4}},
			want:     map[string]calendar.Gap{},
		},
		"nodes on their way back are there for those who wait": {
			bookings: []calendar.Booking{has("a", 0, 2, 0), later("b", 9, 4, 10)},
			capacity: 4,
			releases: []calendar.Release{{At: day(20), Nodes: 4}},
			want:     map[string]calendar.Gap{"b": {At: day(10), Nodes: 2, Want: 4, Wanted: 6}},
		},
		"nodes that are broken today are there for it": {
			bookings: []calendar.Booking{has("a", 2, 2, 0), later("b", 0, 2, 10)},
			capacity: 4,
			want:     map[string]calendar.Gap{},
		},
		"capacity that broke away is not": {
			bookings: []calendar.Booking{has("a", 4, 4, 20), later("b", 0, 1, 10)},
			capacity: 3,
			want:     map[string]calendar.Gap{"b": {At: day(10), Nodes: 1, Want: 1, Wanted: 5, Until: day(20)}},
		},
		// What Foresee says does not hold: a ended on day 10 before it was shortened, and z had all.
		"what comes sooner is taken by one who waits": {
			bookings: []calendar.Booking{has("a", 4, 4, 5), has("b", 0, 4, 0), later("z", 9, 4, 10)},
			capacity: 4,
			want:     map[string]calendar.Gap{"z": {At: day(10), Nodes: 4, Want: 4, Wanted: 8}},
		},
		"and would not have been": {
			bookings: []calendar.Booking{has("a", 4, 4, 10), has("b", 0, 4, 0), later("z", 9, 4, 10)},
			capacity: 4,
			want:     map[string]calendar.Gap{},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := map[string]calendar.Gap{}
			for key, outlook := range calendar.Foresee(tt.bookings, tt.free, tt.capacity, tt.releases, day(0)).Outlooks {
				if outlook.Gap != (calendar.Gap{}) {
					got[key] = outlook.Gap
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOverbooked(t *testing.T) {
	tests := map[string]struct {
		bookings       []calendar.Booking
		free, capacity int
		want           *calendar.Overbooking
	}{
		"nobody":              {nil, 4, 4, nil},
		"never":               {[]calendar.Booking{has("a", 4, 4, 10), later("b", 0, 4, 10)}, 0, 4, nil},
		"now":                 {[]calendar.Booking{has("a", 4, 4, 0), has("b", 0, 1, 0)}, 0, 4, &calendar.Overbooking{At: day(0), Wanted: 5, Capacity: 4, Keys: []string{"b"}}},
		"later":               {[]calendar.Booking{has("a", 4, 4, 0), later("b", 9, 1, 7)}, 0, 4, &calendar.Overbooking{At: day(7), Wanted: 5, Capacity: 4, Keys: []string{"b"}}},
		"the first":           {[]calendar.Booking{has("a", 4, 4, 8), later("b", 9, 1, 7), later("c", 9, 9, 9)}, 0, 4, &calendar.Overbooking{At: day(7), Wanted: 5, Capacity: 4, Keys: []string{"b"}}},
		"in order of serving": {[]calendar.Booking{has("a", 4, 4, 0), later("b", 1, 1, 7), later("c", 2, 1, 7)}, 0, 4, &calendar.Overbooking{At: day(7), Wanted: 6, Capacity: 4, Keys: []string{"c", "b"}}},
		"not those who only wait for nodes on their way": {
			[]calendar.Booking{has("a", 2, 4, 0), later("b", 0, 1, 7)},
			0, 4,
			&calendar.Overbooking{At: day(7), Wanted: 5, Capacity: 4, Keys: []string{"b"}},
		},
		"capacity was lost":            {[]calendar.Booking{has("a", 4, 4, 0)}, 0, 3, &calendar.Overbooking{At: day(0), Wanted: 4, Capacity: 3}},
		"whoever gets what, it counts": {[]calendar.Booking{has("a", 0, 3, 0), then(has("b", 3, 3, 0), 5, 2)}, 0, 4, &calendar.Overbooking{At: day(0), Wanted: 6, Capacity: 4, Keys: []string{"a"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, calendar.Foresee(tt.bookings, tt.free, tt.capacity, nil, day(0)).Overbooked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// One team can have both: more at a time, and too little at a later one.
func TestAnOpeningAndAGap(t *testing.T) {
	bookings := []calendar.Booking{has("a", 4, 4, 10), then(has("b", 0, 2, 0), 20, 8), has("c", 1, 1, 0)}
	want := calendar.Forecast{
		Outlooks: map[string]calendar.Outlook{"b": {
			Opening: calendar.Opening{At: day(10), Nodes: 2},
			Gap:     calendar.Gap{At: day(20), Nodes: 4, Want: 8, Wanted: 9},
		}},
		Overbooked: &calendar.Overbooking{At: day(0), Wanted: 7, Capacity: 5, Keys: []string{"b"}},
	}
	if diff := cmp.Diff(want, calendar.Foresee(bookings, 0, 5, nil, day(0))); diff != "" {
		t.Error(diff)
	}
}

// However many wait, each day's node goes to the next in order.
func TestMoreWaitThanOneWordHasBits(t *testing.T) {
	const teams = 200
	var bookings []calendar.Booking
	var releases []calendar.Release
	want := map[string]calendar.Opening{}
	for n := range teams {
		key := fmt.Sprintf("%03d", n)
		bookings = append(bookings, has(key, 0, 1, 0))
		releases = append(releases, calendar.Release{At: day(n + 1), Nodes: 1})
		want[key] = calendar.Opening{At: day(n + 1), Nodes: 1}
	}
	if diff := cmp.Diff(want, openings(bookings, 0, teams, releases)); diff != "" {
		t.Error(diff)
	}
}

func TestForeseeChangesNothing(t *testing.T) {
	bookings := []calendar.Booking{has("b", 64, 64, 91), then(has("a", 0, 96, 10), 5, 1)}
	releases := []calendar.Release{{At: day(5), Nodes: 1}, {At: day(3), Nodes: 1}}
	calendar.Foresee(bookings, 0, 128, releases, day(0))
	if diff := cmp.Diff([]calendar.Booking{has("b", 64, 64, 91), then(has("a", 0, 96, 10), 5, 1)}, bookings); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]calendar.Release{{At: day(5), Nodes: 1}, {At: day(3), Nodes: 1}}, releases); diff != "" {
		t.Error(diff)
	}
}
