package team

import (
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/timing"
)

// newAccessModel derives the part of a Model that says who has access: from the team, its programme, its record and its
// namespaces, and from nothing else. What could not be read of these ends nobody's access; everything else does.
func newAccessModel(in Input) *Model {
	if in.ProgramUnread || in.RecordUnread {
		return newMostAccessModel(in)
	}
	kept := keepsSuspension(in)
	owner := ownerFrom(in)
	life := lifecycle.NewTeam(withSuspension(in.Team, kept), in.Program)
	life.Tenure = new(life.Observe(tenureBefore(in, owner), in.Now))
	m := &Model{
		Input:          in,
		SuspensionKept: kept,
		Life:           life,
		State:          life.State(in.Now),
		StateSince:     life.StateSince(in.Now),
		Served:         life.ServedAs(in.Now),
		NextTransition: life.NextTransition(in.Now),
		Owner:          owner,
		Staff:          life.Staff(in.Now),
		Confirmation:   confirmationOf(in, life),
	}
	if retention, over := life.Retention(in.Now); over {
		m.Retention = &retention
		m.NextTransition = timing.Next(in.Now, []time.Time{m.NextTransition, keptAsConfirmed(m.Confirmation, m.Retention)})
	}
	m.Namespaces = namespacesOf(in, m.Owner, m.Served, m.Retention)
	return m
}

// newMostAccessModel is newAccessModel for a team whose programme or record could not be read. Everybody with a staff entry in
// date may keep the roles that such an entry can give in any state of the team; whoever has none has no access.
func newMostAccessModel(in Input) *Model {
	alone := in.Team.DeepCopy()
	alone.Spec.ProgramName, alone.Spec.Term, alone.Spec.Suspend = "", nil, new(false)
	owner := ownerFrom(in)
	in.Team, in.ProgramUnread, in.RecordUnread = alone, false, false
	m := newAccessModel(in)
	m.Owner = owner
	var staff []foundationv1alpha1.StaffMember
	for _, member := range m.Staff {
		for _, role := range rolesUpTo(member.Role) {
			member.Role = role
			staff = append(staff, member)
		}
	}
	m.Staff = staff
	return m
}

// rolesUpTo returns the roles that a staff entry with a role can give: its own while the team works, fewer rights when it is
// suspended or over.
func rolesUpTo(role foundationv1alpha1.StaffRole) []foundationv1alpha1.StaffRole {
	switch role {
	case foundationv1alpha1.RoleViewer:
		return []foundationv1alpha1.StaffRole{role}
	case foundationv1alpha1.RoleDataSteward:
		return []foundationv1alpha1.StaffRole{role, foundationv1alpha1.RoleViewer}
	default:
		return []foundationv1alpha1.StaffRole{role, foundationv1alpha1.RoleDataSteward, foundationv1alpha1.RoleViewer}
	}
}
