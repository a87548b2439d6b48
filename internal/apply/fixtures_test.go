package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/builder"
)

var (
	hanbit = builder.Team("hanbit")
	owner  = apply.OwnerOf(hanbit, nil)
	pods   = schema.GroupResource{Resource: "pods"}
)

// cluster is a fake API server with a cache, which shows the objects in cached or, if that is nil, all.
type cluster struct {
	server client.WithWatch
	// cached, if not nil, is what the cache shows instead of what there is.
	cached map[client.ObjectKey]client.Object
	// cacheErr, liveErr and writeErr are returned instead of an answer.
	cacheErr, liveErr, writeErr error
	// applied are the requests, live counts reads of the API server.
	applied []request
	deleted []client.DeleteOptions
	patched []string
	evicted []metav1.DeleteOptions
	live    int
}

type request struct {
	uid   types.UID
	name  string
	force bool
	owner string
}

func newCluster(objects ...client.Object) *cluster {
	return &cluster{server: fake.NewClientBuilder().WithScheme(setup.Scheme()).WithReturnManagedFields().
		WithStatusSubresource(&foundationv1alpha1.GPUPool{}, &corev1.Namespace{}, &corev1.ResourceQuota{}).WithObjects(objects...).
		WithIndex(&rbacv1.ClusterRole{}, metav1.ObjectNameField, func(obj client.Object) []string { return []string{obj.GetName()} }).Build()}
}

// applier is the one under test.
func (c *cluster) applier() *apply.Applier {
	return apply.New(interceptor.NewClient(c.server, interceptor.Funcs{
		Get: func(ctx context.Context, server client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if c.cacheErr != nil {
				return c.cacheErr
			}
			if c.cached == nil {
				err := read(ctx, server, key, obj, opts...)
				apply.Digest(obj)
				return err
			}
			shown, ok := c.cached[key]
			if !ok {
				return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
			}
			return copyInto(shown, obj)
		},
		Delete: func(ctx context.Context, server client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			options := client.DeleteOptions{}
			options.ApplyOptions(opts)
			c.deleted = append(c.deleted, options)
			if c.writeErr != nil {
				return c.writeErr
			}
			return server.Delete(ctx, obj)
		},
		Patch: func(ctx context.Context, server client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			if patch.Type() == types.ApplyPatchType {
				return c.apply(ctx, server, obj, patch, opts)
			}
			return c.patch(obj, patch, func() error { return server.Patch(ctx, obj, patch, opts...) })
		},
		SubResourcePatch: func(ctx context.Context, server client.Client, sub string, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			return c.patch(obj, patch, func() error { return server.SubResource(sub).Patch(ctx, obj, patch, opts...) })
		},
		SubResourceCreate: func(_ context.Context, _ client.Client, sub string, _, body client.Object, _ ...client.SubResourceCreateOption) error {
			var eviction struct{ DeleteOptions metav1.DeleteOptions }
			if sub != "eviction" {
				return errors.New("unexpected " + sub)
			}
			c.evicted = append(c.evicted, eviction.DeleteOptions)
			if err := copyInto(body, &eviction); err != nil {
				return err
			}
			c.evicted[len(c.evicted)-1] = eviction.DeleteOptions
			return c.writeErr
		},
	}), interceptor.NewClient(c.server, interceptor.Funcs{
		Get: func(ctx context.Context, server client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			c.live++
			if c.liveErr != nil {
				return c.liveErr
			}
			return read(ctx, server, key, obj, opts...)
		},
		List: func(ctx context.Context, server client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			c.live++
			if c.liveErr != nil {
				return c.liveErr
			}
			return server.List(ctx, list, opts...)
		},
	}))
}

// read leaves out the empty spec and status that the fake client, unlike an API server, counts among applied fields.
func read(ctx context.Context, server client.Reader, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	if err := server.Get(ctx, key, obj, opts...); err != nil {
		return err
	}
	for _, entry := range obj.GetManagedFields() {
		for _, empty := range []string{`,"f:spec":{}`, `,"f:status":{}`} {
			entry.FieldsV1.SetRawString(strings.Replace(entry.FieldsV1.GetRawString(), empty, "", 1))
		}
	}
	return nil
}

func (c *cluster) patch(obj client.Object, patch client.Patch, send func() error) error {
	data, err := patch.Data(obj)
	if err != nil {
		return err
	}
	c.patched = append(c.patched, string(data))
	if c.writeErr != nil {
		return c.writeErr
	}
	return send()
}

// apply answers with metadata alone. The fake client would give what is applied by Patch no resourceVersion.
func (c *cluster) apply(ctx context.Context, server client.WithWatch, answer client.Object, patch client.Patch, opts []client.PatchOption) error {
	data, err := patch.Data(answer)
	if err != nil {
		return err
	}
	sent := &unstructured.Unstructured{}
	if err := sent.UnmarshalJSON(data); err != nil {
		return err
	}
	options := client.PatchOptions{}
	options.ApplyOptions(opts)
	force := ptr.Deref(options.Force, false)
	c.applied = append(c.applied, request{uid: sent.GetUID(), name: sent.GetName(), owner: options.FieldManager, force: force})
	if c.writeErr != nil {
		return c.writeErr
	}
	as := &client.ApplyOptions{FieldManager: options.FieldManager, Force: &force}
	if err := server.Apply(ctx, client.ApplyConfigurationFromUnstructured(sent), as); err != nil {
		return err
	}
	return copyInto(sent, answer)
}

func (c *cluster) writes() int {
	return len(c.applied) + len(c.deleted) + len(c.patched) + len(c.evicted)
}

func copyInto(from, to any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, to)
}

// wanted is a namespace as the team's controller would want it.
func wanted(labels ...string) *corev1ac.NamespaceApplyConfiguration {
	namespace := corev1ac.Namespace("hanbit-train").
		WithLabels(map[string]string{foundationv1alpha1.LabelTeam: "hanbit"}).
		WithAnnotations(map[string]string{foundationv1alpha1.AnnotationTeamUID: string(hanbit.UID)})
	for _, label := range labels {
		namespace.WithLabels(map[string]string{label: "true"})
	}
	return namespace
}

// quota is a namespaced object that is wanted.
func quota() *corev1ac.ResourceQuotaApplyConfiguration {
	return corev1ac.ResourceQuota("foundation-team", "hanbit-train").
		WithLabels(map[string]string{foundationv1alpha1.LabelTeam: "hanbit"}).
		WithAnnotations(map[string]string{foundationv1alpha1.AnnotationTeamUID: string(hanbit.UID)})
}

func foreign(mods ...func(*corev1.Namespace)) *corev1.Namespace {
	namespace := builder.ForeignNamespace("hanbit-train")
	namespace.ResourceVersion = ""
	for _, mod := range mods {
		mod(namespace)
	}
	return namespace
}

func labelled(team, uid string) func(*corev1.Namespace) {
	return func(namespace *corev1.Namespace) {
		namespace.Labels = map[string]string{foundationv1alpha1.LabelTeam: team}
		namespace.Annotations = map[string]string{foundationv1alpha1.AnnotationTeamUID: uid}
	}
}

func terminating(namespace *corev1.Namespace) {
	namespace.DeletionTimestamp = new(metav1.NewTime(builder.Now))
	namespace.Finalizers = []string{"example.com/wait"}
}

func adopt(team string) func(*corev1.Namespace) {
	return func(namespace *corev1.Namespace) {
		namespace.Annotations = map[string]string{foundationv1alpha1.AnnotationAdopt: team}
	}
}
