package team

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/test/support/builder"
)

var (
	now  = builder.Now
	july = builder.Time("2026-07-01T00:00:00+09:00")
)

// input is a team with what an observer would find for it.
func input(team *foundationv1alpha1.FoundationTeam, things ...any) Input {
	in := Input{
		Team: team, Now: now,
		Pools:          map[string]*foundationv1alpha1.GPUPool{},
		StorageClasses: map[string]*storagev1.StorageClass{},
		DeviceClasses:  map[string]*resourcev1.DeviceClass{},
		LiveNamespaces: map[string]*corev1.Namespace{},
		Quotas:         map[string]*corev1.ResourceQuota{},
	}
	for _, thing := range things {
		switch typed := thing.(type) {
		case time.Time:
			in.Now = typed
		case guards.Result:
			in.Guards = typed
		case *foundationv1alpha1.GPUPool:
			in.Pools[typed.Name] = typed
		case *storagev1.StorageClass:
			in.StorageClasses[typed.Name] = typed
		case *resourcev1.DeviceClass:
			in.DeviceClasses[typed.Name] = typed
		case *corev1.Namespace:
			in.LiveNamespaces[typed.Name] = typed
		case *corev1.ResourceQuota:
			in.Quotas[typed.Namespace] = typed
		case *corev1.PersistentVolumeClaim:
			in.Volumes = append(in.Volumes, typed)
		case *corev1.PersistentVolume:
			in.LabelledVolumes = append(in.LabelledVolumes, typed)
		case client.Object:
			in.Others = append(in.Others, typed)
		default:
			panic("not what an observer finds")
		}
	}
	return in
}

// twoNamespaces is a team with the namespaces train and eval, of weight 1 each.
func twoNamespaces(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
	return builder.Team("hanbit", append([]builder.TeamMod{builder.Namespace("train", 1), builder.Namespace("eval", 1)}, mods...)...)
}

// weights are other weights of the two namespaces.
type weights struct{ train, eval int32 }

func (w weights) set(team *foundationv1alpha1.FoundationTeam) {
	team.Spec.Namespaces[0].GPUWeight, team.Spec.Namespaces[1].GPUWeight = &w.train, &w.eval
}

// namespaceOf is a desired namespace, by the last part of its name.
func namespaceOf(t *testing.T, desired Desired, name string) DesiredNamespace {
	t.Helper()
	for _, p := range desired.Namespaces {
		if p.name == "hanbit-"+name {
			return p
		}
	}
	t.Fatalf("no namespace %s among %d", name, len(desired.Namespaces))
	return DesiredNamespace{}
}

// hardOf returns a desired quota as text, by resource.
func hardOf(p DesiredNamespace) map[string]string {
	entries := map[string]string{}
	for name, quantity := range *p.Quota.Spec.Hard {
		entries[string(name)] = quantity.String()
	}
	return entries
}

// typed is a desired object as the API server would read it.
func typed[T any](t *testing.T, desired apply.Object) T {
	t.Helper()
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(desired)
	if err != nil {
		t.Fatal(err)
	}
	var obj T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(fields, &obj, true); err != nil {
		t.Fatal(err)
	}
	return obj
}

// noProblems is an outcome of which all went well.
func noProblems() *Outcome { return newOutcome() }

// oneProblem is an outcome with one problem.
func oneProblem(area, reason, message string) *Outcome {
	return &Outcome{Problems: map[string][]Problem{area: {{Reason: reason, Message: message}}}}
}

// converged adds to an input what its desired state would leave in the cluster.
func converged(in Input) Input {
	for _, p := range Build(NewModel(in)).Namespaces {
		if in.LiveNamespaces[p.name] == nil {
			in.LiveNamespaces[p.name] = &corev1.Namespace{ObjectMeta: builder.OwnedMeta(in.Team, "", p.name)}
		}
		in.Quotas[p.name] = &corev1.ResourceQuota{
			ObjectMeta: builder.OwnedMeta(in.Team, p.name, objectName),
			Spec:       corev1.ResourceQuotaSpec{Hard: *p.Quota.Spec.Hard},
			Status:     corev1.ResourceQuotaStatus{Hard: *p.Quota.Spec.Hard},
		}
	}
	return in
}

// managed makes an object one that was applied by the operator, with the given fields.
func managed[T client.Object](obj T, fields string) T {
	obj.SetManagedFields([]metav1.ManagedFieldsEntry{{
		Manager: foundationv1alpha1.FieldManager, Operation: metav1.ManagedFieldsOperationApply,
		APIVersion: "v1", FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields),
	}})
	return obj
}

// statusOf is the status that follows from an input and an outcome.
func statusOf(in Input, out *Outcome) foundationv1alpha1.FoundationTeamStatus {
	m := NewModel(in)
	return BuildStatus(m, in.Record, Build(m), out)
}
