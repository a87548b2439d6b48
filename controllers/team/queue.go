package team

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// awaitedAtOnce is how many of the teams that a change of something shared concerns, such as of a pool or a StorageClass, are awaited; the
// others count as many.
const awaitedAtOnce = 20

// objectDebounce is how long events of a team's objects are debounced. A new team's objects, and what Kubernetes' controllers do with
// them, are seen one after the other within a second, and every reconcile reads them all. useDebounce is how long events are debounced that
// tell only what of a quota is used, as each pod of the team's does that comes or goes.
const (
	objectDebounce = 50 * time.Millisecond
	useDebounce    = time.Second
)

// ranked returns a handler that gives the teams which another one requeues their priority. What is requeued because a process lists its
// objects at first, or again, keeps the low one.
func ranked(h handler.EventHandler, priority func(context.Context, string) int) handler.EventHandler {
	return rankedHandler{EventHandler: h, priority: priority}
}

// rankedOfMany is ranked for changes of what many teams share and that end nobody's access: after the first few a team has no more than
// the priority of many.
func rankedOfMany(h handler.EventHandler, priority func(context.Context, string) int) handler.EventHandler {
	return rankedHandler{EventHandler: h, priority: priority, awaited: awaitedAtOnce}
}

// debounced is ranked for events of teams' objects: what comes soon after one of them becomes one reconcile with it.
func debounced(h handler.EventHandler, priority func(context.Context, string) int) handler.EventHandler {
	return rankedHandler{EventHandler: h, priority: priority, debounce: debounceOf}
}

// debounceOf returns how long an event of a team's object is debounced. before is nil unless it is an update.
func debounceOf(before, after client.Object) time.Duration {
	was, ok1 := before.(*corev1.ResourceQuota)
	is, ok2 := after.(*corev1.ResourceQuota)
	if !ok1 || !ok2 {
		return objectDebounce
	}
	using := *was
	using.ResourceVersion, using.Status.Used = is.ResourceVersion, is.Status.Used
	if equality.Semantic.DeepEqual(&using, is) {
		return useDebounce
	}
	return objectDebounce
}

type rankedHandler struct {
	handler.EventHandler
	priority func(context.Context, string) int
	// awaited is how many teams of one event have their priority; 0 if all have.
	awaited int
	// debounce returns how long what an event requeues waits; nil if it does not wait.
	debounce func(before, after client.Object) time.Duration
}

// Create implements handler.EventHandler.
func (h rankedHandler) Create(ctx context.Context, e event.CreateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	if !e.IsInInitialList {
		queue = h.rank(ctx, queue, nil, e.Object)
	}
	h.EventHandler.Create(ctx, e, queue)
}

// Update implements handler.EventHandler.
func (h rankedHandler) Update(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	if e.ObjectOld.GetResourceVersion() != e.ObjectNew.GetResourceVersion() {
		queue = h.rank(ctx, queue, e.ObjectOld, e.ObjectNew)
	}
	h.EventHandler.Update(ctx, e, queue)
}

// Delete implements handler.EventHandler.
func (h rankedHandler) Delete(ctx context.Context, e event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	h.EventHandler.Delete(ctx, e, h.rank(ctx, queue, nil, e.Object))
}

func (h rankedHandler) rank(
	ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request], before, after client.Object,
) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	prioritized, ok := queue.(priorityqueue.PriorityQueue[reconcile.Request])
	if !ok {
		return queue
	}
	ranked := &rankedQueue{
		PriorityQueue: prioritized, priority: func(req reconcile.Request) int { return h.priority(ctx, req.Name) }, awaited: h.awaited,
	}
	if h.debounce != nil {
		ranked.after = h.debounce(before, after)
	}
	return ranked
}

// rankedQueue adds the requests of one event.
type rankedQueue struct {
	priorityqueue.PriorityQueue[reconcile.Request]
	priority func(reconcile.Request) int
	after    time.Duration
	awaited  int
	// ranked is how many it has given a priority.
	ranked int
}

// Add implements workqueue.TypedInterface.
func (q *rankedQueue) Add(req reconcile.Request) { q.AddWithOpts(priorityqueue.AddOpts{}, req) }

// AddWithOpts implements priorityqueue.PriorityQueue.
func (q *rankedQueue) AddWithOpts(opts priorityqueue.AddOpts, requests ...reconcile.Request) {
	for _, req := range requests {
		with := opts
		if with.Priority == nil {
			priority := q.priority(req)
			if q.awaited > 0 && q.ranked >= q.awaited {
				priority = min(priority, priorityMany)
			}
			q.ranked++
			with.Priority, with.After = &priority, max(with.After, q.after)
		}
		q.PriorityQueue.AddWithOpts(with, req)
	}
}
