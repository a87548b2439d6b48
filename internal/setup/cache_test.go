package setup

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/test/support/builder"
)

func fields(manager, subresource string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, Operation: metav1.ManagedFieldsOperationApply}
}

func TestKeepOwnFields(t *testing.T) {
	quota := builder.Quota(builder.Team("hanbit"), "train", nil)
	quota.ManagedFields = []metav1.ManagedFieldsEntry{
		fields("kubectl", ""), fields(foundationv1alpha1.FieldManager, ""), fields(foundationv1alpha1.FieldManager, "status"),
	}
	if _, err := keepOwnFields(quota); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]metav1.ManagedFieldsEntry{fields(foundationv1alpha1.FieldManager, "")}, quota.ManagedFields); diff != "" {
		t.Error(diff)
	}
	if _, err := keepOwnFields("a tombstone"); err != nil {
		t.Error(err)
	}
}

// Of what is offered to a team the cache keeps who offers it, and nothing else of others.
func TestKeepOffers(t *testing.T) {
	annotated := fields("kubectl-annotate", "")
	annotated.FieldsV1 = metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{"f:foundation.team/adopt":{},"f:note":{}}}}`)
	kept := annotated
	kept.FieldsV1 = metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{"f:foundation.team/adopt":{}}}}`)
	own := fields(foundationv1alpha1.FieldManager, "")
	for name, tt := range map[string]struct {
		annotation string
		namespace  []metav1.ManagedFieldsEntry
		volume     []metav1.ManagedFieldsEntry
	}{
		"offered":     {"hanbit", []metav1.ManagedFieldsEntry{own, kept}, []metav1.ManagedFieldsEntry{kept}},
		"not offered": {"", []metav1.ManagedFieldsEntry{own}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			all := []metav1.ManagedFieldsEntry{fields("kubectl", ""), annotated, own}
			meta := metav1.ObjectMeta{Name: "x", Annotations: map[string]string{foundationv1alpha1.AnnotationAdopt: tt.annotation}}
			namespace, volume := &corev1.Namespace{ObjectMeta: meta}, &corev1.PersistentVolume{ObjectMeta: meta}
			namespace.ManagedFields, volume.ManagedFields = slices.Clone(all), slices.Clone(all)
			if _, err := keepOwnFieldsAndOffer(namespace); err != nil {
				t.Fatal(err)
			}
			if _, err := trimPersistentVolume(volume); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.namespace, namespace.ManagedFields); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.volume, volume.ManagedFields); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTrimNode(t *testing.T) {
	node := builder.Node("n1", builder.FreeIn("b200"))
	node.ManagedFields = []metav1.ManagedFieldsEntry{fields("kubelet", "status")}
	node.Status.Images = []corev1.ContainerImage{{Names: []string{"large"}}}
	node.Status.Conditions = []corev1.NodeCondition{
		{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse},
		{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastHeartbeatTime: metav1.NewTime(builder.Now)},
	}
	if _, err := trimNode(node); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(builder.Node("n1", builder.FreeIn("b200")), node); diff != "" {
		t.Error(diff)
	}
}

func TestTrimStorageClass(t *testing.T) {
	class := builder.StorageClass("fast", storagev1.VolumeBindingImmediate)
	class.ManagedFields = []metav1.ManagedFieldsEntry{fields("kubectl", "")}
	class.Parameters = map[string]string{"secret": "yes"}
	if _, err := trimStorageClass(class); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(builder.StorageClass("fast", storagev1.VolumeBindingImmediate), class); diff != "" {
		t.Error(diff)
	}
}

func TestTrimDeviceClass(t *testing.T) {
	class := builder.Selecting(builder.DeviceClass("gpu.example.com", "example.com/gpu"), "true")
	class.ManagedFields = []metav1.ManagedFieldsEntry{fields("kubectl", "")}
	class.Spec.Config = []resourcev1.DeviceClassConfiguration{{}}
	if _, err := trimDeviceClass(class); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(builder.Selecting(builder.DeviceClass("gpu.example.com", "example.com/gpu"), "true"), class); diff != "" {
		t.Error(diff)
	}
}

func TestTrimDevices(t *testing.T) {
	taint := resourcev1.DeviceTaint{Key: "example.com/xid", Effect: resourcev1.DeviceTaintEffectNoExecute}
	made := func() *resourcev1.ResourceSlice {
		return builder.ResourceSlice("gpu.example.com", "n1", 2, builder.DeviceTaint(1, taint), func(slice *resourcev1.ResourceSlice) {
			slice.Spec.Devices[0].Capacity = map[resourcev1.QualifiedName]resourcev1.DeviceCapacity{"memory": {}}
			slice.Spec.Devices[0].AllowMultipleAllocations = new(true)
		})
	}
	slice := made()
	slice.ManagedFields = []metav1.ManagedFieldsEntry{fields(foundationv1alpha1.FieldManager, "")}
	slice.Spec.SharedCounters = []resourcev1.CounterSet{{Name: "memory"}}
	slice.Spec.Devices[0].ConsumesCounters = []resourcev1.DeviceCounterConsumption{{CounterSet: "memory"}}
	rule := builder.DeviceTaintRule("r", &resourcev1.DeviceTaintSelector{}, taint)
	rule.ManagedFields, rule.Status.Conditions = slice.ManagedFields, []metav1.Condition{{Type: "EvictionInProgress"}}
	quota := builder.Quota(builder.Team("hanbit"), "train", nil)
	quota.ManagedFields = []metav1.ManagedFieldsEntry{fields("kubectl", "")}
	for got, want := range map[any]any{slice: made(), rule: builder.DeviceTaintRule("r", &resourcev1.DeviceTaintSelector{}, taint), quota: builder.Quota(builder.Team("hanbit"), "train", nil)} {
		if _, err := trimDevices(got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	}
}

// Objects in namespaces are cached by label. Of the cluster's level all are: that a name is not cached tells that it is free.
func TestCacheOptions(t *testing.T) {
	scheme := Scheme()
	selectors := map[string]labels.Selector{}
	for obj, options := range CacheOptions().ByObject {
		gvk, err := apiutil.GVKForObject(obj, scheme)
		if err != nil {
			t.Fatal(err)
		}
		selectors[gvk.Kind] = options.Label
	}
	for _, kind := range apply.Kinds() {
		obj := kind.New()
		gvk, err := apiutil.GVKForObject(obj, scheme)
		if err != nil {
			t.Fatal(err)
		}
		selector := selectors[gvk.Kind]
		if kind.AllCached {
			if selector != nil {
				t.Errorf("only objects of kind %s with a team's label are cached", gvk.Kind)
			}
			continue
		}
		if selector == nil || !selector.Matches(labels.Set{foundationv1alpha1.LabelTeam: "hanbit"}) || selector.Matches(labels.Set{"app": "x"}) {
			t.Errorf("%s is cached by %v", gvk.Kind, selector)
		}
	}
	if !CacheOptions().ReaderFailOnMissingInformer {
		t.Error("a read of something that nobody watches starts a watch")
	}
}

// A heartbeat alone does not change the cached node.
func TestHeartbeatIsNoNews(t *testing.T) {
	var seen []string
	for i := range 2 {
		node := builder.Node("n1")
		node.Status.Conditions[0].LastHeartbeatTime = metav1.NewTime(builder.Now.Add(time.Duration(i) * time.Minute))
		if _, err := trimNode(node); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, fmt.Sprint(node))
	}
	if seen[0] != seen[1] {
		t.Error(cmp.Diff(seen[0], seen[1]))
	}
}

// What is compared by its digest loses its content, once and for all; what is read for more keeps it, and so does what cannot be read.
func TestDigestedObjectsAreSmall(t *testing.T) {
	const owns = `{"f:metadata":{"f:labels":{"f:foundation.team/team":{}}},"f:spec":{}}`
	managed := func(fields string) []metav1.ManagedFieldsEntry {
		entry := metav1.ManagedFieldsEntry{Manager: foundationv1alpha1.FieldManager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: "v1", FieldsType: "FieldsV1"}
		entry.FieldsV1 = metav1.NewFieldsV1(fields)
		return []metav1.ManagedFieldsEntry{entry}
	}
	meta := func(fields string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: "foundation-team", Labels: map[string]string{foundationv1alpha1.LabelTeam: "hanbit"}, ManagedFields: managed(fields)}
	}
	limits := corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{Type: corev1.LimitTypeContainer}}}
	small := &corev1.LimitRange{ObjectMeta: meta(owns), Spec: limits}
	for range 2 {
		if _, err := keepOwnFields(small); err != nil {
			t.Fatal(err)
		}
		if len(small.Spec.Limits) > 0 || small.ManagedFields[0].FieldsV1.GetRawString() == owns || len(small.ManagedFields) != 1 {
			t.Fatalf("it was not digested: %+v", small)
		}
	}
	unreadable := &corev1.LimitRange{ObjectMeta: meta(`{"x":{}}`), Spec: limits}
	quota := &corev1.ResourceQuota{ObjectMeta: meta(owns)}
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: meta(owns)}
	for _, obj := range []client.Object{unreadable, quota, claim} {
		before := obj.DeepCopyObject()
		if _, err := keepOwnFields(obj); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, obj); diff != "" {
			t.Errorf("%T: %s", obj, diff)
		}
	}
}
