package team

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// converge applies what is desired and prunes what is not. Access that nobody shall have goes first, whatever else fails;
// the rest goes last, and only when all that is desired is there.
func (r *Reconciler) converge(ctx context.Context, m *Model, desired Desired) *Outcome {
	out := &Outcome{Problems: map[string][]Problem{}}
	r.pruneAccess(ctx, m, desired, out)
	r.applyDesired(ctx, m, desired, out)
	r.pruneOthers(ctx, m, desired, out)
	return out
}

// applyDesired writes what differs. Access is given in a namespace only when its isolation and quota are there, and the
// team's share of the API server is made before anybody can use it. What fails in one namespace holds up no other.
func (r *Reconciler) applyDesired(ctx context.Context, m *Model, desired Desired, out *Outcome) {
	for _, obj := range desired.Flow {
		out.failed(foundationv1alpha1.ConditionAccessReady, "", r.Applier.Apply(ctx, m.Owner, obj))
	}
	existing := existingAccess(m)
	pending := r.findPendingDecreases(m, desired)
	for _, n := range desired.Namespaces {
		if !m.Guards.OK() && !isProvisioned(m, n.teamNamespace) {
			out.awaitGuards(foundationv1alpha1.ConditionNamespacesReady, n.name, m.Guards)
			continue
		}
		ready := r.applyContents(ctx, m, n, pending, out)
		for _, binding := range n.Access {
			// A binding that exists is always brought up to date, so that who has left it loses access.
			if ready || existing[objectKey{"RoleBinding", n.name, *binding.GetName()}] {
				out.failed(foundationv1alpha1.ConditionAccessReady, n.name, r.Applier.Apply(ctx, m.Owner, binding))
			}
		}
	}
	for _, obj := range desired.Access {
		out.failed(foundationv1alpha1.ConditionAccessReady, "", r.Applier.Apply(ctx, m.Owner, obj))
	}
	r.patchPersistentVolumes(ctx, desired, out)
}

// isProvisioned reports whether a namespace exists and is the team's already, and not only offered by an admin.
func isProvisioned(m *Model, n teamNamespace) bool {
	live := m.LiveNamespaces[n.name]
	return live != nil && (m.Owner.Owns(live) ||
		m.Owner.CanAdopt(live) && live.Annotations[foundationv1alpha1.AnnotationAdopt] == "")
}

// applyContents makes a namespace and what is in it, access excepted, and reports whether it is ready for people: isolated,
// with a quota.
func (r *Reconciler) applyContents(ctx context.Context, m *Model, n DesiredNamespace, pending pendingDecreases, out *Outcome) bool {
	if out.failed(foundationv1alpha1.ConditionNamespacesReady, n.name, r.Applier.Apply(ctx, m.Owner, n.Namespace)) {
		return false
	}
	isolated := true
	for _, obj := range n.Isolation {
		if out.failed(foundationv1alpha1.ConditionNamespacesReady, n.name, r.Applier.Apply(ctx, m.Owner, obj)) {
			isolated = false
		}
	}
	if !r.applyQuota(ctx, m, n, pending, out) || !isolated {
		return false
	}
	r.applyVolumes(ctx, m, n, out)
	return true
}

// applyVolumes makes claims once the cluster enforces the namespace's quota: before that it refuses them.
func (r *Reconciler) applyVolumes(ctx context.Context, m *Model, n DesiredNamespace, out *Outcome) {
	if n.active() && !enforced(m.Quotas[n.name], n.hard()) {
		return
	}
	if !m.Guards.OK() {
		return // a claim may neither be made nor enlarged
	}
	for _, claim := range n.Volumes {
		out.failed(foundationv1alpha1.ConditionVolumesReady, n.name, r.Applier.Apply(ctx, m.Owner, claim))
	}
}

func (r *Reconciler) patchPersistentVolumes(ctx context.Context, desired Desired, out *Outcome) {
	for _, volume := range desired.PersistentVolumes {
		err := r.Applier.Patch(ctx, volume.before, volume.after)
		if apierrors.IsConflict(err) {
			out.cacheBehind = true // the volume binder wrote first
			continue
		}
		out.failed(foundationv1alpha1.ConditionVolumesReady, "", err)
	}
}

// existingAccess are the access objects that exist.
func existingAccess(m *Model) map[objectKey]bool {
	keys := map[objectKey]bool{}
	for _, obj := range m.Others {
		if apply.KindOf(obj).Access {
			keys[keyOf(obj)] = true
		}
	}
	return keys
}
