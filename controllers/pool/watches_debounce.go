package pool

import (
	"context"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// nodeDebounce is how long events of nodes are debounced. They come in bursts, and every reconcile of a pool reads all of
// its nodes.
const nodeDebounce = 250 * time.Millisecond

// debounced enqueues what a map function returns after nodeDebounce. The queue merges equal requests, so a burst of events
// becomes one reconcile.
func debounced(requests handler.MapFunc) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	later := func(ctx context.Context, q queue, objects ...client.Object) {
		for _, obj := range objects {
			for _, request := range requests(ctx, obj) {
				q.AddAfter(request, nodeDebounce)
			}
		}
	}
	return handler.Funcs{
		CreateFunc:  func(ctx context.Context, e event.CreateEvent, q queue) { later(ctx, q, e.Object) },
		UpdateFunc:  func(ctx context.Context, e event.UpdateEvent, q queue) { later(ctx, q, e.ObjectOld, e.ObjectNew) },
		DeleteFunc:  func(ctx context.Context, e event.DeleteEvent, q queue) { later(ctx, q, e.Object) },
		GenericFunc: func(ctx context.Context, e event.GenericEvent, q queue) { later(ctx, q, e.Object) },
	}
}
