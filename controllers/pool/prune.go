package pool

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/karpenter"
)

// prune evicts and deletes overdue pods, and deletes drained NodeClaims and unused NodePools. NodeClaims of a NodePool that
// could not be written are kept: Karpenter would replace them.
func (r *Reconciler) prune(ctx context.Context, plan Plan, failed map[string]bool) error {
	var errs []error
	for i := range plan.Evictions {
		pod := &plan.Evictions[i]
		if err := r.Applier.Evict(ctx, pod); err != nil {
			// A PodDisruptionBudget may refuse the eviction; it is tried again when the node is inspected next.
			log.FromContext(ctx).Info("pod not evicted", "pod", client.ObjectKeyFromObject(pod), "error", err.Error())
		}
	}
	for i := range plan.PodDeletions {
		if err := r.Applier.DeletePod(ctx, &plan.PodDeletions[i]); err != nil {
			errs = append(errs, err)
		}
	}
	for _, claim := range plan.NodeClaimDeletions {
		if failed[claim.Labels[karpenter.LabelNodePool]] {
			continue
		}
		if err := r.Applier.Delete(ctx, recordedOwner(claim), claim); err != nil {
			errs = append(errs, err)
		}
	}
	for _, nodePool := range plan.NodePoolDeletions {
		if err := r.deleteNodePool(ctx, nodePool); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// deleteNodePool deletes a NodePool if the API server, too, has no NodeClaim of it: Karpenter would delete the NodeClaims
// with it.
func (r *Reconciler) deleteNodePool(ctx context.Context, nodePool *karpenter.NodePool) error {
	var claims karpenter.NodeClaimList
	if err := r.Live.List(ctx, &claims, client.MatchingLabels{karpenter.LabelNodePool: nodePool.Name}, client.Limit(1)); err != nil {
		return fmt.Errorf("list NodeClaims of NodePool %s: %w", nodePool.Name, err)
	}
	if len(claims.Items) > 0 {
		return nil
	}
	return r.Applier.Delete(ctx, recordedOwner(nodePool), nodePool)
}

// recordedOwner returns the team that is written on one of Karpenter's objects.
func recordedOwner(obj client.Object) apply.Owner {
	return apply.Owner{
		Team: obj.GetLabels()[foundationv1alpha1.LabelTeam],
		UID:  types.UID(obj.GetAnnotations()[foundationv1alpha1.AnnotationTeamUID]),
	}
}
