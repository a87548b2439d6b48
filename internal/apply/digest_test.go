package apply_test

import (
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// A cached object has the digest instead of the list of fields. Informers transform some objects twice.
func TestDigest(t *testing.T) {
	c := newCluster()
	if err := c.applier().Apply(t.Context(), owner, wanted()); err != nil {
		t.Fatal(err)
	}
	cached := &corev1.Namespace{}
	if err := c.server.Get(t.Context(), client.ObjectKey{Name: "hanbit-train"}, cached); err != nil {
		t.Fatal(err)
	}
	fields := len(cached.ManagedFields[0].FieldsV1.GetRawBytes())
	if !apply.Digest(cached) {
		t.Fatal("an object of the operator's was not digested")
	}
	if short := len(cached.ManagedFields[0].FieldsV1.GetRawBytes()); short >= fields {
		t.Errorf("%d bytes instead of %d", short, fields)
	}
	if _, err := json.Marshal(cached); err != nil {
		t.Errorf("it cannot be compared for a patch any more: %v", err)
	}
	once := cached.DeepCopy()
	if !apply.Digest(cached) || !equality.Semantic.DeepEqual(once, cached) {
		t.Error("a second digest is another one")
	}
}

// What the operator has not applied, and what it cannot read, stays as it is.
func TestDigestLeavesOthersAlone(t *testing.T) {
	unreadable := foreign()
	unreadable.ManagedFields = append(unreadable.ManagedFields, managedBy(foundationv1alpha1.FieldManager, `{"f:metadata":`))
	other := foreign()
	other.ManagedFields = append(other.ManagedFields, managedBy("kubectl", `{"f:metadata":{}}`))
	for name, obj := range map[string]client.Object{"somebody else's": other, "unreadable": unreadable, "of another kind": &corev1.Pod{}} {
		before := obj.DeepCopyObject()
		if apply.Digest(obj) || !equality.Semantic.DeepEqual(before, obj) {
			t.Errorf("%s: digested", name)
		}
	}
}

// managedBy is an entry of what somebody has applied.
func managedBy(manager, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{
		Manager: manager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: "v1", FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields),
	}
}
