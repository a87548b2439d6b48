package apply

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
)

// StatusObject is an object whose status has conditions.
type StatusObject interface {
	client.Object
	GetConditions() []metav1.Condition
}

// WriteStatus writes the status of after if it is not that of before, and emits an event for each condition that changed.
func WriteStatus(ctx context.Context, a *Applier, recorder events.EventRecorder, before, after StatusObject) error {
	if err := a.PatchStatus(ctx, before, after); err != nil {
		return err
	}
	conditions.Report(recorder, before, before.GetConditions(), after.GetConditions())
	return nil
}

// PatchStatus is Patch for the status subresource.
func (a *Applier) PatchStatus(ctx context.Context, before, after client.Object) error {
	if equality.Semantic.DeepEqual(before, after) {
		return nil
	}
	if err := a.client.Status().Patch(ctx, after, lockedMergeFrom(before), client.FieldOwner(foundationv1alpha1.FieldManager)); err != nil {
		return fmt.Errorf("patch the status of %s: %w", before.GetName(), err)
	}
	a.wrote(statusName(after), after.GetResourceVersion())
	return nil
}

// StatusStale reports whether a cached object does not show the status yet that we wrote last. What is decided from it
// could be wrong, and would not be noticed: our own status writes wake nobody.
func (a *Applier) StatusStale(cached client.Object) bool { return a.Stale(statusName(cached), cached) }

func statusName(obj client.Object) string { return fmt.Sprintf("status of %T %s", obj, obj.GetName()) }
