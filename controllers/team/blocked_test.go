package team

import (
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// A finalizer of somebody else on a binding of a team that is being deleted: nobody has access by it, status names it, and it
// is looked at now and then.
func TestForeignFinalizerIsNamed(t *testing.T) {
	s, r := working(t)
	s.clock.SetTime(now.Add(2 * time.Hour))
	s.settle(t, r)
	binding := &rbacv1.RoleBinding{}
	if err := s.Get(t.Context(), client.ObjectKey{Namespace: "hanbit-train", Name: "foundation-team-lead"}, binding); err != nil {
		t.Fatal(err)
	}
	binding.Finalizers = []string{"example.com/hold"}
	if err := s.Update(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), s.team(t)); err != nil {
		t.Fatal(err)
	}
	s.settle(t, r)
	if left := s.bound(t, "foundation-team-lead"); len(left) > 0 {
		t.Errorf("access is left: %v", left)
	}
	ready := meta.FindStatusCondition(s.team(t).Status.Conditions, foundationv1alpha1.ConditionReady)
	const want = "RoleBinding hanbit-train/foundation-team-lead is being deleted and kept by finalizers: remove example.com/hold from it"
	if ready.Reason != foundationv1alpha1.ReasonTerminating || !strings.HasPrefix(ready.Message, want) {
		t.Errorf("Ready: %s, %s", ready.Reason, ready.Message)
	}
	s.writes = nil
	for _, since := range []struct{ lasted, again time.Duration }{{0, firstStalledRecheck}, {3 * time.Minute, 3 * time.Minute}, {time.Hour, stalledRecheck}} {
		s.clock.SetTime(now.Add(2*time.Hour + since.lasted))
		if result := s.reconcile(t, r); result.RequeueAfter < since.again {
			t.Errorf("after %s it is looked at again after %s, not %s", since.lasted, result.RequeueAfter, since.again)
		}
	}
	for _, write := range s.writes {
		if strings.HasPrefix(write, "patch") || strings.HasPrefix(write, "delete") {
			t.Errorf("wrote %s again", write)
		}
	}
	if err := s.Get(t.Context(), client.ObjectKeyFromObject(binding), binding); err != nil {
		t.Fatal(err)
	}
	binding.Finalizers = nil
	if err := s.Update(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	s.reconcile(t, r)
	err := s.Get(t.Context(), client.ObjectKey{Name: "hanbit"}, &foundationv1alpha1.FoundationTeam{})
	if client.IgnoreNotFound(err) != nil || err == nil {
		t.Errorf("the team is not gone: %v", err)
	}
}

// A record without its label is still the team's, and gets it back.
func TestRecordWithoutLabel(t *testing.T) {
	s, r := working(t)
	record := func() *foundationv1alpha1.TeamRecord {
		var records foundationv1alpha1.TeamRecordList
		if err := s.List(t.Context(), &records); err != nil {
			t.Fatal(err)
		}
		if len(records.Items) != 1 {
			t.Fatalf("%d records", len(records.Items))
		}
		return &records.Items[0]
	}
	lost := record()
	lost.Labels = nil
	if err := s.Update(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	s.edit(t, func(team *foundationv1alpha1.FoundationTeam) { team.Spec.Staff = team.Spec.Staff[:1] })
	if result := s.reconcile(t, r); result.RequeueAfter > 0 && result.RequeueAfter < time.Second {
		t.Errorf("requeued after %s", result.RequeueAfter)
	}
	if label := record().Labels[foundationv1alpha1.LabelTeam]; label != "hanbit" {
		t.Errorf("label %q", label)
	}
	if got := s.bound(t, "foundation-team-lead"); !slices.Equal(got, []string{"kim"}) {
		t.Errorf("leads: %v", got)
	}
}

// A record of the team's name that is somebody else's is named, and asked for ever more seldom, down to every 15 seconds.
func TestRecordOfTheSameName(t *testing.T) {
	team := twoNamespaces()
	foreign := &foundationv1alpha1.TeamRecord{Spec: foundationv1alpha1.TeamRecordSpec{TeamName: "other"}}
	foreign.Name = "hanbit.hanbit-u"
	s := newServer(t, team, foreign)
	r := s.reconciler()
	result := s.reconcile(t, r)
	for range 7 {
		result = s.reconcile(t, r)
	}
	if result.RequeueAfter != 15*time.Second {
		t.Errorf("requeued after %s", result.RequeueAfter)
	}
	if recorded := meta.FindStatusCondition(s.team(t).Status.Conditions, foundationv1alpha1.ConditionRecorded); recorded == nil || !strings.Contains(recorded.Message, "hanbit.hanbit-u") {
		t.Errorf("Recorded: %+v", recorded)
	}
}

// A panic in one team's reconcile is that team's condition, and no error for controller-runtime.
func TestPanicStaysItsOwn(t *testing.T) {
	s, r := working(t)
	r.Guards = nil // whatever comes after access
	s.clock.SetTime(now.Add(time.Hour))
	result := s.reconcile(t, r)
	if got := s.bound(t, "foundation-team-lead"); !slices.Equal(got, []string{"kim"}) {
		t.Errorf("leads: %v", got)
	}
	ready := meta.FindStatusCondition(s.team(t).Status.Conditions, foundationv1alpha1.ConditionReady)
	if ready.Reason != foundationv1alpha1.ReasonReconcileFailed || !strings.Contains(ready.Message, "a bug of the operator") {
		t.Errorf("Ready: %s, %s", ready.Reason, ready.Message)
	}
	if result.RequeueAfter <= 0 || result.RequeueAfter > 15*time.Second {
		t.Errorf("again after %s", result.RequeueAfter)
	}
}
