package pool

import (
	"context"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/conditions"
)

// deletionRecheck is how often it is looked whether nodes are left that keep an object from being deleted.
const deletionRecheck = 15 * time.Second

// reconcileUnreadable says which values of a pool cannot be read. Its grants and nodes stay as they are. Being deleted, it goes
// when it has no nodes.
func (r *Reconciler) reconcileUnreadable(ctx context.Context, pool *foundationv1alpha1.GPUPool) (ctrl.Result, error) {
	after := pool.DeepCopy()
	after.Status.ObservedGeneration = pool.Generation
	after.Status.Conditions = conditions.Unreadable(pool.Status.Conditions, pool.Unreadable, pool.Generation, r.Clock.Now())
	if err := apply.WriteStatus(ctx, r.Applier, r.Events, pool, after); err != nil || pool.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, err
	}
	if waits, err := r.finalize(ctx, after); err != nil || waits.IsZero() {
		return waits, err
	}
	return ctrl.Result{RequeueAfter: deletionRecheck}, nil
}

// readable returns a team as the pool serves it. One that cannot be read whole is served as it was: it has one award, of what
// it is granted.
func readable(team *foundationv1alpha1.FoundationTeam, pool *foundationv1alpha1.GPUPool) *foundationv1alpha1.FoundationTeam {
	if len(team.Unreadable) == 0 {
		return team
	}
	as := team.DeepCopy()
	as.Spec = foundationv1alpha1.FoundationTeamSpec{Consortium: team.Spec.Consortium, Priority: team.Spec.Priority}
	for i := range pool.Status.Grants {
		if grant := &pool.Status.Grants[i]; grant.TeamName == team.Name && grant.UID == string(team.UID) && grant.Granted > 0 {
			as.Spec.GPUs = []foundationv1alpha1.GPUAward{{Name: "granted", PoolName: pool.Name, Count: new(grant.Granted)}}
		}
	}
	return as
}
