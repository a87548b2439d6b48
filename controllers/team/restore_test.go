package team

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/test/support/builder"
)

// restored is a cluster that a backup is restored to while the operator runs.
type restored struct {
	client.WithWatch
	*Reconciler
	clock *clocktesting.FakePassiveClock
}

func newRestored(t *testing.T, objects ...client.Object) *restored {
	t.Helper()
	b := fake.NewClientBuilder().WithScheme(scheme(t)).WithReturnManagedFields().WithTypeConverters(managedfields.NewDeducedTypeConverter()).
		WithStatusSubresource(&foundationv1alpha1.FoundationTeam{}, &corev1.ResourceQuota{}).WithObjects(objects...)
	if err := index.Register(t.Context(), indexes{b}); err != nil {
		t.Fatal(err)
	}
	c := &restored{WithWatch: b.Build(), clock: clocktesting.NewFakePassiveClock(now)}
	c.Reconciler = &Reconciler{Client: c, Live: c, Applier: apply.New(c, c), Events: events.NewFakeRecorder(1000), Clock: c.clock, Guards: &checker{}}
	return c
}

// settle reconciles until nothing more is to be done at once.
func (c *restored) settle(t *testing.T) ctrl.Result {
	t.Helper()
	var result ctrl.Result
	for range 3 {
		var err error
		if result, err = c.Reconcile(t.Context(), request("hanbit")); err != nil {
			t.Fatal(err)
		}
		enforceQuotas(t, c)
	}
	return result
}

func (c *restored) restore(t *testing.T, obj client.Object) {
	t.Helper()
	obj, _ = obj.DeepCopyObject().(client.Object)
	obj.SetResourceVersion("")
	obj.SetCreationTimestamp(metav1.NewTime(c.clock.Now()))
	if err := c.Create(t.Context(), obj, client.FieldOwner("velero")); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// locked reports whether the namespace hanbit-train is locked, and whether its quota lets nothing in.
func (c *restored) locked(t *testing.T) bool {
	t.Helper()
	namespace, quota := &corev1.Namespace{}, &corev1.ResourceQuota{}
	if err := client.IgnoreNotFound(c.Client.Get(t.Context(), client.ObjectKey{Name: "hanbit-train"}, namespace)); err != nil {
		t.Fatal(err)
	}
	if err := client.IgnoreNotFound(c.Client.Get(t.Context(), client.ObjectKey{Namespace: "hanbit-train", Name: objectName}, quota)); err != nil {
		t.Fatal(err)
	}
	configMaps, limited := quota.Spec.Hard[corev1.ResourceConfigMaps]
	return namespace.Labels[foundationv1alpha1.LabelLocked] == "true" || limited && configMaps.IsZero()
}

// condition returns a condition of the team as text, - if there is no team.
func (c *restored) condition(t *testing.T, name string) string {
	t.Helper()
	team := &foundationv1alpha1.FoundationTeam{}
	if err := c.Client.Get(t.Context(), client.ObjectKey{Name: "hanbit"}, team); apierrors.IsNotFound(err) {
		return "-"
	} else if err != nil {
		t.Fatal(err)
	}
	return conditionLine(*meta.FindStatusCondition(team.Status.Conditions, name))
}

// permutations returns all orders of names.
func permutations(names []string) [][]string {
	if len(names) == 0 {
		return [][]string{nil}
	}
	var all [][]string
	for i, first := range names {
		for _, rest := range permutations(slices.Concat(names[:i], names[i+1:])) {
			all = append(all, append([]string{first}, rest...))
		}
	}
	return all
}

// A backup applied in any order, with the operator running, ends with the team in its own place, and nothing is locked in
// between.
func TestRestoreInAnyOrder(t *testing.T) {
	before := builder.Team("hanbit", builder.Namespace("train", 1), builder.Consortium("Hanbit AI"), builder.TeamUID("before"), builder.Volume("corpus", "train", "2Ti", "fast"))
	after := before.DeepCopy()
	after.UID, after.Finalizers = "after", nil
	record := recordOfTeam(input(before))
	record.UID = "record"
	backup := map[string]client.Object{
		"namespace": builder.OwnedNamespace(before, "train"), "team": after, "record": record,
		"volume": builder.KeptVolume(before, "pv-1", "train", "corpus", reserved),
	}
	for _, order := range permutations([]string{"namespace", "team", "record", "volume"}) {
		t.Run(strings.Join(order, " "), func(t *testing.T) {
			t.Parallel()
			c := newRestored(t)
			for _, name := range order {
				c.restore(t, backup[name])
				c.settle(t)
				if c.locked(t) {
					t.Fatalf("locked after the %s was restored", name)
				}
			}
			if diff := cmp.Diff("True AsDeclared: 1 active", c.condition(t, foundationv1alpha1.ConditionNamespacesReady)); diff != "" {
				t.Error(diff)
			}
			namespace := &corev1.Namespace{}
			if err := c.Client.Get(t.Context(), client.ObjectKey{Name: "hanbit-train"}, namespace); err != nil || namespace.Annotations[foundationv1alpha1.AnnotationTeamUID] != "after" {
				t.Errorf("namespace of team %v: %v", namespace.Annotations, err)
			}
			// The class fast is missing, so no claim can have been created but for the volume with the data.
			claim := &corev1.PersistentVolumeClaim{}
			if err := c.Client.Get(t.Context(), client.ObjectKey{Namespace: "hanbit-train", Name: "corpus"}, claim); err != nil || claim.Spec.VolumeName != "pv-1" {
				t.Errorf("claim for volume %q: %v", claim.Spec.VolumeName, err)
			}
			var records foundationv1alpha1.TeamRecordList
			if err := c.List(t.Context(), &records); err != nil {
				t.Fatal(err)
			}
			open := 0
			for _, record := range records.Items {
				if record.Spec.State != foundationv1alpha1.StateDeleted {
					open++
					if diff := cmp.Diff([]string{"before", "after"}, record.Spec.UIDs); diff != "" {
						t.Error(diff)
					}
				}
			}
			if open != 1 {
				t.Errorf("%d open records of %d", open, len(records.Items))
			}
		})
	}
}

// What was restored for a team that is not the present one of its name is left as it is, and status says why.
func TestRestoredNamespaceOfAnotherTeam(t *testing.T) {
	before := twoNamespaces(builder.Consortium("Hanbit AI"), builder.TeamUID("before"))
	after := twoNamespaces(builder.Consortium("Naru Labs"), builder.TeamUID("after"))
	c := newRestored(t, builder.OwnedNamespace(before, "train"), after)
	c.settle(t)
	want := "False RecordMissing: Namespace hanbit-train is of a team of this name, and no TeamRecord says of which: restore the record from the backup, " +
		"or annotate it foundation.team/adopt=hanbit to hand it over; it is left as it is"
	if got := c.condition(t, foundationv1alpha1.ConditionNamespacesReady); got != want {
		t.Error(cmp.Diff(want, got))
	}
	record := recordOfTeam(input(before))
	c.restore(t, record)
	c.settle(t)
	want = `False NameConflict: Namespace hanbit-train exists and belongs to an earlier team of this name (TeamRecord hanbit.before: ` +
		`spec.consortium.lead was "Hanbit AI" and is "Naru Labs"): delete or rename it, or annotate it foundation.team/adopt=hanbit to hand it over`
	if got := c.condition(t, foundationv1alpha1.ConditionNamespacesReady); got != want {
		t.Error(cmp.Diff(want, got))
	}
	if c.locked(t) {
		t.Error("it is locked")
	}
}

// What comes before its FoundationTeam waits for that, access excepted; what the operator made itself is locked at once.
func TestRestoredOrphansWait(t *testing.T) {
	before := twoNamespaces(builder.TeamUID("before"))
	written := managed(builder.OwnedNamespace(before, "train"), `{"f:metadata":{"f:labels":{"f:foundation.team/team":{}}}}`)
	written.CreationTimestamp = metav1.NewTime(now)
	tests := map[string]struct {
		namespace *corev1.Namespace
		after     time.Duration
		locked    bool
		wait      time.Duration
	}{
		"a namespace that was just restored":          {builder.OwnedNamespace(before, "train"), 0, false, time.Hour},
		"a namespace that was restored an hour ago":   {builder.OwnedNamespace(before, "train"), time.Hour, true, 0},
		"a namespace that the operator made just now": {written, 0, true, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.namespace.CreationTimestamp.IsZero() {
				tt.namespace.CreationTimestamp = metav1.NewTime(now)
			}
			binding := &rbacv1.RoleBinding{ObjectMeta: builder.OwnedMeta(before, "hanbit-train", "foundation-team-lead")}
			tt.namespace.ResourceVersion, binding.ResourceVersion = "", ""
			c := newRestored(t, tt.namespace, binding)
			c.clock.SetTime(now.Add(tt.after))
			result := c.settle(t)
			if c.locked(t) != tt.locked {
				t.Errorf("locked: %t", !tt.locked)
			}
			if result.RequeueAfter != tt.wait {
				t.Errorf("waits %s, want %s", result.RequeueAfter, tt.wait)
			}
			if err := c.Client.Get(t.Context(), client.ObjectKeyFromObject(binding), binding); !apierrors.IsNotFound(err) {
				t.Errorf("somebody has access: %v", fmt.Sprint(err))
			}
		})
	}
}
