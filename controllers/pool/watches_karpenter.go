package pool

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/karpenter"
)

// karpenterWatch starts to watch Karpenter's kinds when a pool first needs them: a cluster without such pools may not serve
// them, and pays for no watch.
type karpenterWatch struct {
	controller controller.Controller
	cache      cache.Cache
	mapper     meta.RESTMapper

	mu      sync.Mutex
	started bool
}

// ensureStarted starts the watches unless they run already. It returns false if the cluster does not serve the kinds.
func (w *karpenterWatch) ensureStarted(ctx context.Context) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started {
		return true, nil
	}
	kinds := []client.Object{&karpenter.NodePool{}, &karpenter.NodeClaim{}}
	for _, kind := range []string{"NodePool", "NodeClaim"} {
		_, err := w.mapper.RESTMapping(schema.GroupKind{Group: karpenter.GroupVersion.Group, Kind: kind}, karpenter.GroupVersion.Version)
		if meta.IsNoMatchError(err) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("look for Karpenter's %s: %w", kind, err)
		}
	}
	for _, kind := range kinds {
		// BlockUntilSynced(false), because a cache that cannot be filled must not block the reconciles of other pools.
		informer, err := w.cache.GetInformer(ctx, kind, cache.BlockUntilSynced(false))
		if err != nil {
			return false, fmt.Errorf("watch %T: %w", kind, err)
		}
		if !informer.HasSynced() {
			return false, fmt.Errorf("watch %T: not all of them are read yet", kind)
		}
	}
	for _, kind := range kinds {
		if err := w.controller.Watch(source.Kind(w.cache, kind, debounced(poolOfLabel))); err != nil {
			return false, fmt.Errorf("watch %T: %w", kind, err)
		}
	}
	w.started = true
	return true, nil
}

// poolOfLabel returns a request for the pool whose label an object carries.
func poolOfLabel(_ context.Context, obj client.Object) []reconcile.Request {
	pool := obj.GetLabels()[foundationv1alpha1.LabelPool]
	if pool == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Name: pool}}}
}
