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

// PatchStatus sends the difference of the status between two versions of an object, as Patch does for the rest.
func (a *Applier) PatchStatus(ctx context.Context, before, after client.Object) error {
	if equality.Semantic.DeepEqual(before, after) {
		return nil
	}
	if err := a.sendPatch(before, after, func(obj client.Object, patch client.Patch) error {
		return a.client.Status().Patch(ctx, obj, patch, client.FieldOwner(foundationv1alpha1.FieldManager))
	}); err != nil {
		return fmt.Errorf("patch the status of %s: %w", before.GetName(), err)
	}
	a.recordWrite(statusName(after), after.GetResourceVersion())
	return nil
}

// StatusStale reports whether the status of a cached object is older than the operator's last write of it. A decision
// from it could be wrong and would stay so, because the operator's own status writes trigger no reconcile.
func (a *Applier) StatusStale(cached client.Object) bool { return a.Stale(statusName(cached), cached) }

// WroteStatus reports whether a version of an object is the operator's last write of its status. It may be false for such a write
// that is just being made.
func (a *Applier) WroteStatus(obj client.Object) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.written[statusName(obj)] == obj.GetResourceVersion()
}

func statusName(obj client.Object) string { return fmt.Sprintf("status of %T %s", obj, obj.GetName()) }
