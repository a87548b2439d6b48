package team

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/tracing"
)

// restrict brings isolation, locks and lower quotas to the namespaces that are the team's already. It gives nobody anything,
// so it waits for neither the record nor the guards.
func (r *Reconciler) restrict(ctx context.Context, m *Model, desired Desired, out *Outcome) {
	ctx, end := tracing.Step(ctx, "restrict")
	defer end(nil)
	for _, n := range desired.Namespaces {
		if isProvisioned(m, n.teamNamespace) {
			restricted := r.applyIsolation(ctx, m, n, out)
			if restricted.written {
				restricted.lowered, restricted.quota = r.lowerQuota(ctx, m, n, out)
			}
			out.restricted[n.name] = restricted
		}
	}
}

// provide applies what is still missing. Access to a namespace is given only when its isolation and quota are there, and the
// team's priority level is created before anybody can send a request. An error in one namespace does not stop the others.
func (r *Reconciler) provide(ctx context.Context, m *Model, desired Desired, out *Outcome) {
	ctx, end := tracing.Step(ctx, "provide")
	defer end(nil)
	for _, obj := range desired.Flow {
		out.failed(foundationv1alpha1.ConditionAccessReady, "", r.Applier.Apply(ctx, m.Owner, obj))
	}
	existing := existingAccess(m)
	pending := r.findPendingDecreases(m, desired)
	for _, n := range desired.Namespaces {
		if !m.Hold.None() && !isProvisioned(m, n.teamNamespace) {
			out.withheld(foundationv1alpha1.ConditionNamespacesReady, n.name, m.Hold)
			continue
		}
		ready := r.applyNamespace(ctx, m, n, pending, out)
		if ready {
			r.resumeDelegated(ctx, m, n.teamNamespace, out)
		}
		for _, binding := range n.Access {
			// An existing binding is always updated: its namespace had isolation and quota before.
			if ready || existing[keyOfDesired(binding)] {
				r.applyAccess(ctx, m, n.name, binding, out)
			}
		}
	}
	for _, obj := range desired.Access {
		r.applyAccess(ctx, m, "", obj, out)
	}
	kept, _ := splitByReclaim(desired.PersistentVolumes)
	r.patchPersistentVolumes(ctx, kept, out)
}

// applyAccess applies an object that gives access, unless this reconcile has just deleted it: then it is made anew as soon as
// the cache shows that it is gone.
func (r *Reconciler) applyAccess(ctx context.Context, m *Model, namespace string, obj apply.Object, out *Outcome) {
	if out.ended[keyOfDesired(obj)] {
		out.cacheStale = true
		return
	}
	out.failed(foundationv1alpha1.ConditionAccessReady, namespace, r.Applier.Apply(ctx, m.Owner, obj))
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
	first, done := out.restricted[n.name]
	if !done {
		first = r.applyIsolation(ctx, m, n, out)
		first.quota = first.written
	}
	if !first.quota || !r.applyQuota(ctx, m, n, pending, first.lowered, out) || !first.isolated {
		return false
	}
	r.applyVolumes(ctx, m, n, out)
	return true
}

// applyIsolation applies a namespace with its labels, its network policies and its default requests.
func (r *Reconciler) applyIsolation(ctx context.Context, m *Model, n DesiredNamespace, out *Outcome) restriction {
	applyIt := r.Applier.Apply
	if !n.active() {
		applyIt = r.Applier.ApplyExisting // what an admin deleted on purpose stays gone
	}
	if out.failed(foundationv1alpha1.ConditionNamespacesReady, n.name, applyIt(ctx, m.Owner, n.Namespace)) {
		return restriction{}
	}
	isolated := true
	for _, obj := range n.Isolation {
		if out.failed(foundationv1alpha1.ConditionNamespacesReady, n.name, r.Applier.Apply(ctx, m.Owner, obj)) {
			isolated = false
		}
	}
	return restriction{written: true, isolated: isolated}
}

// applyVolumes creates and enlarges PersistentVolumeClaims, once the cluster enforces the namespace's quota: until then the
// API server refuses new ones.
func (r *Reconciler) applyVolumes(ctx context.Context, m *Model, n DesiredNamespace, out *Outcome) {
	if n.active() && !enforced(m.Quotas[n.name], n.hard()) {
		return
	}
	if !m.Hold.None() {
		return
	}
	r.patchPersistentVolumes(ctx, n.Releases, out)
	for _, claim := range n.Volumes {
		out.failed(foundationv1alpha1.ConditionVolumesReady, n.name, r.Applier.Apply(ctx, m.Owner, claim))
	}
	for _, claim := range n.Retired {
		out.failed(foundationv1alpha1.ConditionVolumesReady, n.name, r.Applier.ApplyExisting(ctx, m.Owner, claim))
	}
}

// splitByReclaim tells the changes after which a PersistentVolume's data goes with its claim from all others.
func splitByReclaim(changes []volumeChange) (kept, givenUp []volumeChange) {
	for _, change := range changes {
		before, after := change.before.Spec.PersistentVolumeReclaimPolicy, change.after.Spec.PersistentVolumeReclaimPolicy
		if before != after && after != corev1.PersistentVolumeReclaimRetain {
			givenUp = append(givenUp, change)
		} else {
			kept = append(kept, change)
		}
	}
	return kept, givenUp
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

// pruneOthers deletes what is not desired any more and does not give access, or is a level that no request leads to any more, and only
// if all that is desired could be applied.
func (r *Reconciler) pruneOthers(ctx context.Context, m *Model, keep map[objectKey]bool, out *Outcome) {
	ctx, end := tracing.Step(ctx, "prune")
	defer end(nil)
	if len(out.Problems) > 0 {
		return
	}
	for _, obj := range m.Others {
		_, level := obj.(*flowcontrolv1.PriorityLevelConfiguration)
		if (!apply.KindOf(obj).Access || level && m.Owner.CanAdopt(obj)) && !keep[keyOf(obj)] {
			out.failed(foundationv1alpha1.ConditionNamespacesReady, obj.GetNamespace(), r.Applier.Delete(ctx, m.Owner, obj))
		}
	}
}
