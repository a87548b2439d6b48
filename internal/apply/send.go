package apply

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// send applies the desired object and returns its metadata: the rest of the answer would be made and read for nothing. For an
// existing object the UID is set, so that a new object of the same name is never changed by accident.
func (a *Applier) send(ctx context.Context, desired Object, uid types.UID, force bool) (*metav1.PartialObjectMetadata, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(desired)
	if err != nil {
		return nil, fmt.Errorf("convert %s: %w", NameOf(desired), err)
	}
	u := &unstructured.Unstructured{Object: fields}
	if uid != "" {
		u.SetUID(uid)
	}
	var options []client.PatchOption
	if force {
		options = append(options, client.ForceOwnership)
	}
	applied, err := a.sendFields(ctx, u, options...)
	if err != nil {
		return nil, fmt.Errorf("apply %s: %w", NameOf(desired), err)
	}
	a.recordWrite(NameOf(desired), applied.GetResourceVersion())
	return applied, nil
}

// sendFields sends fields as server-side apply and returns the metadata of the object that has them now.
func (a *Applier) sendFields(ctx context.Context, fields *unstructured.Unstructured, options ...client.PatchOption) (*metav1.PartialObjectMetadata, error) {
	content, err := fields.MarshalJSON()
	if err != nil {
		return nil, err
	}
	applied := &metav1.PartialObjectMetadata{}
	applied.SetGroupVersionKind(fields.GroupVersionKind())
	applied.SetNamespace(fields.GetNamespace())
	applied.SetName(fields.GetName())
	options = append(options, client.FieldOwner(foundationv1alpha1.FieldManager))
	return applied, a.client.Patch(ctx, applied, client.RawPatch(types.ApplyPatchType, content), options...)
}
