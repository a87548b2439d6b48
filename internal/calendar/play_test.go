package calendar_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"foundation.team/operator/internal/calendar"
)

// horizon is how many days the properties look ahead.
const horizon = 12

// scene is a pool and what is wanted of it, day by day.
type scene struct {
	bookings       []calendar.Booking
	wants          map[string][]int
	free, capacity int
	releases       []calendar.Release
}

// drawScene draws a pool in which what could be given today was given.
func drawScene(t *rapid.T) scene {
	s := scene{
		wants:    map[string][]int{},
		free:     rapid.IntRange(0, 8).Draw(t, "free"),
		capacity: rapid.IntRange(0, 40).Draw(t, "capacity"),
	}
	for i, claim := range claims(t) {
		claim.Own, claim.Have = 0, min(claim.Have, claim.Want)
		b := calendar.Booking{Claim: claim}
		wants := []int{claim.Want}
		for n := 1; n < horizon; n++ {
			want := wants[n-1]
			if rapid.Bool().Draw(t, fmt.Sprint("change ", i, n)) {
				want = rapid.IntRange(0, 8).Draw(t, fmt.Sprint("want ", i, n))
				b = then(b, n, want)
			}
			wants = append(wants, want)
		}
		s.wants[claim.Key], s.bookings = wants, append(s.bookings, b)
	}
	granted := calendar.Grant(s.claims(0, nil), s.free, s.capacity)
	for i, b := range s.bookings {
		s.free -= granted[b.Key] - b.Have
		s.bookings[i].Have = granted[b.Key]
	}
	for n := range rapid.IntRange(0, 3).Draw(t, "releases") {
		s.releases = append(s.releases, calendar.Release{
			At: day(rapid.IntRange(1, horizon-1).Draw(t, fmt.Sprint("release ", n))), Nodes: rapid.IntRange(1, 4).Draw(t, "nodes"),
		})
	}
	return s
}

// claims are what is claimed on a day by those who have what they had; without that, what they have today.
func (s scene) claims(n int, have map[string]int) []calendar.Claim {
	list := make([]calendar.Claim, len(s.bookings))
	for i, b := range s.bookings {
		list[i] = b.Claim
		list[i].Want = s.wants[b.Key][n]
		if have != nil {
			list[i].Have = have[b.Key]
		}
	}
	return list
}

func (s scene) foresee() calendar.Forecast {
	return calendar.Foresee(s.bookings, s.free, s.capacity, s.releases, day(0))
}

// handed lets days pass and has Grant decide each as it decides today, with the nodes that are free then.
func (s scene) handed() []map[string]int {
	days := []map[string]int{s.today()}
	free := s.free
	for n := 1; n < horizon; n++ {
		for _, release := range s.releases {
			if release.At.Equal(day(n)) {
				free += release.Nodes
			}
		}
		list := s.claims(n, days[n-1])
		for _, claim := range list {
			free += max(claim.Have-claim.Want, 0)
		}
		days = append(days, calendar.Grant(list, free, s.capacity))
		for _, claim := range list {
			free -= days[n][claim.Key] - min(claim.Have, claim.Want)
		}
	}
	return days
}

// booked does the same with all nodes of the capacity that nobody has.
func (s scene) booked() []map[string]int {
	have := s.today()
	days := make([]map[string]int, horizon)
	for n := range days {
		list, room := s.claims(n, have), s.capacity
		for _, claim := range list {
			room -= min(claim.Have, claim.Want)
		}
		have = calendar.Grant(list, room, s.capacity)
		days[n] = have
	}
	return days
}

func (s scene) today() map[string]int {
	have := map[string]int{}
	for _, b := range s.bookings {
		have[b.Key] = b.Have
	}
	return have
}

// expected is the forecast by its definition.
func (s scene) expected() calendar.Forecast {
	forecast := calendar.Forecast{Outlooks: map[string]calendar.Outlook{}}
	handed, booked := s.handed(), s.booked()
	wanted := make([]int, horizon)
	for n := range horizon {
		for _, wants := range s.wants {
			wanted[n] += wants[n]
		}
	}
	for _, b := range s.bookings {
		if outlook := s.outlook(b, handed, booked, wanted); outlook != (calendar.Outlook{}) {
			forecast.Outlooks[b.Key] = outlook
		}
	}
	if n := slices.IndexFunc(wanted, func(nodes int) bool { return nodes > s.capacity }); n >= 0 {
		forecast.Overbooked = &calendar.Overbooking{At: day(n), Wanted: wanted[n], Capacity: s.capacity}
		for _, claim := range slices.SortedFunc(slices.Values(s.claims(n, booked[n])), calendar.Compare) {
			if claim.Have < claim.Want {
				forecast.Overbooked.Keys = append(forecast.Overbooked.Keys, claim.Key)
			}
		}
	}
	return forecast
}

// outlook is one booking's by its definition, from who has how much on each day, and what all want.
func (s scene) outlook(b calendar.Booking, handed, booked []map[string]int, wanted []int) calendar.Outlook {
	var outlook calendar.Outlook
	for n := 1; n < horizon; n++ {
		want, more := s.wants[b.Key][n], handed[n][b.Key]-b.Have
		missing := want - booked[n][b.Key]
		if outlook.Opening.Nodes == 0 && b.Have < b.Want && more > 0 {
			outlook.Opening = calendar.Opening{At: day(n), Nodes: more}
		}
		switch gap := &outlook.Gap; {
		case gap.Nodes == 0 && missing > 0 && want > s.wants[b.Key][n-1]:
			*gap = calendar.Gap{At: day(n), Nodes: missing, Want: want, Wanted: wanted[n]}
		case gap.Nodes > 0 && missing == 0 && gap.Until.IsZero():
			gap.Until = day(n)
		}
	}
	return outlook
}

// A forecast is what really happens when days pass, one by one, and Grant decides each.
func TestForecastsComeTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		if diff := cmp.Diff(s.expected(), s.foresee()); diff != "" {
			t.Fatal(diff)
		}
		handed, booked := s.handed(), s.booked()
		calendar.Play(s.bookings, s.free, s.capacity, s.releases, day(0), func(at time.Time, wasHanded, wasBooked map[string]int) {
			n := int(at.Sub(day0) / (24 * time.Hour))
			if diff := cmp.Diff(handed[n], wasHanded) + cmp.Diff(booked[n], wasBooked); diff != "" {
				t.Fatalf("day %d: %s", n, diff)
			}
		})
	})
}

// Where every node is healthy and none is on its way, what is handed over is what is booked: gaps come true to the node.
func TestWhatIsBookedIsHandedOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		s.releases, s.free = nil, s.capacity
		for _, b := range s.bookings {
			s.free -= b.Have
		}
		granted := calendar.Grant(s.claims(0, s.today()), s.free, s.capacity)
		for i, b := range s.bookings {
			s.free -= granted[b.Key] - b.Have
			s.bookings[i].Have = granted[b.Key]
		}
		calendar.Play(s.bookings, s.free, s.capacity, nil, day(0), func(at time.Time, handed, booked map[string]int) {
			if diff := cmp.Diff(handed, booked); diff != "" {
				t.Fatalf("%s: %s", at, diff)
			}
		})
	})
}

// At every moment of the play: nothing is given beyond the capacity, nobody has more than it wants, nobody loses what
// it wants, and nobody is raised while one before it in order is short.
func TestEveryMomentIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		inOrder := slices.SortedFunc(slices.Values(s.claims(0, nil)), calendar.Compare)
		check := func(n int, before, after map[string]int) {
			sum, kept, short := 0, 0, false
			for _, claim := range inOrder {
				have, want := after[claim.Key], s.wants[claim.Key][n]
				keeps := min(before[claim.Key], want)
				if have > want || have < keeps {
					t.Fatalf("day %d: %s has %d, had %d and wants %d", n, claim.Key, have, before[claim.Key], want)
				}
				if short && have > keeps {
					t.Fatalf("day %d: %s is raised while one before it is short: %v", n, claim.Key, after)
				}
				short = short || have < want
				sum, kept = sum+have, kept+keeps
			}
			if sum > max(s.capacity, kept) {
				t.Fatalf("day %d: %d of %d", n, sum, s.capacity)
			}
		}
		room := func(booked map[string]int) int {
			room := s.capacity
			for _, nodes := range booked {
				room -= nodes
			}
			return room
		}
		lastHanded, lastBooked := s.today(), s.today()
		calendar.Play(s.bookings, s.free, s.capacity, s.releases, day(0), func(at time.Time, handed, booked map[string]int) {
			n := int(at.Sub(day0) / (24 * time.Hour))
			check(n, lastHanded, handed)
			check(n, lastBooked, booked)
			for key, nodes := range booked {
				if nodes < s.wants[key][n] && room(booked) > 0 {
					t.Fatalf("day %d: %s is short although there is room: %v", n, key, booked)
				}
			}
			lastHanded, lastBooked = maps.Clone(handed), maps.Clone(booked)
		})
	})
}

// A gap is there only while all want more than there is, and where the overbooking begins, it is a gap of those whom
// it names.
func TestGapsAreOverbookings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		forecast := s.foresee()
		var begin []string
		for key, outlook := range forecast.Outlooks {
			gap := outlook.Gap
			if gap.Nodes == 0 {
				continue
			}
			if forecast.Overbooked == nil || gap.At.Before(forecast.Overbooked.At) || gap.Wanted <= s.capacity {
				t.Fatalf("%s has a gap %+v, overbooked is %+v", key, gap, forecast.Overbooked)
			}
			if gap.At.Equal(forecast.Overbooked.At) {
				begin = append(begin, key)
			}
		}
		if overbooked := forecast.Overbooked; overbooked != nil && overbooked.At.After(day(0)) {
			if slices.Sort(begin); !slices.Equal(begin, slices.Sorted(slices.Values(overbooked.Keys))) {
				t.Fatalf("%v begin to have gaps, overbooked is %+v", begin, overbooked)
			}
		}
	})
}

func TestForeseeTakesNoNoticeOfTheOrderOfBookings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		want := s.foresee()
		s.bookings = rapid.Permutation(s.bookings).Draw(t, "bookings shuffled")
		s.releases = rapid.Permutation(s.releases).Draw(t, "releases shuffled")
		if diff := cmp.Diff(want, s.foresee()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// More nodes are never worse, for anybody, at any moment.
func TestMoreNodesAreNeverWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := drawScene(t)
		large := small
		more := rapid.IntRange(1, 9).Draw(t, "more")
		large.free, large.capacity = large.free+more, large.capacity+more
		type moment struct{ handed, booked map[string]int }
		moments := map[time.Time]moment{}
		calendar.Play(small.bookings, small.free, small.capacity, small.releases, day(0), func(at time.Time, handed, booked map[string]int) {
			moments[at] = moment{handed, booked}
		})
		calendar.Play(large.bookings, large.free, large.capacity, large.releases, day(0), func(at time.Time, handed, booked map[string]int) {
			for key := range handed {
				if handed[key] < moments[at].handed[key] || booked[key] < moments[at].booked[key] {
					t.Fatalf("%s, %s: %v %v, and with %d more %v %v", at, key, moments[at].handed, moments[at].booked, more, handed, booked)
				}
			}
		})
		were, are := small.foresee().Outlooks, large.foresee().Outlooks
		for key, was := range were {
			is := are[key].Opening
			if was.Opening.Nodes > 0 && (is.Nodes == 0 || is.At.After(was.Opening.At) || is.At.Equal(was.Opening.At) && is.Nodes < was.Opening.Nodes) {
				t.Fatalf("%s: %+v, and with %d more %+v", key, was.Opening, more, is)
			}
		}
		for key, outlook := range are {
			is, was := outlook.Gap, were[key].Gap
			if is.Nodes > 0 && !noWorse(was, is) {
				t.Fatalf("%s: %+v, and with %d more %+v", key, was, more, is)
			}
		}
	})
}

// noWorse says whether a gap that is there is no worse than the one that was.
func noWorse(was, is calendar.Gap) bool {
	if was.Nodes == 0 || is.At.Before(was.At) {
		return false
	}
	sooner := was.Until.IsZero() || !is.Until.IsZero() && !is.Until.After(was.Until)
	return is.At.After(was.At) || is.Nodes <= was.Nodes && sooner
}
