package setup

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// keptShared is how many values are remembered to be shared: two for each of some thousand teams. What is forgotten is only not shared
// with what comes later.
const keptShared = 8192

// shared are values that many cached objects have: nobody may change a cached object, so they can have one of each between them. A
// team's objects have the same labels and annotations, most quotas the same numbers; that is half of their memory.
var shared = lru.New(keptShared)

// share makes an object that is about to be cached share with others what is equal.
func share(obj client.Object) {
	obj.SetLabels(sharedText(obj.GetLabels()))
	obj.SetAnnotations(sharedText(obj.GetAnnotations()))
	entries := obj.GetManagedFields()
	for i := range entries {
		if entries[i].Manager == foundationv1alpha1.FieldManager {
			entries[i].Manager = foundationv1alpha1.FieldManager // not its own copy of the name
		}
	}
	if quota, ok := obj.(*corev1.ResourceQuota); ok {
		quota.Spec.Hard = sharedQuantities(quota.Spec.Hard)
		quota.Status.Hard, quota.Status.Used = sharedQuantities(quota.Status.Hard), sharedQuantities(quota.Status.Used)
		for i := range entries {
			entries[i].FieldsV1 = sharedFields(entries[i].FieldsV1)
		}
	}
}

// sharedValue returns the value that is remembered for a key, which is the given one if there was none.
func sharedValue[T any](key string, value T) T {
	if known, ok := shared.Get(key); ok {
		if same, ok := known.(T); ok {
			return same
		}
	}
	shared.Add(key, value)
	return value
}

func sharedText(texts map[string]string) map[string]string {
	return sharedMap("text", texts, func(text string) string { return text })
}

func sharedQuantities(quantities corev1.ResourceList) corev1.ResourceList {
	return sharedMap("quantities", quantities, func(quantity resource.Quantity) string { return quantity.String() })
}

// sharedMap returns a map that equals the given one. An empty one stays what it is.
func sharedMap[M ~map[K]V, K ~string, V any](kind string, values M, text func(V) string) M {
	if len(values) == 0 {
		return values
	}
	var b strings.Builder
	b.WriteString(kind)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		for _, part := range [2]string{string(key), text(values[key])} {
			b.WriteString(strconv.Itoa(len(part))) // so that no two different maps read the same
			b.WriteByte(':')
			b.WriteString(part)
		}
	}
	return sharedValue(b.String(), values)
}

func sharedFields(fields *metav1.FieldsV1) *metav1.FieldsV1 {
	if fields == nil {
		return nil
	}
	return sharedValue("fields"+fields.GetRawString(), fields)
}
