package placement

import (
	"cmp"
	"maps"
	"slices"
	"sort"
)

// maxVisits is how many domains a search visits before it takes the best plan so far: a few milliseconds of CPU. An
// exhaustive search of ten spines with 45 racks takes fewer.
const maxVisits = 200_000

// search finds the best domains to choose nodes from, level by level, the widest first. A level cannot be decided
// alone: of two spines with enough free nodes, one may have them in fewer racks.
type search struct {
	root *domain
	// levels are the domains with free nodes, by topology key, the smallest first.
	levels     [][]*domain
	visitsLeft int
}

// plan is a set of domains to choose nodes from. Domains where the team holds nodes already cost nothing and are used
// first.
type plan struct {
	held, opened []*domain
	// cost is the number of domains that the plan opens, by level, the widest first. sizes are their sizes, the
	// narrowest level first and within a level the largest.
	cost, sizes []int
}

func newSearch(held, free []Node) *search {
	s := &search{root: &domain{open: true}, levels: make([][]*domain, len(free[0].Topology)), visitsLeft: maxVisits}
	for _, node := range free {
		s.root.add(node)
	}
	for _, node := range held {
		s.root.addHeld(node)
	}
	s.root.collect(s.levels)
	for _, domains := range s.levels {
		slices.SortFunc(domains, compareSize)
	}
	return s
}

// choose returns the names of n nodes.
func (s *search) choose(n int) []string {
	best := plan{opened: []*domain{s.root}}
	if len(s.levels) > 0 {
		best = s.plan(0, n)
	}
	var chosen []string
	take := func(d *domain) {
		slices.Sort(d.names)
		chosen = append(chosen, d.names[:min(n-len(chosen), len(d.names))]...)
	}
	for len(chosen) < n && len(best.held) > 0 {
		next := slices.MinFunc(best.held, func(a, b *domain) int {
			return cmp.Or(compareHeld(a, b), compareFit(a.size, b.size, n-len(chosen)), comparePath(a, b))
		})
		take(next)
		best.held = slices.DeleteFunc(best.held, func(d *domain) bool { return d == next })
	}
	slices.SortFunc(best.opened, func(a, b *domain) int { return cmp.Or(cmp.Compare(b.size, a.size), comparePath(a, b)) })
	for _, d := range best.opened {
		take(d)
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

// plan returns the best plan for n nodes from a level on, within the open domains of the wider level.
func (s *search) plan(level, n int) plan {
	s.visitsLeft -= len(s.levels[level])
	var held, others []*domain
	for _, d := range s.levels[level] {
		switch {
		case !d.parent.open:
		case d.held > 0:
			held = append(held, d)
		default:
			others = append(others, d)
		}
	}
	missing := n - sizeOf(held)
	tight := tightestSet(others, missing)
	if level == len(s.levels)-1 {
		return plan{held: held, opened: tight, cost: []int{len(tight)}, sizes: sizesOf(tight)}
	}
	best := s.within(level, held, tight, n)
	try := func(set []*domain) bool {
		if found := s.within(level, held, set, n); found.compare(best) < 0 {
			best = found
		}
		return s.visitsLeft > 0
	}
	if len(tight) > 0 && s.visitsLeft > 0 && s.eachLikely(others, len(tight), missing, try) {
		eachSet(others, len(tight), missing, nil, try)
	}
	return best
}

// within returns the best plan that uses exactly these domains of a level.
func (s *search) within(level int, held, opened []*domain, n int) plan {
	setOpen := func(open bool) {
		for _, d := range held {
			d.open = open
		}
		for _, d := range opened {
			d.open = open
		}
	}
	setOpen(true)
	defer setOpen(false)
	best := s.plan(level+1, n)
	best.cost = append([]int{len(opened)}, best.cost...)
	best.sizes = append(best.sizes, sizesOf(opened)...)
	return best
}

func (p plan) compare(with plan) int {
	return cmp.Or(slices.Compare(p.cost, with.cost), slices.Compare(p.sizes, with.sizes))
}

// sizesOf returns the domains' sizes, the largest first.
func sizesOf(domains []*domain) []int {
	sizes := make([]int, len(domains))
	for i, d := range domains {
		sizes[i] = d.size
	}
	slices.SortFunc(sizes, func(a, b int) int { return cmp.Compare(b, a) })
	return sizes
}

// tightestSet picks as few of the domains, which are sorted by size, as have n free nodes together; of such sets the
// one whose largest is smallest, then its second largest, and so on.
func tightestSet(domains []*domain, n int) []*domain {
	count, largest := 0, 0
	for ; largest < n; count++ {
		largest += domains[len(domains)-1-count].size
	}
	upTo := make([]int, len(domains)+1)
	for i, d := range domains {
		upTo[i+1] = upTo[i] + d.size
	}
	set := make([]*domain, 0, count)
	for end := len(domains); count > 0; count-- {
		// With i as the largest, the domains just before it have the most nodes.
		first := count - 1
		i := first + sort.Search(end-first-1, func(i int) bool { return upTo[first+i+1]-upTo[i] >= n })
		set = append(set, domains[i])
		n -= domains[i].size
		end = i
	}
	return set
}

// eachLikely tries sets of count domains that are likely to have n free nodes in few narrower domains, until try
// returns false: for every size that a narrower domain has, the domains with the most nodes beyond that size.
func (s *search) eachLikely(domains []*domain, count, n int, try func([]*domain) bool) bool {
	sizes := map[int]bool{0: true}
	for _, d := range domains {
		for _, sub := range d.subs {
			sizes[sub.size] = true
		}
	}
	for _, size := range slices.Sorted(maps.Keys(sizes)) {
		beyond := make(map[*domain]int, len(domains))
		for _, d := range domains {
			s.visitsLeft -= len(d.subs)
			for _, sub := range d.subs {
				beyond[d] += max(sub.size-size, 0)
			}
		}
		set := slices.SortedStableFunc(slices.Values(domains), func(a, b *domain) int { return cmp.Compare(beyond[b], beyond[a]) })[:count]
		if s.visitsLeft <= 0 || sizeOf(set) >= n && !try(set) {
			return false
		}
	}
	return true
}

// eachSet tries every set of count domains with n free nodes, but only one of those that differ by interchangeable
// domains, until try returns false.
func eachSet(domains []*domain, count, n int, chosen []*domain, try func([]*domain) bool) bool {
	if count == 0 {
		return try(chosen)
	}
	others := sizeOf(domains[len(domains)-count+1:])
	for i, d := range domains[:len(domains)-count+1] {
		if d.size+others < n || i > 0 && d.shape == domains[i-1].shape {
			continue
		}
		if !eachSet(domains[i+1:], count-1, n-d.size, append(chosen, d), try) {
			return false
		}
	}
	return true
}
