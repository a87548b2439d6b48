package team

import (
	"cmp"
	"maps"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// clusterRoles are the ClusterRoles that ship with the operator, by role of staff.
var clusterRoles = map[foundationv1alpha1.StaffRole]string{
	foundationv1alpha1.RoleLead:        "foundation-team-lead",
	foundationv1alpha1.RoleEngineer:    "foundation-team-engineer",
	foundationv1alpha1.RoleDataSteward: "foundation-team-data-steward",
	foundationv1alpha1.RoleViewer:      "foundation-team-viewer",
}

// cleanupRole ships with the operator, too: staff who may end pods have it in a retired namespace while something runs there.
const cleanupRole = "foundation-team-cleanup"

// roleIn returns the ClusterRole that a member of staff has now in a namespace; empty if none.
func roleIn(m *Model, n teamNamespace, member foundationv1alpha1.StaffMember) string {
	switch {
	case n.accessible():
		return clusterRoles[member.Role]
	case n.state == foundationv1alpha1.ResourceRetired && member.Role != foundationv1alpha1.RoleViewer && isInUse(m, n):
		return cleanupRole
	default:
		return ""
	}
}

// buildAccess binds, in one namespace, each role to the staff who have it now; nobody if the namespace is locked. While
// there is a Hold nobody gets a role that they do not have already.
func buildAccess(m *Model, n teamNamespace) []apply.Object {
	byRole := map[string][]foundationv1alpha1.StaffMember{}
	for _, member := range m.Staff {
		if role := roleIn(m, n, member); role != "" && (m.Hold.None() || hasRole(m, n, member)) {
			byRole[role] = append(byRole[role], member)
		}
	}
	var bindings []apply.Object
	for _, role := range slices.Sorted(maps.Keys(byRole)) {
		labels, annotations := m.ownerMetadata()
		bindings = append(bindings, rbacv1ac.RoleBinding(role, n.name).WithLabels(labels).WithAnnotations(annotations).
			WithRoleRef(roleRef(role)).
			WithSubjects(subjects(byRole[role])...))
	}
	return bindings
}

// hasRole reports whether a member of staff is already bound in a namespace to the role that they have there now.
func hasRole(m *Model, n teamNamespace, member foundationv1alpha1.StaffMember) bool {
	for _, obj := range m.Others {
		binding, ok := obj.(*rbacv1.RoleBinding)
		if ok && binding.Namespace == n.name && binding.Name == roleIn(m, n, member) && m.Owner.CanAdopt(binding) &&
			slices.ContainsFunc(binding.Subjects, func(s rbacv1.Subject) bool {
				return s.Kind == string(member.Subject.Kind) && s.Name == member.Subject.Name
			}) {
			return true
		}
	}
	return false
}

// staffWithoutRole counts the staff who lack the role that they have now in at least one namespace.
func staffWithoutRole(m *Model) int {
	count := 0
	for _, member := range m.Staff {
		if slices.ContainsFunc(m.Namespaces, func(n teamNamespace) bool { return n.accessible() && !hasRole(m, n, member) }) {
			count++
		}
	}
	return count
}

// buildTeamAccess lets staff get and watch their own FoundationTeam, and no other. The colon keeps the name different from
// those of the ClusterRoles above: names of teams cannot contain one.
func buildTeamAccess(m *Model) []apply.Object {
	if len(m.Staff) == 0 {
		return nil
	}
	name := objectName + ":" + m.Team.Name
	labels, annotations := m.ownerMetadata()
	return []apply.Object{
		rbacv1ac.ClusterRole(name).WithLabels(labels).WithAnnotations(annotations).
			WithRules(rbacv1ac.PolicyRule().
				WithAPIGroups(foundationv1alpha1.GroupVersion.Group).
				WithResources("foundationteams").
				WithResourceNames(m.Team.Name).
				WithVerbs("get", "watch")),
		rbacv1ac.ClusterRoleBinding(name).WithLabels(labels).WithAnnotations(annotations).
			WithRoleRef(roleRef(name)).
			WithSubjects(subjects(m.Staff)...),
	}
}

func roleRef(clusterRole string) *rbacv1ac.RoleRefApplyConfiguration {
	return rbacv1ac.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("ClusterRole").WithName(clusterRole)
}

// subjects returns the accounts of staff, sorted, so that reordering the spec writes nothing.
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
