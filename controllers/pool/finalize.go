package pool

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/requeue"
)

// finalize removes the finalizer if the API server, too, has nothing with the pool's label: the cache may not show yet what
// was labelled a moment ago.
func (r *Reconciler) finalize(ctx context.Context, pool *foundationv1alpha1.GPUPool) (ctrl.Result, error) {
	kinds := []client.ObjectList{&corev1.NodeList{}}
	if pool.Spec.Karpenter != nil {
		kinds = append(kinds, &karpenter.NodePoolList{}, &karpenter.NodeClaimList{})
	}
	for _, labelled := range kinds {
		err := r.Live.List(ctx, labelled, client.MatchingLabels{foundationv1alpha1.LabelPool: pool.Name}, client.Limit(1))
		if meta.IsNoMatchError(err) {
			continue
		}
		if err != nil {
			return ctrl.Result{}, fmt.Errorf("list %T of pool %s: %w", labelled, pool.Name, err)
		}
		if meta.LenList(labelled) > 0 {
			return requeue.ForCache(), nil
		}
	}
	return ctrl.Result{}, apply.RemoveFinalizer(ctx, r.Applier, pool)
}
