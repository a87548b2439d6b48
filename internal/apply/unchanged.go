package apply

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// ChangedError is returned when something was decided from an object that is not any more what it was. What was decided is not
// done.
type ChangedError struct {
	// Object is the kind and name.
	Object string
}

func (e *ChangedError) Error() string {
	return e.Object + " has changed since it was cached: what cannot be undone waits until the operator has seen that, and is decided anew"
}

// Unchanged returns a *ChangedError if one of the objects that something was decided from is at another resourceVersion now. One
// without a resourceVersion was not there, and must not be there now. The API server is asked: a watch may be late by any time, and
// what it has not delivered yet may be the very annotation or period that forbids the step.
//
// Call it right before a step that cannot be undone, and nowhere else, so that a cluster at rest costs no reads. A deletion's own
// object needs no look: Delete names its UID and resourceVersion. An edit between the look and the step is too late, as it is
// after the step.
func (a *Applier) Unchanged(ctx context.Context, decidedFrom ...client.Object) error {
	for _, seen := range decidedFrom {
		gvk, err := a.client.GroupVersionKindFor(seen)
		if err != nil {
			return fmt.Errorf("find the kind of %T: %w", seen, err)
		}
		// Metadata alone can be read of every object, also where a value in its spec cannot.
		now := &metav1.PartialObjectMetadata{}
		now.SetGroupVersionKind(gvk)
		err = a.live.Get(ctx, client.ObjectKeyFromObject(seen), now)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("read %s before what cannot be undone: %w", LiveName(seen), err)
		}
		if apierrors.IsNotFound(err) != (seen.GetResourceVersion() == "") || now.ResourceVersion != seen.GetResourceVersion() {
			return &ChangedError{Object: LiveName(seen)}
		}
	}
	return nil
}
