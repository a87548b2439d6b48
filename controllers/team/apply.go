package team

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// applyAndPrune applies what is desired and prunes what is not. Access that nobody should have is pruned first, whatever
// else fails; everything else last, and only if all that is desired could be applied.
func (r *Reconciler) applyAndPrune(ctx context.Context, m *Model, desired Desired) *Outcome {
	out := &Outcome{Problems: map[string][]Problem{}}
	keep := desired.keys()
	r.pruneAccess(ctx, m, keep, out)
	r.apply(ctx, m, desired, out)
	r.pruneOthers(ctx, m, keep, out)
	return out
}

// apply writes what differs. Access to a namespace is given only when its isolation and quota are there, and the team's
// priority level is created before anybody can send a request. An error in one namespace does not stop the others.
func (r *Reconciler) apply(ctx context.Context, m *Model, desired Desired, out *Outcome) {
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
		ready := r.applyNamespace(ctx, m, n, pending, out)
		if ready {
			r.resumeDelegated(ctx, m, n.teamNamespace, out)
		}
		for _, binding := range n.Access {
			// An existing binding is always updated, so that whoever is no longer among its subjects loses access.
			if ready || existing[objectKey{"RoleBinding", n.name, *binding.GetName()}] {
				out.failed(foundationv1alpha1.ConditionAccessReady, n.name, r.Applier.Apply(ctx, m.Owner, binding))
			}
		}
	}
	for _, obj := range desired.Access {
		out.failed(foundationv1alpha1.ConditionAccessReady, "", r.Applier.Apply(ctx, m.Owner, obj))
	}
	r.patchPersistentVolumes(ctx, desired.PersistentVolumes, out)
}

// isProvisioned reports whether a namespace exists and is the team's already, so not one that an admin only offers for
// adoption.
func isProvisioned(m *Model, n teamNamespace) bool {
	live := m.LiveNamespaces[n.name]
	return live != nil && (m.Owner.Owns(live) ||
		m.Owner.CanAdopt(live) && live.Annotations[foundationv1alpha1.AnnotationAdopt] == "")
}

// applyNamespace applies a namespace and its contents except access. It reports whether staff may get access: whether
// isolation and quota are there.
func (r *Reconciler) applyNamespace(ctx context.Context, m *Model, n DesiredNamespace, pending pendingDecreases, out *Outcome) bool {
	applyIt := r.Applier.Apply
	if !n.active() {
		applyIt = r.Applier.ApplyExisting // what an admin deleted on purpose stays gone
	}
	if out.failed(foundationv1alpha1.ConditionNamespacesReady, n.name, applyIt(ctx, m.Owner, n.Namespace)) {
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

// applyVolumes applies PersistentVolumeClaims once the cluster enforces the namespace's quota: until then the API server
// refuses new ones.
func (r *Reconciler) applyVolumes(ctx context.Context, m *Model, n DesiredNamespace, out *Outcome) {
	if n.active() && !enforced(m.Quotas[n.name], n.hard()) {
		return
	}
	if !m.Guards.OK() {
		return // without guards no PersistentVolumeClaim may be created or enlarged
	}
	r.patchPersistentVolumes(ctx, n.Releases, out)
	for _, claim := range n.Volumes {
		out.failed(foundationv1alpha1.ConditionVolumesReady, n.name, r.Applier.Apply(ctx, m.Owner, claim))
	}
	for _, claim := range n.Retired {
		out.failed(foundationv1alpha1.ConditionVolumesReady, n.name, r.Applier.ApplyExisting(ctx, m.Owner, claim))
	}
}

func (r *Reconciler) patchPersistentVolumes(ctx context.Context, changes []volumeChange, out *Outcome) {
	for _, volume := range changes {
		err := r.Applier.Patch(ctx, volume.before, volume.after)
		if apierrors.IsConflict(err) {
			out.cacheStale = true // the volume binder wrote first
			continue
		}
		out.failed(foundationv1alpha1.ConditionVolumesReady, "", err)
	}
}

// existingAccess returns the keys of the access objects that exist.
func existingAccess(m *Model) map[objectKey]bool {
	keys := map[objectKey]bool{}
	for _, obj := range m.Others {
		if apply.KindOf(obj).Access {
			keys[keyOf(obj)] = true
		}
	}
	return keys
}
