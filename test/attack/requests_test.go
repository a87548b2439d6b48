package attack

import (
	"context"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// request is what an actor tries. All are dry runs, so nothing persists.
type request func(ctx context.Context, c client.Client) error

func create(o client.Object) request {
	return func(ctx context.Context, c client.Client) error {
		return c.Create(ctx, clone(o), client.DryRunAll)
	}
}

// change updates an existing object.
func change[T client.Object](o T, mutate func(T)) request { return changeSub("", o, mutate) }

// changeSub updates an existing object through a subresource.
func changeSub[T client.Object](sub string, o T, mutate func(T)) request {
	return func(ctx context.Context, c client.Client) error {
		var err error
		for range 5 { // controllers write too
			live := clone(o)
			if err := masters.Get(ctx, client.ObjectKeyFromObject(o), live); err != nil {
				return fmt.Errorf("read the fixture: %w", err)
			}
			mutate(live)
			if sub == "" {
				err = c.Update(ctx, live, client.DryRunAll)
			} else {
				err = c.SubResource(sub).Update(ctx, live, client.DryRunAll)
			}
			if !apierrors.IsConflict(err) {
				break
			}
		}
		return err
	}
}

// patch sends a patch of a kind.
func patch(o client.Object, kind types.PatchType, body string) request {
	return patchSub("", o, kind, body)
}

// patchSub sends a patch of a kind to a subresource.
func patchSub(sub string, o client.Object, kind types.PatchType, body string) request {
	return func(ctx context.Context, c client.Client) error {
		raw := client.RawPatch(kind, []byte(body))
		if sub != "" {
			return c.SubResource(sub).Patch(ctx, clone(o), raw, client.DryRunAll)
		}
		options := []client.PatchOption{client.DryRunAll}
		if kind == types.ApplyPatchType {
			options = append(options, client.FieldOwner("test"), client.ForceOwnership)
		}
		return c.Patch(ctx, clone(o), raw, options...)
	}
}

// merge sends a merge patch.
func merge(o client.Object, body string) request { return patch(o, types.MergePatchType, body) }

func remove(o client.Object) request {
	return func(ctx context.Context, c client.Client) error { return c.Delete(ctx, clone(o), client.DryRunAll) }
}

// removeAll deletes the collection in a namespace.
func removeAll(o client.Object, namespace string) request {
	return func(ctx context.Context, c client.Client) error {
		return c.DeleteAllOf(ctx, clone(o), client.InNamespace(namespace), client.DryRunAll)
	}
}

// createSub creates a subresource.
func createSub(sub string, o, body client.Object) request {
	return func(ctx context.Context, c client.Client) error {
		return c.SubResource(sub).Create(ctx, clone(o), clone(body), client.DryRunAll)
	}
}

// canI asks by an access review whether RBAC allows what has no dry run or would need a kubelet.
func canI(verb, group, resource, sub, namespace string) request {
	return func(ctx context.Context, c client.Client) error {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Verb: verb, Group: group, Resource: resource, Subresource: sub, Namespace: namespace,
			},
		}}
		sent(ctx, call{verb: verb, kind: kind{group, resource, sub}, namespace: namespace, isReview: true})
		if err := c.Create(ctx, review); err != nil {
			return err
		}
		if !review.Status.Allowed {
			return fmt.Errorf("cannot %s %s/%s in %q", verb, resource, sub, namespace)
		}
		return nil
	}
}

func clone[T client.Object](o T) T {
	return o.DeepCopyObject().(T) //nolint:errcheck,forcetypeassert // a copy has the type of the original
}
