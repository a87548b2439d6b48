package apply

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Unreadable returns what of an object could not be read when it was cached; nil if all was.
func Unreadable(obj client.Object) []string {
	if marked, ok := obj.(interface{ GetUnreadable() []string }); ok {
		return marked.GetUnreadable()
	}
	return nil
}

// sendPatch sends the difference between two versions of an object. One that cannot be read whole is sent untyped: the API
// server's answer has all of it, and would not decode. Of what was not read nothing is in the difference.
func (a *Applier) sendPatch(before, after client.Object, send func(client.Object, client.Patch) error) error {
	patch := mergeFromWithLock(before)
	if len(Unreadable(after)) == 0 {
		return send(after, patch)
	}
	data, err := patch.Data(after)
	if err != nil {
		return fmt.Errorf("compute the difference: %w", err)
	}
	gvk, err := a.client.GroupVersionKindFor(after)
	if err != nil {
		return fmt.Errorf("find the kind of %T: %w", after, err)
	}
	answer := &unstructured.Unstructured{}
	answer.SetGroupVersionKind(gvk)
	answer.SetName(after.GetName())
	if err := send(answer, client.RawPatch(patch.Type(), data)); err != nil {
		return err
	}
	after.SetResourceVersion(answer.GetResourceVersion())
	return nil
}
