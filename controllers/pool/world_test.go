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
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// grace is the reclaim period of the world's pool.
const grace = time.Hour

// world is a cluster with one pool in which things happen. The operator is called as its watches and its own wake-up
// calls would have it, and everything it decides is checked.
type world struct {
	t     *rapid.T
	now   time.Time
	pool  *foundationv1alpha1.GPUPool
	teams map[string]*foundationv1alpha1.FoundationTeam
	nodes map[string]*corev1.Node
	// pods are what runs, by node and pod name: the UID of the team whose it is.
	pods map[string]map[string]types.UID
	// since is when each pod was made.
	since map[string]time.Time
	// owner is whose each node is, whatever its marks say; a node of nobody is not in it.
	owner map[string]teamKey
	// left is when a node was closed to its team: until it has settled, a pod may still be on its way there.
	left map[string]time.Time
	// wake is when the operator asked to be woken.
	wake time.Time
	// budget says that a disruption budget refuses evictions.
	budget bool
	// crash says that the operator dies between writing its status and changing nodes, flaky that every other write
	// to a node fails.
	crash, flaky bool
	// busy says that something happened that the operator does not watch.
	busy   bool
	serial int
}

func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, now: now, pool: builder.Pool(b200, builder.Grace(grace), builder.TopologyKeys("rack")),
		teams: map[string]*foundationv1alpha1.FoundationTeam{}, nodes: map[string]*corev1.Node{},
		pods: map[string]map[string]types.UID{}, since: map[string]time.Time{}, owner: map[string]teamKey{}, left: map[string]time.Time{},
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
}

func (w *world) addPod(node string, team types.UID) {
	w.serial++
	name := fmt.Sprintf("p%02d", w.serial)
	w.pods[node][name], w.since[name] = team, w.now
	w.busy = true
}

// input is what an observer finds, copies of everything.
func (w *world) input() Input {
	var things []any
	for _, name := range slices.Sorted(maps.Keys(w.teams)) {
		things = append(things, w.teams[name].DeepCopy())
	}
	for _, node := range w.nodes {
		if inSight(node) {
			things = append(things, node.DeepCopy())
		}
	}
	return input(w.pool.DeepCopy(), append(things, w.now)...)
}

func (w *world) decide(in *Input) (Grants, foundationv1alpha1.GPUPoolStatus, Nodes) {
	grants := DecideGrants(*in)
	for _, name := range ToInspect(*in, grants) {
		for _, pod := range slices.Sorted(maps.Keys(w.pods[name])) {
			in.Pods[name] = append(in.Pods[name], builder.Pod("x", pod, w.since[pod]))
		}
	}
	return grants, BuildStatus(*in, grants), BuildNodes(*in, grants)
}

// reconcile does what the controller does.
func (w *world) reconcile() {
	in := w.input()
	grants, status, result := w.decide(&in)
	w.checkGrants(in, status)
	w.pool.Status = status
	w.checkAgain(in)
	w.wake = w.now.Add(lifecycle.Wait(w.now, result.Next, nextTransition(in, grants)))
	if w.wake.Equal(w.now) {
		w.wake = time.Time{}
	}
	if w.crash {
		w.crash, w.wake = false, w.now.Add(time.Second)
		return
	}
	for i, change := range result.Changes {
		if w.flaky && i%2 == 0 {
			w.wake = w.now.Add(time.Second)
			continue
		}
		w.checkChange(change, result)
		w.nodes[change.After.Name] = change.After.DeepCopy()
	}
	for _, pod := range result.Evict {
		w.checkEviction(pod.Name)
		if !w.budget {
			for _, pods := range w.pods {
				delete(pods, pod.Name)
			}
		}
	}
	w.flaky, w.busy = false, false
}

// watchFires reconciles until nothing is written any more: each write is seen by a watch.
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
	return strings.Join(words, "\n") + "\n" + asJSON(w.t, w.pool.Status)
}

// pass lets time pass, and wakes the operator when it asked for it.
func (w *world) pass(d time.Duration) {
	end := w.now.Add(d)
	for !w.wake.IsZero() && !w.wake.After(end) {
		w.checkAsleep(w.wake.Add(-time.Second))
		w.now = w.wake
		w.watchFires()
		if !w.wake.IsZero() && !w.wake.After(w.now) {
			w.t.Fatalf("asks at %s to be woken at %s", w.now, w.wake)
		}
	}
	w.checkAsleep(end)
	w.now = end
}

// inSight says whether the operator finds a node. One that lost its label and left the pool at once it does not.
func inSight(node *corev1.Node) bool {
	return node.Labels[builder.ModelLabel] == b200 || node.Labels[foundationv1alpha1.LabelPool] == b200
}

// polls says whether nodes are on their way.
func (w *world) polls() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(w.nodes)), func(node *corev1.Node) bool {
		return inSight(node) && node.Annotations[foundationv1alpha1.AnnotationReleasingSince] != ""
	})
}
