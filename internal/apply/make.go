package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// make applies an object that is not there. It is applied without force, so that it conflicts with one that somebody has made
// meanwhile. Where no field conflicts, that one tells by its other field managers, and gets back what it was.
func (a *Applier) make(ctx context.Context, owner Owner, desired Object) error {
	made, err := a.send(ctx, desired, "", false)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(made.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager != foundationv1alpha1.FieldManager && entry.Subresource == ""
	}) {
		return errors.Join(&ConflictError{Object: NameOf(desired), Team: owner.Team}, a.release(ctx, made))
	}
	if ptr.Deref(desired.GetKind(), "") == namespaceKind {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.made[NameOf(desired)] = true
	}
	return nil
}

// release takes back the fields that the operator has on an object.
func (a *Applier) release(ctx context.Context, obj *metav1.PartialObjectMetadata) error {
	nothing := &unstructured.Unstructured{}
	nothing.SetGroupVersionKind(obj.GroupVersionKind())
	nothing.SetNamespace(obj.GetNamespace())
	nothing.SetName(obj.GetName())
	nothing.SetUID(obj.GetUID())
	if _, err := a.sendFields(ctx, nothing); err != nil {
		return fmt.Errorf("take back what was applied to %s %s of somebody else: %w", obj.Kind, obj.Name, err)
	}
	return nil
}

// isAbsent reports whether an object that the cache does not have is not there.
func (a *Applier) isAbsent(k Kind, desired Object) bool {
	namespace := ptr.Deref(desired.GetNamespace(), "")
	a.mu.Lock()
	defer a.mu.Unlock()
	_, written := a.written[NameOf(desired)]
	return !written && (k.AllCached && k.Name != namespaceKind || namespace != "" && a.made[objectName(namespaceKind, "", namespace)])
}

// lookInList reads an object of the cluster's level by a list of one.
func (a *Applier) lookInList(ctx context.Context, k Kind, name string) (client.Object, error) {
	list := k.NewList()
	if err := a.live.List(ctx, list, client.MatchingFields{metav1.ObjectNameField: name}); err != nil {
		return nil, err
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		if obj, ok := item.(client.Object); ok && obj.GetName() == name {
			return obj, nil
		}
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: k.Name}, name)
}
