// Package placement chooses nodes: which free ones a team gets, so that its nodes are close together in the topology,
// and which of those that it holds are drained, so that the least work is lost. It never exchanges nodes that stay
// held.
package placement

import (
	"cmp"
	"slices"
	"time"
)

// Node is a node with its topology: the values of the pool's topology keys, the widest domain first. All nodes have
// the same number of values.
type Node struct {
	Name     string
	Topology []string
}

// Choose picks n of the free nodes, or all if there are fewer, for a team that already holds some.
//
// A team's spread is the number of domains that its nodes are in: first for the widest topology key, for example
// spines; if that is equal, for the next one, for example racks; and so on. Of all choices it takes, in this order,
//
//  1. one after which the team's spread is least,
//  2. one that opens the smallest of the narrowest domains, so that racks of which most is free stay whole for those
//     who need them: one whose largest is smallest, then its second largest, and so on; then of the wider ones,
//  3. one where the team has most nodes.
//
// Of the domains that it opens at most one keeps free nodes, one of the smallest. Where very many sets of wide
// domains would do, only the likely ones are compared: then spread is least in the widest domains, and nearly so in
// narrower ones.
func Choose(n int, held, free []Node) []string {
	n = min(n, len(free))
	if n <= 0 {
		return nil
	}
	return newSearch(held, free).choose(n)
}

// Held is a node that a team holds.
type Held struct {
	Node
	// Leaving is true if the node is no member of the pool any more, Healthy if it can run pods.
	Leaving, Healthy bool
	// BusySince is when the oldest pod on it started; zero if there is none.
	BusySince time.Time
}

// ChooseToDrain picks n of a team's nodes to be drained: first those that left the pool, then those that cannot run pods,
// idle ones, and those with the newest work. Among equals it empties one domain after the other, beginning with the
// widest, and within it the narrower, domain in which the team has fewest nodes, so that both the kept and the
// drained nodes are close together.
func ChooseToDrain(n int, held []Held) []string {
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
			compareFewest(at[a.Name], at[b.Name]),
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

// compareFewest orders narrowest domains by the number of nodes in the domains around them, the widest first, and
// then in themselves. It keeps the domains of one wider domain together.
func compareFewest(a, b *domain) int {
	if a == b {
		return 0
	}
	return cmp.Or(compareFewest(a.parent, b.parent), cmp.Compare(a.size, b.size), cmp.Compare(a.value, b.value))
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
