package pool

import (
	"context"
	"errors"
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
