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
		if node.Labels[builder.ModelLabel] == b200 || node.Labels[foundationv1alpha1.LabelPool] == b200 {
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

// checkAsleep checks that the operator would have nothing to do at a moment before the one it asked to be woken at.
// While nodes are on their way it looks every now and then, and may be late.
func (w *world) checkAsleep(at time.Time) {
	if !at.After(w.now) || w.busy || w.polls() {
		return
	}
	in := w.input()
	in.Now = at
	_, status, result := w.decide(&in)
	if got, was := asJSON(w.t, status), asJSON(w.t, w.pool.Status); got != was || len(result.Changes)+len(result.Evict) > 0 {
		w.t.Fatalf("at %s, asleep until %s, the status should be\n%s and is\n%s", at, w.wake, got, was)
	}
}

// polls says whether nodes are on their way.
func (w *world) polls() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(w.nodes)), func(node *corev1.Node) bool {
		return node.Annotations[foundationv1alpha1.AnnotationReleasingSince] != ""
	})
}

func (w *world) checkGrants(in Input, status foundationv1alpha1.GPUPoolStatus) {
	checkLines(w.t, status.Grants)
	before := map[string]int32{}
	for _, grant := range w.pool.Status.Grants {
		before[grant.Team+"/"+grant.UID] = grant.Granted
	}
	members, free := int32(0), 0
	held := map[teamKey]int{}
	for _, node := range in.Nodes {
		member := node.Labels[builder.ModelLabel] == b200 && node.DeletionTimestamp == nil
		if member {
			members += builder.PerNode
		}
		if owner, ok := w.owner[node.Name]; ok {
			held[owner]++
		} else if member && healthy(node, w.pool) && describe(node) == "b200 +unassigned=" {
			free++
		}
	}
	var sum int32
	raised := ""
	owed := 0
	for _, grant := range status.Grants {
		key := teamKey{grant.Team, types.UID(grant.UID)}
		sum += grant.Granted
		if grant.Granted > before[key.String()] && grant.Granted > int32(held[key])*builder.PerNode {
			raised = key.String()
		}
		owed += max(int(grant.Granted/builder.PerNode)-held[key], 0)
		var requested int32
		if team := w.teams[grant.Team]; team != nil && team.UID == key.uid && team.DeletionTimestamp.IsZero() {
			requested = w.demand(team)
		}
		if grant.Granted > requested/builder.PerNode*builder.PerNode {
			w.t.Fatalf("%s asks for %d and is granted %d", key, requested, grant.Granted)
		}
		if grant.Granted > before[key.String()] && sumOf(status.Grants) > members {
			w.t.Fatalf("%s is raised from %d to %d while %d of %d are granted", key, before[key.String()], grant.Granted, sumOf(status.Grants), members)
		}
	}
	if raised != "" && owed > free {
		w.t.Fatalf("%s is raised although %d nodes are owed and %d free", raised, owed, free)
	}
	if status.Capacity.Total != members || status.Capacity.Granted != sum || status.Capacity.Held != int32(sumValues(held))*builder.PerNode {
		w.t.Fatalf("capacity %+v with %d members, %d granted, held %v", status.Capacity, members, sum, held)
	}
}

func (w *world) demand(team *foundationv1alpha1.FoundationTeam) int32 {
	var sum int32
	for _, award := range team.Spec.GPUs {
		if (award.Start == nil || !w.now.Before(award.Start.Time)) && (award.End == nil || w.now.Before(award.End.Time)) {
			sum += *award.Count
		}
	}
	return sum
}

// checkAgain checks that what was written down is what would be written down again.
func (w *world) checkAgain(in Input) {
	in.Pool = w.pool.DeepCopy()
	if again, was := asJSON(w.t, BuildStatus(in, DecideGrants(in))), asJSON(w.t, w.pool.Status); again != was {
		w.t.Fatalf("the status is\n%s and on its own output\n%s", was, again)
	}
}

// checkChange checks that a node has one owner at most, and changes owners only through being free and empty.
func (w *world) checkChange(change Change, result Nodes) {
	name, after := change.After.Name, change.After
	team := after.Labels[foundationv1alpha1.LabelNodeTeam]
	taints := taintSet(after)
	since := after.Annotations[foundationv1alpha1.AnnotationReleasingSince]
	owner, owned := w.owner[name]
	switch {
	case team != "":
		key := teamKey{team, types.UID(after.Annotations[foundationv1alpha1.AnnotationTeamUID])}
		if after.Labels[foundationv1alpha1.LabelTeam] != team || !taints["foundation.team/team="+team+":NoSchedule"] || taints["foundation.team/unassigned=:NoSchedule"] {
			w.t.Fatalf("%s belongs to more than one: %s", name, describe(after))
		}
		if taints["foundation.team/releasing=:NoSchedule"] != (since != "") {
			w.t.Fatalf("%s is and is not on its way back: %s", name, describe(after))
		}
		if owned && owner != key {
			w.t.Fatalf("%s goes from %s to %s: %s", name, owner, key, describe(after))
		}
		for pod, whose := range w.pods[name] {
			if whose != key.uid {
				w.t.Fatalf("%s becomes %s's with pod %s of %q on it", name, key, pod, whose)
			}
		}
		if since == "" && slices.ContainsFunc(result.Evict, func(pod corev1.Pod) bool { _, on := w.pods[name][pod.Name]; return on }) {
			w.t.Fatalf("%s is %s's to use and its pods are evicted", name, key)
		}
		w.owner[name] = key
		if delete(w.left, name); since != "" {
			w.left[name] = w.now
		}
	case since != "":
		if !taints["foundation.team/unassigned=:NoSchedule"] {
			w.t.Fatalf("%s is entering and open: %s", name, describe(after))
		}
	default:
		if len(w.pods[name]) > 0 && (owned || describe(after) != "") {
			w.t.Fatalf("%s is let go with pods %v of %s on it: %s", name, w.pods[name], owner, describe(after))
		}
		delete(w.owner, name)
		delete(w.left, name)
	}
}

func (w *world) checkEviction(pod string) {
	for name, pods := range w.pods {
		if _, on := pods[pod]; !on {
			continue
		}
		since := w.nodes[name].Annotations[foundationv1alpha1.AnnotationReleasingSince]
		if since == "" || w.now.Sub(builder.Time(since)) < grace {
			w.t.Fatalf("%s on %s is evicted at %s: %s", pod, name, w.now, describe(w.nodes[name]))
		}
		if _, owned := w.owner[name]; !owned {
			w.t.Fatalf("%s on %s, which was nobody's, is evicted", pod, name)
		}
	}
}

// settleDown stops everything and lets the operator finish.
func (w *world) settleDown() {
	w.budget, w.crash, w.flaky = false, false, false
	for _, node := range w.nodes {
		node.Status.Conditions[0].Status, node.Spec.Unschedulable = corev1.ConditionTrue, false
	}
	for name, pods := range w.pods {
		if _, owned := w.owner[name]; !owned {
			clear(pods)
		}
	}
	w.watchFires()
	w.pass(3 * grace)
	// An award may just have ended.
	for range 10 {
		if !w.polls() {
			break
		}
		w.pass(grace + time.Minute)
	}
	before := w.snapshot()
	w.watchFires()
	if after := w.snapshot(); after != before {
		w.t.Fatalf("it went to sleep too early:\n%s\nand then\n%s", before, after)
	}
	in := w.input()
	grants, status, result := w.decide(&in)
	if len(result.Changes)+len(result.Evict) > 0 || !result.Next.IsZero() {
		w.t.Fatalf("%d changes and %d evictions, looks again at %s, with nothing going on", len(result.Changes), len(result.Evict), result.Next)
	}
	spare := 0
	for _, n := range readNodes(in) {
		if !n.releasing.IsZero() {
			w.t.Fatalf("%s is still on its way: %s", n.Name, describe(n.Node))
		}
		if n.free(b200) {
			spare++
		}
	}
	for _, p := range grants.parts {
		if p.active != p.granted && (p.active > p.granted || spare > 0) {
			w.t.Fatalf("%s has %d nodes and is granted %d, with %d free", p.key, p.active, p.granted, spare)
		}
		if p.granted < p.want && spare > 0 && status.Capacity.Granted < status.Capacity.Total {
			w.t.Fatalf("%s is granted %d of %d nodes, with %d free", p.key, p.granted, p.want, spare)
		}
	}
	for name, node := range w.nodes {
		if owner, owned := w.owner[name]; owned && w.teams[owner.name] == nil {
			w.t.Fatalf("%s is still the node of %s, who is gone: %s", name, owner, describe(node))
		}
	}
}

func sumOf(grants []foundationv1alpha1.Grant) int32 {
	var sum int32
	for _, grant := range grants {
		sum += grant.Granted
	}
	return sum
}

func sumValues(counts map[teamKey]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}
