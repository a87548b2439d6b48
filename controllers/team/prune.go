package team

import (
	"context"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// pruneAccess deletes access that nobody should have any more. No failure of another step prevents it.
func (r *Reconciler) pruneAccess(ctx context.Context, m *Model, keep map[objectKey]bool, out *Outcome) {
	for _, obj := range m.Others {
		if !apply.KindOf(obj).Access || keep[keyOf(obj)] || keepsDelegated(m, obj) || !m.Owner.CanAdopt(obj) {
			continue
		}
		if binding := delegatedBinding(obj); binding != nil {
			r.endDelegated(ctx, m, binding, out)
			continue
		}
		out.failed(foundationv1alpha1.ConditionAccessReady, obj.GetNamespace(), r.Applier.Delete(ctx, m.Owner, obj))
	}
	r.suspendDelegated(ctx, m, out)
}

// pruneOthers deletes everything else that is not desired any more, and only if all that is desired could be applied.
func (r *Reconciler) pruneOthers(ctx context.Context, m *Model, keep map[objectKey]bool, out *Outcome) {
	if len(out.Problems) > 0 {
		return
	}
	for _, obj := range m.Others {
		if !apply.KindOf(obj).Access && !keep[keyOf(obj)] {
			out.failed(foundationv1alpha1.ConditionNamespacesReady, obj.GetNamespace(), r.Applier.Delete(ctx, m.Owner, obj))
		}
	}
}
