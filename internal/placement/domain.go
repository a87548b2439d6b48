package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// domain is a topology domain: the nodes with one value of a topology key, within one wider domain. Racks below two
// spines may have the same name and are two domains.
type domain struct {
	parent *domain
	value  string
	subs   map[string]*domain
	// size is how many free nodes are in the domain, held how many nodes the team holds there.
	size, held int
	// names are the names of the free nodes, in the narrowest domains only.
	names []string
	// shape describes the sizes of the domains within. Domains of equal shape are interchangeable in a search.
	shape string
	// open is true while the search may choose nodes from here.
	open bool
}

// add adds a node and returns the narrowest domain that it is in.
func (d *domain) add(node Node) *domain {
	d.size++
	for _, value := range node.Topology {
		d = d.sub(value)
		d.size++
	}
	d.names = append(d.names, node.Name)
	return d
}

// addHeld adds a node that the team holds already.
func (d *domain) addHeld(node Node) {
	for _, value := range node.Topology {
		d = d.sub(value)
		d.held++
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

// collect appends the domains within to those of their level, and sets their shapes.
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

// compareSize orders domains by size, then by shape, then those first in which the team holds most nodes.
func compareSize(a, b *domain) int {
	return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(a.shape, b.shape), compareCloseness(a, b))
}

// compareCloseness orders domains by how many nodes the team holds, in the wider domains first.
func compareCloseness(a, b *domain) int {
	return cmp.Or(compareHeld(a, b), comparePath(a, b))
}

func compareHeld(a, b *domain) int {
	if a == b {
		return 0
	}
	return cmp.Or(compareHeld(a.parent, b.parent), cmp.Compare(b.held, a.held))
}

func comparePath(a, b *domain) int {
	if a == b {
		return 0
	}
	return cmp.Or(comparePath(a.parent, b.parent), cmp.Compare(a.value, b.value))
}

func sizeOf(domains []*domain) int {
	sum := 0
	for _, d := range domains {
		sum += d.size
	}
	return sum
}
