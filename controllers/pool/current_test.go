package pool

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// cached returns what a cache has of the fake API server's objects now.
func cached(t *testing.T, s *server, nodes ...string) Input {
	t.Helper()
	in := input(&foundationv1alpha1.GPUPool{})
	if err := s.Get(t.Context(), client.ObjectKey{Name: b200}, in.Pool); err != nil {
		t.Fatal(err)
	}
	for _, name := range nodes {
		node := &corev1.Node{}
		if err := s.Get(t.Context(), client.ObjectKey{Name: name}, node); err != nil {
			t.Fatal(err)
		}
		in.Nodes = append(in.Nodes, node)
	}
	return in
}

// Nothing is decided from a cache that does not show what was written last, by an earlier leader or with an answer that was lost.
func TestTheCacheIsComparedOnce(t *testing.T) {
	annotate := func(obj client.Object) func(*testing.T, *server) {
		return func(t *testing.T, s *server) {
			t.Helper()
			if err := s.Patch(t.Context(), obj, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"a":"b"}}}`))); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := map[string]struct {
		nodes []string
		then  func(*testing.T, *server)
		want  bool
	}{
		"it shows everything":            {[]string{"n1", "n2", "n3"}, nil, true},
		"it shows an older pool":         {[]string{"n1", "n2", "n3"}, annotate(builder.Pool(b200)), false},
		"it shows an older node":         {[]string{"n1", "n2", "n3"}, annotate(builder.Node("n2")), false},
		"it lacks a node":                {[]string{"n1", "n3"}, nil, false},
		"it lacks a node of nobody":      {[]string{"n1", "n2"}, nil, true},
		"it shows an older node, no one": {[]string{"n1", "n2", "n3"}, annotate(builder.Node("n3")), true},
		"it shows a node that is gone": {[]string{"n1", "n2"}, func(t *testing.T, s *server) {
			t.Helper()
			if err := s.Delete(t.Context(), builder.Node("n1")); err != nil {
				t.Fatal(err)
			}
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(builder.Pool(b200), builder.Node("n1", builder.HeldIn(b200, hanbit)), builder.Node("n2", builder.FreeIn(b200)), builder.Node("n3"))
			in := cached(t, s, tt.nodes...)
			if tt.then != nil {
				tt.then(t, s)
			}
			r := s.reconciler()
			if got, err := r.isCurrent(t.Context(), in, false); !got || err != nil || r.compared.has(b200) {
				t.Fatalf("with nothing to write it is compared, or not current: %t, %v", got, err)
			}
			if got, err := r.isCurrent(t.Context(), in, true); got != tt.want || err != nil {
				t.Fatalf("it is current: %t, %v", got, err)
			}
			r.Live = nil // a second comparison would panic
			if got := tt.want && !isCurrent(t, r, in); got {
				t.Error("it is compared again")
			}
		})
	}
}

func isCurrent(t *testing.T, r *Reconciler, in Input) bool {
	t.Helper()
	current, err := r.isCurrent(t.Context(), in, true)
	if err != nil {
		t.Fatal(err)
	}
	return current
}

// A write that may have been done although it failed makes the operator compare the cache again.
func TestTheCacheIsComparedAfterALostAnswer(t *testing.T) {
	o := newOperator(t, builder.Pool(b200), hanbit, builder.Node("n1", builder.Matching(b200)))
	fails := false
	under, ok := o.Client.(client.WithWatch)
	if !ok {
		t.Fatal("the fake API server cannot be wrapped")
	}
	o.Client = interceptor.NewClient(under, interceptor.Funcs{
		Patch: func(ctx context.Context, api client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			err := api.Patch(ctx, obj, patch, opts...)
			if _, isNode := obj.(*corev1.Node); isNode && fails {
				return errors.New("the answer was lost")
			}
			return err
		},
	})
	o.reconcile(0)
	if !o.compared.has(b200) {
		t.Fatal("the cache is not compared before the first writes")
	}
	fails = true
	o.again(10 * time.Second)
	o.again(10 * time.Second)
	if got := o.node("n1"); got != isFree || o.compared.has(b200) {
		t.Errorf("n1 is %s, and the cache need not be compared: %t", got, o.compared.has(b200))
	}
}

// A pool waits until the cache shows what it wrote on its nodes: a node that was given away still looks free.
func TestOwnWritesOfNodesAreAwaited(t *testing.T) {
	s := newServer(builder.Pool(b200), builder.Node("n1", builder.FreeIn(b200)))
	r, before := s.reconciler(), cached(t, s, "n1")
	if !isCurrent(t, r, before) {
		t.Fatal("the cache is not current at first")
	}
	after := gpunode.Hold(ownerOfTeam(hanbit)).Metadata(b200).AppliedTo(before.Nodes[0]).DeepCopy()
	plan := Plan{Transitions: []Transition{{Before: before.Nodes[0], After: after}}}
	if _, err := r.apply(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if isCurrent(t, r, before) {
		t.Error("a cache without the operator's own write is current")
	}
	if !isCurrent(t, r, cached(t, s, "n1")) {
		t.Error("the cache is not current when it shows the write")
	}
}
