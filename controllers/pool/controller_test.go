package pool

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/builder"
)

// server is a fake API server that records writes in order and can refuse them.
type server struct {
	client.WithWatch
	mu     sync.Mutex
	writes []string
	// refused are the writes that fail; listErr is returned by lists of NodeClaims.
	refused map[string]error
	listErr error
}

func newServer(objects ...client.Object) *server {
	s := &server{refused: map[string]error{}}
	s.WithWatch = interceptor.NewClient(fake.NewClientBuilder().WithScheme(setup.Scheme()).WithReturnManagedFields().WithObjects(objects...).Build(), interceptor.Funcs{
		Delete: func(ctx context.Context, api client.WithWatch, obj client.Object, _ ...client.DeleteOption) error {
			return s.record("delete "+obj.GetName(), func() error { return api.Delete(ctx, obj) })
		},
		Patch: func(ctx context.Context, api client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			verb := "patch "
			if patch.Type() == types.ApplyPatchType {
				verb = "apply "
			}
			return s.record(verb+obj.GetName(), func() error { return api.Patch(ctx, obj, patch, opts...) })
		},
		SubResourceCreate: func(_ context.Context, _ client.Client, sub string, obj, _ client.Object, _ ...client.SubResourceCreateOption) error {
			return s.record(sub+" "+obj.GetName(), func() error { return nil })
		},
		List: func(ctx context.Context, api client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if _, ok := list.(*karpenter.NodeClaimList); ok && s.listErr != nil {
				return s.listErr
			}
			return api.List(ctx, list, opts...)
		},
	})
	return s
}

func (s *server) record(what string, do func() error) error {
	s.mu.Lock()
	s.writes = append(s.writes, what)
	s.mu.Unlock()
	if err := s.refused[what]; err != nil {
		return err
	}
	return do()
}

// write applies and prunes as Reconcile does.
func (s *server) write(ctx context.Context, plan Plan) error {
	failed, err := s.reconciler().apply(ctx, plan)
	return errors.Join(err, s.reconciler().prune(ctx, &foundationv1alpha1.GPUPool{}, plan, failed))
}

func (s *server) reconciler() *Reconciler {
	return &Reconciler{Client: s, Live: s, Applier: apply.New(s, s)}
}

// NodePools are written before NodeClaims are deleted, and one that cannot be written keeps only its own NodeClaims.
func TestApplyAndPrune(t *testing.T) {
	problem := errors.New("no")
	first, second := builder.NodeClaim("c1", static, hanbit), builder.NodeClaim("c2", static, saebit)
	marked := builder.Node("n1", builder.FreeIn(b200))
	tests := map[string]struct {
		refused string
		want    []string
	}{
		"every write succeeds":              {"", []string{"apply hanbit.b200.s", "apply saebit.b200.s", "patch n1", "delete c1", "delete c2"}},
		"the write of a NodePool fails":     {"apply hanbit.b200.s", []string{"apply hanbit.b200.s", "apply saebit.b200.s", "patch n1", "delete c2"}},
		"the write of a node fails":         {"patch n1", []string{"apply hanbit.b200.s", "apply saebit.b200.s", "patch n1", "delete c1", "delete c2"}},
		"the deletion of a NodeClaim fails": {"delete c1", []string{"apply hanbit.b200.s", "apply saebit.b200.s", "patch n1", "delete c1", "delete c2"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(first.DeepCopy(), second.DeepCopy(), marked.DeepCopy())
			if tt.refused != "" {
				s.refused[tt.refused] = problem
			}
			before := &corev1.Node{}
			if err := s.Get(t.Context(), client.ObjectKey{Name: "n1"}, before); err != nil {
				t.Fatal(err)
			}
			after := gpunode.Ownership{State: gpunode.Outside}.Metadata(b200).AppliedTo(before)
			in := input(karpenterPool(0), wants(8), builder.Team("saebit", builder.Award(b200, 8)))
			nodes := Plan{
				NodePools: BuildPlan(in, Decide(in)).NodePools, Transitions: []Transition{{Before: before, After: after}},
				NodeClaimDeletions: []*karpenter.NodeClaim{first.DeepCopy(), second.DeepCopy()},
			}
			if err := s.write(t.Context(), nodes); errors.Is(err, problem) != (tt.refused != "") {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, s.writes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Karpenter deletes the NodeClaims of a deleted NodePool, so the API server is asked whether it has any.
func TestDeleteNodePool(t *testing.T) {
	problem := errors.New("no")
	tests := map[string]struct {
		claims  []client.Object
		listErr error
		want    []string
	}{
		"a NodePool without NodeClaims is deleted":        {nil, nil, []string{"delete hanbit.b200.s"}},
		"another NodePool has NodeClaims":                 {[]client.Object{builder.NodeClaim("c1", dynamicMode, hanbit)}, nil, []string{"delete hanbit.b200.s"}},
		"a NodeClaim exists that the cache does not show": {[]client.Object{builder.NodeClaim("c1", static, hanbit)}, nil, nil},
		"NodeClaims cannot be listed":                     {nil, problem, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			live := nodePoolOfSize(static, hanbit, 0, 0)
			s := newServer(append(tt.claims, live.DeepCopy())...)
			s.listErr = tt.listErr
			if err := s.write(t.Context(), Plan{NodePoolDeletions: []*karpenter.NodePool{live}}); !errors.Is(err, tt.listErr) {
				t.Errorf("error %v, want %v", err, tt.listErr)
			}
			if diff := cmp.Diff(tt.want, s.writes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A pool is finalized when the API server has nothing with its label any more, whatever the cache shows.
func TestFinalize(t *testing.T) {
	left := builder.PoolDeleted()
	tests := map[string]struct {
		pool    *foundationv1alpha1.GPUPool
		things  []client.Object
		listErr error
		goes    bool
	}{
		"nothing of the pool is left":                           {pool: karpenterPool(0, left), goes: true},
		"only a node of another pool exists":                    {pool: karpenterPool(0, left), things: []client.Object{builder.Node("n1", builder.FreeIn("h100"))}, goes: true},
		"a node of the pool exists":                             {pool: builder.Pool(b200, left), things: []client.Object{builder.Node("n1", builder.FreeIn(b200))}},
		"a NodePool of the pool exists":                         {pool: karpenterPool(0, left), things: []client.Object{nodePoolOfSize(static, hanbit, 0, 0)}},
		"a NodeClaim of the pool exists":                        {pool: karpenterPool(0, left), things: []client.Object{builder.NodeClaim("c1", static, hanbit)}},
		"the cluster does not serve Karpenter's kinds any more": {pool: karpenterPool(0, left), listErr: &meta.NoKindMatchError{}, goes: true},
		"a static pool does not list Karpenter's kinds":         {pool: builder.Pool(b200, left), listErr: errors.New("no"), goes: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(append(tt.things, tt.pool)...)
			s.listErr = tt.listErr
			pool := &foundationv1alpha1.GPUPool{}
			if err := s.Get(t.Context(), client.ObjectKey{Name: b200}, pool); err != nil {
				t.Fatal(err)
			}
			result, err := s.reconciler().finalize(t.Context(), pool)
			if err != nil {
				t.Fatal(err)
			}
			if goes := len(s.writes) > 0; goes != tt.goes || goes != (result.RequeueAfter == 0) {
				t.Errorf("goes %t, requeued after %s", goes, result.RequeueAfter)
			}
		})
	}
}
