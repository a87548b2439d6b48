package placement_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"foundation.team/operator/internal/placement"
)

// goal is how long choosing from 5,000 free nodes may take.
const goal = 20 * time.Millisecond

// request is a number of nodes for a team that has some, of those that are free.
type request struct {
	n         int
	own, free []placement.Node
}

// requests are of clusters with 5,000 free nodes. Where racks are used no two spines are alike; of many spines there are
// too many sets to compare.
func requests() map[string]request {
	random := rand.New(rand.NewPCG(1, 2))
	var whole, used, many, deep, own []placement.Node
	for spine := range 10 {
		sizes := make([]int, 32)
		for rack := range sizes {
			sizes[rack] = 16
		}
		whole = append(whole, inRacks(spine, sizes)...)
		used = append(used, inRacks(spine, usedRacks(random, 45))...)
	}
	for spine := range 40 {
		many = append(many, inRacks(spine, usedRacks(random, 12))...)
	}
	for _, node := range many {
		topology := []string{node.Topology[0][:1], node.Topology[0][:2]}
		topology = append(append(topology, node.Topology...), node.Name[:len(node.Name)-1])
		deep = append(deep, placement.Node{Name: node.Name, Topology: topology})
	}
	for i := range 300 {
		own = append(own, placement.Node{Name: fmt.Sprint("own-", i), Topology: []string{fmt.Sprint("s", i%3), fmt.Sprint("r", i%40)}})
	}
	all := map[string]request{}
	for _, n := range []int{64, 512, 2500} {
		all[fmt.Sprint(n, " of whole racks")] = request{n, nil, whole}
		all[fmt.Sprint(n, " of used racks")] = request{n, nil, used}
		all[fmt.Sprint(n, " of many spines")] = request{n, nil, many}
		all[fmt.Sprint(n, " in five levels")] = request{n, nil, deep}
		all[fmt.Sprint(n, " near 300 of the team's")] = request{n, own, used}
	}
	return all
}

func usedRacks(random *rand.Rand, racks int) []int {
	sizes := make([]int, racks)
	for rack := range sizes {
		sizes[rack] = max(16-random.IntN(5)*random.IntN(5), 1)
	}
	return sizes
}

func (r request) choose(b *testing.B) {
	b.Helper()
	if len(r.free) < 5000 {
		b.Fatalf("only %d nodes are free", len(r.free))
	}
	for b.Loop() {
		if chosen := placement.Choose(r.n, r.own, r.free); len(chosen) != r.n {
			b.Fatal(len(chosen))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/choice")
}

func BenchmarkChoose(b *testing.B) {
	for name, request := range requests() {
		b.Run(name, request.choose)
	}
}

// Machines that run tests are shared, so the limit is far above the goal: it catches only work such as comparing all
// sets of racks.
func TestChooseIsFast(t *testing.T) {
	all := requests()
	result := testing.Benchmark(func(b *testing.B) {
		b.Helper()
		for b.Loop() {
			for _, request := range all {
				placement.Choose(request.n, request.own, request.free)
			}
		}
	})
	took := time.Duration(result.NsPerOp()) / time.Duration(len(all))
	t.Logf("%s for a choice; the goal is %s", took, goal)
	if result.N == 0 || took > 10*goal {
		t.Errorf("%s for a choice, the goal is %s", took, goal)
	}
}
