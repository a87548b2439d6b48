package program

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/builder"
)

// server is a fake API server that records writes in order and can refuse them.
type server struct {
	client.WithWatch
	writes []string
	// refused is the error of writes, readErr that of reads of teams.
	refused, readErr error
	events           *events.FakeRecorder
	clock            *clocktesting.FakePassiveClock
}

// indexes registers the operator's field indexes with a fake client.
type indexes struct{ *fake.ClientBuilder }

func (i indexes) IndexField(_ context.Context, obj client.Object, field string, extract client.IndexerFunc) error {
	i.WithIndex(obj, field, extract)
	return nil
}

func newServer(t *testing.T, objects ...client.Object) *server {
	t.Helper()
	s := &server{events: events.NewFakeRecorder(64), clock: clocktesting.NewFakePassiveClock(now)}
	api := fake.NewClientBuilder().WithScheme(setup.Scheme()).WithStatusSubresource(&foundationv1alpha1.FoundationProgram{}).WithObjects(objects...)
	if err := index.Register(t.Context(), indexes{api}); err != nil {
		t.Fatal(err)
	}
	s.WithWatch = interceptor.NewClient(api.Build(), interceptor.Funcs{
		Patch: func(ctx context.Context, api client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			return s.write("patch "+obj.GetName(), func() error { return api.Patch(ctx, obj, patch, opts...) })
		},
		SubResourcePatch: func(ctx context.Context, api client.Client, sub string, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			return s.write("patch "+sub+" of "+obj.GetName(), func() error { return api.SubResource(sub).Patch(ctx, obj, patch, opts...) })
		},
		List: func(ctx context.Context, api client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if _, ok := list.(*foundationv1alpha1.FoundationTeamList); ok && s.readErr != nil {
				return s.readErr
			}
			return api.List(ctx, list, opts...)
		},
		Get: func(ctx context.Context, api client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if _, ok := obj.(*foundationv1alpha1.FoundationTeam); ok && s.readErr != nil {
				return s.readErr
			}
			return api.Get(ctx, key, obj, opts...)
		},
	})
	return s
}

func (s *server) write(what string, do func() error) error {
	s.writes = append(s.writes, what)
	if s.refused != nil {
		return s.refused
	}
	return do()
}

// take returns the writes so far and forgets them.
func (s *server) take() []string {
	writes := s.writes
	s.writes = nil
	return writes
}

// told returns the events so far.
func (s *server) told() []string {
	var told []string
	for len(s.events.Events) > 0 {
		told = append(told, <-s.events.Events)
	}
	return told
}

func (s *server) reconciler() *Reconciler {
	return &Reconciler{Client: s, Live: s, Applier: apply.New(s, s), Events: s.events, Clock: s.clock}
}

func (*server) reconcile(t *testing.T, r *Reconciler) ctrl.Result {
	t.Helper()
	result, err := r.Reconcile(t.Context(), request(models))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (s *server) program(t *testing.T) *foundationv1alpha1.FoundationProgram {
	t.Helper()
	program := &foundationv1alpha1.FoundationProgram{}
	if err := s.Get(t.Context(), client.ObjectKey{Name: models}, program); err != nil {
		t.Fatal(err)
	}
	return program
}

func unfinalized(program *foundationv1alpha1.FoundationProgram) { program.Finalizers = nil }

// The status is written once, then again when time has changed it, and not in between.
func TestReconcileWritesWhatChanged(t *testing.T) {
	program := builder.Program(models, unfinalized, builder.Seats(2), builder.Money(foundationv1alpha1.BudgetData, 15000*million),
		builder.Criteria("technology", 60, "impact", 40), builder.GateOf("originality"),
		builder.Evaluated("written", day(-3), builder.Scored("hanbit", map[string]string{"technology": "55.5", "impact": "30"}), builder.Scored("naru", map[string]string{"technology": "40"})),
		builder.Decided("hanbit", selected, day(-2), builder.On("written"), builder.FinalAt(now.Add(20*time.Minute))))
	s := newServer(t, program, team("hanbit", builder.Award("b200", 8), granted("corpus", foundationv1alpha1.BudgetData, 2800, day(2))), team("naru"), builder.Team("alone"))
	r := s.reconciler()

	if result := s.reconcile(t, r); result.RequeueAfter != 20*time.Minute {
		t.Errorf("looks again after %s", result.RequeueAfter)
	}
	if diff := cmp.Diff([]string{"patch " + models, "patch status of " + models}, s.take()); diff != "" {
		t.Error(diff)
	}
	status := s.program(t).Status
	if status.Seats.Summary != "0/2" || len(status.Teams) != 2 || len(status.Rankings[0].Entries) != 2 || status.Next != "2026-04-01 09:20 KST: the selection of hanbit is final" {
		t.Errorf("%+v", status)
	}
	if diff := cmp.Diff([]string{
		"Normal AsDeclared Ready: 0 of 2 seats filled, 1 selection not final, 2 teams", "Normal AsDeclared DecisionsConsistent: 1 decision, none held back",
		"Normal AsDeclared WithinBudget: committed on Data: 0 of 15,000,000,000 KRW",
	}, s.told()); diff != "" {
		t.Error(diff)
	}

	s.clock.SetTime(now.Add(20*time.Minute - time.Second))
	if result := s.reconcile(t, r); result.RequeueAfter != time.Second || len(s.writes) > 0 {
		t.Errorf("a second before: wrote %v, looks again after %s", s.writes, result.RequeueAfter)
	}
	for _, again := range []*Reconciler{r, s.reconciler()} {
		s.clock.SetTime(now.Add(20 * time.Minute))
		if result := s.reconcile(t, again); result.RequeueAfter != time.Hour {
			t.Errorf("looks again after %s", result.RequeueAfter)
		}
	}
	if diff := cmp.Diff([]string{"patch status of " + models}, s.take()); diff != "" {
		t.Errorf("also after a restart: %s", diff)
	}
	status = s.program(t).Status
	if status.Seats.Summary != "1/2" || status.GPUs[0].Awarded != 8 || status.Budget[0].Committed != 2800*million || !strings.HasSuffix(status.Next, "KST: 2,800,000,000 KRW on line Data are due to hanbit") {
		t.Errorf("%+v", status)
	}
	if told := s.told(); len(told) > 0 {
		t.Errorf("told %v", told)
	}
}

func TestReconcileReportsWhatDoesNotFit(t *testing.T) {
	s := newServer(t, builder.Program(models, builder.Seats(1), builder.Decided("hanbit", selected, day(-2)), builder.Decided("naru", selected, day(-1))))
	s.reconcile(t, s.reconciler())
	told := s.told()
	if len(told) != 2 || !strings.HasPrefix(told[0], "Warning SeatsExceeded Ready: naru ") || !strings.HasPrefix(told[1], "Warning SeatsExceeded DecisionsConsistent: naru ") {
		t.Errorf("told %v", told)
	}
}

// No decision is made from a status that the cache shows older than the last write.
func TestReconcileWaitsForTheCache(t *testing.T) {
	s := newServer(t, builder.Program(models))
	r := s.reconciler()
	old := s.program(t)
	s.reconcile(t, r)
	s.take()
	r.Client = interceptor.NewClient(s.WithWatch, interceptor.Funcs{
		Get: func(_ context.Context, _ client.WithWatch, _ client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
			program, ok := obj.(*foundationv1alpha1.FoundationProgram)
			if !ok {
				return errors.New("not a programme")
			}
			old.DeepCopyInto(program)
			return nil
		},
	})
	if result := s.reconcile(t, r); result.RequeueAfter == 0 || len(s.writes) > 0 {
		t.Errorf("wrote %v, looks again after %s", s.writes, result.RequeueAfter)
	}
}

func TestReconcileFails(t *testing.T) {
	problem := errors.New("no")
	conflict := apierrors.NewConflict(foundationv1alpha1.GroupVersion.WithResource("foundationprograms").GroupResource(), models, problem)
	missing := builder.Decided("naru", selected, day(-1))
	tests := map[string]struct {
		program          *foundationv1alpha1.FoundationProgram
		refused, readErr error
		want             time.Duration
	}{
		"the finalizer cannot be written": {program: builder.Program(models, unfinalized), refused: problem, want: 200 * time.Millisecond},
		"the status cannot be written":    {program: builder.Program(models), refused: problem, want: 200 * time.Millisecond},
		"the status write conflicts":      {program: builder.Program(models), refused: conflict, want: 200 * time.Millisecond},
		"teams cannot be read":            {program: builder.Program(models, missing), readErr: problem, want: 200 * time.Millisecond},
		"the programme does not exist":    {program: builder.Program("other"), refused: problem},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, tt.program)
			s.refused, s.readErr = tt.refused, tt.readErr
			if got := s.reconcile(t, s.reconciler()).RequeueAfter; got != tt.want {
				t.Errorf("again after %s, want %s", got, tt.want)
			}
		})
	}
}

// The finalizer is removed when the API server, too, has no team that names the programme.
func TestDeletion(t *testing.T) {
	tests := map[string]struct {
		cached, live []client.Object
		goes         bool
		reason       string
	}{
		"no team names the programme":                            {goes: true},
		"a team names another programme":                         {cached: []client.Object{builder.Team("naru", builder.InProgram("other"))}, live: []client.Object{builder.Team("naru", builder.InProgram("other"))}, goes: true},
		"a team names the programme":                             {cached: []client.Object{team("hanbit")}, live: []client.Object{team("hanbit")}, reason: foundationv1alpha1.ReasonTeamsRemain},
		"the API server has a team that the cache does not show": {live: []client.Object{team("hanbit")}},
		"the cache shows a team that no longer exists":           {cached: []client.Object{team("hanbit")}, reason: foundationv1alpha1.ReasonTeamsRemain},
		"decisions on teams that do not name the programme":      {cached: []client.Object{builder.Team("hanbit")}, live: []client.Object{builder.Team("hanbit")}, goes: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, append(tt.cached, builder.Program(models, builder.Decided("hanbit", selected, day(-1)),
				func(program *foundationv1alpha1.FoundationProgram) {
					program.DeletionTimestamp = new(metav1.NewTime(now))
				}))...)
			r := s.reconciler()
			r.Live = newServer(t, tt.live...)
			result := s.reconcile(t, r)
			err := s.Get(t.Context(), client.ObjectKey{Name: models}, &foundationv1alpha1.FoundationProgram{})
			if goes := apierrors.IsNotFound(err); goes != tt.goes {
				t.Errorf("goes %t", goes)
			}
			if tt.goes {
				return
			}
			if got := condition(s.program(t).Status, foundationv1alpha1.ConditionReady).Reason; got != tt.reason {
				t.Errorf("reason %q, want %q", got, tt.reason)
			}
			if tt.reason == "" && result.RequeueAfter == 0 {
				t.Error("does not look again")
			}
		})
	}
}

func TestProgramsOfTeam(t *testing.T) {
	s := newServer(t, builder.Program(models, builder.Decided("hanbit", selected, day(-1))), builder.Program("other", builder.Decided("naru", selected, day(-1))))
	tests := map[string]struct {
		team client.Object
		want []string
	}{
		"the team names no programme":                            {builder.Team("alone"), nil},
		"the team names the programme that decided on it":        {team("hanbit"), []string{models}},
		"the team names a programme without a decision":          {team("mirae"), []string{models}},
		"the team names one programme and another decided on it": {team("naru"), []string{"other", models}},
		"the team names no programme and one decided on it":      {builder.Team("hanbit"), []string{models}},
		"the team names a programme that does not exist":         {builder.Team("hanbit", builder.InProgram("none")), []string{"none", models}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, request := range s.reconciler().programsOfTeam(t.Context(), tt.team) {
				got = append(got, request.Name)
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if want := (types.NamespacedName{Name: models}); request(models).NamespacedName != want {
		t.Error("a programme has no namespace")
	}
}
