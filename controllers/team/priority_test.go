package team

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	team.ResourceVersion = ""
	team.Status.Conditions = []metav1.Condition{{Type: foundationv1alpha1.ConditionReady, Status: metav1.ConditionTrue}}
	return team
}

func unserved(name string) *foundationv1alpha1.FoundationTeam {
	team := builder.Team(name)
	team.ResourceVersion = ""
	return team
}

// What somebody waits for leaves the queue before what many wait for, and a team that is begun before the next one is begun.
func TestTeamsLeaveTheQueueInOrder(t *testing.T) {
	names := []string{"new1", "new2", "begun", "edited", "due", "listed", "class"}
	objects := []client.Object{unserved("new1"), unserved("new2"), unserved("begun"), served("edited"), served("due"), served("listed"), served("class")}
	now := clocktesting.NewFakePassiveClock(builder.Now)
	r := &Reconciler{Client: fake.NewClientBuilder().WithScheme(setup.Scheme()).WithObjects(objects...).Build(), Clock: now}
	for r.begun.comesAlone("", now.Now()) {
		continue // many new teams have come in this second
	}
	r.begun.begin("begun", now.Now())

	queue := priorityqueue.New[reconcile.Request]("test")
	defer queue.ShutDown()
	arrivals := ranked(&handler.EnqueueRequestForObject{}, r.priorityOfArrival)
	changes := ranked(&handler.EnqueueRequestForObject{}, r.priority)
	many := ranked(&handler.EnqueueRequestForObject{}, r.priorityOfMany)
	older := func(name string) client.Object {
		old := served(name)
		old.ResourceVersion = "1"
		return old
	}
	arrivals.Create(t.Context(), event.CreateEvent{Object: served("listed"), IsInInitialList: true}, queue)
	arrivals.Create(t.Context(), event.CreateEvent{Object: unserved("new1")}, queue)
	arrivals.Create(t.Context(), event.CreateEvent{Object: unserved("new2")}, queue)
	many.Update(t.Context(), event.UpdateEvent{ObjectOld: older("class"), ObjectNew: served("class")}, queue)
	changes.Update(t.Context(), event.UpdateEvent{ObjectOld: older("begun"), ObjectNew: served("begun")}, queue)
	arrivals.Update(t.Context(), event.UpdateEvent{ObjectOld: older("edited"), ObjectNew: served("edited")}, queue)
	queue.AddWithOpts(priorityqueue.AddOpts{Priority: priorityAgain(ctrl.Result{RequeueAfter: time.Hour}, ctrl.Result{RequeueAfter: time.Hour}, nil)}, request("due"))

	var order []string
	for range names {
		req, _, _ := queue.GetWithPriority()
		order = append(order, req.Name)
	}
	if want := []string{"due", "begun", "edited", "class", "new1", "new2", "listed"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}

// A team that comes alone does not wait behind many that came before, nor behind those that somebody else makes meanwhile.
func TestTeamsThatComeAloneAreAwaited(t *testing.T) {
	now := clocktesting.NewFakePassiveClock(builder.Now)
	mass, one := appliedBy("mass", "argocd"), appliedBy("one", "kubectl")
	r := &Reconciler{Client: fake.NewClientBuilder().WithScheme(setup.Scheme()).WithObjects(mass, one).WithReturnManagedFields().Build(), Clock: now}
	for i := range newTeamsAtOnce {
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
	now.SetTime(builder.Now.Add(newTeamsEvery))
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

// appliedBy is a new team that a field manager has made.
func appliedBy(name, manager string) *foundationv1alpha1.FoundationTeam {
	team := unserved(name)
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
		"the cache is waited for":  {due: awaited(requeue.ForCache()), settled: requeue.ForCache(), want: new(priorityAwaited)},
		"a retry":                  {settled: after(time.Second), err: problem, want: new(priorityMany)},
		"a retry before it is due": {due: after(time.Hour), settled: after(time.Second), err: problem, want: new(priorityMany)},
		"it is due before a retry": {due: after(time.Second), settled: after(time.Second), err: problem, want: new(priorityDue)},
	} {
		t.Run(name, func(t *testing.T) {
			got := priorityAgain(tt.due, tt.settled, tt.err)
			if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
				t.Errorf("priority %v, want %v", got, tt.want)
			}
		})
	}
}

// When many teams lose access at a time, each loses it before the rest is done for any, and the rest comes after what is due.
func TestManyEndsComeBeforeTheRest(t *testing.T) {
	s, r := working(t)
	for !r.ends.areMany(now.Add(time.Hour)) {
		continue // others have ended
	}
	s.clock.SetTime(now.Add(time.Hour))
	s.writes = nil
	result := s.reconcile(t, r)
	if diff := cmp.Diff([]string{"kim"}, s.bound(t, "foundation-team-lead")); diff != "" || s.bound(t, "foundation-team-engineer") != nil {
		t.Errorf("who has left has access: %s", diff)
	}
	if result.Priority == nil || *result.Priority != priorityAwaited || result.RequeueAfter <= 0 {
		t.Errorf("the rest comes after %s with priority %v", result.RequeueAfter, result.Priority)
	}
	for _, write := range s.writes {
		if !strings.Contains(write, "RoleBinding") {
			t.Errorf("%s was not put off", write)
		}
	}
	s.settle(t, r)
	if active := s.team(t).Status.Staff.Active; active != 1 {
		t.Errorf("%d of staff are active by the status, want 1", active)
	}
}
