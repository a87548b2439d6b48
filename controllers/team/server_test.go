package team

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/log"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/index"
)

var errRefused = errors.New("no")

// server is a fake API server, of which the operator's cache shows everything. It records writes in order, and fails the
// requests that a test wants to fail.
type server struct {
	client.WithWatch
	writes []string
	// fails reports whether a request fails: "<verb> <kind> <name>", where the name of a list is empty.
	fails  func(request string) bool
	events *events.FakeRecorder
	clock  *clocktesting.FakePassiveClock
	guards checker
}

// checker is what the check of the admission policies returns.
type checker struct {
	guards.Result
	err error
}

func (c *checker) Check(context.Context) (guards.Result, error) { return c.Result, c.err }

// indexes registers the operator's field indexes with a fake client.
type indexes struct{ *fake.ClientBuilder }

func (i indexes) IndexField(_ context.Context, obj client.Object, field string, extract client.IndexerFunc) error {
	i.WithIndex(obj, field, extract)
	return nil
}

// scheme has the kinds that the controller uses, and no more: the fake client goes through all kinds with each write.
func scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, rbacv1.AddToScheme, networkingv1.AddToScheme, flowcontrolv1.AddToScheme, storagev1.AddToScheme,
		resourcev1.AddToScheme, foundationv1alpha1.AddToScheme,
	} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func newServer(t *testing.T, objects ...client.Object) *server {
	t.Helper()
	s := &server{events: events.NewFakeRecorder(64), clock: clocktesting.NewFakePassiveClock(now), fails: func(string) bool { return false }}
	api := fake.NewClientBuilder().WithScheme(scheme(t)).WithTypeConverters(managedfields.NewDeducedTypeConverter()).
		WithStatusSubresource(&foundationv1alpha1.FoundationTeam{}, &corev1.ResourceQuota{})
	for _, obj := range objects {
		obj, _ = obj.DeepCopyObject().(client.Object)
		obj.SetResourceVersion("")
		api.WithObjects(obj)
	}
	if err := index.Register(t.Context(), indexes{api}); err != nil {
		t.Fatal(err)
	}
	s.WithWatch = interceptor.NewClient(api.Build(), interceptor.Funcs{
		Get: func(ctx context.Context, api client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			return s.request("get", obj, key.Name, func() error { return api.Get(ctx, key, obj, opts...) })
		},
		List: func(ctx context.Context, api client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			return s.request("list", list, "", func() error { return api.List(ctx, list, opts...) })
		},
		Create: func(ctx context.Context, api client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			return s.request("create", obj, obj.GetName(), func() error { return api.Create(ctx, obj, opts...) })
		},
		Delete: func(ctx context.Context, api client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			return s.request("delete", obj, obj.GetName(), func() error { return api.Delete(ctx, obj, opts...) })
		},
		Patch: func(ctx context.Context, api client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			if patch.Type() == types.ApplyPatchType {
				return s.apply(ctx, api, obj, patch)
			}
			return s.request("patch", obj, obj.GetName(), func() error { return api.Patch(ctx, obj, patch, opts...) })
		},
		SubResourcePatch: func(ctx context.Context, api client.Client, sub string, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			return s.request("patch "+sub+" of", obj, obj.GetName(), func() error { return api.SubResource(sub).Patch(ctx, obj, patch, opts...) })
		},
	})
	return s
}

func (s *server) apply(ctx context.Context, api client.Client, obj client.Object, patch client.Patch) error {
	fields, err := fieldsOf(obj, patch)
	if err != nil {
		return err
	}
	kind := obj.GetObjectKind().GroupVersionKind().Kind
	return s.request("apply "+kind, nil, obj.GetName(), func() error { return applied(ctx, api, fields, kind) })
}

// fieldsOf returns what a server-side apply sends.
func fieldsOf(obj client.Object, patch client.Patch) (fields map[string]any, err error) {
	content, err := patch.Data(obj)
	if err == nil {
		err = json.Unmarshal(content, &fields)
	}
	return fields, err
}

// applied creates or replaces an object, as server-side apply does where nobody else owns a field.
func applied(ctx context.Context, api client.Client, fields map[string]any, kind string) error {
	kinds := apply.Kinds()
	obj := kinds[slices.IndexFunc(kinds, func(k apply.Kind) bool { return k.Name == kind })].New()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, obj); err != nil {
		return err
	}
	live, _ := obj.DeepCopyObject().(client.Object)
	if err := api.Get(ctx, client.ObjectKeyFromObject(obj), live); apierrors.IsNotFound(err) {
		return api.Create(ctx, obj)
	} else if err != nil {
		return err
	}
	obj.SetUID(live.GetUID())
	obj.SetResourceVersion(live.GetResourceVersion())
	obj.SetCreationTimestamp(live.GetCreationTimestamp())
	if quota, ok := live.(*corev1.ResourceQuota); ok {
		quota.Status = corev1.ResourceQuotaStatus{} // not a part of what is applied
	}
	if equality.Semantic.DeepEqual(obj, live) {
		return nil
	}
	return api.Update(ctx, obj)
}

// request sends a request, records it if it is a write, and fails it if the test wants that.
func (s *server) request(verb string, of any, name string, send func() error) error {
	what := verb
	if of != nil {
		kind := fmt.Sprintf("%T", of)
		what += " " + kind[strings.LastIndex(kind, ".")+1:]
	}
	what = strings.TrimSpace(what + " " + name)
	if s.fails(what) {
		return fmt.Errorf("%s: %w", what, errRefused)
	}
	if verb != "get" && verb != "list" {
		s.writes = append(s.writes, what)
	}
	return send()
}

// failing makes requests fail whose text begins with one of the given ones.
func (s *server) failing(requests ...string) {
	s.fails = func(what string) bool {
		for _, request := range requests {
			if strings.HasPrefix(what, request) {
				return true
			}
		}
		return false
	}
}

func (s *server) reconciler() *Reconciler {
	return &Reconciler{Client: s, Live: s, Applier: apply.New(s, s), Events: s.events, Clock: s.clock, Guards: &s.guards}
}

// reconcile reconciles the team hanbit. No reconcile returns an error.
func (*server) reconcile(t *testing.T, r *Reconciler) ctrl.Result {
	t.Helper()
	result, err := r.Reconcile(log.IntoContext(t.Context(), logr.Discard()), request("hanbit"))
	if err != nil {
		t.Fatalf("the error gets to controller-runtime's back-off: %v", err)
	}
	return result
}

// settle reconciles a few times, and enforces quotas as the cluster does.
func (s *server) settle(t *testing.T, r *Reconciler) ctrl.Result {
	t.Helper()
	var result ctrl.Result
	for range 3 {
		result = s.reconcile(t, r)
		enforceQuotas(t, s)
	}
	return result
}

// enforceQuotas enforces quotas as the cluster does.
func enforceQuotas(t *testing.T, api client.Client) {
	t.Helper()
	var quotas corev1.ResourceQuotaList
	if err := api.List(t.Context(), &quotas); err != nil {
		t.Fatal(err)
	}
	for i := range quotas.Items {
		quotas.Items[i].Status.Hard = quotas.Items[i].Spec.Hard
		if err := api.Status().Update(t.Context(), &quotas.Items[i]); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *server) team(t *testing.T) *foundationv1alpha1.FoundationTeam {
	t.Helper()
	team := &foundationv1alpha1.FoundationTeam{}
	if err := s.Get(t.Context(), client.ObjectKey{Name: "hanbit"}, team); err != nil {
		t.Fatal(err)
	}
	return team
}

// edit changes the team's spec as an admin does.
func (s *server) edit(t *testing.T, change func(*foundationv1alpha1.FoundationTeam)) {
	t.Helper()
	team := s.team(t)
	change(team)
	team.Generation++
	if err := s.Update(t.Context(), team); err != nil {
		t.Fatal(err)
	}
}

// bound returns whom a RoleBinding in hanbit-train binds, nil if it does not exist.
func (s *server) bound(t *testing.T, name string) []string {
	t.Helper()
	binding := &rbacv1.RoleBinding{}
	if err := s.Get(t.Context(), client.ObjectKey{Namespace: "hanbit-train", Name: name}, binding); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, subject := range binding.Subjects {
		names = append(names, subject.Name)
	}
	return names
}

// frozen is a cache that does not show newer versions of the objects of one kind.
func frozen(t *testing.T, s *server, kind client.Object) client.WithWatch {
	t.Helper()
	gvk, err := s.GroupVersionKindFor(kind)
	if err != nil {
		t.Fatal(err)
	}
	isOne := func(obj runtime.Object) bool {
		is, err := s.GroupVersionKindFor(obj)
		return err == nil && strings.TrimSuffix(is.Kind, "List") == gvk.Kind
	}
	var old client.ObjectList
	for _, list := range []client.ObjectList{
		&foundationv1alpha1.FoundationTeamList{}, &foundationv1alpha1.FoundationProgramList{}, &foundationv1alpha1.GPUPoolList{}, &foundationv1alpha1.TeamRecordList{},
	} {
		if isOne(list) {
			old = list
		}
	}
	if err := s.List(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	copied := func(from runtime.Object, to any) {
		reflect.ValueOf(to).Elem().Set(reflect.ValueOf(from.DeepCopyObject()).Elem())
	}
	return interceptor.NewClient(s.WithWatch, interceptor.Funcs{
		Get: func(ctx context.Context, api client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if !isOne(obj) {
				return api.Get(ctx, key, obj, opts...)
			}
			return meta.EachListItem(old, func(item runtime.Object) error {
				copied(item, obj)
				return nil
			})
		},
		List: func(ctx context.Context, api client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if !isOne(list) {
				return api.List(ctx, list, opts...)
			}
			copied(old, list)
			return nil
		},
	})
}
