package support

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Apply applies manifests as kubectl apply --server-side --force-conflicts does, with its field manager and its strictness,
// and without what a start of kubectl costs. test/e2e uses kubectl itself.
func Apply(ctx context.Context, k8s client.Client, manifests string) error {
	return ApplyAs(ctx, k8s, "kubectl", manifests)
}

// ApplyAs is Apply for another field manager, such as that of a tool that applies what a repository has.
func ApplyAs(ctx context.Context, k8s client.Client, manager, manifests string) error {
	strict := client.WithFieldValidation(k8s, metav1.FieldValidationStrict)
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifests), 4096)
	for {
		object := &unstructured.Unstructured{}
		switch err := decoder.Decode(&object.Object); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("decode a manifest: %w", err)
		case len(object.Object) == 0:
			continue // nothing but a comment
		}
		applied := client.ApplyConfigurationFromUnstructured(object)
		if err := strict.Apply(ctx, applied, client.FieldOwner(manager), client.ForceOwnership); err != nil {
			return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
}
