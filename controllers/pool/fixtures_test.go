package pool

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// b200 is the pool that these tests are about.
const b200 = "b200"

var now = builder.Now

// alone returns teams that name no programme.
func alone(teams ...*foundationv1alpha1.FoundationTeam) []lifecycle.Team {
	list := make([]lifecycle.Team, len(teams))
	for i, team := range teams {
		list[i] = lifecycle.NewTeam(team, nil)
	}
	return list
}

// input is a pool's Input with the objects that observe would have found.
func input(pool *foundationv1alpha1.GPUPool, things ...any) Input {
	in := Input{
		Pool: pool, Selector: labels.SelectorFromSet(labels.Set{foundationv1alpha1.LabelPool: pool.Name}), Now: now, Pods: map[string][]corev1.Pod{},
	}
	if pool.Spec.Static != nil {
		selector, err := metav1.LabelSelectorAsSelector(&pool.Spec.Static.NodeSelector)
		if err != nil {
			panic(err)
		}
		in.Selector = selector
	}
	for _, thing := range flatten(things) {
		switch typed := thing.(type) {
		case *foundationv1alpha1.FoundationTeam:
			in.Teams = append(in.Teams, lifecycle.NewTeam(typed, nil))
		case lifecycle.Team:
			in.Teams = append(in.Teams, typed)
		case *corev1.Node:
			in.Nodes = append(in.Nodes, typed)
		case []*corev1.Node:
			in.Nodes = append(in.Nodes, typed...)
		case *karpenter.NodePool:
			in.NodePools = append(in.NodePools, typed)
		case *karpenter.NodeClaim:
			in.NodeClaims = append(in.NodeClaims, typed)
		case time.Time:
			in.Now = typed
		case guards.Result:
			in.Guards = typed
		case map[string][]corev1.Pod:
			in.Pods = typed
		default:
			panic(fmt.Sprintf("an input has no %T", thing))
		}
	}
	slices.SortFunc(in.Nodes, func(a, b *corev1.Node) int { return cmp.Compare(a.Name, b.Name) })
	return in
}

// flatten flattens lists of objects.
func flatten(things []any) []any {
	var all []any
	for _, thing := range things {
		if list, ok := thing.([]any); ok {
			all = append(all, flatten(list)...)
		} else {
			all = append(all, thing)
		}
	}
	return all
}

// nodes returns several equal nodes.
func nodes(mod builder.NodeMod, names ...string) []*corev1.Node {
	list := make([]*corev1.Node, 0, len(names))
	for _, name := range names {
		list = append(list, builder.Node(name, mod))
	}
	return list
}

// grantsOf returns the granted GPUs, by team.
func grantsOf(in Input) map[string]int32 {
	granted := map[string]int32{}
	for _, grant := range BuildStatus(in, Decide(in)).Grants {
		granted[grant.TeamName] = grant.Granted
	}
	return granted
}

// describeNodes returns the ownership metadata of each node after a plan, by name.
func describeNodes(in Input, result Plan) map[string]string {
	after := map[string]string{}
	for _, node := range in.Nodes {
		after[node.Name] = describe(node)
	}
	for _, transition := range result.Transitions {
		after[transition.After.Name] = describe(transition.After)
	}
	return after
}

func podNames(pods []corev1.Pod) []string {
	var names []string
	for _, pod := range pods {
		names = append(names, pod.Name)
	}
	return names
}

// describe returns a node's ownership metadata as "pool team@uid +taints since scrub scrubbed", without what it lacks.
func describe(node *corev1.Node) string {
	var words []string
	add := func(word string) {
		if word != "" {
			words = append(words, word)
		}
	}
	add(node.Labels[foundationv1alpha1.LabelPool])
	if team := node.Labels[foundationv1alpha1.LabelTeam]; team != "" || node.Labels[foundationv1alpha1.LabelNodeTeam] != "" {
		add(team + "/" + node.Labels[foundationv1alpha1.LabelNodeTeam] + "@" + node.Annotations[foundationv1alpha1.AnnotationTeamUID])
	}
	var taints []string
	for _, taint := range node.Spec.Taints {
		text := fmt.Sprintf("%s=%s:%s", taint.Key, taint.Value, taint.Effect)
		taints = append(taints, "+"+strings.TrimPrefix(strings.TrimSuffix(text, ":NoSchedule"), "foundation.team/"))
	}
	slices.Sort(taints)
	words = append(words, slices.Compact(taints)...)
	for _, mark := range []struct{ word, key string }{
		{"since ", foundationv1alpha1.AnnotationDrainingSince},
		{"broken ", foundationv1alpha1.AnnotationBrokenSince},
		{"scrub ", foundationv1alpha1.AnnotationScrubRequest},
		{"scrubbed ", foundationv1alpha1.AnnotationScrubbed},
	} {
		if value := node.Annotations[mark.key]; value != "" {
			add(mark.word + value)
		}
	}
	return strings.Join(words, " ")
}

// fataler is what the tests of testing and of rapid have in common.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

func asJSON(t fataler, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const (
	isFree   = "b200 +unassigned="
	isHeld   = "b200 hanbit/hanbit@hanbit-uid +team=hanbit"
	isSaebit = "b200 saebit/saebit@saebit-uid +team=saebit"
)

func entering(since time.Time) string {
	return "b200 +draining= +unassigned= since " + since.UTC().Format(time.RFC3339)
}

func draining(since time.Time) string {
	return "b200 hanbit/hanbit@hanbit-uid +draining= +team=hanbit since " + since.UTC().Format(time.RFC3339)
}

// granted is a pool whose status grants hanbit so many GPUs.
func granted(gpus int32, mods ...builder.PoolMod) *foundationv1alpha1.GPUPool {
	return builder.Pool(b200, append([]builder.PoolMod{builder.Granted(hanbit, gpus), builder.Grace(time.Hour)}, mods...)...)
}

func wants(gpus int32) *foundationv1alpha1.FoundationTeam {
	return builder.Team("hanbit", builder.Award(b200, gpus))
}

func podsOn(node string, pods ...corev1.Pod) map[string][]corev1.Pod {
	return map[string][]corev1.Pod{node: pods}
}
