// Package placement chooses nodes: which free ones a team gets, so that its nodes are close together, and which of its
// own it gives back, so that the least work is lost. It moves nothing.
package placement

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Node is a node and where it stands: the values of the pool's topology keys, the widest first.
type Node struct {
	Name     string
	Topology []string
}

// Choose picks n of the free nodes for a team that already has own, or all of them if there are fewer. At each level of
// the topology it prefers the domain where the team already has most nodes, then the smallest one that holds all that
// is needed, then the one with most free nodes, so that large domains stay whole for those who need them.
func Choose(n int, own, free []Node) []string {
	return choose(n, own, free, 0)
}

func choose(n int, own, free []Node, level int) []string {
	if n <= 0 || len(free) == 0 {
		return nil
	}
	if level >= depth(free) {
		names := namesOf(free)
		return names[:min(n, len(names))]
	}
	ownBy, freeBy := byDomain(own, level), byDomain(free, level)
	domains := make([]string, 0, len(freeBy))
	for name := range freeBy {
		domains = append(domains, name)
	}
	var chosen []string
	for n > len(chosen) && len(domains) > 0 {
		need := n - len(chosen)
		best := slices.MinFunc(domains, func(a, b string) int {
			return cmp.Or(
				cmp.Compare(len(ownBy[b]), len(ownBy[a])),
				compareFit(len(freeBy[a]), len(freeBy[b]), need),
				cmp.Compare(a, b),
			)
		})
		chosen = append(chosen, choose(need, ownBy[best], freeBy[best], level+1)...)
		domains = slices.DeleteFunc(domains, func(name string) bool { return name == best })
	}
	return chosen
}

// compareFit prefers what fits, then the tightest fit; of what does not fit, the largest.
func compareFit(a, b, need int) int {
	switch {
	case a >= need && b >= need:
		return cmp.Compare(a, b)
	case a < need && b < need:
		return cmp.Compare(b, a)
	case a >= need:
		return -1
	default:
		return 1
	}
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
// then those with the newest work; among equals, from the domain where the team has fewest.
func Release(n int, held []Held) []string {
	size := map[string]int{}
	for _, node := range held {
		size[domain(node.Node)]++
	}
	sorted := slices.SortedFunc(slices.Values(held), func(a, b Held) int {
		return cmp.Or(
			compareBool(b.Leaving, a.Leaving),
			compareBool(a.Healthy, b.Healthy),
			compareBool(b.BusySince.IsZero(), a.BusySince.IsZero()),
			b.BusySince.Compare(a.BusySince),
			cmp.Compare(size[domain(a.Node)], size[domain(b.Node)]),
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

// domain is the narrowest domain of a node, with those around it: racks of two spines may have one name.
func domain(node Node) string { return strings.Join(node.Topology, "\x00") }

func depth(nodes []Node) int {
	if len(nodes) == 0 {
		return 0
	}
	return len(nodes[0].Topology)
}

func byDomain(nodes []Node, level int) map[string][]Node {
	domains := map[string][]Node{}
	for _, node := range nodes {
		if level < len(node.Topology) {
			name := node.Topology[level]
			domains[name] = append(domains[name], node)
		}
	}
	return domains
}

func namesOf(nodes []Node) []string {
	names := make([]string, len(nodes))
	for i, node := range nodes {
		names[i] = node.Name
	}
	slices.Sort(names)
	return names
}
