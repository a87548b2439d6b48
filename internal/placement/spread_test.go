package placement_test

import (
	"cmp"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"foundation.team/operator/internal/placement"
)

// merit is what Choose minimises: how many domains the team is in, the widest first, then how large those are that it
// came into, the narrowest first and of these the largest.
type merit struct{ domains, opened []int }

// meritOf is the merit of a choice of free nodes.
func meritOf(own, free, chosen []placement.Node) merit {
	var m merit
	depth := len(free[0].Topology)
	for level := range depth {
		was, is, size := map[string]bool{}, map[string]bool{}, map[string]int{}
		for _, node := range free {
			size[within(node, level)]++
		}
		for _, node := range own {
			was[within(node, level)] = true
		}
		for _, node := range chosen {
			if at := within(node, level); !was[at] {
				is[at] = true
			}
		}
		m.domains = append(m.domains, len(was)+len(is))
		var opened []int
		for at := range is {
			opened = append(opened, size[at])
		}
		slices.SortFunc(opened, func(a, b int) int { return cmp.Compare(b, a) })
		m.opened = append(opened, m.opened...)
	}
	return m
}

func (m merit) compare(with merit) int {
	return cmp.Or(slices.Compare(m.domains, with.domains), slices.Compare(m.opened, with.opened))
}

// spread is the measure as a number: a domain weighs more than all narrower ones together, of which there are fewer
// than 32 in a test.
func (m merit) spread() float64 {
	sum := 0
	for _, count := range m.domains {
		sum = 32*sum + count
	}
	return float64(sum)
}

func within(node placement.Node, level int) string { return strings.Join(node.Topology[:level+1], "/") }

// best is the best merit of all choices of n free nodes.
func best(n int, own, free []placement.Node) merit {
	var best merit
	for set := range uint(1) << len(free) {
		if bits.OnesCount(set) != n {
			continue
		}
		var chosen []placement.Node
		for i, node := range free {
			if set>>i&1 == 1 {
				chosen = append(chosen, node)
			}
		}
		if m := meritOf(own, free, chosen); best.domains == nil || m.compare(best) < 0 {
			best = m
		}
	}
	return best
}

func named(list []placement.Node, names []string) []placement.Node {
	var found []placement.Node
	for _, node := range list {
		if slices.Contains(names, node.Name) {
			found = append(found, node)
		}
	}
	return found
}

// cluster draws a request in one to three levels of a few domains each.
func cluster(between func(low, high int) int) request {
	domains := make([]int, between(1, 3))
	for level := range domains {
		domains[level] = between(1, 5)
	}
	draw := func(kind string, count int) []placement.Node {
		list := make([]placement.Node, count)
		for i := range list {
			list[i].Name = fmt.Sprintf("%s%02d", kind, i)
			for _, count := range domains {
				list[i].Topology = append(list[i].Topology, fmt.Sprint(between(1, count)))
			}
		}
		return list
	}
	r := request{own: draw("own", between(0, 6)), free: draw("free", between(1, 12))}
	r.n = between(1, len(r.free))
	return r
}

// worst is how much more spread than the least a choice was at most.
type worst struct {
	ratio float64
	cases int
}

// check checks that no choice is less spread than Choose's, and that of those that are as little spread none keeps
// larger racks whole.
func (w *worst) check(t interface{ Fatalf(string, ...any) }, r request) {
	chosen := placement.Choose(r.n, r.own, r.free)
	got, want := meritOf(r.own, r.free, named(r.free, chosen)), best(r.n, r.own, r.free)
	w.cases++
	w.ratio = max(w.ratio, got.spread()/want.spread())
	if got.compare(want) != 0 {
		t.Fatalf("%v for %+v: %+v, best is %+v", chosen, r, got, want)
	}
}

func TestChooseIsBest(t *testing.T) {
	var w worst
	rapid.Check(t, func(t *rapid.T) {
		w.check(t, cluster(func(low, high int) int { return rapid.IntRange(low, high).Draw(t, "cluster") }))
	})
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		w.check(t, cluster(func(low, high int) int { return low + random.IntN(high-low+1) }))
	}
	t.Logf("at worst %.3f times the least spread, in %d clusters", w.ratio, w.cases)
}

// rackSizes draws a spine's free nodes by rack: of 16 each, many of them whole.
func rackSizes(t *rapid.T, racks int) []int {
	return rapid.SliceOfN(rapid.OneOf(rapid.Just(16), rapid.IntRange(1, 16)), racks, racks).Draw(t, "racks")
}

func inRacks(spine int, sizes []int) []placement.Node {
	var list []placement.Node
	for rack, size := range sizes {
		for i := range size {
			list = append(list, placement.Node{
				Name: fmt.Sprintf("n-%03d-%03d-%02d", spine, rack, i), Topology: []string{fmt.Sprint("s", spine), fmt.Sprint("r", rack)},
			})
		}
	}
	return list
}

// Of racks of 16 no more are opened than hold the nodes, of these no more whole ones than are needed with so few racks,
// and only one of the smallest keeps free nodes.
func TestChooseKeepsRacksWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rackSizes(t, rapid.IntRange(1, 40).Draw(t, "count"))
		free := inRacks(0, sizes)
		n := rapid.IntRange(1, len(free)).Draw(t, "n")
		size, taken := map[string]int{}, map[string]int{}
		for _, node := range free {
			size[node.Topology[1]]++
		}
		for _, node := range named(free, placement.Choose(n, nil, free)) {
			taken[node.Topology[1]]++
		}
		whole, smallest := 0, 16
		var begun []int
		for rack, nodes := range taken {
			smallest = min(smallest, size[rack])
			if size[rack] == 16 {
				whole++
			}
			if nodes < size[rack] {
				begun = append(begun, size[rack])
			}
		}
		if racks, needed := fewestRacks(sizes, n); len(taken) != racks || whole != needed {
			t.Fatalf("%d for %v opens %d racks, %d of them whole; %d and %d do", n, sizes, len(taken), whole, racks, needed)
		}
		if len(begun) > 1 || len(begun) == 1 && begun[0] != smallest {
			t.Fatalf("racks with %v free nodes keep some, the smallest has %d: %v", begun, smallest, taken)
		}
	})
}

// fewestRacks is how many racks hold n nodes, and how many of so many must be whole.
func fewestRacks(sizes []int, n int) (racks, whole int) {
	sorted := slices.SortedFunc(slices.Values(sizes), func(a, b int) int { return cmp.Compare(b, a) })
	sumOf := func(sizes []int) int {
		sum := 0
		for _, size := range sizes {
			sum += size
		}
		return sum
	}
	for sumOf(sorted[:racks]) < n {
		racks++
	}
	used := slices.DeleteFunc(sorted, func(size int) bool { return size == 16 })
	for 16*whole+sumOf(used[:min(len(used), racks-whole)]) < n {
		whole++
	}
	return racks, whole
}

// fewestInSpines is how many spines hold n nodes, and how many racks of so many spines, found by trying for each number
// of spines and racks how many nodes they hold at most.
func fewestInSpines(spines [][]int, n int) (inSpines, inRacks int) {
	racks := 0
	for _, sizes := range spines {
		racks += len(sizes)
	}
	holds := make([][]int, len(spines)+1)
	for i := range holds {
		holds[i] = make([]int, racks+1)
	}
	for _, sizes := range spines {
		sorted := slices.SortedFunc(slices.Values(sizes), func(a, b int) int { return cmp.Compare(b, a) })
		for i := len(spines); i > 0; i-- {
			for k := racks; k > 0; k-- {
				sum := 0
				for j, size := range sorted[:min(len(sorted), k)] {
					sum += size
					holds[i][k] = max(holds[i][k], holds[i-1][k-j-1]+sum)
				}
			}
		}
	}
	for i, of := range holds {
		for k, most := range of {
			if most >= n {
				return i, k
			}
		}
	}
	return 0, 0
}

// In clusters so large that not all sets of spines are compared, there are as few spines as can be, and nearly as few
// racks: whether racks are whole, used, or hold a node or two each.
func TestChooseIsNearlyBestInLargeClusters(t *testing.T) {
	const most, cases = 1.1, 300
	random := rand.New(rand.NewPCG(1, 2))
	worst, inexact := 1.0, 0
	for i := range cases {
		var spines [][]int
		var free []placement.Node
		for spine := range 8 + random.IntN(24) {
			sizes := make([]int, 2+random.IntN(11))
			for rack := range sizes {
				sizes[rack] = 1 + random.IntN([]int{16, 3}[i%2])
				if random.IntN(4) == 0 {
					sizes[rack] = 16
				}
			}
			spines = append(spines, sizes)
			free = append(free, inRacks(spine, sizes)...)
		}
		n := 1 + random.IntN(len(free))
		got := meritOf(nil, free, named(free, placement.Choose(n, nil, free))).domains
		inSpines, inRacks := fewestInSpines(spines, n)
		ratio := float64(got[1]) / float64(inRacks)
		if ratio > 1 {
			inexact++
		}
		if worst = max(worst, ratio); got[0] != inSpines || ratio > most {
			t.Fatalf("%d for %v is in %d spines and %d racks, %d and %d do", n, spines, got[0], got[1], inSpines, inRacks)
		}
	}
	t.Logf("at worst %.3f as many racks as needed; more than needed in %d of %d clusters", worst, inexact, cases)
}
