package team

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/requeue"
	"foundation.team/operator/internal/timing"
)

// reconcileUnreadable ends the access of a team that is known to be over, leaves all else as it is, and says which values
// cannot be read. A staff entry with such a value is not among those that were read: when its access ends is not known, so
// it has none.
func (r *Reconciler) reconcileUnreadable(ctx context.Context, team *foundationv1alpha1.FoundationTeam) (ctrl.Result, error) {
	out := newOutcome()
	defer func() { r.reportDelegated(team, out.delegated) }()
	var next time.Time
	var err error
	if knowsAccess(team.Unreadable) {
		_, next, err = r.reconcileAccess(ctx, team, r.listRecords, out)
	}
	if r.Applier.StatusStale(team) {
		return requeue.ForCache(), errors.Join(err, out.Err())
	}
	after := team.DeepCopy()
	after.Status.ObservedGeneration = team.Generation
	after.Status.Conditions = conditions.Unreadable(team.Status.Conditions, team.Unreadable, team.Generation, r.Clock.Now())
	return ctrl.Result{RequeueAfter: timing.Wait(r.Clock.Now(), next)},
		errors.Join(err, out.Err(), apply.WriteStatus(ctx, r.Applier, r.Events, team, after))
}

// accessPaths are what has to be read of a spec to know who has no access any more.
var accessPaths = regexp.MustCompile(`^spec(\.staff|\.namespaces(\[\d+\](\.name)?)?)?: `)

// knowsAccess reports whether what was read of a spec tells who has no access any more: not if a list of people or
// namespaces, or the name of a namespace, was not read.
func knowsAccess(unreadable []string) bool {
	return !slices.ContainsFunc(unreadable, accessPaths.MatchString)
}

// isCountable reports whether quotas can be made from a pool's grants: one without the names of its resources is as if it
// were missing.
func isCountable(pool *foundationv1alpha1.GPUPool) bool {
	return len(pool.Unreadable) == 0 || pool.Spec.ResourceName != "" && pool.Spec.GPUsPerNode > 0 &&
		!slices.ContainsFunc(pool.Unreadable, func(value string) bool { return strings.HasPrefix(value, "spec.deviceClassName: ") })
}
