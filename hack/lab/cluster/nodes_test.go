package cluster

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestBuildNodes(t *testing.T) {
	type want struct{ model, rack, spine string }
	tests := map[string]struct {
		count      int
		b200, h100 int
		nodes      map[string]want
	}{
		"none but those without GPUs": {count: 0},
		"one": {count: 1, b200: 1, nodes: map[string]want{
			"b200-000": {"b200", "b200-s0-r0", "b200-s0"},
		}},
		"an odd number": {count: 5, b200: 3, h100: 2, nodes: map[string]want{
			"b200-002": {"b200", "b200-s0-r0", "b200-s0"},
			"h100-000": {"h100", "h100-s0-r0", "h100-s0"},
		}},
		"the default": {count: DefaultNodes, b200: 128, h100: 128, nodes: map[string]want{
			"b200-007": {"b200", "b200-s0-r0", "b200-s0"},
			"b200-008": {"b200", "b200-s0-r1", "b200-s0"},
			"b200-063": {"b200", "b200-s0-r7", "b200-s0"},
			"b200-064": {"b200", "b200-s1-r0", "b200-s1"},
			"h100-127": {"h100", "h100-s1-r7", "h100-s1"},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			byName := map[string]*corev1.Node{}
			models := map[string]int{}
			for _, n := range buildNodes(tt.count) {
				byName[n.Name] = n
				models[n.Labels[ModelLabel]]++
			}
			if len(byName) != tt.count+CPUNodes || models["b200"] != tt.b200 || models["h100"] != tt.h100 || models[""] != CPUNodes {
				t.Errorf("%d distinct nodes, by model %v; want %d b200, %d h100, %d without", len(byName), models, tt.b200, tt.h100, CPUNodes)
			}
			for name, w := range tt.nodes {
				n := byName[name]
				if n == nil {
					t.Errorf("no node %s", name)
					continue
				}
				if got := (want{n.Labels[ModelLabel], n.Labels[RackLabel], n.Labels[SpineLabel]}); got != w {
					t.Errorf("%s is in %+v, want %+v", name, got, w)
				}
				if gpus := n.Status.Allocatable[GPUResource]; gpus.Value() != GPUsPerNode {
					t.Errorf("%s offers %s GPUs", name, gpus.String())
				}
			}
			for name, n := range byName {
				if n.Annotations[kwokNodeKey] != kwokNodeValue {
					t.Errorf("kwok would not look after %s", name)
				}
			}
		})
	}
}

func TestCountReadyAndBroken(t *testing.T) {
	node := func(ready corev1.ConditionStatus, broken bool) corev1.Node {
		n := corev1.Node{Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}}}
		if broken {
			n.Labels = map[string]string{BrokenLabel: "true"}
		}
		return n
	}
	tests := map[string]struct {
		nodes         []corev1.Node
		ready, broken int
	}{
		"none":                          {},
		"ready, not yet, on purpose":    {[]corev1.Node{node("True", false), node("False", false), node("False", true)}, 1, 1},
		"the label came a moment ago":   {[]corev1.Node{node("True", true)}, 1, 0},
		"a node that said nothing yet":  {[]corev1.Node{{}}, 0, 0},
		"its kubelet has not been seen": {[]corev1.Node{node("Unknown", false)}, 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if ready, broken := countReady(tt.nodes), countBroken(tt.nodes); ready != tt.ready || broken != tt.broken {
				t.Errorf("%d ready, %d broken; want %d, %d", ready, broken, tt.ready, tt.broken)
			}
		})
	}
}
