package support

import (
	"context"
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// List lists the objects of a list's kind, and leaves the list alone.
func List(ctx context.Context, reader client.Reader, kind client.ObjectList, options ...client.ListOption) ([]client.Object, error) {
	list, ok := kind.DeepCopyObject().(client.ObjectList)
	if !ok {
		return nil, fmt.Errorf("a copy of %T is no list", kind)
	}
	if err := reader.List(ctx, list, options...); err != nil {
		return nil, err
	}
	var objects []client.Object
	err := meta.EachListItem(list, func(item runtime.Object) error {
		object, ok := item.(client.Object)
		if !ok {
			return fmt.Errorf("%T is no object", item)
		}
		objects = append(objects, object)
		return nil
	})
	return objects, err
}

// Delete confirms the deletion of a FoundationTeam, GPUPool or FoundationProgram, which is refused otherwise while it is in
// use, and deletes it. It succeeds if there is no such object.
func Delete(ctx context.Context, c client.Client, object client.Object, options ...client.DeleteOption) error {
	confirm := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, foundationv1alpha1.AnnotationConfirmDeletion, object.GetName())
	if err := c.Patch(ctx, object, client.RawPatch(types.MergePatchType, []byte(confirm))); err != nil {
		return client.IgnoreNotFound(err)
	}
	return client.IgnoreNotFound(c.Delete(ctx, object, options...))
}

// Versions returns the resourceVersions of the objects of some kinds, by type, namespace and name.
func Versions(ctx context.Context, reader client.Reader, kinds []client.ObjectList, options ...client.ListOption) (map[string]string, error) {
	versions := map[string]string{}
	for _, kind := range kinds {
		objects, err := List(ctx, reader, kind, options...)
		if err != nil {
			return nil, err
		}
		maps.Copy(versions, VersionsOf(objects...))
	}
	return versions, nil
}

// VersionsOf returns the resourceVersions of objects, by type, namespace and name.
func VersionsOf(objects ...client.Object) map[string]string {
	versions := map[string]string{}
	for _, object := range objects {
		versions[fmt.Sprintf("%T %s", object, client.ObjectKeyFromObject(object))] = object.GetResourceVersion()
	}
	return versions
}
