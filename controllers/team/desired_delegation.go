package team

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Staff may bind roles to staff, see config/admission/staff_bindings.yaml. The operator deletes such a binding when the
// access of its subject ends, or the team does not work in the namespace any more.

// delegatesIn returns to whom staff may bind roles in a namespace, sorted: all staff while the team works there, otherwise
// nobody.
func delegatesIn(m *Model, n teamNamespace) []string {
	if !n.active() || m.State != foundationv1alpha1.StateInTerm {
		return nil
	}
	var names []string
	for _, member := range m.Staff {
		names = append(names, string(member.Subject.Kind)+" "+member.Subject.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// delegatedBinding returns an object as a RoleBinding that staff made; nil if it is none.
func delegatedBinding(obj metav1.Object) *rbacv1.RoleBinding {
	binding, ok := obj.(*rbacv1.RoleBinding)
	if !ok || obj.GetLabels()[foundationv1alpha1.LabelDelegated] != "true" {
		return nil
	}
	return binding
}

// keepsDelegated reports whether an object is a binding that staff made and that is still allowed.
func keepsDelegated(m *Model, obj metav1.Object) bool {
	binding := delegatedBinding(obj)
	if binding == nil || len(binding.Subjects) != 1 || !m.Owner.Owns(binding) {
		return false
	}
	i := slices.IndexFunc(m.Namespaces, func(n teamNamespace) bool { return n.name == binding.Namespace })
	if i < 0 {
		return false
	}
	delegates, subject := delegatesIn(m, m.Namespaces[i]), binding.Subjects[0]
	if subject.Kind == rbacv1.ServiceAccountKind {
		return len(delegates) > 0 && subject.Namespace == binding.Namespace
	}
	return slices.Contains(delegates, subject.Kind+" "+subject.Name)
}
