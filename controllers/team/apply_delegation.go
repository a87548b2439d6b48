package team

import (
	"context"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// delegatedChange is what became of a binding that staff made.
type delegatedChange struct {
	binding *rbacv1.RoleBinding
	// reason and what are those of the event that reports it.
	reason, what string
}

// suspendDelegated takes the subjects out of bindings that staff made, while the team is suspended. One that cannot be
// updated, for instance because its ClusterRole is none that the operator may bind, is deleted.
func (r *Reconciler) suspendDelegated(ctx context.Context, m *Model, out *Outcome) {
	if m.Served != foundationv1alpha1.StateSuspended {
		return
	}
	for _, obj := range m.Others {
		if !keepsDelegated(m, obj) || len(delegatedBinding(obj).Subjects) == 0 {
			continue
		}
		binding := delegatedBinding(obj)
		err := r.Applier.Patch(ctx, binding, suspendedBinding(binding))
		switch {
		case err == nil:
			out.delegated = append(out.delegated, delegatedChange{binding, "AccessSuspended", "is suspended with the team, and resumes with it"})
		case apierrors.IsConflict(err), apierrors.IsNotFound(err):
			out.cacheStale = true
		default:
			r.endDelegated(ctx, m, binding, out)
		}
	}
}

// endDelegated deletes a binding that staff made.
func (r *Reconciler) endDelegated(ctx context.Context, m *Model, binding *rbacv1.RoleBinding, out *Outcome) {
	failed := out.failed(foundationv1alpha1.ConditionAccessReady, binding.Namespace, r.Applier.Delete(ctx, m.Owner, binding))
	if !failed && binding.DeletionTimestamp.IsZero() {
		out.delegated = append(out.delegated, delegatedChange{binding, "AccessEnded", "has ended with the access that it added to"})
	}
}

// resumeDelegated puts the subjects back into the bindings of a namespace that were suspended with the team.
func (r *Reconciler) resumeDelegated(ctx context.Context, m *Model, n teamNamespace, out *Outcome) {
	if m.Served != foundationv1alpha1.StateInTerm || !m.Hold.None() {
		return
	}
	for _, obj := range m.Others {
		binding := delegatedBinding(obj)
		if obj.GetNamespace() != n.name || !keepsDelegated(m, obj) || suspendedSubject(binding) == nil {
			continue
		}
		err := r.Applier.Patch(ctx, binding, resumedBinding(binding))
		switch {
		case err == nil:
			out.delegated = append(out.delegated, delegatedChange{binding, "AccessResumed", "resumes with the team"})
		case apierrors.IsConflict(err), apierrors.IsNotFound(err):
			out.cacheStale = true
		default:
			out.failed(foundationv1alpha1.ConditionAccessReady, n.name, err)
		}
	}
}
