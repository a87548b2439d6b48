package team

import (
	"context"
	"slices"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
		case wanted == nil && (keepsDelegated(m, obj) || isFormerLevel(obj, allowed)):
		case wanted == nil, bindsAnother(obj, wanted), hasEnded(obj, wanted) && !obj.GetDeletionTimestamp().IsZero():
			r.deleteAccess(ctx, m, obj, out)
		case nobodyStays(obj, wanted):
			r.emptyBinding(ctx, m, obj, out)
		case hasEnded(obj, wanted):
			r.takesAccess(m, out)
			reduced := withSubjects(wanted, subjectsThatStay(obj, wanted))
			failed := out.failed(foundationv1alpha1.ConditionAccessReady, obj.GetNamespace(), r.Applier.Apply(ctx, m.Owner, reduced))
			out.accessTaken = out.accessTaken || !failed
		}
	}
	r.suspendDelegated(ctx, m, out)
}

// takesAccess is called before somebody loses access. It decides whether the team is one of many, before the first write: what the watches
// show of it already counts with the rest.
func (r *Reconciler) takesAccess(m *Model, out *Outcome) {
	if !out.takesAccess {
		out.takesAccess, out.oneOfMany = true, r.ends.isOneOfMany(m.Team, m.Now)
	}
}

// emptyBinding takes all subjects out of a binding that others get. It is deleted if that is refused.
func (r *Reconciler) emptyBinding(ctx context.Context, m *Model, binding client.Object, out *Outcome) {
	r.takesAccess(m, out)
	err := r.Applier.Patch(ctx, binding, withoutAnySubject(binding))
	switch {
	case err == nil:
		out.accessTaken = true
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		out.cacheStale = true
	default:
		r.deleteAccess(ctx, m, binding, out)
	}
}

// isFormerLevel reports whether an object is the priority level that a team had of its own, while it has a flow schema: that one has
// to lead to another level before this one goes.
func isFormerLevel(obj client.Object, allowed map[objectKey]apply.Object) bool {
	if _, level := obj.(*flowcontrolv1.PriorityLevelConfiguration); !level {
		return false
	}
	return allowed[keyOf(&flowcontrolv1.FlowSchema{ObjectMeta: metav1.ObjectMeta{Name: obj.GetName()}})] != nil
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
	_, _, binds := liveBinding(obj)
	if binds {
		r.takesAccess(m, out)
	}
	failed := out.failed(area, obj.GetNamespace(), r.Applier.Delete(ctx, m.Owner, obj))
	out.accessTaken = out.accessTaken || binds && !failed
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
