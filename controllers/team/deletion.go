package team

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// deleteNamespaces deletes a team's namespaces, and its data with them, when that was asked for and confirmed, its nodes
// are drained, all of its access is removed and its namespaces are locked. Before that, PersistentVolumes get back the reclaim
// policy that they had. The error says what has changed since that was decided, or could not be read: nothing is deleted then.
func (r *Reconciler) deleteNamespaces(ctx context.Context, m *Model, record *foundationv1alpha1.TeamRecord, desired Desired, out *Outcome) error {
	if m.Deletion.Step != DeletingNamespaces || m.Hold.Unrecorded || out.blocksDeletion() != nil {
		return nil
	}
	_, givenUp := splitByReclaim(desired.PersistentVolumes)
	var namespaces []DesiredNamespace
	for _, n := range desired.Namespaces {
		if m.LiveNamespaces[n.name].DeletionTimestamp.IsZero() {
			namespaces = append(namespaces, n)
		}
	}
	if len(givenUp)+len(namespaces) == 0 {
		return nil
	}
	if err := r.Applier.Unchanged(ctx, decidedFrom(m, record)...); err != nil {
		return err
	}
	if len(givenUp) > 0 {
		r.patchPersistentVolumes(ctx, givenUp, out)
		return nil // while the cache shows Retain, the data would outlive its PersistentVolumeClaim
	}
	for _, n := range namespaces {
		out.failed(foundationv1alpha1.ConditionNamespacesReady, n.name, r.Applier.Delete(ctx, m.Owner, m.LiveNamespaces[n.name]))
	}
	return nil
}

// decidedFrom returns what can forbid the deletion of a team's data: the team, with its policy, periods and hold; its programme, with
// the periods of all; what is on record of when it ended and what was confirmed; and the pools, with the nodes that it still has.
func decidedFrom(m *Model, record *foundationv1alpha1.TeamRecord) []client.Object {
	objects := []client.Object{m.Team}
	if record != nil {
		objects = append(objects, record)
	}
	if m.Program != nil {
		objects = append(objects, m.Program.FoundationProgram)
	}
	for _, grant := range m.Grants {
		if grant.pool != nil {
			objects = append(objects, grant.pool)
		}
	}
	return objects
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
