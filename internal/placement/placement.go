// Package placement chooses nodes: which free ones a team gets, so that its nodes are close together, and which of its
// own it gives back, so that the least work is lost. It moves nothing.
package placement

import (
	"cmp"
	"slices"
	"time"
)

// Node is a node and where it stands: the values of the pool's topology keys, the widest first. All nodes have as many.
type Node struct {
	Name     string
	Topology []string
}

// Choose picks n of the free nodes for a team that already has own, or all of them if there are fewer.
//
// A team's spread is in how many domains its nodes stand: first of the widest topology key, say spines; if that is
// equal, of the next one, say racks; and so on. Of all choices it takes, in this order,
//
//  1. one after which the team's spread is least,
//  2. one that opens the smallest of the narrowest domains, so that racks of which most is free stay whole for those
//     who need them: one whose largest is smallest, then its second largest, and so on; then of the wider ones,
//  3. one where the team has most nodes.
//
// Of the domains that it opens at most one keeps free nodes, one of the smallest. Where very many sets of wide domains
// would do, only the likely ones are compared: then spread is least in the widest domains, and nearly so in narrower ones.
func Choose(n int, own, free []Node) []string {
	n = min(n, len(free))
	if n <= 0 {
		return nil
	}
	return newSearch(own, free).choose(n)
}

// Held is a node that a team has.
type Held struct {
	Node
	// Leaving is true if the node does not belong to the pool any more, Healthy if it can run pods.
	Leaving, Healthy bool
	// BusySince is when the oldest pod on it started; zero if there is none.
	BusySince time.Time
}

// Release picks n of a team's nodes to be given back: those that left the pool, those that cannot run pods, idle ones,
// then those with the newest work; among equals, from the widest domain where the team has fewest, and there from the
// narrower one where it has fewest, one domain after the other, so that what it keeps stays together and what it
// gives back is together too.
func Release(n int, held []Held) []string {
	team := &domain{}
	at := map[string]*domain{}
	for _, node := range held {
		at[node.Name] = team.add(node.Node)
	}
	sorted := slices.SortedFunc(slices.Values(held), func(a, b Held) int {
		return cmp.Or(
			compareBool(b.Leaving, a.Leaving),
			compareBool(a.Healthy, b.Healthy),
			compareBool(b.BusySince.IsZero(), a.BusySince.IsZero()),
			b.BusySince.Compare(a.BusySince),
			fewest(at[a.Name], at[b.Name]),
			cmp.Compare(b.Name, a.Name),
		)
	})
	n = min(max(n, 0), len(sorted))
	names := make([]string, 0, n)
	for _, node := range sorted[:n] {
		names = append(names, node.Name)
	}
	return names
}

// fewest orders narrowest domains by how many nodes there are in those around them, the widest first, and in
// themselves. It keeps the domains of one wider domain together.
func fewest(a, b *domain) int {
	if a == b {
		return 0
	}
	return cmp.Or(fewest(a.parent, b.parent), cmp.Compare(a.size, b.size), cmp.Compare(a.value, b.value))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}
