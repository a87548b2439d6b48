package team

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Staff may bind roles to staff, see config/admission/staff_bindings.yaml. The operator ends such a binding when its
// subject's access ends, or the team does not work there any more.

// delegates are those to whom rights may be given in a place, sorted: staff, while the team works there.
func (in Input) delegates(p place) []string {
	if !p.open() || in.state() != foundationv1alpha1.StateInTerm {
		return nil
	}
	var names []string
	for _, member := range in.life().Staff(in.Now) {
		names = append(names, string(member.Subject.Kind)+" "+member.Subject.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// delegated is the binding that an object is, if staff made it.
func delegated(obj client.Object) *rbacv1.RoleBinding {
	binding, ok := obj.(*rbacv1.RoleBinding)
	if !ok || obj.GetLabels()[foundationv1alpha1.LabelDelegated] != "true" {
		return nil
	}
	return binding
}

// keepsDelegated says whether an object is a binding that staff made and that goes on.
func (in Input) keepsDelegated(obj client.Object) bool {
	binding := delegated(obj)
	if binding == nil || len(binding.Subjects) != 1 || !in.owner().Owns(binding) {
		return false
	}
	places := in.places()
	i := slices.IndexFunc(places, func(p place) bool { return p.name == binding.Namespace })
	if i < 0 {
		return false
	}
	delegates, subject := in.delegates(places[i]), binding.Subjects[0]
	if subject.Kind == rbacv1.ServiceAccountKind {
		return len(delegates) > 0 && subject.Namespace == binding.Namespace
	}
	return slices.Contains(delegates, subject.Kind+" "+subject.Name)
}

// reportEnded tells of the bindings of staff that were ended.
func (r *Reconciler) reportEnded(team *foundationv1alpha1.FoundationTeam, ended []*rbacv1.RoleBinding) {
	for _, binding := range ended {
		var subject string
		if len(binding.Subjects) > 0 {
			subject = fmt.Sprintf(" of %s %s", binding.Subjects[0].Kind, binding.Subjects[0].Name)
		}
		r.Events.Eventf(team, nil, corev1.EventTypeNormal, "AccessEnded", "Reconcile",
			"RoleBinding %s/%s%s was made by staff and has ended with the access that it added to", binding.Namespace, binding.Name, subject)
	}
}
