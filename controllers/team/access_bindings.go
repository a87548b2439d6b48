package team

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/internal/apply"
)

// liveBinding returns whom an object binds to which role; ok is false if it is no binding.
func liveBinding(obj client.Object) (subjects []rbacv1.Subject, role rbacv1.RoleRef, ok bool) {
	switch binding := obj.(type) {
	case *rbacv1.RoleBinding:
		return binding.Subjects, binding.RoleRef, true
	case *rbacv1.ClusterRoleBinding:
		return binding.Subjects, binding.RoleRef, true
	default:
		return nil, rbacv1.RoleRef{}, false
	}
}

// desiredBinding is liveBinding for an object that is desired.
func desiredBinding(obj apply.Object) (subjects []rbacv1ac.SubjectApplyConfiguration, role *rbacv1ac.RoleRefApplyConfiguration) {
	switch binding := obj.(type) {
	case *rbacv1ac.RoleBindingApplyConfiguration:
		return binding.Subjects, binding.RoleRef
	case *rbacv1ac.ClusterRoleBindingApplyConfiguration:
		return binding.Subjects, binding.RoleRef
	default:
		return nil, nil
	}
}

// withSubjects returns a copy of a desired binding that binds other subjects.
func withSubjects(obj apply.Object, subjects []rbacv1ac.SubjectApplyConfiguration) apply.Object {
	switch binding := obj.(type) {
	case *rbacv1ac.RoleBindingApplyConfiguration:
		changed := *binding
		changed.Subjects = subjects
		return &changed
	case *rbacv1ac.ClusterRoleBindingApplyConfiguration:
		changed := *binding
		changed.Subjects = subjects
		return &changed
	default:
		return obj
	}
}

// bindsAnother reports whether a binding refers to another role than the desired one. That cannot be changed: it has to be
// deleted and made anew.
func bindsAnother(live client.Object, desired apply.Object) bool {
	_, has, ok := liveBinding(live)
	_, want := desiredBinding(desired)
	return ok && want != nil && (has.Kind != *want.Kind || has.Name != *want.Name)
}

// hasEnded reports whether a binding has a subject that the desired one has not.
func hasEnded(live client.Object, desired apply.Object) bool {
	has, _, _ := liveBinding(live)
	wanted, _ := desiredBinding(desired)
	return slices.ContainsFunc(has, func(s rbacv1.Subject) bool {
		return !slices.ContainsFunc(wanted, func(want rbacv1ac.SubjectApplyConfiguration) bool { return isSubject(s, want) })
	})
}

// nobodyStays reports whether all subjects of a binding have to leave it. It is patched then: an empty list of subjects
// cannot be applied, because a field that is empty is not sent.
func nobodyStays(live client.Object, desired apply.Object) bool {
	return hasEnded(live, desired) && len(subjectsThatStay(live, desired)) == 0
}

// subjectsThatStay returns the desired subjects that a binding has already.
func subjectsThatStay(live client.Object, desired apply.Object) []rbacv1ac.SubjectApplyConfiguration {
	has, _, _ := liveBinding(live)
	wanted, _ := desiredBinding(desired)
	return slices.DeleteFunc(slices.Clone(wanted), func(want rbacv1ac.SubjectApplyConfiguration) bool {
		return !slices.ContainsFunc(has, func(s rbacv1.Subject) bool { return isSubject(s, want) })
	})
}

func isSubject(has rbacv1.Subject, wanted rbacv1ac.SubjectApplyConfiguration) bool {
	return has.Namespace == "" && has.Kind == *wanted.Kind && has.Name == *wanted.Name
}
