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

// samplePlans is how many plans are done in the sample.
const samplePlans = 24

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

// harm is what goes wrong in a step, once: with a request, or with a watch.
type harm struct {
	// at is the request that kind is done to; nil if it is a watch that is harmed.
	at     *call
	kind   kind
	stream *streamFault
	done   atomic.Bool
}

func (h *harm) String() string {
	if h.stream != nil {
		return fmt.Sprintf("%s of %s in step %d", h.stream.kind, h.stream.resource, h.stream.step)
	}
	return fmt.Sprintf("%s of %s", h.kind, h.at)
}

func (h *harm) isDone() bool { return h.done.Load() || h.stream != nil && h.stream.isDone() }

// plans returns what goes wrong in each plan of a workload: in every step one thing at most. The step after it begins when the
// harmed one has ended as it does without faults, so each fault is judged alone.
func (r recording) plans() [][]*harm {
	var plans [][]*harm
	for _, ofStep := range r.harms() {
		for i, h := range ofStep {
			if i == len(plans) {
				plans = append(plans, nil)
			}
			plans[i] = append(plans[i], h)
		}
	}
	return plans
}

// harms returns what can go wrong in each step of a workload: every write with some of the faults in turn, every read with one,
// and the watch of every resource that the step changes, with each.
func (r recording) harms() [][]*harm {
	all := make([][]*harm, len(r.states))
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
			all[c.step] = append(all[c.step], &harm{at: &c, kind: kind})
		}
	}
	for step := first; step < len(r.states); step++ {
		for _, resource := range r.changed[step] {
			for _, kind := range watchFaults {
				all[step] = append(all[step], &harm{stream: &streamFault{resource: resource, step: step, kind: kind}})
			}
		}
	}
	return all
}

// tryOf is a workload with what goes wrong in it.
type tryOf struct {
	recording
	harms []*harm
}

// TestRequests does every workload with every fault that its requests and watches can have, one at a time.
func TestRequests(t *testing.T) {
	part, parts := partOf(t, os.Getenv("FAULTS_PART"))
	var tries []tryOf
	faults := 0
	for i, r := range recordings(t) {
		if i%parts != part-1 {
			continue // whole workloads: two recordings of one need not have the same number of calls
		}
		for _, harms := range chosen(r.plans(), len(recorded.all)) {
			tries = append(tries, tryOf{r, harms})
			faults += len(harms)
		}
	}
	fmt.Fprintf(os.Stdout, "%d plans of %d workloads with %d faults are to be done\n", len(tries), len(recorded.all), faults)
	var told progress
	t.Run("with faults", func(t *testing.T) {
		for _, try := range tries {
			t.Run(try.work.name, func(t *testing.T) {
				t.Parallel()
				defer func() { told.done(t, try.harms) }()
				try.try(t, try.harms)
			})
		}
	})
	fmt.Fprintf(os.Stdout, "faults: plans=%d faults=%d divergences=%d\n", told.plans, told.faults, told.failed)
}

// partOf reads which part of the workloads is to be done, of how many, such as 2/3; 1 of 1 of an empty text.
func partOf(t *testing.T, text string) (part, parts int) {
	t.Helper()
	if text == "" {
		return 1, 1
	}
	if _, err := fmt.Sscanf(text, "%d/%d", &part, &parts); err != nil || part < 1 || part > parts {
		t.Fatalf("FAULTS_PART=%s is no part, such as 2/3", text)
	}
	return part, parts
}

// chosen returns all plans of a workload, or in the sample a part that is spread over all.
func chosen(all [][]*harm, workloads int) [][]*harm {
	most := (samplePlans + workloads - 1) / workloads
	if full || len(all) <= most {
		return all
	}
	var some [][]*harm
	for i := range most {
		some = append(some, all[i*len(all)/most])
	}
	return some
}

// try does the workload with faults.
func (r recording) try(t *testing.T, harms []*harm) {
	t.Helper()
	p := newPlan(t, nextName(), r.work)
	p.want, p.lost = r.states, r.lost
	p.proxy.harms = harms
	p.run()
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

func (p *progress) done(t *testing.T, harms []*harm) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plans++
	for _, h := range harms {
		if h.isDone() {
			p.faults++
		}
	}
	if t.Failed() {
		p.failed++
	}
	if full && realClock.Since(p.said) > 10*time.Second {
		p.said = realClock.Now()
		fmt.Fprintf(os.Stderr, "%d plans, %d faults\n", p.plans, p.faults)
	}
}
