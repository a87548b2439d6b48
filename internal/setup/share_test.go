package setup

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// quotaOf is a quota as a watch delivers it: nothing of it is another object's.
func quotaOf(namespace, pods string) *corev1.ResourceQuota {
	hard := func() corev1.ResourceList {
		return corev1.ResourceList{"pods": resource.MustParse(pods), "services": resource.MustParse("50")}
	}
	return &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{
			Name: "foundation-team", Namespace: namespace, Labels: map[string]string{foundationv1alpha1.LabelTeam: "hanbit"},
			Annotations: map[string]string{foundationv1alpha1.AnnotationTeamUID: "1"},
			ManagedFields: []metav1.ManagedFieldsEntry{{
				Manager: foundationv1alpha1.FieldManager, Operation: metav1.ManagedFieldsOperationApply, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`),
			}},
		},
		Spec:   corev1.ResourceQuotaSpec{Hard: hard()},
		Status: corev1.ResourceQuotaStatus{Hard: hard(), Used: corev1.ResourceList{"pods": resource.MustParse("0")}},
	}
}

// Cached objects have what is equal between them, and nothing that is not; each reads as it was delivered.
func TestCachedObjectsShareWhatIsEqual(t *testing.T) {
	first, second, third := quotaOf("train", "200"), quotaOf("eval", "200"), quotaOf("bench", "100")
	for _, quota := range []*corev1.ResourceQuota{first, second, third, first} { // and again, as a transform may be
		delivered := quota.DeepCopy()
		if _, err := keepOwnFields(quota); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(delivered, quota); diff != "" {
			t.Errorf("%s has changed: %s", quota.Namespace, diff)
		}
	}
	same := func(a, b any) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }
	for what, is := range map[string]bool{
		"labels":                        same(first.Labels, second.Labels) && same(first.Labels, third.Labels),
		"annotations":                   same(first.Annotations, second.Annotations),
		"numbers":                       same(first.Spec.Hard, second.Spec.Hard) && same(first.Spec.Hard, first.Status.Hard),
		"numbers of use":                same(first.Status.Used, third.Status.Used),
		"lists of fields":               same(first.ManagedFields[0].FieldsV1, third.ManagedFields[0].FieldsV1),
		"different numbers, not shared": !same(first.Spec.Hard, third.Spec.Hard),
	} {
		if !is {
			t.Error(what)
		}
	}
}

// Maps that would read the same one after the other are not the same.
func TestDifferentMapsAreNotShared(t *testing.T) {
	for i, pair := range [][2]map[string]string{
		{{"a": "1:b1:c"}, {"a": "1", "b": "c"}},
		{{"a": "b"}, {"ab": ""}},
		{{"a": "1\x001:b1:2"}, {"a": "1\x00", "b": "2"}},
		{{"a": ""}, {}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			for _, texts := range pair {
				if diff := cmp.Diff(texts, sharedText(texts)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}
