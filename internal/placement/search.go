package placement

import (
	"cmp"
	"maps"
	"slices"
	"sort"
)

// effort is how many domains a search looks at before it takes the best that it has found: a few milliseconds. All sets
// of ten spines of 45 racks take less.
const effort = 200_000

// search looks for the best domains to choose nodes from, level by level, the widest first. Which ones are best shows
// only further in: of two spines that hold enough, one may do it in fewer racks.
type search struct {
	root *domain
	// levels are the domains with free nodes, the smallest first.
	levels [][]*domain
	effort int
}

// plan is where to choose nodes. Domains where the team is cost nothing: they are always used first.
type plan struct {
	own, opened []*domain
	// cost is how many domains it opens, the widest first, and sizes how large they are, the narrowest first and of
	// these the largest.
	cost, sizes []int
}

func newSearch(own, free []Node) *search {
	s := &search{root: &domain{open: true}, levels: make([][]*domain, len(free[0].Topology)), effort: effort}
	for _, node := range free {
		s.root.add(node)
	}
	for _, node := range own {
		s.root.addOwn(node)
	}
	s.root.collect(s.levels)
	for _, domains := range s.levels {
		slices.SortFunc(domains, order)
	}
	return s
}

// choose gives the names of n nodes.
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
	for len(chosen) < n && len(best.own) > 0 {
		next := slices.MinFunc(best.own, func(a, b *domain) int {
			return cmp.Or(mostOwn(a, b), compareFit(a.size, b.size, n-len(chosen)), byPath(a, b))
		})
		take(next)
		best.own = slices.DeleteFunc(best.own, func(d *domain) bool { return d == next })
	}
	slices.SortFunc(best.opened, func(a, b *domain) int { return cmp.Or(cmp.Compare(b.size, a.size), byPath(a, b)) })
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

// plan finds the best plan for n nodes from a level on, within the domains of wider levels that are open.
func (s *search) plan(level, n int) plan {
	s.effort -= len(s.levels[level])
	var own, others []*domain
	for _, d := range s.levels[level] {
		switch {
		case !d.parent.open:
		case d.own > 0:
			own = append(own, d)
		default:
			others = append(others, d)
		}
	}
	missing := n - sizeOf(own)
	tight := tightest(others, missing)
	if level == len(s.levels)-1 {
		return plan{own: own, opened: tight, cost: []int{len(tight)}, sizes: sizesOf(tight)}
	}
	best := s.within(level, own, tight, n)
	try := func(set []*domain) bool {
		if found := s.within(level, own, set, n); found.compare(best) < 0 {
			best = found
		}
		return s.effort > 0
	}
	if len(tight) > 0 && s.effort > 0 && s.eachLikely(others, len(tight), missing, try) {
		eachSet(others, len(tight), missing, nil, try)
	}
	return best
}

// within is the best plan of those that use these domains of a level.
func (s *search) within(level int, own, opened []*domain, n int) plan {
	mark := func(open bool) {
		for _, d := range own {
			d.open = open
		}
		for _, d := range opened {
			d.open = open
		}
	}
	mark(true)
	defer mark(false)
	best := s.plan(level+1, n)
	best.cost = append([]int{len(opened)}, best.cost...)
	best.sizes = append(best.sizes, sizesOf(opened)...)
	return best
}

func (p plan) compare(with plan) int {
	return cmp.Or(slices.Compare(p.cost, with.cost), slices.Compare(p.sizes, with.sizes))
}

// sizesOf are the domains' sizes, the largest first.
func sizesOf(domains []*domain) []int {
	sizes := make([]int, len(domains))
	for i, d := range domains {
		sizes[i] = d.size
	}
	slices.SortFunc(sizes, func(a, b int) int { return cmp.Compare(b, a) })
	return sizes
}

// tightest picks as few of the domains, which are sorted by size, as hold n nodes together; of such sets the one whose
// largest is smallest, then its second largest, and so on.
func tightest(domains []*domain, n int) []*domain {
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
		// With i as the largest, those before it that are next in size hold most.
		first := count - 1
		i := first + sort.Search(end-first-1, func(i int) bool { return upTo[first+i+1]-upTo[i] >= n })
		set = append(set, domains[i])
		n -= domains[i].size
		end = i
	}
	return set
}

// eachLikely tries sets of count of the domains that hold n nodes in few narrower ones, until try says that it is
// enough: for every size that a narrower domain has, those with most nodes beyond that size in each.
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
			s.effort -= len(d.subs)
			for _, sub := range d.subs {
				beyond[d] += max(sub.size-size, 0)
			}
		}
		set := slices.SortedStableFunc(slices.Values(domains), func(a, b *domain) int { return cmp.Compare(beyond[b], beyond[a]) })[:count]
		if s.effort <= 0 || sizeOf(set) >= n && !try(set) {
			return false
		}
	}
	return true
}

// eachSet tries every set of count of the domains that holds n nodes, one of those that are as good as each other,
// until try says that it is enough.
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
