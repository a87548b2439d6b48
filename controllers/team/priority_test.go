package team

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/requeue"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/builder"
)

// served is a team that has a status.
func served(name string) *foundationv1alpha1.FoundationTeam {
	team := builder.Team(name)
	team.ResourceVersion, team.Status.ObservedGeneration = "", team.Generation
	team.Status.Conditions = []metav1.Condition{{Type: foundationv1alpha1.ConditionReady, Status: metav1.ConditionTrue}}
	return team
}

func unserved(name string) *foundationv1alpha1.FoundationTeam {
	team := builder.Team(name)
	team.ResourceVersion = ""
	return team
}

// What somebody waits for leaves the queue before what follows for many, and a team that is begun before the next one is begun.
func TestTeamsLeaveTheQueueInOrder(t *testing.T) {
	names := []string{"new1", "new2", "begun", "edited", "due", "listed", "class", "ended", "alone"}
	objects := []client.Object{
		unserved("new1"), unserved("new2"), unserved("begun"), served("edited"), served("due"), served("listed"), served("class"), served("ended"),
		appliedBy(served("alone"), "kubectl"),
	}
	now := clocktesting.NewFakePassiveClock(builder.Now)
	r := &Reconciler{Client: fake.NewClientBuilder().WithScheme(setup.Scheme()).WithObjects(objects...).WithReturnManagedFields().Build(), Clock: now}
	for r.begun.comesAlone("", now.Now()) {
		continue // many have come in this second
	}
	r.begun.begin("begun", now.Now())
	for !r.ends.isOneOfMany(served("ended"), now.Now()) {
		continue // others have ended
	}

	queue := priorityqueue.New[reconcile.Request]("test")
	defer queue.ShutDown()
	arrivals := ranked(&handler.EnqueueRequestForObject{}, r.priorityOfArrival)
	changes := ranked(&handler.EnqueueRequestForObject{}, r.priority)
	var concerned []reconcile.Request
	for i := range awaitedAtOnce {
		concerned = append(concerned, request(fmt.Sprint("first", i)))
	}
	many := rankedOfMany(handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request {
		return append(concerned, request("class"))
	}), r.priority)
	older := func(name string) client.Object {
		old := served(name)
		old.ResourceVersion = "1"
		return old
	}
	arrivals.Create(t.Context(), event.CreateEvent{Object: served("listed"), IsInInitialList: true}, queue)
	arrivals.Create(t.Context(), event.CreateEvent{Object: unserved("new1")}, queue)
	arrivals.Create(t.Context(), event.CreateEvent{Object: unserved("new2")}, queue)
	many.Update(t.Context(), event.UpdateEvent{ObjectOld: older("class"), ObjectNew: served("class")}, queue)
	changes.Update(t.Context(), event.UpdateEvent{ObjectOld: older("ended"), ObjectNew: served("ended")}, queue)
	changes.Update(t.Context(), event.UpdateEvent{ObjectOld: older("begun"), ObjectNew: served("begun")}, queue)
	arrivals.Update(t.Context(), event.UpdateEvent{ObjectOld: older("edited"), ObjectNew: served("edited")}, queue)
	arrivals.Update(t.Context(), event.UpdateEvent{ObjectOld: older("alone"), ObjectNew: served("alone")}, queue)
	queue.AddWithOpts(priorityqueue.AddOpts{Priority: priorityAgain(ctrl.Result{RequeueAfter: time.Hour}, ctrl.Result{RequeueAfter: time.Hour}, nil, priorityMany)}, request("due"))

	var order []string
	for range len(names) + len(concerned) {
		if req, _, _ := queue.GetWithPriority(); slices.Contains(names, req.Name) {
			order = append(order, req.Name)
		}
	}
	if want := []string{"alone", "due", "begun", "edited", "class", "ended", "new1", "new2", "listed"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}

// A team that comes alone does not wait behind many that came before, nor behind those that somebody else makes meanwhile.
func TestTeamsThatComeAloneAreAwaited(t *testing.T) {
	now := clocktesting.NewFakePassiveClock(builder.Now)
	mass, one := appliedBy(unserved("mass"), "argocd"), appliedBy(unserved("one"), "kubectl")
	r := &Reconciler{Client: fake.NewClientBuilder().WithScheme(setup.Scheme()).WithObjects(mass, one).WithReturnManagedFields().Build(), Clock: now}
	for i := range aloneAtOnce {
		if got := r.priorityOfArrival(t.Context(), "mass"); got != priorityAwaited {
			t.Fatalf("the %dth of a few has priority %d", i+1, got)
		}
	}
	if got := r.priorityOfArrival(t.Context(), "mass"); got != priorityNew {
		t.Errorf("one of many has priority %d", got)
	}
	if got := r.priorityOfArrival(t.Context(), "one"); got != priorityAwaited {
		t.Errorf("one that somebody else makes meanwhile has priority %d", got)
	}
	now.SetTime(builder.Now.Add(aloneEvery))
	if got := r.priorityOfArrival(t.Context(), "mass"); got != priorityAwaited {
		t.Errorf("one that comes later has priority %d", got)
	}
	now.SetTime(builder.Now.Add(time.Hour))
	r.begun.comesAlone("flux", now.Now())
	if got := len(r.begun.alone); got != 1 {
		t.Errorf("%d field managers are remembered that have made nothing for an hour", got-1)
	}
	r.begun.begin("mass", now.Now())
	r.begun.forget("mass")
	if r.begun.has("mass") {
		t.Error("a team that is gone is remembered")
	}
}

// appliedBy is a team that a field manager has made.
func appliedBy(team *foundationv1alpha1.FoundationTeam, manager string) *foundationv1alpha1.FoundationTeam {
	team.ManagedFields = []metav1.ManagedFieldsEntry{{
		Manager: manager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: foundationv1alpha1.GroupVersion.String(),
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`),
	}}
	return team
}

func TestPriorityAgain(t *testing.T) {
	problem := errors.New("no")
	after := func(d time.Duration) ctrl.Result { return ctrl.Result{RequeueAfter: d} }
	for name, tt := range map[string]struct {
		due, settled ctrl.Result
		err          error
		want         *int
	}{
		"nothing is due":           {},
		"something is due":         {due: after(time.Hour), settled: after(time.Hour), want: new(priorityDue)},
		"the cache is waited for":  {due: (&Reconciler{}).awaited(served("edited"), requeue.ForCache()), settled: requeue.ForCache(), want: new(priorityAwaited)},
		"a retry":                  {settled: after(time.Second), err: problem, want: new(priorityMany)},
		"a retry before it is due": {due: after(time.Hour), settled: after(time.Second), err: problem, want: new(priorityMany)},
		"it is due before a retry": {due: after(time.Second), settled: after(time.Second), err: problem, want: new(priorityDue)},
	} {
		t.Run(name, func(t *testing.T) {
			got := priorityAgain(tt.due, tt.settled, tt.err, priorityMany)
			if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
				t.Errorf("priority %v, want %v", got, tt.want)
			}
		})
	}
}

// What is due far ahead does not have its priority for what else happens until then.
func TestTeamsAreLookedAtBeforeSomethingIsDue(t *testing.T) {
	for name, tt := range map[string]struct{ result, want ctrl.Result }{
		"nothing is due": {},
		"soon":           {ctrl.Result{RequeueAfter: dueSoon, Priority: new(priorityDue)}, ctrl.Result{RequeueAfter: dueSoon, Priority: new(priorityDue)}},
		"later":          {ctrl.Result{RequeueAfter: time.Hour, Priority: new(priorityDue)}, ctrl.Result{RequeueAfter: time.Hour - dueSoon, Priority: new(priorityAwaited)}},
		"a retry":        {ctrl.Result{RequeueAfter: time.Hour, Priority: new(priorityMany)}, ctrl.Result{RequeueAfter: time.Hour, Priority: new(priorityMany)}},
	} {
		t.Run(name, func(t *testing.T) {
			ahead := lookAhead(reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) { return tt.result, nil }))
			got, err := ahead.Reconcile(t.Context(), request("hanbit"))
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}

// Whoever edits one team while many end does not count as one of those.
func TestAnEditDuringManyEndsIsNoneOfThem(t *testing.T) {
	r := &Reconciler{
		Client: fake.NewClientBuilder().WithScheme(setup.Scheme()).WithObjects(served("edited"), served("ended")).Build(),
		Clock:  clocktesting.NewFakePassiveClock(now),
	}
	edited := served("edited")
	edited.Generation++
	for !r.ends.isOneOfMany(served("ended"), now) {
		continue // others have ended
	}
	if r.ends.isOneOfMany(edited, now) {
		t.Error("an edit is one of the many")
	}
	if got := r.ends.priority("ended"); got != priorityMany {
		t.Errorf("one of many has priority %d", got)
	}
	if got := r.priorityOfArrival(t.Context(), "ended"); got != priorityAlone || r.ends.priority("ended") != priorityAwaited {
		t.Errorf("an edit of one of many has priority %d, and what follows from it %d", got, r.ends.priority("ended"))
	}
	for !r.ends.isOneOfMany(edited, now) {
		continue // many are edited
	}
}

// An edit that comes alone keeps its precedence until it has had its effect, whatever of it has to be done again.
func TestAnEditKeepsItsPrecedenceUntilItIsDone(t *testing.T) {
	s, r := working(t)
	if got := r.priorityOfArrival(t.Context(), "hanbit"); got != priorityAlone {
		t.Fatalf("the edit has priority %d", got)
	}
	if got := r.awaited(s.team(t), requeue.ForCache()); *got.Priority != priorityAlone {
		t.Errorf("what waits for the cache has priority %d", *got.Priority)
	}
	s.failing("list")
	if got := s.reconcile(t, r); got.Priority == nil || *got.Priority != priorityAlone {
		t.Errorf("after a failure it has priority %v", got.Priority)
	}
	s.failing()
	later := s.team(t)
	later.Generation++
	r.lone.came(later)
	s.settle(t, r)
	if !r.lone.has("hanbit") {
		t.Error("a reconcile that began before the edit has ended its precedence")
	}
	r.lone.came(s.team(t))
	s.settle(t, r)
	if got := r.awaited(s.team(t), requeue.ForCache()); *got.Priority != priorityAwaited {
		t.Errorf("when it is done, what follows has priority %d", *got.Priority)
	}
	for !r.ends.isOneOfMany(served("hanbit"), now) {
		continue // others end
	}
	r.lone.came(s.team(t))
	if got := r.awaited(s.team(t), requeue.ForCache()); *got.Priority != priorityMany {
		t.Errorf("the rest of one of many has priority %d", *got.Priority)
	}
}

// When many teams lose access at a time, each loses it before the rest is done for any, and the rest comes after what is due.
func TestManyEndsComeBeforeTheRest(t *testing.T) {
	s, r := working(t)
	for !r.ends.isOneOfMany(served("another"), now.Add(time.Hour)) {
		continue // others have ended
	}
	s.clock.SetTime(now.Add(time.Hour))
	s.writes = nil
	s.fails = func(string) bool { // nothing, but events of what is written come at once
		if len(s.writes) > 0 && r.ends.priority("hanbit") != priorityMany {
			t.Error("what the watches show of the team comes before others' edits")
		}
		return false
	}
	result := s.reconcile(t, r)
	if diff := cmp.Diff([]string{"kim"}, s.bound(t, "foundation-team-lead")); diff != "" || s.bound(t, "foundation-team-engineer") != nil {
		t.Errorf("who has left has access: %s", diff)
	}
	if result.Priority == nil || *result.Priority != priorityMany || result.RequeueAfter <= 0 {
		t.Errorf("the rest comes after %s with priority %v", result.RequeueAfter, result.Priority)
	}
	for _, write := range s.writes {
		if !strings.Contains(write, "RoleBinding") {
			t.Errorf("%s was not put off", write)
		}
	}
	s.failing()
	s.settle(t, r)
	if active := s.team(t).Status.Staff.Active; active != 1 {
		t.Errorf("%d of staff are active by the status, want 1", active)
	}
	if got := r.priority(t.Context(), s.team(t).Name); got != priorityAwaited {
		t.Errorf("when all is done, a change of the team has priority %d", got)
	}
}

// What happens to a team's objects within a moment is looked at once, and an edit of the team does not wait for that.
func TestEventsOfObjectsAreDebounced(t *testing.T) {
	team := served("hanbit")
	r := &Reconciler{
		Client: fake.NewClientBuilder().WithScheme(setup.Scheme()).WithObjects(team).Build(), Clock: clocktesting.NewFakePassiveClock(now),
	}
	quota := func(version, enforced, used string) *corev1.ResourceQuota {
		pods := func(count string) corev1.ResourceList {
			return corev1.ResourceList{corev1.ResourcePods: resource.MustParse(count)}
		}
		quota := builder.Quota(team, "train", pods("10"))
		quota.ResourceVersion, quota.Status = version, corev1.ResourceQuotaStatus{Hard: pods(enforced), Used: pods(used)}
		return quota
	}
	objects := debounced(handler.EnqueueRequestsFromMapFunc(ownerOf), r.priority)
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	for name, tt := range map[string]struct {
		event func(queue)
		want  time.Duration
	}{
		"an object that was made": {func(q queue) {
			objects.Create(t.Context(), event.CreateEvent{Object: builder.OwnedNamespace(team, "train")}, q)
		}, objectDebounce},
		"one that is listed at a start": {func(q queue) {
			objects.Create(t.Context(), event.CreateEvent{Object: builder.OwnedNamespace(team, "train"), IsInInitialList: true}, q)
		}, 0},
		"one that is gone": {func(q queue) {
			objects.Delete(t.Context(), event.DeleteEvent{Object: builder.OwnedNamespace(team, "train")}, q)
		}, objectDebounce},
		"a quota that is enforced now": {func(q queue) {
			objects.Update(t.Context(), event.UpdateEvent{ObjectOld: quota("1", "5", "0"), ObjectNew: quota("2", "10", "1")}, q)
		}, objectDebounce},
		"a quota of which more is used": {func(q queue) {
			objects.Update(t.Context(), event.UpdateEvent{ObjectOld: quota("1", "10", "0"), ObjectNew: quota("2", "10", "1")}, q)
		}, useDebounce},
		"an edit of the team": {func(q queue) {
			ranked(&handler.EnqueueRequestForObject{}, r.priorityOfArrival).Create(t.Context(), event.CreateEvent{Object: team}, q)
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			added := &addings{PriorityQueue: priorityqueue.New[reconcile.Request]("debounced")}
			defer added.ShutDown()
			tt.event(added)
			if want := []time.Duration{tt.want}; !slices.Equal(slices.Compact(added.after), want) {
				t.Errorf("looked at after %v, want %v", added.after, want)
			}
		})
	}
}

// addings is a queue that remembers after how long what was added is ready.
type addings struct {
	priorityqueue.PriorityQueue[reconcile.Request]
	after []time.Duration
}

func (a *addings) AddWithOpts(opts priorityqueue.AddOpts, requests ...reconcile.Request) {
	a.after = append(a.after, opts.After)
	a.PriorityQueue.AddWithOpts(opts, requests...)
}
