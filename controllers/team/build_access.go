package team

import (
	"cmp"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// clusterRoles are the roles that ship with the operator, by what staff are called.
var clusterRoles = map[foundationv1alpha1.StaffRole]string{
	foundationv1alpha1.RoleLead:        "foundation-team-lead",
	foundationv1alpha1.RoleEngineer:    "foundation-team-engineer",
	foundationv1alpha1.RoleDataSteward: "foundation-team-data-steward",
	foundationv1alpha1.RoleViewer:      "foundation-team-viewer",
}

// buildAccess binds, in one namespace, each role to the staff who have it now. A place that is locked or retired has none.
// While a guard is missing nobody gets a role there that they do not have.
func buildAccess(in Input, p place) []apply.Object {
	if !p.accessible() {
		return nil
	}
	byRole := map[foundationv1alpha1.StaffRole][]foundationv1alpha1.StaffMember{}
	for _, member := range in.life().Staff(in.Now) {
		if in.Guards.OK() || in.bound(p, member) {
			byRole[member.Role] = append(byRole[member.Role], member)
		}
	}
	var bindings []apply.Object
	for _, role := range []foundationv1alpha1.StaffRole{
		foundationv1alpha1.RoleLead, foundationv1alpha1.RoleEngineer, foundationv1alpha1.RoleDataSteward, foundationv1alpha1.RoleViewer,
	} {
		if len(byRole[role]) == 0 {
			continue
		}
		labels, annotations := marks(in)
		bindings = append(bindings, rbacv1ac.RoleBinding(clusterRoles[role], p.name).WithLabels(labels).WithAnnotations(annotations).
			WithRoleRef(roleRef(clusterRoles[role])).
			WithSubjects(subjects(byRole[role])...))
	}
	return bindings
}

// bound says whether somebody has the role in a place already.
func (in Input) bound(p place, member foundationv1alpha1.StaffMember) bool {
	for _, obj := range in.Others {
		binding, ok := obj.(*rbacv1.RoleBinding)
		if ok && binding.Namespace == p.name && binding.Name == clusterRoles[member.Role] && in.owner().CanAdopt(binding) &&
			slices.ContainsFunc(binding.Subjects, func(s rbacv1.Subject) bool {
				return s.Kind == string(member.Subject.Kind) && s.Name == member.Subject.Name
			}) {
			return true
		}
	}
	return false
}

// unbound is how many of the staff do not have, in some place, the role that they have now.
func (in Input) unbound() int {
	places, waiting := in.places(), 0
	for _, member := range in.life().Staff(in.Now) {
		if slices.ContainsFunc(places, func(p place) bool { return p.accessible() && !in.bound(p, member) }) {
			waiting++
		}
	}
	return waiting
}

// buildTeamAccess lets staff get and watch their own FoundationTeam, and no other. RBAC names may have a colon, teams'
// may not, so it never is the name of one of the roles above.
func buildTeamAccess(in Input) []apply.Object {
	staff := in.life().Staff(in.Now)
	if len(staff) == 0 {
		return nil
	}
	name := objectName + ":" + in.Team.Name
	labels, annotations := marks(in)
	return []apply.Object{
		rbacv1ac.ClusterRole(name).WithLabels(labels).WithAnnotations(annotations).
			WithRules(rbacv1ac.PolicyRule().
				WithAPIGroups(foundationv1alpha1.GroupVersion.Group).
				WithResources("foundationteams").
				WithResourceNames(in.Team.Name).
				WithVerbs("get", "watch")),
		rbacv1ac.ClusterRoleBinding(name).WithLabels(labels).WithAnnotations(annotations).
			WithRoleRef(roleRef(name)).
			WithSubjects(subjects(staff)...),
	}
}

func roleRef(clusterRole string) *rbacv1ac.RoleRefApplyConfiguration {
	return rbacv1ac.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("ClusterRole").WithName(clusterRole)
}

// subjects are the accounts of staff, sorted so that the order of the spec is nothing.
func subjects(staff []foundationv1alpha1.StaffMember) []*rbacv1ac.SubjectApplyConfiguration {
	sorted := slices.SortedFunc(slices.Values(staff), func(a, b foundationv1alpha1.StaffMember) int {
		return cmp.Or(cmp.Compare(a.Subject.Kind, b.Subject.Kind), cmp.Compare(a.Subject.Name, b.Subject.Name))
	})
	var list []*rbacv1ac.SubjectApplyConfiguration
	for _, member := range sorted {
		list = append(list, rbacv1ac.Subject().
			WithAPIGroup(rbacv1.GroupName).WithKind(string(member.Subject.Kind)).WithName(member.Subject.Name))
	}
	return list
}
