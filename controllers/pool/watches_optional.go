package pool

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// fillTimeout is how long a reconcile waits for a kind's first list.
const fillTimeout = 2 * time.Second

// optionalKinds starts to watch kinds when a pool first needs them: a cluster without such pools may not serve them, and pays for
// no watch. Nil stands for kinds that are read without being watched.
type optionalKinds struct {
	controller controller.Controller
	manager    manager.Manager
	kinds      []client.Object
	requests   handler.MapFunc
	changed    predicate.Predicate
	// probeInterval is how often it is looked for kinds that the cluster did not serve, at most: each time costs requests. 0 looks
	// every time.
	probeInterval time.Duration

	mu      sync.Mutex
	started bool
	// missingSince is when it was last seen that the cluster does not serve one of the kinds.
	missingSince time.Time
}

// ensureStarted starts the watches unless they run already. It returns false if the cluster does not serve one of the kinds.
func (w *optionalKinds) ensureStarted(ctx context.Context, now time.Time) (bool, error) {
	if w == nil {
		return true, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started {
		return true, nil
	}
	if now.Before(w.missingSince.Add(w.probeInterval)) {
		return false, nil
	}
	for _, kind := range w.kinds {
		served, err := w.serves(kind)
		if err != nil {
			return false, err
		}
		if !served {
			w.missingSince = now
			return false, nil
		}
	}
	if err := w.fill(ctx); err != nil {
		return false, err
	}
	for _, kind := range w.kinds {
		if err := w.controller.Watch(source.Kind(w.manager.GetCache(), kind, debounced(w.requests), w.changed)); err != nil {
			return false, fmt.Errorf("watch %T: %w", kind, err)
		}
	}
	w.started = true
	return true, nil
}

// fill reads all objects of the kinds. That takes a moment; a cache that cannot be filled must not block other pools' reconciles for
// longer, so the rest is awaited in the next reconcile.
func (w *optionalKinds) fill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fillTimeout)
	defer cancel()
	var synced []toolscache.InformerSynced
	for _, kind := range w.kinds {
		informer, err := w.manager.GetCache().GetInformer(ctx, kind, cache.BlockUntilSynced(false))
		if err != nil {
			return fmt.Errorf("watch %T: %w", kind, err)
		}
		synced = append(synced, informer.HasSynced)
	}
	if !toolscache.WaitForCacheSync(ctx.Done(), synced...) {
		return fmt.Errorf("watch %T: not all of them are read yet", w.kinds[0])
	}
	return nil
}

func (w *optionalKinds) serves(kind client.Object) (bool, error) {
	gvk, err := apiutil.GVKForObject(kind, w.manager.GetScheme())
	if err != nil {
		return false, fmt.Errorf("look for %T: %w", kind, err)
	}
	_, err = w.manager.GetRESTMapper().RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for %s: %w", gvk, err)
	}
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
