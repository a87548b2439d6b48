package team

import (
	"context"
	"fmt"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// deleteNamespaces deletes a team's namespaces, and its data with them, when that was asked for and confirmed, its nodes
// are drained, all of its access is removed and its namespaces are locked.
func (r *Reconciler) deleteNamespaces(ctx context.Context, m *Model, desired Desired, out *Outcome) {
	if m.Deletion.Step != DeletingNamespaces || m.Hold.Unrecorded || out.blocksDeletion() != nil {
		return
	}
	for _, volume := range desired.PersistentVolumes {
		if volume.before.Spec.PersistentVolumeReclaimPolicy != volume.after.Spec.PersistentVolumeReclaimPolicy {
			return // the cache still shows Retain: the data would outlive its PersistentVolumeClaim
		}
	}
	for _, n := range desired.Namespaces {
		out.failed(foundationv1alpha1.ConditionNamespacesReady, n.name, r.Applier.Delete(ctx, m.Owner, m.LiveNamespaces[n.name]))
	}
}

// canFinalize reports whether a FoundationTeam is being deleted and has nothing more to wait for.
func canFinalize(m *Model, out *Outcome) bool {
	return !m.Team.DeletionTimestamp.IsZero() && m.Deletion.CanFinalize() && !m.Hold.Unrecorded && out.blocksDeletion() == nil
}

// finalize removes the finalizer of a deleted team if the API server, too, has no access and no unlocked namespace of it, and
// reports whether it did. What is left is told: the watch, or the next reconcile, shows when it is gone.
func (r *Reconciler) finalize(ctx context.Context, m *Model, record *foundationv1alpha1.TeamRecord, out *Outcome) (done bool, err error) {
	left, err := r.openObject(ctx, m)
	if err != nil {
		return false, err
	}
	if left != nil {
		out.failed(foundationv1alpha1.ConditionAccessReady, left.GetNamespace(), fmt.Errorf("deletion waits until %s is gone or locked", apply.LiveName(left)))
		return false, nil
	}
	if err := r.closeRecords(ctx, []foundationv1alpha1.TeamRecord{*record}); err != nil {
		return false, err
	}
	return true, apply.RemoveFinalizer(ctx, r.Applier, m.Team)
}
