package team

import (
	"context"
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/edits"
)

// Priorities of teams in the queue, so that a team that is begun is finished before the next one is begun, and an edit does not
// wait for a thousand new teams. What a process finds when it starts has controller-runtime's handler.LowPriority.
const (
	// priorityNew is that of a team for which nothing was done yet, while many come.
	priorityNew = 0
	// priorityMany is that of a change that concerns all teams, and of retries.
	priorityMany = 5
	// priorityAwaited is that of what somebody waits for: a team that is begun or was served before, and a new one that comes alone.
	priorityAwaited = 10
	// priorityDue is that of what is due at a time, such as the end of somebody's access.
	priorityDue = 20
)

const (
	// newTeamsAtOnce is how many new teams may come of one field manager at a time until they count as many, and newTeamsEvery after how
	// long another one counts as coming alone.
	newTeamsAtOnce = 10
	newTeamsEvery  = time.Second
)

// endsAtOnce is how many teams may lose access at a time until they count as many, and endsEvery after how long another one counts
// as losing it alone.
const (
	endsAtOnce = 10
	endsEvery  = 100 * time.Millisecond
)

// ends tells whether many teams lose access at a time, as when a stage of a programme ends: then those whose end is due all lose it before
// the rest of what follows is done for the first of them. The zero value is ready for use.
type ends struct {
	mu  sync.Mutex
	few *rate.Limiter
}

// areMany reports whether the end of a team's access now is one of many.
func (e *ends) areMany(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.few == nil {
		e.few = rate.NewLimiter(rate.Every(endsEvery), endsAtOnce)
	}
	return !e.few.AllowN(now, 1)
}

// begun knows since when this process provisions each team. The zero value is ready for use.
type begun struct {
	mu    sync.Mutex
	since map[string]time.Time
	// alone is how many more teams of each field manager count as coming alone. A team that somebody applies with kubectl does not
	// wait behind those that come out of a repository meanwhile.
	alone map[string]*rate.Limiter
}

// begin returns when a team was begun, which may be now.
func (b *begun) begin(name string, now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	since, ok := b.since[name]
	if !ok {
		if b.since == nil {
			b.since = map[string]time.Time{}
		}
		since = now
		b.since[name] = now
	}
	return since
}

func (b *begun) has(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.since[name]
	return ok
}

// forget forgets a team that is gone.
func (b *begun) forget(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.since, name)
}

// comesAlone reports whether a team that a field manager makes now is not one of many that it makes.
func (b *begun) comesAlone(manager string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	few := b.alone[manager]
	if few == nil {
		maps.DeleteFunc(b.alone, func(_ string, of *rate.Limiter) bool { return of.TokensAt(now) >= newTeamsAtOnce }) // is as a new one
		if b.alone == nil {
			b.alone = map[string]*rate.Limiter{}
		}
		few = rate.NewLimiter(rate.Every(newTeamsEvery), newTeamsAtOnce)
		b.alone[manager] = few
	}
	return few.AllowN(now, 1)
}

// priority returns a team's priority when something of it changed.
func (r *Reconciler) priority(ctx context.Context, name string) int {
	if r.unserved(ctx, name) != nil {
		return priorityNew
	}
	return priorityAwaited // begun, served before, gone, or not known
}

// priorityOfArrival is priority for a team that was just created.
func (r *Reconciler) priorityOfArrival(ctx context.Context, name string) int {
	team := r.unserved(ctx, name)
	if team != nil && !r.begun.comesAlone(edits.Last(team.ManagedFields, nil).Manager, r.Clock.Now()) {
		return priorityNew
	}
	return priorityAwaited
}

// unserved returns a team for which nothing was done yet; nil if something was, or it is not known. It must not be changed.
func (r *Reconciler) unserved(ctx context.Context, name string) *foundationv1alpha1.FoundationTeam {
	team := &foundationv1alpha1.FoundationTeam{}
	if r.begun.has(name) {
		return nil
	}
	if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, team, client.UnsafeDisableDeepCopy); err != nil || len(team.Status.Conditions) > 0 {
		return nil
	}
	return team
}

// priorityOfMany is priority for what concerns all teams.
func (r *Reconciler) priorityOfMany(ctx context.Context, name string) int {
	return min(r.priority(ctx, name), priorityMany)
}

// priorityAgain returns the priority with which a reconcile that returned due comes again as settled.
func priorityAgain(due, settled ctrl.Result, err error) *int {
	switch {
	case settled.RequeueAfter == 0:
		return nil
	case err != nil && settled.RequeueAfter != due.RequeueAfter:
		return new(priorityMany)
	case err == nil && due.Priority != nil:
		return due.Priority
	default:
		return new(priorityDue)
	}
}

// ranked returns a handler that gives the teams which another one requeues their priority. What is requeued because a process
// lists its objects at first, or again, keeps the low one.
func ranked(h handler.EventHandler, priority func(context.Context, string) int) handler.EventHandler {
	return rankedHandler{EventHandler: h, priority: priority}
}

type rankedHandler struct {
	handler.EventHandler
	priority func(context.Context, string) int
}

// Create implements handler.EventHandler.
func (h rankedHandler) Create(ctx context.Context, e event.CreateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	if !e.IsInInitialList {
		queue = h.rank(ctx, queue)
	}
	h.EventHandler.Create(ctx, e, queue)
}

// Update implements handler.EventHandler.
func (h rankedHandler) Update(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	if e.ObjectOld.GetResourceVersion() != e.ObjectNew.GetResourceVersion() {
		queue = h.rank(ctx, queue)
	}
	h.EventHandler.Update(ctx, e, queue)
}

// Delete implements handler.EventHandler.
func (h rankedHandler) Delete(ctx context.Context, e event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	h.EventHandler.Delete(ctx, e, h.rank(ctx, queue))
}

func (h rankedHandler) rank(
	ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request],
) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	if prioritized, ok := queue.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
		return rankedQueue{PriorityQueue: prioritized, priority: func(req reconcile.Request) int { return h.priority(ctx, req.Name) }}
	}
	return queue
}

// rankedQueue adds each request with the priority of its team.
type rankedQueue struct {
	priorityqueue.PriorityQueue[reconcile.Request]
	priority func(reconcile.Request) int
}

// Add implements workqueue.TypedInterface.
func (q rankedQueue) Add(req reconcile.Request) { q.AddWithOpts(priorityqueue.AddOpts{}, req) }

// AddWithOpts implements priorityqueue.PriorityQueue.
func (q rankedQueue) AddWithOpts(opts priorityqueue.AddOpts, requests ...reconcile.Request) {
	for _, req := range requests {
		with := opts
		if with.Priority == nil {
			with.Priority = new(q.priority(req))
		}
		q.PriorityQueue.AddWithOpts(with, req)
	}
}
