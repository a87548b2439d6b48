package pool

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/timing"
	"foundation.team/operator/test/support/builder"
)

// grace is the grace period of the pool, force its forceAfter.
const (
	grace = time.Hour
	force = 2 * grace
)

// world is a simulated cluster with one pool. The operator is called when its watches or its own requeues would call it,
// and every decision is checked.
type world struct {
	t     *rapid.T
	now   time.Time
	pool  *foundationv1alpha1.GPUPool
	teams map[string]*foundationv1alpha1.FoundationTeam
	nodes map[string]*corev1.Node
	// pods are by node and name: the UID of the team that a pod belongs to.
	pods map[string]map[string]types.UID
	// createdAt is when each pod was created.
	createdAt map[string]time.Time
	// owner is the team that really holds each node, whatever its metadata says; free nodes are not in it.
	owner map[string]gpunode.Owner
	// closedAt is when a node was closed to its team: until it has settled, a pod may still be on its way to it.
	closedAt map[string]time.Time
	// requeueAt is when the operator asked to be requeued.
	requeueAt time.Time
	// budget is true if a PodDisruptionBudget refuses evictions.
	budget bool
	// crash is after how many more writes the operator crashes; flaky is true if every other write to a node fails.
	crash int
	flaky bool
	// demands debounces the teams' demands for that long.
	demands  debouncer
	debounce time.Duration
	// scrubs is the scrubber; nil if there is none. karpenter provisions the nodes; nil in a static pool.
	scrubs    *scrubber
	karpenter *cloud
	// busy is true if something happened that the operator does not watch.
	busy   bool
	serial int
}

func newWorld(t *rapid.T, mods ...builder.PoolMod) *world {
	mods = append([]builder.PoolMod{builder.Grace(grace)}, mods...)
	if rapid.Bool().Draw(t, "force") {
		mods = append(mods, builder.Force(force))
	}
	if rapid.Bool().Draw(t, "repair") {
		mods = append(mods, builder.Repair(
			rapid.SampledFrom([]time.Duration{0, time.Second, grace / 4}).Draw(t, "replace after"), rapid.Int32Range(0, 2).Draw(t, "spares")))
	}
	return &world{
		t: t, now: now, pool: builder.Pool(b200, mods...), debounce: time.Duration(rapid.IntRange(0, 2).Draw(t, "debounce")) * time.Second,
		teams: map[string]*foundationv1alpha1.FoundationTeam{}, nodes: map[string]*corev1.Node{},
		pods: map[string]map[string]types.UID{}, createdAt: map[string]time.Time{}, owner: map[string]gpunode.Owner{}, closedAt: map[string]time.Time{},
	}
}

// newStaticWorld starts with some nodes.
func newStaticWorld(t *rapid.T, mods ...builder.PoolMod) *world {
	w := newWorld(t, append([]builder.PoolMod{builder.TopologyKeys("rack")}, mods...)...)
	if requireScrub(w.pool) {
		w.scrubs = newScrubber()
	}
	for range rapid.IntRange(1, 6).Draw(t, "nodes") {
		w.addNode()
	}
	w.watchFires()
	return w
}

func (w *world) addNode() {
	w.serial++
	name := fmt.Sprintf("n%02d", w.serial)
	rack := rapid.SampledFrom([]string{"r1", "r2"}).Draw(w.t, "rack")
	w.nodes[name] = builder.Node(name, builder.Matching(b200), builder.Labelled("rack", rack))
	w.pods[name] = map[string]types.UID{}
	w.scrubs.dirties(name)
}

func (w *world) addPod(node string, team types.UID) {
	w.serial++
	name := fmt.Sprintf("p%02d", w.serial)
	w.pods[node][name], w.createdAt[name] = team, w.now
	w.busy = true
}

// input returns what observe would find, as copies.
func (w *world) input() Input {
	var things []any
	for _, name := range slices.Sorted(maps.Keys(w.teams)) {
		things = append(things, w.teams[name].DeepCopy())
	}
	for _, node := range w.nodes {
		if isObserved(node) {
			things = append(things, node.DeepCopy())
		}
	}
	things = append(things, w.karpenter.has()...)
	in := input(w.pool.DeepCopy(), append(things, w.now)...)
	in.DebounceUntil = w.demands.until(w.pool.Name, demandDigest(in.Teams, w.pool.Name), w.now, w.debounce)
	return in
}

func (w *world) decide(in *Input) (Decision, foundationv1alpha1.GPUPoolStatus, Plan) {
	decision := Decide(*in)
	for _, name := range NodesToInspect(decision) {
		for _, pod := range slices.Sorted(maps.Keys(w.pods[name])) {
			in.Pods[name] = append(in.Pods[name], builder.Pod("x", pod, w.createdAt[pod]))
		}
	}
	return decision, BuildStatus(*in, decision), BuildPlan(*in, decision)
}

// reconcile does what the controller's reconcile does.
func (w *world) reconcile() {
	in := w.input()
	decision, status, result := w.decide(&in)
	w.checkGrants(in, status)
	w.pool.Status = status
	w.checkStable(in)
	w.requeueAt = w.now.Add(timing.Wait(w.now, result.RequeueAt, nextTransition(in, decision), requeueAt(in, decision)))
	if w.requeueAt.Equal(w.now) {
		w.requeueAt = time.Time{}
	}
	if w.crashes() || !w.resize(result) {
		w.requeueAt = w.now.Add(time.Second)
		return
	}
	for i, transition := range result.Transitions {
		if w.flaky && i%2 == 0 {
			w.requeueAt = w.now.Add(time.Second)
			continue
		}
		if w.crashes() {
			w.requeueAt = w.now.Add(time.Second)
			return
		}
		if w.karpenter.patches(w, transition) {
			w.checkTransition(transition, result)
			w.nodes[transition.After.Name] = transition.After.DeepCopy()
		}
	}
	w.endPods(result)
	if !w.endClaims(result) {
		w.requeueAt = w.now.Add(time.Second)
	}
	w.flaky, w.busy = false, false
}

// crashes reports whether the operator crashes before its next write.
func (w *world) crashes() bool {
	w.crash = max(w.crash-1, -1)
	return w.crash == 0
}

func (w *world) endPods(result Plan) {
	for _, pod := range result.Evictions {
		w.checkEnded(pod.Name, grace)
		if !w.budget {
			w.endPod(pod.Name)
		}
	}
	for _, pod := range result.PodDeletions {
		w.checkEnded(pod.Name, force)
		w.endPod(pod.Name)
	}
}

func (w *world) endPod(name string) {
	for _, pods := range w.pods {
		delete(pods, name)
	}
}

// watchFires reconciles until nothing is written any more, because every write triggers a watch.
func (w *world) watchFires() {
	const enough = 8
	for range enough {
		before := w.snapshot()
		w.reconcile()
		if w.snapshot() == before {
			return
		}
	}
	w.t.Fatalf("still writing after %d rounds, now %s", enough, w.snapshot())
}

func (w *world) snapshot() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(w.nodes)) {
		words = append(words, name+": "+describe(w.nodes[name]))
	}
	return strings.Join(words, "\n") + "\n" + w.karpenter.describe() + asJSON(w.t, w.pool.Status)
}

// passTime lets time pass, and reconciles when the operator asked for it.
func (w *world) passTime(d time.Duration) {
	end := w.now.Add(d)
	for !w.requeueAt.IsZero() && !w.requeueAt.After(end) {
		w.checkNothingMissed(w.requeueAt.Add(-time.Second))
		w.now = w.requeueAt
		w.watchFires()
		if !w.requeueAt.IsZero() && !w.requeueAt.After(w.now) {
			w.t.Fatalf("asks at %s to be woken at %s", w.now, w.requeueAt)
		}
	}
	w.checkNothingMissed(end)
	w.now = end
}

// isObserved reports whether the operator can find a node. It cannot find one that lost its label and left the pool at
// once.
func isObserved(node *corev1.Node) bool {
	return node.Labels[builder.ModelLabel] == b200 || node.Labels[foundationv1alpha1.LabelPool] == b200
}

// isPolling reports whether the operator polls nodes: while they change hands, unless somebody else has to act on them
// first.
func (w *world) isPolling() bool {
	return w.karpenter.misses(w) || slices.ContainsFunc(slices.Collect(maps.Values(w.nodes)), func(node *corev1.Node) bool {
		since := node.Annotations[foundationv1alpha1.AnnotationDrainingSince]
		return since != "" && isObserved(node) && !w.scrubs.holdsUp(node) && !w.karpenter.ends(node)
	})
}
