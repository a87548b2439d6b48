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
	"foundation.team/operator/internal/tracing"
)

// prune evicts and deletes overdue pods, and deletes drained NodeClaims and unused NodePools. NodeClaims of a NodePool that
// could not be written are kept: Karpenter would replace them. Work and local data that are lost do not come back, so nothing is
// taken from a team of which, or of whose programme or pool, the cache does not show the newest. pool is as it was decided from.
func (r *Reconciler) prune(ctx context.Context, pool *foundationv1alpha1.GPUPool, plan Plan, failed map[string]bool) error {
	ctx, end := tracing.Step(ctx, "prune")
	defer end(nil)
	var errs []error
	may := r.looker(ctx, pool, plan, &errs)
	for i := range plan.Evictions {
		pod := &plan.Evictions[i]
		if apply.EndsSoon(pod) || !may(pod.Spec.NodeName) {
			continue
		}
		if err := r.Applier.Evict(ctx, pod); err != nil {
			// A PodDisruptionBudget may refuse the eviction; it is tried again when the node is inspected next.
			log.FromContext(ctx).Info("pod not evicted", "pod", client.ObjectKeyFromObject(pod), "error", err.Error())
		}
	}
	for i := range plan.PodDeletions {
		if pod := &plan.PodDeletions[i]; !apply.EndsSoon(pod) && may(pod.Spec.NodeName) {
			errs = append(errs, r.Applier.DeletePod(ctx, pod))
		}
	}
	for _, claim := range plan.NodeClaimDeletions {
		if claim.DeletionTimestamp.IsZero() && !failed[claim.Labels[karpenter.LabelNodePool]] && may(claim.Name) {
			errs = append(errs, r.Applier.Delete(ctx, recordedOwner(claim), claim))
		}
	}
	for _, nodePool := range plan.NodePoolDeletions {
		errs = append(errs, r.deleteNodePool(ctx, nodePool))
	}
	return errors.Join(errs...)
}

// looker returns a function that reports whether work and local data may be taken from a node, by the name of the node or of its
// NodeClaim: whether the API server, too, has its team, the team's programme and the pool as they were decided from. It looks once for
// each team, when it is asked first, and adds what it found to the errors.
func (r *Reconciler) looker(ctx context.Context, pool *foundationv1alpha1.GPUPool, plan Plan, errs *[]error) func(node string) bool {
	looked := map[string]bool{}
	return func(node string) bool {
		holder, held := plan.holders[node]
		var name string
		decidedFrom := []client.Object{pool}
		if held {
			name, decidedFrom = holder.Name, append(decidedFrom, holder.FoundationTeam)
			if holder.Program != nil {
				decidedFrom = append(decidedFrom, holder.Program.FoundationProgram)
			}
		}
		if _, done := looked[name]; !done {
			err := r.Applier.Unchanged(ctx, decidedFrom...)
			looked[name] = err == nil
			*errs = append(*errs, err)
		}
		return looked[name]
	}
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
