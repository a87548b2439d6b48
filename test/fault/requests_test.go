package fault

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// sampleHarms is how many plans are done in the sample.
const sampleHarms = 24

// faultsPerWrite is how many of the faults each write is tried with, in turn.
const faultsPerWrite = 3

// recording is what a workload takes without faults.
type recording struct {
	work   workload
	states []map[string]string
	calls  []call
	// changed are the resources of which each step changes objects.
	changed [][]string
	lost    map[string]int
}

// names gives every plan its own.
var names atomic.Int32

func nextName() string { return fmt.Sprintf("f%05d", names.Add(1)) }

// record does a workload without faults and returns what that took.
func record(t *testing.T, work workload) recording {
	t.Helper()
	p := newPlan(t, nextName(), work)
	r := recording{work: work, states: p.run()}
	r.calls, r.lost = p.proxy.calls, view.lost(p.name)
	before := map[string]string{}
	for _, state := range r.states {
		r.changed = append(r.changed, changedResources(before, state))
		before = state
	}
	return r
}

// recordings does every workload once without faults, for all tests of the package.
func recordings(t *testing.T) []recording {
	t.Helper()
	recorded.once.Do(func() {
		t.Run("without faults", func(t *testing.T) {
			for _, work := range tried() {
				t.Run(work.name, func(t *testing.T) {
					t.Parallel()
					r := record(t, work)
					recorded.mu.Lock()
					defer recorded.mu.Unlock()
					recorded.all = append(recorded.all, r)
				})
			}
		})
		slices.SortFunc(recorded.all, func(a, b recording) int { return strings.Compare(a.work.name, b.work.name) })
	})
	if len(recorded.all) != len(tried()) {
		t.Fatal("without the state that workloads have without faults there is nothing to compare with")
	}
	return recorded.all
}

// tried returns all workloads, or in the sample every third.
func tried() []workload {
	all := workloads()
	if full {
		return all
	}
	var some []workload
	for i := 0; i < len(all); i += 3 {
		some = append(some, all[i])
	}
	return some
}

var recorded struct {
	once sync.Once
	mu   sync.Mutex
	all  []recording
}

// changedResources returns the resources of the objects that differ between two states.
func changedResources(before, after map[string]string) []string {
	kinds := map[string]bool{}
	for _, pair := range [][2]map[string]string{{before, after}, {after, before}} {
		for name, content := range pair[0] {
			if pair[1][name] != content {
				kind, _, _ := strings.Cut(name, " ")
				kinds[resourceOf(strings.TrimSuffix(kind, "s"))] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(kinds))
}

func resourceOf(kind string) string {
	kind = strings.ToLower(kind)
	if stem, ok := strings.CutSuffix(kind, "y"); ok {
		return stem + "ies"
	}
	return kind + "s"
}

// harm is what goes wrong in a plan: with a request, or with a watch.
type harm struct {
	at     *call
	kind   kind
	stream *streamFault
}

// harms returns what goes wrong in a workload, one thing in each plan: every write with some of the faults in turn, every read
// with one, and the watch of every resource that a step changes, with each.
func (r recording) harms() []harm {
	var all []harm
	first := 0
	if len(r.states) > 1 {
		first = 1 // before it is the place that it begins in
	}
	for i, c := range r.calls {
		if c.step < first || c.event {
			continue
		}
		kinds := []kind{readFaults[i%len(readFaults)]}
		if c.write {
			kinds = nil
			for j := range faultsPerWrite {
				kinds = append(kinds, writeFaults[(i*faultsPerWrite+j)%len(writeFaults)])
			}
		}
		for _, kind := range kinds {
			all = append(all, harm{at: &c, kind: kind})
		}
	}
	for step := first; step < len(r.states); step++ {
		for _, resource := range r.changed[step] {
			for _, kind := range watchFaults {
				all = append(all, harm{stream: &streamFault{resource: resource, step: step, kind: kind}})
			}
		}
	}
	return all
}

// TestRequests does every workload with every fault that its requests and watches can have, one at a time.
func TestRequests(t *testing.T) {
	recorded := recordings(t)
	var told progress
	planned := 0
	for _, r := range recorded {
		planned += len(chosen(r.harms(), len(recorded)))
	}
	fmt.Fprintf(os.Stdout, "%d plans of %d workloads are to be done\n", planned, len(recorded))
	t.Run("with faults", func(t *testing.T) {
		for _, r := range recorded {
			for _, h := range chosen(r.harms(), len(recorded)) {
				t.Run(r.work.name, func(t *testing.T) {
					t.Parallel()
					harmed := false
					defer func() { told.done(t, harmed) }()
					harmed = r.try(t, h)
				})
			}
		}
	})
	fmt.Fprintf(os.Stdout, "faults: plans=%d faults=%d divergences=%d\n", told.plans, told.faults, told.failed)
}

// chosen returns all that can go wrong, or a part of it that is spread over all in the sample.
func chosen(all []harm, workloads int) []harm {
	most := (sampleHarms + workloads - 1) / workloads
	if full || len(all) <= most {
		return all
	}
	var some []harm
	for i := range most {
		some = append(some, all[i*len(all)/most])
	}
	return some
}

// try does the workload with one fault and reports whether the fault came.
func (r recording) try(t *testing.T, h harm) bool {
	t.Helper()
	p := newPlan(t, nextName(), r.work)
	p.want, p.lost = r.states, r.lost
	p.proxy.at, p.proxy.kind, p.proxy.stream = h.at, h.kind, h.stream
	first := p.proxy
	p.run()
	return first.isHarmed() || h.stream != nil && h.stream.isDone()
}

// tryOutside does the workload with the operator that runs outside of the plan, whatever becomes of that.
func (r recording) tryOutside(t *testing.T) {
	t.Helper()
	p := newPlan(t, nextName(), r.work)
	p.want, p.lost, p.outside = r.states, r.lost, true
	p.run()
}

// progress counts what was tried.
type progress struct {
	mu                    sync.Mutex
	plans, faults, failed int
	said                  time.Time
}

func (p *progress) done(t *testing.T, harmed bool) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plans++
	if harmed {
		p.faults++
	}
	if t.Failed() {
		p.failed++
	}
	if full && realClock.Since(p.said) > 10*time.Second {
		p.said = realClock.Now()
		fmt.Fprintf(os.Stderr, "%d plans, %d faults\n", p.plans, p.faults)
	}
}
