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
	nothing := func(*testing.T, *server) {}
	all := []string{"n1", "n2", "n3"}
	tests := map[string]struct {
		nodes []string
		then  func(*testing.T, *server)
		want  bool
		// waits is true if the cache will show what was found without another comparison; later are the nodes then.
		waits bool
		later []string
	}{
		"it shows everything":            {all, nil, true, true, all},
		"it shows an older pool":         {all, annotate(builder.Pool(b200)), false, true, all},
		"it shows an older node":         {all, annotate(builder.Node("n2")), false, true, all},
		"it lacks a node":                {[]string{"n1", "n3"}, nothing, false, false, all},
		"it lacks a node of nobody":      {[]string{"n1", "n2"}, nil, true, true, all},
		"it shows an older node, no one": {all, annotate(builder.Node("n3")), true, true, all},
		"it shows a node that is gone": {[]string{"n1", "n2"}, func(t *testing.T, s *server) {
			t.Helper()
			if err := s.Delete(t.Context(), builder.Node("n1")); err != nil {
				t.Fatal(err)
			}
		}, false, false, []string{"n2"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(builder.Pool(b200), builder.Node("n1", builder.HeldIn(b200, hanbit)), builder.Node("n2", builder.FreeIn(b200)), builder.Node("n3"))
			in := cached(t, s, tt.nodes...)
			if tt.then != nil {
				tt.then(t, s)
			}
			r := s.reconciler()
			if got, err := r.isCurrent(t.Context(), in, false); !got || err != nil || isCompared(r) {
				t.Fatalf("with nothing to write it is compared, or not current: %t, %v", got, err)
			}
			if got, err := r.isCurrent(t.Context(), in, true); got != tt.want || err != nil {
				t.Fatalf("it is current: %t, %v", got, err)
			}
			if tt.want != isCompared(r) {
				t.Errorf("it needs no other comparison: %t", isCompared(r))
			}
			if tt.waits {
				r.Live = nil // a second comparison would panic
			}
			if tt.then != nil && !isCurrent(t, r, cached(t, s, tt.later...)) {
				t.Error("it is not current when it shows everything")
			}
		})
	}
}

// A pool that is gone, and that the cache still has, is no failure, and nothing is written for it.
func TestTheCacheShowsAPoolThatIsGone(t *testing.T) {
	s := newServer(builder.Pool(b200))
	in := cached(t, s)
	r := newServer().reconciler()
	if isCurrent(t, r, in) || isCompared(r) {
		t.Error("the cache is current")
	}
}

// isCompared reports whether the cache has shown what it had to.
func isCompared(r *Reconciler) bool {
	wanted, known := r.compared.of(b200)
	return known && wanted.pool == ""
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
	if !isCompared(o.Reconciler) {
		t.Fatal("the cache is not compared before the first writes")
	}
	fails = true
	o.again(10 * time.Second)
	o.again(10 * time.Second)
	if got := o.node("n1"); got != isFree || isCompared(o.Reconciler) {
		t.Errorf("n1 is %s, and the cache need not be compared: %t", got, isCompared(o.Reconciler))
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
