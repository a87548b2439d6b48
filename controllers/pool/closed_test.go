package pool

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// A node counts as closed from when it was first seen to repel new pods.
func TestClosedNodes(t *testing.T) {
	closed := func(since int, mods ...builder.NodeMod) *corev1.Node {
		return builder.Node("n1", append([]builder.NodeMod{builder.DrainingIn(b200, hanbit, at(since))}, mods...)...)
	}
	other := func(node *corev1.Node) { node.UID = "another" }
	type look struct {
		node     *corev1.Node
		at, want int
	}
	tests := map[string][]look{
		"the write came late":                  {{closed(0), 7, 7}, {closed(0), 9, 7}, {closed(0), 30, 7}},
		"it was reopened and closed again":     {{closed(0), 1, 1}, {builder.Node("n1", builder.HeldIn(b200, hanbit)), 2, -1}, {closed(3), 4, 4}},
		"the reopening was not seen":           {{closed(0), 1, 1}, {closed(3), 4, 4}},
		"it lost its taint":                    {{closed(0), 1, 1}, {closed(0, without(foundationv1alpha1.TaintDraining)), 8, 8}, {closed(0), 9, 9}, {closed(0), 15, 9}},
		"another node of the same name":        {{closed(0), 1, 1}, {closed(0, other), 8, 8}},
		"it lost the time of its closure":      {{closed(0), 1, 1}, {closed(0, without(foundationv1alpha1.AnnotationDrainingSince)), 8, 8}},
		"it is free, and closed to every team": {{builder.Node("n1", builder.FreeIn(b200)), 8, -1}},
	}
	for name, looks := range tests {
		t.Run(name, func(t *testing.T) {
			var c closedNodes
			for _, look := range looks {
				got, known := c.see(b200, []*corev1.Node{look.node}, at(look.at))["n1"]
				if known != (look.want >= 0) || known && !got.Equal(at(look.want)) {
					t.Errorf("seen at %d s: closed since %d s (%t), want %d", look.at, int(got.Sub(now).Seconds()), known, look.want)
				}
			}
		})
	}
	var c closedNodes
	c.see(b200, []*corev1.Node{closed(0)}, at(1))
	c.forget(b200)
	if got := c.see(b200, []*corev1.Node{closed(0)}, at(8))["n1"]; !got.Equal(at(8)) {
		t.Errorf("a forgotten pool's node is closed since %s", got)
	}
}

func at(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }

// A node that was closed late is not free before a pod that was on its way to it can be listed.
func TestANodeThatIsClosedLateIsNotFreeAtOnce(t *testing.T) {
	late := input(granted(0), wants(0), builder.Node("n1", builder.DrainingIn(b200, hanbit, at(0))), at(7))
	late.SeenClosed = map[string]time.Time{"n1": at(7)}
	plan := BuildPlan(late, Decide(late))
	if len(plan.Transitions) > 0 || !plan.RequeueAt.Equal(at(7).Add(gpunode.PodBindDelay)) {
		t.Errorf("at once: %v, again at %s", describeNodes(late, plan), plan.RequeueAt)
	}
	late.Now = at(12)
	if after := describeNodes(late, BuildPlan(late, Decide(late)))["n1"]; after != isFree {
		t.Errorf("five seconds after it was seen closed it is %s", after)
	}
}
