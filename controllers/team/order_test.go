package team

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// working is a team with two leads, of whom lee leaves in an hour, and an engineer who leaves then, too.
func working(t *testing.T) (*server, *Reconciler) {
	t.Helper()
	s := newServer(t, twoNamespaces(builder.InProgram("sovereign"), builder.Staff("kim", foundationv1alpha1.RoleLead),
		builder.StaffBetween("lee", foundationv1alpha1.RoleLead, time.Time{}, now.Add(time.Hour)),
		builder.StaffBetween("choi", foundationv1alpha1.RoleEngineer, time.Time{}, now.Add(time.Hour)),
		builder.Award("b200", 8), builder.Volume("corpus", "train", "1Ti", "fast")),
		builder.Program("sovereign", builder.Decided("hanbit", foundationv1alpha1.OutcomeSelected, now.AddDate(0, -1, 0))),
		builder.Pool("b200"), builder.StorageClass("fast", "Immediate"))
	r := s.reconciler()
	s.settle(t, r)
	s.clock.SetTime(now.Add(time.Hour - 5*time.Second))
	s.settle(t, r)
	if diff := cmp.Diff([]string{"kim", "lee"}, s.bound(t, "foundation-team-lead")); diff != "" {
		t.Fatal(diff)
	}
	return s, r
}

// Whatever else fails, access that has ended is taken away in the same reconcile, and the next one comes within 15 seconds.
func TestEndedAccessIsTakenAwayWhateverFails(t *testing.T) {
	for name, tt := range map[string]struct {
		fail []string
		// guards is the error of the check of the admission policies.
		guards error
		// ready and reason are a part of Ready's message and its reason; empty if Ready cannot tell.
		ready, reason string
	}{
		"nothing":                                          {},
		"the record cannot be written":                     {fail: []string{"patch TeamRecord"}, reason: "RecordFailed", ready: "patch TeamRecord"},
		"the record cannot be read":                        {fail: []string{"list TeamRecord"}, reason: "ReconcileFailed", ready: "list the records of team hanbit"},
		"the status cannot be written":                     {fail: []string{"patch status"}},
		"the programme cannot be read":                     {fail: []string{"get FoundationProgram"}, reason: "ReconcileFailed", ready: "read programme sovereign"},
		"pools cannot be listed":                           {fail: []string{"list GPUPool"}, reason: "ReconcileFailed", ready: "list pools"},
		"storage classes cannot be listed":                 {fail: []string{"list StorageClass"}, reason: "ReconcileFailed", ready: "list storage classes"},
		"device classes cannot be listed":                  {fail: []string{"list DeviceClass"}, reason: "ReconcileFailed", ready: "list device classes"},
		"namespaces cannot be listed":                      {fail: []string{"list NamespaceList"}, reason: "ReconcileFailed", ready: "list the namespaces"},
		"quotas cannot be listed":                          {fail: []string{"list ResourceQuota"}, reason: "ReconcileFailed", ready: "ResourceQuotaList"},
		"flow schemas cannot be listed":                    {fail: []string{"list FlowSchema"}, reason: "ReconcileFailed", ready: "FlowSchemaList"},
		"cluster role bindings cannot be listed":           {fail: []string{"list ClusterRoleBinding"}, reason: "ReconcileFailed", ready: "ClusterRoleBindingList"},
		"the admission policies cannot be read":            {guards: errRefused, reason: "PoliciesNotChecked", ready: "can be read"},
		"namespaces cannot be written":                     {fail: []string{"apply Namespace"}},
		"quotas cannot be written":                         {fail: []string{"apply ResourceQuota"}},
		"nothing can be read that access needs not":        {fail: []string{"list GPUPool", "list StorageClass", "list ResourceQuota", "list LimitRange", "list PersistentVolumeClaim", "list NetworkPolicy"}, guards: errRefused, reason: "ReconcileFailed"},
		"nothing but the bindings can be read":             {fail: []string{"list TeamRecord", "list NamespaceList", "get Namespace", "get FoundationProgram", "list GPUPool", "list FlowSchema"}, reason: "ReconcileFailed"},
		"neither the record nor the status can be written": {fail: []string{"patch TeamRecord", "patch status"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := working(t)
			s.edit(t, func(team *foundationv1alpha1.FoundationTeam) { *team.Spec.GPUs[0].Count = 16 })
			s.clock.SetTime(now.Add(time.Hour))
			s.failing(tt.fail...)
			s.guards.err = tt.guards
			result := s.reconcile(t, r)
			s.failing()
			if diff := cmp.Diff([]string{"kim"}, s.bound(t, "foundation-team-lead")); diff != "" {
				t.Errorf("leads: %s", diff)
			}
			if left := s.bound(t, "foundation-team-engineer"); left != nil {
				t.Errorf("engineers: %v", left)
			}
			if failed := tt.fail != nil || tt.guards != nil; failed && (result.RequeueAfter <= 0 || result.RequeueAfter > 15*time.Second) {
				t.Errorf("again after %s", result.RequeueAfter)
			}
			ready := meta.FindStatusCondition(s.team(t).Status.Conditions, foundationv1alpha1.ConditionReady)
			if tt.reason != "" && (ready.Reason != tt.reason || !strings.Contains(ready.Message, tt.ready)) {
				t.Errorf("Ready: %s, %s", ready.Reason, ready.Message)
			}
			if result := s.settle(t, r); result.RequeueAfter > 0 && result.RequeueAfter <= 15*time.Second && tt.guards == nil {
				t.Errorf("when all works again, it is requeued after %s", result.RequeueAfter)
			}
		})
	}
}

// A record or a status that the cache shows older than it was written does not keep ended access.
func TestEndedAccessDoesNotWaitForTheCache(t *testing.T) {
	for name, tt := range map[string]struct {
		old    client.Object
		change func(*testing.T, *server)
	}{
		"the record is stale": {&foundationv1alpha1.TeamRecord{}, func(t *testing.T, s *server) {
			t.Helper()
			s.edit(t, builder.Award("b200", 16))
		}},
		"the status is stale": {&foundationv1alpha1.FoundationTeam{}, func(_ *testing.T, s *server) { s.guards.Result = unguarded }},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := working(t)
			r.Client = frozen(t, s, tt.old)
			tt.change(t, s)
			s.reconcile(t, r)
			s.clock.SetTime(now.Add(time.Hour))
			result := s.reconcile(t, r)
			if diff := cmp.Diff([]string{"kim"}, s.bound(t, "foundation-team-lead")); diff != "" {
				t.Errorf("leads: %s", diff)
			}
			if result.RequeueAfter != 10*time.Millisecond {
				t.Errorf("again after %s", result.RequeueAfter)
			}
		})
	}
}

// What is new waits for the record: it decides whose objects are whose when a manifest is applied again. What is there goes
// on being kept true, and quotas are lowered.
func TestWhatIsNewWaitsForTheRecord(t *testing.T) {
	for name, fail := range map[string]string{"the record cannot be written": "patch TeamRecord", "the finalizer cannot be added": "patch FoundationTeam"} {
		t.Run(name, func(t *testing.T) {
			s, r := working(t)
			s.edit(t, func(team *foundationv1alpha1.FoundationTeam) {
				team.Finalizers = nil
				builder.Namespace("data", 0)(team)
				builder.Volume("more", "train", "1Ti", "fast")(team)
				builder.Staff("park", foundationv1alpha1.RoleViewer)(team)
			})
			quota := &corev1.ResourceQuota{}
			key := client.ObjectKey{Namespace: "hanbit-train", Name: "foundation-team"}
			if err := s.Get(t.Context(), key, quota); err != nil {
				t.Fatal(err)
			}
			want := quota.Spec.Hard.DeepCopy()
			quota.Spec.Hard["pods"], quota.Spec.Hard["secrets"] = quantity("100000"), quantity("1")
			if err := s.Update(t.Context(), quota); err != nil {
				t.Fatal(err)
			}
			s.writes = nil
			s.failing(fail)
			result := s.reconcile(t, r)
			s.failing()
			for _, write := range s.writes {
				if strings.HasPrefix(write, "apply Namespace hanbit-data") || strings.HasPrefix(write, "apply PersistentVolumeClaim") || strings.HasSuffix(write, "foundation-team-viewer") {
					t.Errorf("wrote %s", write)
				}
			}
			if err := s.Get(t.Context(), key, quota); err != nil {
				t.Fatal(err)
			}
			if pods, secrets := quota.Spec.Hard["pods"], quota.Spec.Hard["secrets"]; pods.Cmp(want["pods"]) != 0 || secrets.String() != "1" {
				t.Errorf("the quota has %s pods and %s secrets, want %v pods and 1 secret", pods.String(), secrets.String(), want["pods"])
			}
			recorded := meta.FindStatusCondition(s.team(t).Status.Conditions, foundationv1alpha1.ConditionRecorded)
			if recorded == nil || recorded.Reason != foundationv1alpha1.ReasonRecordFailed || !strings.Contains(recorded.Message, fail) {
				t.Errorf("Recorded: %+v", recorded)
			}
			if result.RequeueAfter <= 0 || result.RequeueAfter > 15*time.Second {
				t.Errorf("again after %s", result.RequeueAfter)
			}
			s.settle(t, r)
			if recorded := meta.FindStatusCondition(s.team(t).Status.Conditions, foundationv1alpha1.ConditionRecorded); recorded != nil {
				t.Errorf("Recorded stays: %+v", recorded)
			}
			if got := s.bound(t, "foundation-team-viewer"); !slices.Equal(got, []string{"park"}) {
				t.Errorf("viewers: %v", got)
			}
		})
	}
}

// The order of all writes of a reconcile in which everything changes at once.
func TestOrderOfWrites(t *testing.T) {
	s, r := working(t)
	s.edit(t, func(team *foundationv1alpha1.FoundationTeam) {
		builder.Namespace("data", 0)(team)
		builder.Staff("park", foundationv1alpha1.RoleViewer)(team)
		team.Spec.Namespaces[0].Quota = map[corev1.ResourceName]foundationv1alpha1.Quantity{"pods": {Quantity: quantity("7")}}
	})
	s.clock.SetTime(now.Add(time.Hour))
	s.writes = nil
	s.reconcile(t, r)
	var order []int
	steps := []string{
		"delete RoleBinding foundation-team-engineer", "apply Namespace hanbit-train", "apply ResourceQuota foundation-team",
		"patch TeamRecord", "apply RoleBinding foundation-team-viewer", "apply Namespace hanbit-data", "patch status of FoundationTeam",
	}
	for _, step := range steps {
		order = append(order, slices.IndexFunc(s.writes, func(write string) bool { return strings.HasPrefix(write, step) }))
	}
	if !slices.IsSorted(order) || order[0] < 0 {
		t.Errorf("positions %v of\n%s\nin\n%s", order, strings.Join(steps, "\n"), strings.Join(s.writes, "\n"))
	}
}

// Staff may end what is left in a retired namespace: the first step leaves them that access, also when it cannot be read what
// is left, or which namespaces there are.
func TestAccessToWhatIsLeftStays(t *testing.T) {
	for name, fail := range map[string]string{"all can be read": "-", "quotas cannot be read": "list ResourceQuota", "namespaces cannot be read": "list NamespaceList"} {
		t.Run(name, func(t *testing.T) {
			s, r := working(t)
			s.edit(t, func(team *foundationv1alpha1.FoundationTeam) {
				team.Spec.Namespaces, team.Spec.Volumes = team.Spec.Namespaces[1:], nil
			})
			quota := &corev1.ResourceQuota{}
			if err := s.Get(t.Context(), client.ObjectKey{Namespace: "hanbit-train", Name: "foundation-team"}, quota); err != nil {
				t.Fatal(err)
			}
			quota.Status.Used = corev1.ResourceList{"pods": quantity("1")}
			if err := s.Status().Update(t.Context(), quota); err != nil {
				t.Fatal(err)
			}
			s.settle(t, r)
			if diff := cmp.Diff([]string{"choi", "kim", "lee"}, s.bound(t, "foundation-team-cleanup")); diff != "" {
				t.Fatal(diff)
			}
			s.writes = nil
			s.failing(fail)
			s.reconcile(t, r)
			for _, write := range s.writes {
				if strings.HasPrefix(write, "delete") {
					t.Error(write)
				}
			}
		})
	}
}

// A binding whose subjects all leave has its new ones in the same reconcile. If it cannot be emptied it is deleted, and made anew.
func TestABindingChangesHands(t *testing.T) {
	for name, tt := range map[string]struct {
		fail  string
		bound []string
		want  string
	}{
		"it is emptied and filled": {"", []string{"park"}, "patch RoleBinding foundation-team-lead"},
		"to empty it is refused":   {"patch RoleBinding", nil, "delete RoleBinding foundation-team-lead"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := working(t)
			s.edit(t, func(team *foundationv1alpha1.FoundationTeam) {
				team.Spec.Staff = nil
				builder.Staff("park", foundationv1alpha1.RoleLead)(team)
			})
			s.writes = nil
			if tt.fail != "" {
				s.failing(tt.fail)
			}
			s.reconcile(t, r)
			s.failing()
			if diff := cmp.Diff(tt.bound, s.bound(t, "foundation-team-lead")); diff != "" {
				t.Error(diff)
			}
			if !slices.Contains(s.writes, tt.want) {
				t.Errorf("%s is not among the writes %v", tt.want, s.writes)
			}
			s.settle(t, r)
			if diff := cmp.Diff([]string{"park"}, s.bound(t, "foundation-team-lead")); diff != "" {
				t.Errorf("in the end: %s", diff)
			}
		})
	}
}
