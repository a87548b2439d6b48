package apply

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// EnsureFinalizer adds the operator's finalizer to an object that is not being deleted. Call it before anything is
// provisioned for the object, or a deletion could orphan it.
func EnsureFinalizer[T client.Object](ctx context.Context, a *Applier, obj T) (T, error) {
	if !obj.GetDeletionTimestamp().IsZero() || controllerutil.ContainsFinalizer(obj, foundationv1alpha1.Finalizer) {
		return obj, nil
	}
	after, ok := obj.DeepCopyObject().(T)
	if !ok {
		return obj, fmt.Errorf("copy %T: not of its own type", obj)
	}
	controllerutil.AddFinalizer(after, foundationv1alpha1.Finalizer)
	return after, a.Patch(ctx, obj, after)
}

// RemoveFinalizer removes the operator's finalizer, so that the deletion of the object can complete.
func RemoveFinalizer[T client.Object](ctx context.Context, a *Applier, obj T) error {
	after, ok := obj.DeepCopyObject().(T)
	if !ok {
		return fmt.Errorf("copy %T: not of its own type", obj)
	}
	controllerutil.RemoveFinalizer(after, foundationv1alpha1.Finalizer)
	return client.IgnoreNotFound(a.Patch(ctx, obj, after))
}
