package team

import (
	"context"
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/edits"
)

// Priorities of teams in the queue, so that a team that is begun is finished before the next one is begun, and an edit does not
// wait for a thousand new teams. What a process finds when it starts has controller-runtime's handler.LowPriority.
const (
	// priorityNew is that of a team for which nothing was done yet, while many come.
	priorityNew = 0
	// priorityMany is that of what follows for many teams from one change, or from the end of many at a time, and of retries.
	priorityMany = 5
	// priorityAwaited is that of what somebody waits for: a team that is begun or was served before, and a new one that comes alone.
	priorityAwaited = 10
	// priorityDue is that of what is due at a time, such as the end of somebody's access.
	priorityDue = 20
)

// dueSoon is how long a team waits with priorityDue for what is due. It is looked at before that once more.
const dueSoon = time.Minute

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
	endsEvery  = time.Second
)

// ends tells whether many teams lose access at a time, as when a stage of a programme ends: then all of them lose it before the rest of what
// follows is done for any, and nobody else waits for that rest. The zero value is ready for use.
type ends struct {
	mu sync.Mutex
	// due and edited are how many more may lose access now until they count as many: because it was due, or by an edit of their own. Whoever
	// edits one team while a stage ends does not wait for all others.
	due, edited *rate.Limiter
	// among are those of many for which the rest is not done.
	among map[string]bool
}

// isOneOfMany reports whether a team that is about to lose access is one of many. Then it counts as one until that is done.
func (e *ends) isOneOfMany(team *foundationv1alpha1.FoundationTeam, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.among == nil {
		e.due, e.edited = rate.NewLimiter(rate.Every(endsEvery), endsAtOnce), rate.NewLimiter(rate.Every(endsEvery), endsAtOnce)
		e.among = map[string]bool{}
	}
	few := e.due
	if team.Status.ObservedGeneration != team.Generation {
		few = e.edited
	}
	many := !few.AllowN(now, 1)
	if many {
		e.among[team.Name] = true
	}
	return many
}

// done ends that a team counts as one of many.
func (e *ends) done(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.among, name)
}

// priority returns the priority of what is to be done for a team that was begun.
func (e *ends) priority(name string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.among[name] {
		return priorityMany
	}
	return priorityAwaited
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
	return r.ends.priority(name) // begun, served before, gone, or not known
}

// priorityOfArrival is priority for a team that was just created or edited.
func (r *Reconciler) priorityOfArrival(ctx context.Context, name string) int {
	r.ends.done(name)
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

// lookAhead has a team looked at once more when something is due soon. Until then it waits with the priority of what is awaited: whatever else
// happens to it is done with the priority with which it waits, and that of what is due would come before everything of the teams that have no
// end in sight.
func lookAhead(of reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
		result, err := of.Reconcile(ctx, req)
		return aheadOf(result), err
	})
}

func aheadOf(result ctrl.Result) ctrl.Result {
	if ptr.Deref(result.Priority, 0) == priorityDue && result.RequeueAfter > dueSoon {
		result.Priority = new(priorityAwaited)
		result.RequeueAfter -= dueSoon
	}
	return result
}
