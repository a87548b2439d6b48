package calendar_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"foundation.team/operator/internal/calendar"
)

var day0 = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)

func day(n int) time.Time { return day0.AddDate(0, 0, n) }

func TestGrant(t *testing.T) {
	tests := map[string]struct {
		claims         []calendar.Claim
		free, capacity int
		want           map[string]int
	}{
		"nobody":                             {nil, 4, 4, map[string]int{}},
		"what is there":                      {[]calendar.Claim{{Key: "a", Want: 3}}, 4, 4, map[string]int{"a": 3}},
		"no more than is free":               {[]calendar.Claim{{Key: "a", Want: 3}}, 2, 4, map[string]int{"a": 2}},
		"no more than there is":              {[]calendar.Claim{{Key: "a", Want: 3}}, 4, 2, map[string]int{"a": 2}},
		"what it has it keeps":               {[]calendar.Claim{{Key: "a", Have: 4, Want: 4}, {Key: "b", Want: 4, Priority: 9}}, 0, 4, map[string]int{"a": 4, "b": 0}},
		"what it does not want it loses":     {[]calendar.Claim{{Key: "a", Have: 4, Want: 1}}, 0, 4, map[string]int{"a": 1}},
		"what is let go is not free yet":     {[]calendar.Claim{{Key: "a", Have: 4, Want: 0}, {Key: "b", Want: 4}}, 0, 4, map[string]int{"a": 0, "b": 0}},
		"higher priority first":              {[]calendar.Claim{{Key: "a", Name: "a", Want: 2}, {Key: "b", Name: "b", Want: 2, Priority: 1}}, 3, 3, map[string]int{"a": 1, "b": 2}},
		"negative priority last":             {[]calendar.Claim{{Key: "a", Name: "a", Want: 2, Priority: -1}, {Key: "b", Name: "b", Want: 2}}, 3, 3, map[string]int{"a": 1, "b": 2}},
		"then the older":                     {[]calendar.Claim{{Key: "a", Name: "a", Want: 2, Created: day(1)}, {Key: "b", Name: "b", Want: 2, Created: day(0)}}, 3, 3, map[string]int{"a": 1, "b": 2}},
		"priority before age":                {[]calendar.Claim{{Key: "a", Name: "a", Want: 2, Created: day(0)}, {Key: "b", Name: "b", Want: 2, Created: day(1), Priority: 1}}, 3, 3, map[string]int{"a": 1, "b": 2}},
		"then the name":                      {[]calendar.Claim{{Key: "1", Name: "b", Want: 2}, {Key: "2", Name: "a", Want: 2}}, 3, 3, map[string]int{"1": 1, "2": 2}},
		"then the key":                       {[]calendar.Claim{{Key: "a/2", Name: "a", Want: 2}, {Key: "a/1", Name: "a", Want: 2}}, 3, 3, map[string]int{"a/1": 2, "a/2": 1}},
		"its own come back without any free": {[]calendar.Claim{{Key: "a", Have: 1, Want: 3, Own: 2}}, 0, 3, map[string]int{"a": 3}},
		"its own before free ones":           {[]calendar.Claim{{Key: "a", Name: "a", Have: 1, Want: 3, Own: 1}, {Key: "b", Name: "b", Want: 1}}, 2, 4, map[string]int{"a": 3, "b": 1}},
		"its own are nobody else's":          {[]calendar.Claim{{Key: "a", Name: "a", Have: 1, Want: 2, Own: 1, Priority: -5}, {Key: "b", Name: "b", Want: 4}}, 0, 4, map[string]int{"a": 2, "b": 0}},
		"its own within capacity":            {[]calendar.Claim{{Key: "a", Want: 3, Own: 3}, {Key: "b", Have: 2, Want: 2}}, 0, 3, map[string]int{"a": 1, "b": 2}},
		"capacity that broke away":           {[]calendar.Claim{{Key: "a", Have: 4, Want: 4}, {Key: "b", Have: 2, Want: 3, Own: 1}}, 1, 5, map[string]int{"a": 4, "b": 2}},
		"free ones are owed already":         {[]calendar.Claim{{Key: "a", Want: 1}}, -1, 4, map[string]int{"a": 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, calendar.Grant(tt.claims, tt.free, tt.capacity)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func claims(t *rapid.T) []calendar.Claim {
	list := make([]calendar.Claim, rapid.IntRange(0, 6).Draw(t, "claims"))
	for i := range list {
		list[i] = calendar.Claim{
			Key:      fmt.Sprint(i),
			Name:     rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"),
			Priority: rapid.Int32Range(-1, 1).Draw(t, "priority"),
			Created:  day(rapid.IntRange(0, 1).Draw(t, "created")),
			Have:     rapid.IntRange(0, 8).Draw(t, "have"),
			Want:     rapid.IntRange(0, 8).Draw(t, "want"),
			Own:      rapid.IntRange(0, 3).Draw(t, "own"),
		}
	}
	return list
}

func TestGrantKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := claims(t)
		free := rapid.IntRange(-3, 12).Draw(t, "free")
		capacity := rapid.IntRange(0, 40).Draw(t, "capacity")
		granted := calendar.Grant(list, free, capacity)
		if len(granted) != len(list) {
			t.Fatalf("%d of %d claims decided", len(granted), len(list))
		}
		sum, fromFree, raised := 0, 0, false
		for _, claim := range list {
			got, kept := granted[claim.Key], min(claim.Have, claim.Want)
			if got < kept || got > claim.Want {
				t.Fatalf("%+v is granted %d", claim, got)
			}
			raised = raised || got > kept
			fromFree += max(got-kept-claim.Own, 0)
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

// checkOrder checks that nobody is passed over, with what is left free and up to the capacity.
func checkOrder(t *rapid.T, list []calendar.Claim, granted map[string]int, free, room int) {
	short := false
	for _, claim := range slices.SortedFunc(slices.Values(list), calendar.Compare) {
		raise := granted[claim.Key] - min(claim.Have, claim.Want)
		if short && raise > claim.Own {
			t.Fatalf("%+v is raised by %d from free nodes while one before it is short: %v", claim, raise, granted)
		}
		short = short || granted[claim.Key] < claim.Want
		if granted[claim.Key] < claim.Want && room > 0 && (free > 0 || raise < claim.Own) {
			t.Fatalf("%+v is granted %d although there is more: %v", claim, granted[claim.Key], granted)
		}
	}
}

func TestGrantTakesNoNoticeOfTheOrderOfClaims(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := claims(t)
		free, capacity := rapid.IntRange(0, 12).Draw(t, "free"), rapid.IntRange(0, 40).Draw(t, "capacity")
		want := calendar.Grant(list, free, capacity)
		if diff := cmp.Diff(want, calendar.Grant(rapid.Permutation(list).Draw(t, "shuffled"), free, capacity)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// booking wants a number of nodes until a day; 0 is for ever.
func booking(key string, have, want, until int) calendar.Booking {
	b := calendar.Booking{
		Claim: calendar.Claim{Key: key, Name: key, Have: have, Want: want},
		WantAt: func(at time.Time) int {
			if until > 0 && !at.Before(day(until)) {
				return 0
			}
			return want
		},
	}
	if until > 0 {
		b.Changes = []time.Time{day(until)}
	}
	return b
}

// later wants nodes from a day on.
func later(key string, priority int32, want, from int) calendar.Booking {
	return calendar.Booking{
		Claim: calendar.Claim{Key: key, Name: key, Priority: priority},
		WantAt: func(at time.Time) int {
			if at.Before(day(from)) {
				return 0
			}
			return want
		},
		Changes: []time.Time{day(from)},
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
			bookings: []calendar.Booking{booking("a", 64, 64, 91), booking("b", 64, 64, 91), booking("c", 0, 96, 0)},
			capacity: 128,
			want:     map[string]calendar.Opening{"c": {At: day(91), Nodes: 96}},
		},
		"the first who goes opens a part": {
			bookings: []calendar.Booking{booking("a", 64, 64, 10), booking("b", 64, 64, 20), booking("c", 0, 96, 0)},
			capacity: 128,
			want:     map[string]calendar.Opening{"c": {At: day(10), Nodes: 64}},
		},
		"nobody goes": {
			bookings: []calendar.Booking{booking("a", 64, 64, 0), booking("c", 0, 96, 0)},
			capacity: 64,
			want:     map[string]calendar.Opening{},
		},
		"nobody is short": {
			bookings: []calendar.Booking{booking("a", 4, 4, 10)},
			capacity: 4,
			want:     map[string]calendar.Opening{},
		},
		"a node on its way back": {
			bookings: []calendar.Booking{booking("a", 2, 4, 0)},
			capacity: 4,
			releases: []calendar.Release{{At: day(3), Nodes: 1}, {At: day(5), Nodes: 1}},
			want:     map[string]calendar.Opening{"a": {At: day(3), Nodes: 1}},
		},
		"two releases at one moment": {
			bookings: []calendar.Booking{booking("a", 2, 4, 0)},
			capacity: 4,
			releases: []calendar.Release{{At: day(3), Nodes: 1}, {At: day(3), Nodes: 1}},
			want:     map[string]calendar.Opening{"a": {At: day(3), Nodes: 2}},
		},
		"what is due or overdue is no promise": {
			bookings: []calendar.Booking{booking("a", 2, 4, 0)},
			capacity: 4,
			releases: []calendar.Release{{At: day(0), Nodes: 1}, {At: day(-1), Nodes: 1}},
			want:     map[string]calendar.Opening{},
		},
		"one that is served first and begins just then takes it": {
			bookings: []calendar.Booking{booking("a", 4, 4, 10), booking("b", 0, 4, 0), later("z", 1, 3, 10)},
			capacity: 4,
			want:     map[string]calendar.Opening{"b": {At: day(10), Nodes: 1}},
		},
		"one that begins later does not hold it back": {
			bookings: []calendar.Booking{booking("a", 4, 4, 10), booking("b", 0, 4, 0), later("z", 1, 4, 11)},
			capacity: 4,
			want:     map[string]calendar.Opening{"b": {At: day(10), Nodes: 4}},
		},
		"one whose own want ends first has none": {
			bookings: []calendar.Booking{booking("a", 4, 4, 10), booking("b", 0, 4, 10)},
			capacity: 4,
			want:     map[string]calendar.Opening{},
		},
		"its own nodes come back as a release does, and once": {
			bookings: []calendar.Booking{
				{Claim: calendar.Claim{Key: "a", Name: "a", Have: 1, Want: 2, Own: 1}, WantAt: func(time.Time) int { return 2 }},
				booking("b", 1, 1, 10), booking("c", 0, 2, 0),
			},
			capacity: 4,
			want:     map[string]calendar.Opening{"a": {At: day(10), Nodes: 1}},
		},
		"capacity that broke away does not come back": {
			bookings: []calendar.Booking{booking("a", 4, 4, 10), booking("b", 0, 4, 0)},
			capacity: 3,
			want:     map[string]calendar.Opening{"b": {At: day(10), Nodes: 3}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, calendar.Openings(tt.bookings, tt.free, tt.capacity, tt.releases, day(0))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// horizon is how many days the property looks ahead.
const horizon = 12

// An opening is what really happens when days pass, one by one, and each is decided as today is.
func TestOpeningsComeTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var bookings []calendar.Booking
		wants := map[string][]int{}
		for i, claim := range claims(t) {
			wants[claim.Key] = rapid.SliceOfN(rapid.IntRange(0, 8), horizon, horizon).Draw(t, fmt.Sprint("wants ", i))
			wants[claim.Key][0] = claim.Want
			b := calendar.Booking{Claim: claim, WantAt: func(at time.Time) int {
				return wants[claim.Key][min(int(at.Sub(day0)/(24*time.Hour)), horizon-1)]
			}}
			for n := range horizon {
				b.Changes = append(b.Changes, day(n))
			}
			b.Have = min(b.Have, b.Want)
			bookings = append(bookings, b)
		}
		free, capacity := rapid.IntRange(0, 8).Draw(t, "free"), rapid.IntRange(0, 40).Draw(t, "capacity")
		// Nothing more can be given now, or the calendar would have.
		first := make([]calendar.Claim, len(bookings))
		for i := range bookings {
			bookings[i].Own = 0
			first[i] = bookings[i].Claim
		}
		for key, nodes := range calendar.Grant(first, free, capacity) {
			i := slices.IndexFunc(bookings, func(b calendar.Booking) bool { return b.Key == key })
			free -= nodes - bookings[i].Have
			bookings[i].Have = nodes
		}
		var releases []calendar.Release
		for n := range rapid.IntRange(0, 3).Draw(t, "releases") {
			releases = append(releases, calendar.Release{At: day(rapid.IntRange(1, horizon-1).Draw(t, fmt.Sprint("release ", n))), Nodes: 1})
		}

		got := calendar.Openings(bookings, free, capacity, releases, day(0))

		if diff := cmp.Diff(playForward(bookings, wants, free, capacity, releases), got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// playForward lets days pass and notes when each who is short gets more.
func playForward(bookings []calendar.Booking, wants map[string][]int, free, capacity int, releases []calendar.Release) map[string]calendar.Opening {
	want := map[string]calendar.Opening{}
	have := map[string]int{}
	for _, b := range bookings {
		have[b.Key] = b.Have
	}
	for n := 1; n < horizon; n++ {
		for _, release := range releases {
			if release.At.Equal(day(n)) {
				free += release.Nodes
			}
		}
		var today []calendar.Claim
		for _, b := range bookings {
			b.Want = wants[b.Key][n]
			free += max(have[b.Key]-b.Want, 0)
			b.Have = min(have[b.Key], b.Want)
			today = append(today, b.Claim)
		}
		granted := calendar.Grant(today, free, capacity)
		for _, claim := range today {
			free -= granted[claim.Key] - claim.Have
		}
		for _, b := range bookings {
			if _, known := want[b.Key]; !known && b.Have < b.Want && granted[b.Key] > b.Have {
				want[b.Key] = calendar.Opening{At: day(n), Nodes: granted[b.Key] - b.Have}
			}
		}
		have = granted
	}
	return want
}

func TestOpeningsChangeNothing(t *testing.T) {
	bookings := []calendar.Booking{booking("b", 64, 64, 91), booking("a", 0, 96, 0)}
	releases := []calendar.Release{{At: day(5), Nodes: 1}, {At: day(3), Nodes: 1}}
	calendar.Openings(bookings, 0, 128, releases, day(0))
	if bookings[0].Key != "b" || bookings[0].Have != 64 || bookings[1].Have != 0 || bookings[1].Want != 96 || !releases[0].At.Equal(day(5)) {
		t.Errorf("bookings are now %+v, releases %+v", bookings, releases)
	}
}

// BenchmarkOpenings plays forward bookings that all begin and end at moments of their own while one waits in vain.
func BenchmarkOpenings(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 2))
			bookings := []calendar.Booking{booking("waits", 0, 1<<30, 0)}
			bookings[0].Priority = -1
			for i := range n {
				until := 1 + random.IntN(10*n)
				bookings = append(bookings, booking(fmt.Sprint(i), 1, 1, until), later(fmt.Sprint(i, "'"), 0, 1, until))
			}
			b.ResetTimer()
			for b.Loop() {
				if openings := calendar.Openings(bookings, 0, n, nil, day(0)); len(openings) != 0 {
					b.Fatal(slices.Collect(maps.Keys(openings)))
				}
			}
		})
	}
}
