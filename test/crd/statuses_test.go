package crd

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/test/support/builder"
	"foundation.team/operator/test/support/openapi"
)

// These tests have the operator's own status builders at work on the largest objects, with everything around them as large and
// in disorder, and have the API server store what they make.

// full is whether the statuses of all worlds are stored: each takes the API server seconds. Without it only those of the hardest are.
var full = os.Getenv("FULL") != ""

// policiesMissing is a check of the admission policies with the longest message.
var policiesMissing = guards.Result{Reason: foundationv1alpha1.ReasonPolicyMissing, Message: strings.Repeat("<", 40_000)}

// decoded is a manifest as a typed object.
func decoded[T client.Object](t *testing.T, manifest string, into T) T {
	t.Helper()
	if err := json.Unmarshal([]byte(toManifest(t, patched(t, manifest, ""))), into); err != nil {
		t.Fatal(err)
	}
	return into
}

// largest is the largest value of a field of a kind, as a Go type; n tells it apart from others.
func largest[T any](t *testing.T, kindName string, n int, names ...string) T {
	t.Helper()
	encoded, err := json.Marshal(openapi.Largest.Make(openapi.At(kind(t, kindName), names...), n))
	if err != nil {
		t.Fatal(err)
	}
	var value T
	if err := json.Unmarshal(encoded, &value); err != nil {
		t.Fatalf("%v: %s", err, encoded)
	}
	return value
}

// storeStatus has the API server store a status of an object with the largest spec.
func storeStatus(t *testing.T, api dynamic.ResourceInterface, manifest, name string, status any) {
	t.Helper()
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(status)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range negatives("status", fields) {
		t.Errorf("%s is less than 0: it overflowed", path)
	}
	created := store(t, api, patched(t, manifest, fmt.Sprintf(`metadata: {name: %q}`, name)))
	created.Object["status"] = fields
	stored, err := api.UpdateStatus(t.Context(), created, metav1.UpdateOptions{FieldManager: foundationv1alpha1.FieldManager, FieldValidation: metav1.FieldValidationStrict})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("status: %d KiB, the object: %d KiB", size(t, fields)>>10, size(t, stored.Object)>>10)
}

func size(t *testing.T, value any) int {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return len(encoded)
}

// negatives returns where a status has a number below 0: none of it can be.
func negatives(path string, value any) []string {
	var found []string
	switch typed := value.(type) {
	case map[string]any:
		for name, field := range typed {
			found = append(found, negatives(path+"."+name, field)...)
		}
	case []any:
		for i, entry := range typed {
			found = append(found, negatives(fmt.Sprintf("%s[%d]", path, i), entry)...)
		}
	case int64:
		if typed < 0 {
			found = append(found, path)
		}
	}
	return found
}

// name63 is a name of 63 letters, another one for each number.
func name63(n int) string { return numbered(63, n) }

func numbered(length, n int) string {
	suffix := fmt.Sprintf("%05d", n)
	return strings.Repeat("x", length-len(suffix)) + suffix
}

// within is a time at which all of the largest manifests is in force.
var within = builder.Time("2026-03-01T00:00:00Z")

func deleted(obj client.Object) {
	obj.SetDeletionTimestamp(&metav1.Time{Time: within})
}

// brokenNode is a node of a pool with the longest name, broken in every way that its number gives.
func brokenNode(n int, pool string, mods ...builder.NodeMod) *corev1.Node {
	ways := []builder.NodeMod{
		builder.NotReadySince(within.Add(-time.Hour)), builder.Cordoned(), builder.WithoutGPUs(), builder.Tainted(strings.Repeat("k", 253)+"/"+strings.Repeat("k", 63), strings.Repeat("v", 63)),
	}
	return builder.Node(numbered(253, n), append(append([]builder.NodeMod{builder.Matching(pool)}, mods...), ways[n%len(ways)])...)
}
