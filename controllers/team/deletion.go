package team

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/requeue"
)

// deleteNamespaces deletes a team's namespaces, and its data with them, when that was asked for and confirmed, its nodes
// are drained, all of its access is removed and its namespaces are locked.
func (r *Reconciler) deleteNamespaces(ctx context.Context, m *Model, desired Desired, out *Outcome) error {
	if m.Deletion.Step != DeletingNamespaces || out.blocksDeletion() != nil {
		return nil
	}
	for _, volume := range desired.PersistentVolumes {
		if volume.before.Spec.PersistentVolumeReclaimPolicy != volume.after.Spec.PersistentVolumeReclaimPolicy {
			return nil // the cache still shows Retain: the data would outlive its PersistentVolumeClaim
		}
	}
	for _, n := range desired.Namespaces {
		if err := r.Applier.Delete(ctx, m.Owner, m.LiveNamespaces[n.name]); err != nil {
			return err
		}
	}
	return nil
}

// canFinalize reports whether a FoundationTeam is being deleted and has nothing more to wait for.
func canFinalize(m *Model, out *Outcome) bool {
	return !m.Team.DeletionTimestamp.IsZero() && m.Deletion.CanFinalize() && out.blocksDeletion() == nil
}

// finalize removes the finalizer of a deleted team if the API server, too, has no access and no unlocked namespace of it.
func (r *Reconciler) finalize(ctx context.Context, m *Model, record *foundationv1alpha1.TeamRecord) (ctrl.Result, error) {
	if left, err := r.hasOpenObjects(ctx, m); err != nil || left {
		return requeue.ForCache(), err
	}
	if err := r.closeRecords(ctx, []foundationv1alpha1.TeamRecord{*record}); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, apply.RemoveFinalizer(ctx, r.Applier, m.Team)
}
