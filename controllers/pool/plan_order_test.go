package pool

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

func TestEvictNewestFirst(t *testing.T) {
	long := now.Add(-2 * time.Hour)
	in := input(granted(0), nodes(builder.DrainingIn(b200, hanbit, long), "n1", "n2"), map[string][]corev1.Pod{
		"n1": {builder.Pod("x", "old", long), builder.Pod("x", "newest", now)},
		"n2": {builder.Pod("x", "b", long.Add(time.Hour)), builder.Pod("x", "a", long.Add(time.Hour))},
	})
	if diff := cmp.Diff([]string{"newest", "a", "b", "old"}, podNames(BuildPlan(in, Decide(in)).Evictions)); diff != "" {
		t.Error(diff)
	}
}

func TestDrainTheNewestWorkFirst(t *testing.T) {
	in := input(granted(24), wants(16), nodes(builder.HeldIn(b200, hanbit), "n1", "n2", "n3"), map[string][]corev1.Pod{
		"n1": {builder.Pod("x", "a", now), builder.Pod("x", "b", now.Add(-3*time.Hour))},
		"n2": {builder.Pod("x", "c", now.Add(-time.Hour))},
		"n3": {builder.Pod("x", "d", now.Add(-2*time.Hour))},
	})
	want := map[string]string{"n1": isHeld, "n2": draining(now), "n3": isHeld}
	if diff := cmp.Diff(want, describeNodes(in, BuildPlan(in, Decide(in)))); diff != "" {
		t.Error(diff)
	}
}

func TestAssignCloseTogether(t *testing.T) {
	rack := func(name, rack string, mod builder.NodeMod) *corev1.Node {
		return builder.Node(name, mod, builder.Labelled("rack", rack))
	}
	in := input(granted(8, builder.TopologyKeys("rack")), wants(24),
		rack("n1", "r1", builder.FreeIn(b200)), rack("n2", "r2", builder.FreeIn(b200)), rack("n3", "r2", builder.FreeIn(b200)),
		rack("n4", "r2", builder.HeldIn(b200, hanbit)))
	want := map[string]string{"n1": isFree, "n2": isHeld, "n3": isHeld, "n4": isHeld}
	if diff := cmp.Diff(want, describeNodes(in, BuildPlan(in, Decide(in)))); diff != "" {
		t.Error(diff)
	}
}

// Teams that are served in one plan get different nodes, in the order in which they are served.
func TestNoNodeIsAssignedTwice(t *testing.T) {
	in := input(builder.Pool(b200), wants(8), builder.Team("saebit", builder.Award(b200, 8), builder.Priority(1)), nodes(builder.FreeIn(b200), "n1", "n2"))
	want := map[string]string{"n1": isSaebit, "n2": isHeld}
	if diff := cmp.Diff(want, describeNodes(in, BuildPlan(in, Decide(in)))); diff != "" {
		t.Error(diff)
	}
}

func TestNodesToInspect(t *testing.T) {
	held := builder.HeldIn(b200, hanbit)
	all := []any{
		nodes(held, "n1", "n2"), nodes(builder.FreeIn(b200), "n3"), nodes(builder.HeldIn(b200, saebit), "n4", "n5"),
		nodes(builder.DrainingIn(b200, builder.Team("maru"), now), "n6"), nodes(builder.EnteringIn(b200, now), "n7"), nodes(builder.Matching(b200), "n8"),
	}
	tests := map[string]struct {
		team *foundationv1alpha1.FoundationTeam
		want []string
	}{
		"nodes that enter or drain are inspected":            {wants(16), []string{"n6", "n7"}},
		"all nodes of a team that shrinks are inspected too": {wants(8), []string{"n1", "n2", "n6", "n7"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(builder.Pool(b200, builder.Granted(hanbit, 16), builder.Granted(saebit, 16)), append(slices.Clone(all), tt.team, saebit)...)
			if diff := cmp.Diff(tt.want, NodesToInspect(Decide(in))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnused(t *testing.T) {
	tests := map[string]struct {
		node *corev1.Node
		want bool
	}{
		"held": {builder.Node("n1", builder.HeldIn(b200, hanbit)), false},
		"free": {builder.Node("n1", builder.FreeIn(b200)), false},
		"left": {builder.Node("n1", builder.FreeIn(b200), builder.Unlabelled(builder.ModelLabel)), false},
		"a matching node without the pool's label": {builder.Node("n1", builder.Matching(b200)), true},
		"a matching node of another pool":          {builder.Node("n1", builder.FreeIn("h100"), builder.Matching(b200)), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(builder.Pool(b200, builder.PoolDeleted()), tt.node)
			if got := Unused(in, Decide(in)); got != tt.want {
				t.Errorf("Unused = %t", got)
			}
		})
	}
}

// A node that entered the pool with pods does not become free when its timestamp is removed.
func TestEnteringNodeThatLostItsTimestampIsNotFree(t *testing.T) {
	in := input(builder.Pool(b200), wants(8), nodes(builder.Matching(b200), "n1"))
	entering := BuildPlan(in, Decide(in)).Transitions[0].After
	delete(entering.Annotations, foundationv1alpha1.AnnotationDrainingSince)

	in = input(builder.Pool(b200), wants(8), entering)
	if diff := cmp.Diff(map[string]int32{"hanbit": 0}, grantsOf(in)); diff != "" {
		t.Error(diff)
	}
	again := BuildPlan(in, Decide(in)).Transitions
	if len(again) != 1 || again[0].After.Annotations[foundationv1alpha1.AnnotationDrainingSince] != now.Format(time.RFC3339) {
		t.Errorf("changes are %+v, want that it waits anew", again)
	}
}
