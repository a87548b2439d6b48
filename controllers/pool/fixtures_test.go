package pool

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// b200 is the pool that these tests are about.
const b200 = "b200"

var now = builder.Now

// input is a pool with what an observer would find for it.
func input(pool *foundationv1alpha1.GPUPool, things ...any) Input {
	selector, err := metav1.LabelSelectorAsSelector(&pool.Spec.Static.NodeSelector)
	if err != nil {
		panic(err)
	}
	in := Input{Pool: pool, Selector: selector, Now: now, Pods: map[string][]corev1.Pod{}}
	for _, thing := range things {
		switch typed := thing.(type) {
		case *foundationv1alpha1.FoundationTeam:
			in.Teams = append(in.Teams, typed)
		case *corev1.Node:
			in.Nodes = append(in.Nodes, typed)
		case []*corev1.Node:
			in.Nodes = append(in.Nodes, typed...)
		case time.Time:
			in.Now = typed
		case map[string][]corev1.Pod:
			in.Pods = typed
		default:
			panic("neither team, node, time nor pods")
		}
	}
	slices.SortFunc(in.Nodes, func(a, b *corev1.Node) int { return cmp.Compare(a.Name, b.Name) })
	return in
}

// nodes makes several nodes alike.
func nodes(mod builder.NodeMod, names ...string) []*corev1.Node {
	list := make([]*corev1.Node, 0, len(names))
	for _, name := range names {
		list = append(list, builder.Node(name, mod))
	}
	return list
}

// grantsOf are the granted GPUs, by team.
func grantsOf(in Input) map[string]int32 {
	granted := map[string]int32{}
	for _, grant := range BuildStatus(in, DecideGrants(in)).Grants {
		granted[grant.Team] = grant.Granted
	}
	return granted
}

// look says in a word per node, by name, what became of it.
func look(in Input, result Nodes) map[string]string {
	after := map[string]string{}
	for _, node := range in.Nodes {
		after[node.Name] = describe(node)
	}
	for _, change := range result.Changes {
		after[change.After.Name] = describe(change.After)
	}
	return after
}

// describe sums the marks up: "pool team@uid +taints since", each where it is there.
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
	for _, key := range slices.Sorted(maps.Keys(taintSet(node))) {
		add("+" + strings.TrimPrefix(strings.TrimSuffix(key, ":NoSchedule"), "foundation.team/"))
	}
	if since := node.Annotations[foundationv1alpha1.AnnotationReleasingSince]; since != "" {
		add("since " + since)
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
