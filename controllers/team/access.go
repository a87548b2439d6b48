package team

import (
	"context"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/tracing"
)

// endAccess takes away the access that has ended: objects that nobody should have any more, and subjects that leave a binding
// which stays. It is the first step of every reconcile and needs nothing but a model of access, so that no failure of
// another step delays it. It gives nobody anything.
func (r *Reconciler) endAccess(ctx context.Context, m *Model, out *Outcome) {
	ctx, end := tracing.Step(ctx, "end access")
	defer end(nil)
	allowed := buildAllAccess(m)
	for _, obj := range m.Others {
		if !apply.KindOf(obj).Access || !m.Owner.CanAdopt(obj) {
			continue
		}
		wanted := allowed[keyOf(obj)]
		switch {
		case wanted == nil && keepsDelegated(m, obj):
		case wanted == nil, bindsAnother(obj, wanted), hasEnded(obj, wanted) && !obj.GetDeletionTimestamp().IsZero():
			r.deleteAccess(ctx, m, obj, out)
		case nobodyStays(obj, wanted):
			out.accessTaken = true
			out.failed(foundationv1alpha1.ConditionAccessReady, obj.GetNamespace(), r.Applier.Patch(ctx, obj, withoutAnySubject(obj)))
		case hasEnded(obj, wanted):
			out.accessTaken = true
			reduced := withSubjects(wanted, subjectsThatStay(obj, wanted))
			out.failed(foundationv1alpha1.ConditionAccessReady, obj.GetNamespace(), r.Applier.Apply(ctx, m.Owner, reduced))
		}
	}
	r.suspendDelegated(ctx, m, out)
}

// buildAllAccess returns the objects that may give access now, by key.
func buildAllAccess(m *Model) map[objectKey]apply.Object {
	all := slices.Concat(buildTeamAccess(m), buildFlow(m))
	for _, n := range m.Namespaces {
		all = append(all, buildAccess(m, n)...)
	}
	byKey := map[objectKey]apply.Object{}
	for _, obj := range all {
		byKey[keyOfDesired(obj)] = obj
	}
	return byKey
}

// deleteAccess deletes an object that gives access. One that finalizers of somebody else keep loses its subjects, so that it
// gives no access any more, and is named.
func (r *Reconciler) deleteAccess(ctx context.Context, m *Model, obj client.Object, out *Outcome) {
	const area = foundationv1alpha1.ConditionAccessReady
	if len(obj.GetFinalizers()) > 0 && !obj.GetDeletionTimestamp().IsZero() {
		if !out.failed(area, obj.GetNamespace(), r.Applier.Patch(ctx, obj, withoutAnySubject(obj))) {
			out.held(area, apply.LiveName(obj), obj)
		}
		return
	}
	out.ended[keyOf(obj)] = true
	if !obj.GetDeletionTimestamp().IsZero() {
		return
	}
	if binding := delegatedBinding(obj); binding != nil {
		r.endDelegated(ctx, m, binding, out)
		return
	}
	out.accessTaken = true
	out.failed(area, obj.GetNamespace(), r.Applier.Delete(ctx, m.Owner, obj))
}

// withoutAnySubject returns a copy of an object that binds nobody.
func withoutAnySubject(obj client.Object) client.Object {
	switch obj := obj.(type) {
	case *rbacv1.RoleBinding:
		after := obj.DeepCopy()
		after.Subjects = nil
		return after
	case *rbacv1.ClusterRoleBinding:
		after := obj.DeepCopy()
		after.Subjects = nil
		return after
	default:
		return obj
	}
}
