// Package guards checks whether the cluster has the admission policies that team isolation relies on, exactly as this
// build of the operator ships them. The operator has no right to write policies: a policy that also restrains the
// operator must not be removable by it.
package guards

import (
	"fmt"
	"io/fs"
	"strings"
	"sync"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/config/admission"
)

// Kinds returns an empty object of each kind of policy and binding.
func Kinds() []client.Object {
	return []client.Object{
		&admissionregistrationv1.ValidatingAdmissionPolicy{},
		&admissionregistrationv1.ValidatingAdmissionPolicyBinding{},
		&admissionregistrationv1.MutatingAdmissionPolicy{},
		&admissionregistrationv1.MutatingAdmissionPolicyBinding{},
	}
}

// Shipped returns the policies and bindings of this build, in the order of their files.
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
			err := yaml.UnmarshalStrict(document, object)
			setDefaults(object)
			return object, err
		}
	}
	return nil, fmt.Errorf("%s is no guard", schema.FromAPIVersionAndKind(meta.APIVersion, meta.Kind))
}

// kindOf returns the kind of a policy or binding by its Go type: typed objects have an empty TypeMeta after a read.
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

// defaultedSpec returns the spec of a policy or binding by field, with the API server's defaults.
func defaultedSpec(object client.Object) (map[string]any, error) {
	filled, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T cannot be copied", object)
	}
	setDefaults(filled)
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(filled)
	if err != nil {
		return nil, err
	}
	fields, _ := collapseSpaces(content["spec"]).(map[string]any)
	return fields, nil
}

// hasSameSpec reports whether two policies or bindings have the same spec, but for runs of white space (see collapseSpaces).
func hasSameSpec(a, b client.Object) bool { return spaceless.DeepEqual(specOf(a), specOf(b)) }

// specOf returns the spec of a policy or binding; nil of any other object.
func specOf(object client.Object) any {
	switch guard := object.(type) {
	case *admissionregistrationv1.ValidatingAdmissionPolicy:
		return &guard.Spec
	case *admissionregistrationv1.ValidatingAdmissionPolicyBinding:
		return &guard.Spec
	case *admissionregistrationv1.MutatingAdmissionPolicy:
		return &guard.Spec
	case *admissionregistrationv1.MutatingAdmissionPolicyBinding:
		return &guard.Spec
	default:
		return nil
	}
}

// setDefaults sets the fields that the API server does.
func setDefaults(object client.Object) {
	switch guard := object.(type) {
	case *admissionregistrationv1.ValidatingAdmissionPolicy:
		setDefault(&guard.Spec.FailurePolicy, admissionregistrationv1.Fail)
		setMatchDefaults(guard.Spec.MatchConstraints)
	case *admissionregistrationv1.ValidatingAdmissionPolicyBinding:
		setMatchDefaults(guard.Spec.MatchResources)
	case *admissionregistrationv1.MutatingAdmissionPolicy:
		setDefault(&guard.Spec.FailurePolicy, admissionregistrationv1.Fail)
		setMatchDefaults(guard.Spec.MatchConstraints)
	case *admissionregistrationv1.MutatingAdmissionPolicyBinding:
		setMatchDefaults(guard.Spec.MatchResources)
	}
}

// collapseSpaces replaces each run of white space in strings by one blank: it means nothing in CEL, and kustomize
// adds line breaks to folded YAML text.
func collapseSpaces(value any) any {
	switch typed := value.(type) {
	case string:
		return withoutSpaces(typed)
	case []any:
		for i := range typed {
			typed[i] = collapseSpaces(typed[i])
		}
	case map[string]any:
		for key := range typed {
			typed[key] = collapseSpaces(typed[key])
		}
	}
	return value
}

func withoutSpaces(text string) string { return strings.Join(strings.Fields(text), " ") }

// spaceless compares as collapseSpaces has it.
var spaceless = conversion.EqualitiesOrDie(func(a, b string) bool { return a == b || withoutSpaces(a) == withoutSpaces(b) })

// setMatchDefaults sets the API server's defaults of MatchResources
// (https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/validating-admission-policy-v1/).
func setMatchDefaults(match *admissionregistrationv1.MatchResources) {
	if match == nil {
		return
	}
	setDefault(&match.MatchPolicy, admissionregistrationv1.Equivalent)
	setDefault(&match.NamespaceSelector, metav1.LabelSelector{})
	setDefault(&match.ObjectSelector, metav1.LabelSelector{})
	for _, rules := range [][]admissionregistrationv1.NamedRuleWithOperations{match.ResourceRules, match.ExcludeResourceRules} {
		for i := range rules {
			setDefault(&rules[i].Scope, admissionregistrationv1.AllScopes)
		}
	}
}

func setDefault[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}
