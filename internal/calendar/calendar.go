// Package calendar gives out a pool's nodes, now and as far ahead as awards go. Grant decides for now. Foresee plays its
// rules forward, so what the calendar foretells is what the pool will do. Numbers are nodes.
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
