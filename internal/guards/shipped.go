// Package guards tells whether the admission policies that everything relies on are in the cluster, as this build of the
// operator ships them. The operator cannot write policies: a guard that can be lifted by what it guards is none.
package guards

import (
	"fmt"
	"io/fs"
	"strings"
	"sync"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/config/admission"
)

// Kinds are the kinds of guards, as empty objects.
func Kinds() []client.Object {
	return []client.Object{
		&admissionregistrationv1.ValidatingAdmissionPolicy{},
		&admissionregistrationv1.ValidatingAdmissionPolicyBinding{},
		&admissionregistrationv1.MutatingAdmissionPolicy{},
		&admissionregistrationv1.MutatingAdmissionPolicyBinding{},
	}
}

// Shipped are the policies and bindings that this build was made with, in the order of their files.
func Shipped() ([]client.Object, error) { return shipped() }

var shipped = sync.OnceValues(func() ([]client.Object, error) { return parse(admission.Manifests) })

func parse(files fs.FS) ([]client.Object, error) {
	var objects []client.Object
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path == "kustomization.yaml" {
			return err
		}
		content, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		for document := range strings.SplitSeq(string(content), "\n---\n") {
			object, err := decode([]byte(document))
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			objects = append(objects, object)
		}
		return nil
	})
	return objects, err
}

func decode(document []byte) (client.Object, error) {
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal(document, &meta); err != nil {
		return nil, err
	}
	for _, object := range Kinds() {
		if kindOf(object) == meta.Kind && meta.APIVersion == admissionregistrationv1.SchemeGroupVersion.String() {
			return object, yaml.UnmarshalStrict(document, object)
		}
	}
	return nil, fmt.Errorf("%s is no guard", schema.FromAPIVersionAndKind(meta.APIVersion, meta.Kind))
}

// kindOf is the kind of a guard: typed objects that were read do not say.
func kindOf(object client.Object) string {
	switch object.(type) {
	case *admissionregistrationv1.ValidatingAdmissionPolicy:
		return "ValidatingAdmissionPolicy"
	case *admissionregistrationv1.ValidatingAdmissionPolicyBinding:
		return "ValidatingAdmissionPolicyBinding"
	case *admissionregistrationv1.MutatingAdmissionPolicy:
		return "MutatingAdmissionPolicy"
	case *admissionregistrationv1.MutatingAdmissionPolicyBinding:
		return "MutatingAdmissionPolicyBinding"
	default:
		return ""
	}
}

// spec is a guard's spec by field, with what the API server fills in.
func spec(object client.Object) (map[string]any, error) {
	filled, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T cannot be copied", object)
	}
	switch guard := filled.(type) {
	case *admissionregistrationv1.ValidatingAdmissionPolicy:
		fill(&guard.Spec.FailurePolicy, admissionregistrationv1.Fail)
		fillMatch(guard.Spec.MatchConstraints)
	case *admissionregistrationv1.ValidatingAdmissionPolicyBinding:
		fillMatch(guard.Spec.MatchResources)
	case *admissionregistrationv1.MutatingAdmissionPolicy:
		fill(&guard.Spec.FailurePolicy, admissionregistrationv1.Fail)
		fillMatch(guard.Spec.MatchConstraints)
	case *admissionregistrationv1.MutatingAdmissionPolicyBinding:
		fillMatch(guard.Spec.MatchResources)
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(filled)
	if err != nil {
		return nil, err
	}
	fields, _ := unspaced(content["spec"]).(map[string]any)
	return fields, nil
}

// unspaced makes all white space in texts one blank: CEL does not mind, and kustomize adds lines to folded text.
func unspaced(value any) any {
	switch typed := value.(type) {
	case string:
		return strings.Join(strings.Fields(typed), " ")
	case []any:
		for i := range typed {
			typed[i] = unspaced(typed[i])
		}
	case map[string]any:
		for key := range typed {
			typed[key] = unspaced(typed[key])
		}
	}
	return value
}

// fillMatch sets the defaults of a match
// (https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/validating-admission-policy-v1/).
func fillMatch(match *admissionregistrationv1.MatchResources) {
	if match == nil {
		return
	}
	fill(&match.MatchPolicy, admissionregistrationv1.Equivalent)
	fill(&match.NamespaceSelector, metav1.LabelSelector{})
	fill(&match.ObjectSelector, metav1.LabelSelector{})
	for _, rules := range [][]admissionregistrationv1.NamedRuleWithOperations{match.ResourceRules, match.ExcludeResourceRules} {
		for i := range rules {
			fill(&rules[i].Scope, admissionregistrationv1.AllScopes)
		}
	}
}

func fill[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}
