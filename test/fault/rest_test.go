package fault

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/manifest"
)

const (
	// handful is how many requests a situation may cost in a minute, events and all.
	handful = 6
	// watchedFor is for how long requests are counted.
	watchedFor = 40 * time.Second
)

// situations are states that last until somebody does something. In each there is something to try again, and it must not
// be tried all the time.
func situations() []workload {
	team := func(lines ...string) []func(*plan) {
		return []func(*plan){func(p *plan) { p.team("a", lines...) }}
	}
	return []workload{
		{name: "all is as declared", steps: []func(*plan){given}},
		{name: "the pool does not exist", steps: []func(*plan){func(p *plan) { p.team("a", p.gpus(16), manifest.Train) }}},
		{name: "the programme does not exist", steps: team("programName: nowhere", manifest.Train)},
		{name: "the storage class does not exist", steps: team(manifest.Train, `volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: nowhere}]`)},
		{name: "storage does not come", steps: team(manifest.Train, `volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: standard, accessModes: [ReadWriteMany]}]`)},
		{name: "a namespace is somebody else's", steps: []func(*plan){func(p *plan) {
			p.apply(fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: %s-train}", p.named("a")))
			p.team("a", manifest.Train)
		}}},
		{name: "a namespace cannot go", steps: []func(*plan){given, func(p *plan) {
			p.patch(&corev1.Namespace{}, "", "a-eval", `{"metadata":{"finalizers":["fault.example.com/stays"]}}`)
			p.delete(&corev1.Namespace{}, "a-eval")
		}}},
		{name: "more GPUs are awarded than there are", steps: []func(*plan){func(p *plan) {
			p.pool()
			p.team("a", p.gpus(64), manifest.Train)
		}}},
		{name: "a deletion is held", steps: []func(*plan){given, func(p *plan) {
			p.patch(&foundationv1alpha1.FoundationTeam{}, "", "a", `{"metadata":{"annotations":{"foundation.team/hold":"audit"}},"spec":{"deletionPolicy":"Delete"}}`)
			p.delete(&foundationv1alpha1.FoundationTeam{}, "a")
		}}},
		{name: "a pool waits for its teams", steps: []func(*plan){given, func(p *plan) { p.delete(&foundationv1alpha1.GPUPool{}, "pool") }}},
		{name: "a node is broken and there is no spare", steps: []func(*plan){func(p *plan) {
			p.pool("repair: {replaceAfter: 1s}")
			p.team("a", p.gpus(32), manifest.Train)
		}, func(p *plan) { p.waitHeld(4); p.patchHeld(`{"spec":{"unschedulable":true}}`) }}},
		{name: "a job does not leave a node that drains", steps: []func(*plan){func(p *plan) {
			p.nodes("pool", "n1", "n2", "n3", "n4")
			p.apply(manifest.StaticPool(p.named("pool"), "reclaim: {gracePeriod: 720h}"))
			p.team("a", p.gpus(32), manifest.Train)
		}, func(p *plan) { p.waitHeld(4); p.jobs("a", "job", 4) }, func(p *plan) { p.team("a", p.gpus(8), manifest.Train) }}, asks: 3 * int(watchedFor/gpunode.InspectInterval)},
	}
}

// TestRest counts what each situation costs when nobody does anything.
func TestRest(t *testing.T) {
	if !full {
		t.Skip("situations are watched for as long as it takes to see what is tried again: make test-faults")
	}
	for _, situation := range situations() {
		t.Run(situation.name, func(t *testing.T) {
			t.Parallel()
			p := newPlan(t, nextName(), situation)
			p.start()
			for i, step := range situation.steps {
				p.proxy.begin(i)
				step(p)
				p.settle()
			}
			p.proxy.begin(len(situation.steps))
			if err := wait(t.Context(), watchedFor); err != nil {
				t.Fatal(err)
			}
			if asked, most := p.proxy.count(len(situation.steps)), situation.asks+int(handful*watchedFor/time.Minute); asked > most {
				t.Errorf("%d requests in %s, want %d at most: %s", asked, watchedFor, most, p.proxy.last(asked))
			}
		})
	}
}
