package pool

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// Whatever happens in whatever order, the invariants hold after every step, and when nothing more happens everything is as
// it should be.
func TestPoolInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newStaticWorld(t)
		w.run(t, w.staticActions())
	})
}

// run lets actions happen, stops them, and deletes the pool in the end.
func (w *world) run(t *rapid.T, more map[string]func()) {
	actions := map[string]func(*rapid.T){}
	for name, action := range w.actions() {
		actions[name] = func(rt *rapid.T) { w.t = rt; action() }
	}
	for name, action := range more {
		actions[name] = func(rt *rapid.T) { w.t = rt; action() }
	}
	t.Repeat(actions)
	w.t = t
	w.settleDown()
	w.checkSettled()
	w.tearDown()
}

// actions are those of every simulated cluster.
func (w *world) actions() map[string]func() {
	return map[string]func(){
		"a team is created":                           w.teamComes,
		"a team's award changes":                      w.awardChanges,
		"a team is suspended":                         w.suspend,
		"a team is deleted":                           w.teamLeaves,
		"a node breaks or is mended":                  w.nodeBreaks,
		"a node loses metadata":                       w.nodeLosesMetadata,
		"a pod starts":                                w.podStarts,
		"a pod ends":                                  w.podEnds,
		"a PodDisruptionBudget appears or disappears": func() { w.budget = !w.budget },
		"the operator crashes":                        func() { w.crash = rapid.IntRange(1, 4).Draw(w.t, "writes") },
		"writes fail":                                 func() { w.flaky = true },
		"time passes": func() {
			w.passTime(rapid.SampledFrom([]time.Duration{time.Second, 3 * time.Second, gpunode.PodBindDelay, 20 * time.Second, grace / 2, grace, 3 * grace}).Draw(w.t, "time"))
		},
	}
}

// staticActions are those of a static pool.
func (w *world) staticActions() map[string]func() {
	return map[string]func(){
		"a node is added":         w.nodeComes,
		"a node vanishes":         w.nodeVanishes,
		"a node changes its pool": w.nodeChangesPool,
	}
}

func (w *world) pick(label string, names []string) string {
	if len(names) == 0 {
		w.t.Skip("none")
	}
	slices.Sort(names)
	return rapid.SampledFrom(names).Draw(w.t, label)
}

func (w *world) pickNode(is func(*corev1.Node) bool) *corev1.Node {
	var names []string
	for name, node := range w.nodes {
		if is(node) {
			names = append(names, name)
		}
	}
	return w.nodes[w.pick("node", names)]
}

func (w *world) pickTeam() *foundationv1alpha1.FoundationTeam {
	return w.teams[w.pick("team", slices.Collect(maps.Keys(w.teams)))]
}

func (w *world) teamComes() {
	var names []string
	for _, name := range []string{"hanbit", "saebit", "maru"} {
		// A team's finalizer holds its name until nothing is left of it.
		left := slices.ContainsFunc(w.pool.Status.Grants, func(grant foundationv1alpha1.Grant) bool { return grant.TeamName == name })
		if w.teams[name] == nil && !left {
			names = append(names, name)
		}
	}
	name := w.pick("name", names)
	w.serial++
	w.teams[name] = builder.Team(name, builder.TeamUID(fmt.Sprint(name, "-", w.serial)), builder.Created(w.now),
		builder.Priority(rapid.Int32Range(-1, 1).Draw(w.t, "priority")))
	w.award(w.teams[name])
	w.watchFires()
}

// award gives a team one or two awards, some of them for a limited time.
func (w *world) award(team *foundationv1alpha1.FoundationTeam) {
	team.Spec.GPUs = nil
	for i := range rapid.IntRange(1, 2).Draw(w.t, "awards") {
		var start, end time.Time
		if rapid.Bool().Draw(w.t, fmt.Sprint("window ", i)) {
			start = w.now.Add(time.Duration(rapid.IntRange(-1, 3).Draw(w.t, "start")) * grace / 2)
			end = start.Add(time.Duration(rapid.IntRange(1, 6).Draw(w.t, "length")) * grace / 2)
		}
		builder.AwardBetween(b200, rapid.Int32Range(0, 28).Draw(w.t, "count"), start, end)(team)
	}
}

func (w *world) awardChanges() {
	team := w.pickTeam()
	if !team.DeletionTimestamp.IsZero() {
		w.t.Skip("being deleted")
	}
	w.award(team)
	w.watchFires()
}

// suspend must not matter to the pool.
func (w *world) suspend() {
	team := w.pickTeam()
	before := w.input()
	_, status, result := w.decide(&before)
	team.Spec.Suspend = new(!ptr.Deref(team.Spec.Suspend, false))
	after := w.input()
	if _, is, does := w.decide(&after); asJSON(w.t, is) != asJSON(w.t, status) || asJSON(w.t, does) != asJSON(w.t, result) {
		w.t.Fatalf("a suspension changes the pool from\n%s to\n%s", asJSON(w.t, status), asJSON(w.t, is))
	}
	w.watchFires()
}

// teamLeaves begins a team's deletion or completes it when the pool has nothing of the team any more.
func (w *world) teamLeaves() {
	team := w.pickTeam()
	if team.DeletionTimestamp.IsZero() {
		team.DeletionTimestamp = new(metav1.NewTime(w.now))
	} else if !slices.ContainsFunc(w.pool.Status.Grants, func(grant foundationv1alpha1.Grant) bool { return grant.TeamName == team.Name }) {
		delete(w.teams, team.Name)
	}
	w.watchFires()
}

func (w *world) nodeComes() {
	if len(w.nodes) > 8 {
		w.t.Skip("enough")
	}
	w.addNode()
	w.watchFires()
}

// nodeVanishes removes a node with its pods, and perhaps registers it again without metadata while pods are still on it.
func (w *world) nodeVanishes() {
	node := w.pickNode(func(*corev1.Node) bool { return true })
	pods := w.pods[node.Name]
	delete(w.nodes, node.Name)
	delete(w.pods, node.Name)
	delete(w.owner, node.Name)
	delete(w.closedAt, node.Name)
	w.scrubs.dirties(node.Name)
	w.watchFires()
	if rapid.Bool().Draw(w.t, "comes back") {
		w.nodes[node.Name] = builder.Node(node.Name, builder.Matching(b200), builder.Labelled("rack", node.Labels["rack"]))
		w.pods[node.Name] = pods
		w.watchFires()
	}
}

func (w *world) nodeBreaks() {
	node := w.pickNode(func(*corev1.Node) bool { return true })
	switch ready := &node.Status.Conditions[0]; {
	case rapid.Bool().Draw(w.t, "cordon"):
		node.Spec.Unschedulable = !node.Spec.Unschedulable
	case rapid.Bool().Draw(w.t, "lose GPUs"):
		gpus := node.Status.Allocatable[builder.GPU]
		node.Status.Allocatable = maps.Clone(node.Status.Allocatable)
		node.Status.Allocatable[builder.GPU] = *resource.NewQuantity(builder.PerNode-gpus.Value(), resource.DecimalSI)
	case ready.Status == corev1.ConditionTrue:
		ready.Status = corev1.ConditionUnknown
	default:
		ready.Status = corev1.ConditionTrue
	}
	w.watchFires()
}

func (w *world) nodeChangesPool() {
	node := w.pickNode(func(*corev1.Node) bool { return true })
	if node.Labels[builder.ModelLabel] == b200 {
		node.Labels[builder.ModelLabel] = "other"
	} else {
		node.Labels[builder.ModelLabel] = b200
	}
	w.watchFires()
}

// nodeLosesMetadata removes some of the operator's metadata from a node.
func (w *world) nodeLosesMetadata() {
	node := w.pickNode(func(node *corev1.Node) bool { return describe(node) != "" })
	marks := []string{"team", "node team", "uid", "taints", "since"}
	if w.karpenter == nil {
		marks = append(marks, "pool")
	}
	switch mark := rapid.SampledFrom(marks).Draw(w.t, "mark"); mark {
	case "pool":
		delete(node.Labels, foundationv1alpha1.LabelPool)
	case "team":
		delete(node.Labels, foundationv1alpha1.LabelTeam)
	case "node team":
		delete(node.Labels, foundationv1alpha1.LabelNodeTeam)
	case "uid":
		delete(node.Annotations, foundationv1alpha1.AnnotationTeamUID)
	case "taints":
		node.Spec.Taints = nil
	case "since":
		delete(node.Annotations, foundationv1alpha1.AnnotationDrainingSince)
	}
	if _, owned := w.owner[node.Name]; !owned && len(node.Spec.Taints) == 0 && rapid.Bool().Draw(w.t, "a stranger comes") {
		w.addPod(node.Name, "stranger")
	}
	w.watchFires()
}

// podStarts starts a pod where the scheduler may: a team's on its own node, a stranger's on a node that is not closed, or
// one that was being bound when the node was closed.
func (w *world) podStarts() {
	node := w.pickNode(func(node *corev1.Node) bool {
		_, owned := w.owner[node.Name]
		return owned || len(node.Spec.Taints) == 0
	})
	owner, owned := w.owner[node.Name]
	left, closed := w.closedAt[node.Name]
	switch {
	case owned && closed && w.now.Sub(left) >= gpunode.PodBindDelay-time.Second:
		w.t.Skip("closed")
	case owned:
		w.addPod(node.Name, owner.UID)
	default:
		w.addPod(node.Name, types.UID("stranger"))
	}
}

func (w *world) podEnds() {
	var names []string
	for name, pods := range w.pods {
		for pod := range pods {
			names = append(names, name+"/"+pod)
		}
	}
	node, pod, _ := strings.Cut(w.pick("pod", names), "/")
	delete(w.pods[node], pod)
	w.busy = true
}
