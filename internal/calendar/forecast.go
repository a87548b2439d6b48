package calendar

import (
	"slices"
	"time"
)

// Booking is a claim over time.
type Booking struct {
	// Claim is what is true now. Own is not looked at: those nodes come back as releases do.
	Claim
	// Steps are what the team wants from later moments on, in order of time; of two at one moment the later one in the
	// list counts. Those that are not after now are passed over: what is wanted now is Want.
	Steps []Step
}

// Step is how many nodes are wanted from a moment on.
type Step struct {
	At    time.Time
	Nodes int
}

// Steps asks at each of the changes what is wanted then. The changes may be in any order, at one moment, and zero,
// which is none.
func Steps(changes []time.Time, wantAt func(time.Time) int) []Step {
	steps := make([]Step, 0, len(changes))
	for _, at := range slices.SortedFunc(slices.Values(changes), time.Time.Compare) {
		if !at.IsZero() && (len(steps) == 0 || !at.Equal(steps[len(steps)-1].At)) {
			steps = append(steps, Step{At: at, Nodes: wantAt(at)})
		}
	}
	return steps
}

// Release is a number of nodes that come free at a moment at the latest.
type Release struct {
	At    time.Time
	Nodes int
}

// Forecast is what lies ahead of a pool.
type Forecast struct {
	// Outlooks are the bookings' by key, of those ahead of whom there is something.
	Outlooks map[string]Outlook
	// Overbooked is when more is wanted than there is; nil if that does not happen.
	Overbooked *Overbooking
}

// Outlook is what lies ahead of one booking.
type Outlook struct {
	Opening Opening
	Gap     Gap
}

// Opening is the earliest moment at which a team that is short now can have more, and how much more. It is zero for
// one that is not short, and for one that waits for somebody's decision.
type Opening struct {
	At    time.Time
	Nodes int
}

// Gap is the first moment at which a team's want rises and cannot be served in full, because all teams together want
// more than the pool's capacity. It is zero if there is none. A team that is short now has a gap only where it wants
// even more.
type Gap struct {
	At time.Time
	// Nodes of the Want are missing then.
	Nodes, Want int
	// Wanted is what all want together then.
	Wanted int
	// Until is when nothing is missing any more, because nodes came or because the team wants no more than it has; zero
	// if never.
	Until time.Time
}

// Overbooking is the first moment, now or later, at which all bookings together want more than the capacity.
type Overbooking struct {
	// At is now if that is so already.
	At               time.Time
	Wanted, Capacity int
	// Keys are those who get less than they want then, in the order of serving. There are none if capacity was lost
	// and those who have it keep it.
	Keys []string
}

// Foresee plays the bookings forward from now. Have is what was granted now, free is what can be granted beyond that.
//
// Openings are played with the nodes that are free and those that come free: at once where an award will end, and at
// the latest moment where one ended. Gaps are played with the capacity. A node that is on its way from one team to
// another, looked at, or broken today is there for a later award: that somebody clears it up within the grace period is
// not what an award has to be planned around. So there is a gap only while the pool is overbooked.
//
// With as many more nodes, in free and capacity alike, no booking ever has less at any moment: no opening is later, no
// gap earlier, larger or longer. That does not hold for nodes that only come sooner, such as those of another award
// that is shortened: somebody lower in order who waits by then may take them, and keeps them.
func Foresee(bookings []Booking, free, capacity int, releases []Release, now time.Time) Forecast {
	p := newPlay(bookings, free, capacity, releases, now)
	for p.next() {
		p.note()
	}
	forecast := Forecast{Outlooks: map[string]Outlook{}, Overbooked: p.overbooked}
	for rank, outlook := range p.outlooks {
		if outlook != (Outlook{}) {
			forecast.Outlooks[p.bookings[rank].Key] = outlook
		}
	}
	return forecast
}
