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
	// priorityAlone is that of a served team's edit that comes alone. Somebody waits for it, it takes one reconcile, and there are so few that
	// what is due is not late by them, while an edit would wait long when a thousand teams end.
	priorityAlone = 30
)

// dueSoon is how long a team waits with priorityDue for what is due. It is looked at before that once more.
const dueSoon = time.Minute

// aloneAtOnce is how many teams one field manager may make or edit at a time until they count as many, and aloneEvery after how long another
// one counts as coming alone.
const (
	aloneAtOnce = 10
	aloneEvery  = time.Second
)

// endsAtOnce is how many teams may lose access at a time until they count as many, and endsEvery after how long another one counts
// as losing it alone.
const (
	endsAtOnce = 10
	endsEvery  = 10 * time.Second
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
	// alone is how many more new teams and edits of each field manager count as coming alone. What somebody applies with kubectl does not
	// wait behind what comes out of a repository meanwhile.
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

// comesAlone reports whether a team that a field manager makes or edits now is not one of many.
func (b *begun) comesAlone(manager string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	few := b.alone[manager]
	if few == nil {
		maps.DeleteFunc(b.alone, func(_ string, of *rate.Limiter) bool { return of.TokensAt(now) >= aloneAtOnce }) // is as a new one
		if b.alone == nil {
			b.alone = map[string]*rate.Limiter{}
		}
		few = rate.NewLimiter(rate.Every(aloneEvery), aloneAtOnce)
		b.alone[manager] = few
	}
	return few.AllowN(now, 1)
}

// lone knows the served teams whose last edit came alone and has not had its effect, by name with the edit's generation. Until it has, the team
// comes again with the priority of such an edit: it would wait behind all that is due only because the cache was late. The zero value is ready
// for use.
type lone struct{ edits sync.Map }

// came notes the edit of a team that comes alone.
func (l *lone) came(team *foundationv1alpha1.FoundationTeam) {
	l.edits.Store(team.Name, team.Generation)
}

// done notes that a reconcile of a team was done, which may have begun before its last edit.
func (l *lone) done(team *foundationv1alpha1.FoundationTeam) {
	noted, _ := l.edits.Load(team.Name)
	if edit, ok := noted.(int64); ok && edit <= team.Generation {
		l.edits.CompareAndDelete(team.Name, noted)
	}
}

func (l *lone) has(name string) bool {
	_, ok := l.edits.Load(name)
	return ok
}

// forget forgets a team that is gone.
func (l *lone) forget(name string) { l.edits.Delete(name) }

// priority returns a team's priority when something of it changed.
func (r *Reconciler) priority(ctx context.Context, name string) int {
	if team := r.known(ctx, name); team != nil && !r.isServed(team) {
		return priorityNew
	}
	return r.ends.priority(name)
}

// priorityOfArrival is priority for a team that was just created or edited.
func (r *Reconciler) priorityOfArrival(ctx context.Context, name string) int {
	r.ends.done(name)
	team := r.known(ctx, name)
	if team == nil {
		return priorityAwaited
	}
	isServed, alone := r.isServed(team), r.begun.comesAlone(edits.Last(team.ManagedFields, nil).Manager, r.Clock.Now())
	switch {
	case isServed && alone:
		r.lone.came(team)
		return priorityAlone
	case !isServed && !alone:
		return priorityNew
	default:
		return priorityAwaited
	}
}

// known returns a team, which must not be changed; nil if the cache does not have it.
func (r *Reconciler) known(ctx context.Context, name string) *foundationv1alpha1.FoundationTeam {
	team := &foundationv1alpha1.FoundationTeam{}
	if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, team, client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	return team
}

// isServed reports whether something was done for a team before.
func (r *Reconciler) isServed(team *foundationv1alpha1.FoundationTeam) bool {
	return r.begun.has(team.Name) || len(team.Status.Conditions) > 0
}

// priorityOfRest returns the priority of what is left to do for a team because the cache has to catch up.
func (r *Reconciler) priorityOfRest(name string) int {
	if priority := r.ends.priority(name); priority == priorityMany || !r.lone.has(name) {
		return priority
	}
	return priorityAlone
}

// priorityOfRetry returns the priority with which a team comes again after a failure.
func (r *Reconciler) priorityOfRetry(name string) int {
	if r.lone.has(name) {
		return priorityAlone
	}
	return priorityMany
}

// priorityAgain returns the priority with which a reconcile that returned due comes again as settled; retry is that after a failure.
func priorityAgain(due, settled ctrl.Result, err error, retry int) *int {
	switch {
	case settled.RequeueAfter == 0:
		return nil
	case err != nil && settled.RequeueAfter != due.RequeueAfter:
		return &retry
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
