package pool

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/tracing"
)

// apply writes NodePools and then nodes. An error for one object does not stop the others. It returns the names of the
// NodePools that could not be written.
func (r *Reconciler) apply(ctx context.Context, plan Plan) (failed map[string]bool, err error) {
	ctx, end := tracing.Step(ctx, "apply")
	defer end(nil)
	var errs []error
	failed = map[string]bool{}
	for _, config := range plan.NodePools {
		if err := r.Applier.Apply(ctx, ownerOfConfig(config, plan.FormerUIDs), config); err != nil {
			failed[*config.Name] = true
			errs = append(errs, err)
		}
	}
	for _, transition := range plan.Transitions {
		if err := r.Applier.PatchTracked(ctx, transition.Before, transition.After); client.IgnoreNotFound(err) != nil {
			errs = append(errs, err)
		}
	}
	return failed, errors.Join(errs...)
}

// ownerOfConfig returns the team that a NodePool is made for.
func ownerOfConfig(config *karpenter.NodePoolApplyConfiguration, former map[types.UID][]string) apply.Owner {
	owner := apply.Owner{Team: config.Labels[foundationv1alpha1.LabelTeam], UID: types.UID(config.Annotations[foundationv1alpha1.AnnotationTeamUID])}
	owner.Former = former[owner.UID]
	return owner
}
