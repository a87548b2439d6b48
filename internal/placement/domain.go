package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// domain is a part of a cluster whose nodes stand close together: nodes of one value of a topology key, within one
// wider domain. Racks of two spines may have one name.
type domain struct {
	parent *domain
	value  string
	subs   map[string]*domain
	// size is how many nodes were added here, own how many of the team's are here.
	size, own int
	// names are the nodes', if there is no narrower domain.
	names []string
	// shape is how large the domains within are: one of two equal ones is as good as the other.
	shape string
	// open says that nodes may be chosen from here.
	open bool
}

// add adds a node and gives the narrowest domain that it is in.
func (d *domain) add(node Node) *domain {
	d.size++
	for _, value := range node.Topology {
		d = d.sub(value)
		d.size++
	}
	d.names = append(d.names, node.Name)
	return d
}

// addOwn adds a node that the team has already.
func (d *domain) addOwn(node Node) {
	for _, value := range node.Topology {
		d = d.sub(value)
		d.own++
	}
}

func (d *domain) sub(value string) *domain {
	if d.subs == nil {
		d.subs = map[string]*domain{}
	}
	if d.subs[value] == nil {
		d.subs[value] = &domain{parent: d, value: value}
	}
	return d.subs[value]
}

// collect appends the domains within to those of their level, and finds out their shapes.
func (d *domain) collect(levels [][]*domain) {
	if len(levels) == 0 {
		d.shape = fmt.Sprint(d.size)
		return
	}
	var shapes []string
	for _, sub := range d.subs {
		if sub.size > 0 {
			sub.collect(levels[1:])
			levels[0] = append(levels[0], sub)
			shapes = append(shapes, sub.shape)
		}
	}
	slices.Sort(shapes)
	d.shape = "(" + strings.Join(shapes, " ") + ")"
}

// order is by size, those of one shape together, the closest of them first.
func order(a, b *domain) int {
	return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(a.shape, b.shape), closest(a, b))
}

// closest is by where the team has most nodes, in the wider domains first.
func closest(a, b *domain) int {
	return cmp.Or(mostOwn(a, b), byPath(a, b))
}

func mostOwn(a, b *domain) int {
	if a == b {
		return 0
	}
	return cmp.Or(mostOwn(a.parent, b.parent), cmp.Compare(b.own, a.own))
}

func byPath(a, b *domain) int {
	if a == b {
		return 0
	}
	return cmp.Or(byPath(a.parent, b.parent), cmp.Compare(a.value, b.value))
}

func sizeOf(domains []*domain) int {
	sum := 0
	for _, d := range domains {
		sum += d.size
	}
	return sum
}
