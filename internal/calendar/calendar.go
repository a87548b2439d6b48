// Package calendar gives out a pool's nodes, now and as far ahead as awards go. One function decides both, so what
// the calendar foretells is what the pool will do. Numbers are nodes.
package calendar

import (
	"cmp"
	"slices"
	"time"
)

// Claim is what a team has of a pool and what it wants of it.
type Claim struct {
	// Key tells claims apart.
	Key string
	// Name, Priority and Created are the order in which raises are served: higher priority first, then the older
	// team, then the name.
	Name     string
	Priority int32
	Created  time.Time
	// Have is what the team was granted before, Want what its awards add up to.
	Have, Want int
	// Own is how many nodes that the team was asked to let go it still has; it can have them back without any
	// other node being free.
	Own int
}

// Compare orders claims by who is served first.
func Compare(a, b Claim) int {
	return cmp.Or(
		cmp.Compare(b.Priority, a.Priority),
		a.Created.Compare(b.Created),
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Key, b.Key),
	)
}

// Grant decides how many nodes each claim is granted, by key. What a claim has it keeps, as far as it still wants it.
// Raises are served in order, each with what is there: free nodes, and for a team's own nodes that are on their way
// back those too. No raise lets the sum exceed capacity.
func Grant(claims []Claim, free, capacity int) map[string]int {
	inOrder := slices.SortedFunc(slices.Values(claims), Compare)
	nodes := serve(inOrder, free, capacity)
	granted := make(map[string]int, len(claims))
	for i, claim := range inOrder {
		granted[claim.Key] = nodes[i]
	}
	return granted
}

// serve is Grant for claims that are in order.
func serve(claims []Claim, free, capacity int) []int {
	granted := make([]int, len(claims))
	room := capacity
	for i, claim := range claims {
		granted[i] = min(claim.Have, claim.Want)
		room -= granted[i]
	}
	for i, claim := range claims {
		missing := min(claim.Want-granted[i], max(room, 0))
		own := min(missing, claim.Own)
		raise := own + min(missing-own, max(free, 0))
		free -= raise - own
		room -= raise
		granted[i] += raise
	}
	return granted
}

// Booking is a claim over time.
type Booking struct {
	Claim
	// WantAt is how many nodes the team wants at a moment; Changes are the moments at which that changes.
	WantAt  func(time.Time) int
	Changes []time.Time
}

// Release is a number of nodes that come free at a moment at the latest.
type Release struct {
	At    time.Time
	Nodes int
}

// Opening is the earliest moment at which a team that is short can have more, and how much more.
type Opening struct {
	At    time.Time
	Nodes int
}

// Openings plays the bookings forward from now and finds, for every booking that has less than it wants, when it gets
// more. Have is what was granted now. A booking without an opening waits for somebody's decision.
func Openings(bookings []Booking, free, capacity int, releases []Release, now time.Time) map[string]Opening {
	openings := map[string]Opening{}
	waiting := map[string]int{}
	var times []time.Time
	bookings = slices.SortedFunc(slices.Values(bookings), func(a, b Booking) int { return Compare(a.Claim, b.Claim) })
	claims := make([]Claim, len(bookings))
	for i, booking := range bookings {
		claims[i] = booking.Claim
		if booking.Have < booking.Want {
			waiting[booking.Key] = booking.Have
		}
		times = append(times, booking.Changes...)
	}
	for _, release := range releases {
		times = append(times, release.At)
	}
	slices.SortFunc(times, time.Time.Compare)
	times = slices.CompactFunc(times, time.Time.Equal)

	for _, at := range times {
		if len(waiting) == 0 {
			break
		}
		if !at.After(now) {
			continue
		}
		for _, release := range releases {
			if release.At.Equal(at) {
				free += release.Nodes
			}
		}
		for i, booking := range bookings {
			claims[i].Own = 0
			claims[i].Want = booking.WantAt(at)
			free += max(claims[i].Have-claims[i].Want, 0)
			claims[i].Have = min(claims[i].Have, claims[i].Want)
		}
		for i, nodes := range serve(claims, free, capacity) {
			raised := nodes > claims[i].Have
			free -= nodes - claims[i].Have
			claims[i].Have = nodes
			if !raised {
				continue
			}
			if had, ok := waiting[claims[i].Key]; ok && nodes > had {
				openings[claims[i].Key] = Opening{At: at, Nodes: nodes - had}
				delete(waiting, claims[i].Key)
			}
		}
	}
	return openings
}
