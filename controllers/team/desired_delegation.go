package team

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Staff may bind roles to staff, see config/admission/staff_bindings.yaml. The operator deletes such a binding when the
// access of its subject ends, or the team does not work in the namespace any more. While the team is suspended the binding has
// no subject, and an annotation remembers it: an update of a binding needs no right to create one, and whoever deletes it
// meanwhile has deleted it.

// delegatesIn returns to whom staff may bind roles in a namespace, sorted: all staff while the team works there, otherwise
// nobody.
func delegatesIn(m *Model, n teamNamespace) []string {
	if !n.active() || m.Served != foundationv1alpha1.StateInTerm {
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

// keepsDelegated reports whether an object is a binding that staff made and that is still allowed, or would be if the team
// were not suspended.
func keepsDelegated(m *Model, obj metav1.Object) bool {
	binding := delegatedBinding(obj)
	if binding == nil || !m.Owner.Owns(binding) {
		return false
	}
	subject := suspendedSubject(binding)
	if len(binding.Subjects) == 1 {
		subject = &binding.Subjects[0]
	}
	i := slices.IndexFunc(m.Namespaces, func(n teamNamespace) bool { return n.name == binding.Namespace })
	if subject == nil || len(binding.Subjects) > 1 || i < 0 || !m.Namespaces[i].active() || !m.Served.HoldsAwards() {
		return false
	}
	if subject.Kind == rbacv1.ServiceAccountKind {
		return len(m.Staff) > 0 && subject.Namespace == binding.Namespace
	}
	return slices.ContainsFunc(m.Staff, func(member foundationv1alpha1.StaffMember) bool {
		return subject.Kind == string(member.Subject.Kind) && subject.Name == member.Subject.Name
	})
}

// suspendedSubject returns the subject that a binding had before its team was suspended; nil if it has one now, or none is
// remembered.
func suspendedSubject(binding *rbacv1.RoleBinding) *rbacv1.Subject {
	kind, name, found := strings.Cut(binding.Annotations[foundationv1alpha1.AnnotationSuspendedSubject], " ")
	if !found || len(binding.Subjects) > 0 {
		return nil
	}
	subject := &rbacv1.Subject{Kind: kind, Name: name, APIGroup: rbacv1.GroupName}
	if kind == rbacv1.ServiceAccountKind {
		subject.APIGroup, subject.Namespace = "", binding.Namespace
	}
	return subject
}

// suspendedBinding returns a binding without its subject, which an annotation remembers.
func suspendedBinding(binding *rbacv1.RoleBinding) *rbacv1.RoleBinding {
	after := binding.DeepCopy()
	after.Annotations = merged(after.Annotations, map[string]string{
		foundationv1alpha1.AnnotationSuspendedSubject: binding.Subjects[0].Kind + " " + binding.Subjects[0].Name,
	})
	after.Subjects = nil
	return after
}

// resumedBinding returns a binding with the subject that it had before its team was suspended.
func resumedBinding(binding *rbacv1.RoleBinding) *rbacv1.RoleBinding {
	after := binding.DeepCopy()
	after.Subjects = []rbacv1.Subject{*suspendedSubject(binding)}
	delete(after.Annotations, foundationv1alpha1.AnnotationSuspendedSubject)
	return after
}
