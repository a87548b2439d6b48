package pool

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
)

// reconcileOrphans removes the operator's labels and taints from nodes whose pool is gone although its finalizer should
// have prevented that. Nodes that a team holds are left alone: their taint keeps other pods off, and an admin has to remove
// it.
func (r *Reconciler) reconcileOrphans(ctx context.Context, pool string) error {
	var nodes corev1.NodeList
	if err := r.Client.List(ctx, &nodes, client.MatchingLabels{foundationv1alpha1.LabelPool: pool}); err != nil {
		return fmt.Errorf("list nodes of pool %s: %w", pool, err)
	}
	if len(nodes.Items) == 0 {
		return nil
	}
	// A cache that does not have the pool is no proof that it is gone.
	live := &metav1.PartialObjectMetadata{}
	live.SetGroupVersionKind(foundationv1alpha1.GroupVersion.WithKind("GPUPool"))
	if err := r.Live.Get(ctx, client.ObjectKey{Name: pool}, live); !apierrors.IsNotFound(err) {
		return err
	}
	var plan Plan
	nobodys, classifier := gpunode.Ownership{State: gpunode.Outside}, gpunode.Classifier{Pool: pool, Now: r.Clock.Now()}
	for i := range nodes.Items {
		node := &nodes.Items[i]
		if had := classifier.Classify(gpunode.MetadataOf(node)); !had.State.Owned() {
			plan.Transitions = append(plan.Transitions, Transition{From: had, To: nobodys, Before: node, After: nobodys.Metadata(pool).AppliedTo(node)})
		}
	}
	_, err := r.apply(ctx, plan)
	return err
}
