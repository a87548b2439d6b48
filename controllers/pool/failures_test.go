package pool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// A node whose pods cannot be listed counts as busy, and the others are inspected all the same.
func TestNodeWhosePodsCannotBeListed(t *testing.T) {
	r := newServer().reconciler()
	r.Live = interceptor.NewClient(newServer().WithWatch, interceptor.Funcs{
		List: func(_ context.Context, _ client.WithWatch, _ client.ObjectList, opts ...client.ListOption) error {
			var options client.ListOptions
			options.ApplyOptions(opts)
			if options.FieldSelector.String() == "spec.nodeName=n1" {
				return errors.New("no")
			}
			return nil
		},
	})
	var in Input
	if err := r.listPods(t.Context(), &in, []string{"n1", "n2"}); err == nil {
		t.Error("the failure is not told")
	}
	if in.podsOn("n1") == 0 || in.podsOn("n2") != 0 {
		t.Errorf("%d pods on n1, %d on n2", in.podsOn("n1"), in.podsOn("n2"))
	}
}

// While the status cannot be written nodes are drained, and none is given to anybody.
func TestTakingBack(t *testing.T) {
	transition := func(name string, to gpunode.State) Transition {
		return Transition{To: gpunode.Ownership{State: to}, Before: builder.Node(name), After: builder.Node(name)}
	}
	plan := Plan{
		Transitions: []Transition{transition("n1", gpunode.Held), transition("n2", gpunode.Draining), transition("n3", gpunode.Free)},
		Evictions:   []corev1.Pod{{}},
	}.takingBack()
	if len(plan.Transitions) != 1 || plan.Transitions[0].Before.Name != "n2" || len(plan.Evictions) != 1 {
		t.Errorf("%+v", plan)
	}
}

// When thousands of nodes change hands, one reconcile changes a part of them, what is taken back first, and the rest is decided anew.
func TestManyNodesAreChangedInParts(t *testing.T) {
	var plan Plan
	var nodes []client.Object
	for i := range nodesAtOnce + 8 {
		node := builder.Node(fmt.Sprintf("n%03d", i), builder.FreeIn(b200))
		node.ResourceVersion = ""
		to := gpunode.Ownership{State: gpunode.Outside}
		if i > nodesAtOnce {
			to = gpunode.Ownership{State: gpunode.Draining}
		}
		nodes = append(nodes, node)
		plan.Transitions = append(plan.Transitions, Transition{To: to, Before: node})
	}
	s := newServer(nodes...)
	for i, transition := range plan.Transitions {
		before := &corev1.Node{}
		if err := s.Get(t.Context(), client.ObjectKeyFromObject(transition.Before), before); err != nil {
			t.Fatal(err)
		}
		after := before.DeepCopy()
		after.Labels = nil
		plan.Transitions[i].Before, plan.Transitions[i].After = before, after
	}
	if now := plan.transitionsNow(); len(now) != nodesAtOnce || now[0].To.State != gpunode.Draining || !plan.hasMore() {
		t.Errorf("%d nodes are changed at once, the first to %v; more are left: %v", len(now), now[0].To.State, plan.hasMore())
	}
	if _, err := s.reconciler().apply(t.Context(), plan); err != nil || len(s.writes) != nodesAtOnce {
		t.Errorf("%d nodes were written, error %v", len(s.writes), err)
	}
	problem := errors.New("no")
	s.refused["patch n003"] = problem
	plan.Transitions = plan.Transitions[nodesAtOnce-4:][:8]
	plan.Transitions[0].Before.Name, plan.Transitions[0].After.Name = "n003", "n003"
	before := len(s.writes)
	if _, err := s.reconciler().apply(t.Context(), plan); !errors.Is(err, problem) || len(s.writes) != before+8 || plan.hasMore() {
		t.Errorf("with one refused, %d of 8 nodes were written, error %v", len(s.writes)-before, err)
	}
	broken := plan
	broken.Transitions = []Transition{{Before: plan.Transitions[0].Before}}
	if _, err := s.reconciler().apply(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "panic") {
		t.Errorf("a panic says %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.reconciler().apply(ctx, plan); !errors.Is(err, context.Canceled) {
		t.Errorf("a reconcile that was ended says %v", err)
	}
}
