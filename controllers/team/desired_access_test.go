package team

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/test/support/builder"
)

// staffOfAllRoles is somebody in each role, and two who have no access now.
func staffOfAllRoles() []builder.TeamMod {
	return []builder.TeamMod{
		builder.Staff("kim", foundationv1alpha1.RoleLead),
		builder.Staff("park", foundationv1alpha1.RoleEngineer),
		builder.Staff("lee", foundationv1alpha1.RoleEngineer),
		builder.StaffGroup("data", foundationv1alpha1.RoleDataSteward),
		builder.StaffBetween("guest", foundationv1alpha1.RoleViewer, time.Time{}, now.Add(time.Hour)),
		builder.StaffBetween("gone", foundationv1alpha1.RoleLead, time.Time{}, now),
		builder.StaffBetween("soon", foundationv1alpha1.RoleLead, now.Add(time.Hour), time.Time{}),
	}
}

func TestAccess(t *testing.T) {
	staff := staffOfAllRoles()
	hanbit := twoNamespaces()
	whole := map[string][]string{
		"foundation-team-lead": {"User kim"}, "foundation-team-engineer": {"User lee", "User park"},
		"foundation-team-data-steward": {"Group data"}, "foundation-team-viewer": {"User guest"},
	}
	tests := map[string]struct {
		in        Input
		namespace string
		want      map[string][]string
		team      []string
	}{
		"staff in date are bound by role":    {in: input(twoNamespaces(staff...)), namespace: "train", want: whole, team: []string{"Group data", "User guest", "User kim", "User lee", "User park"}},
		"staff are bound in every namespace": {in: input(twoNamespaces(staff...)), namespace: "eval", want: whole, team: []string{"Group data", "User guest", "User kim", "User lee", "User park"}},
		"staff of a suspended team may only read": {
			in: input(twoNamespaces(append(staff, builder.Suspended())...)), namespace: "train",
			want: map[string][]string{"foundation-team-viewer": {"Group data", "User guest", "User kim", "User lee", "User park"}},
			team: []string{"Group data", "User guest", "User kim", "User lee", "User park"},
		},
		"staff are bound to the roles of an hour later": {
			in: input(twoNamespaces(staff...), now.Add(time.Hour)), namespace: "train",
			want: map[string][]string{"foundation-team-lead": {"User kim", "User soon"}, "foundation-team-engineer": {"User lee", "User park"}, "foundation-team-data-steward": {"Group data"}},
			team: []string{"Group data", "User kim", "User lee", "User park", "User soon"},
		},
		"nobody is bound in a retired namespace": {
			in: input(twoNamespaces(staff...), builder.OwnedNamespace(hanbit, "old")), namespace: "old", want: map[string][]string{}, team: []string{"Group data", "User guest", "User kim", "User lee", "User park"},
		},
		"after the term staff may read and copy data": {
			in: input(twoNamespaces(append(staff, builder.Term(time.Time{}, now))...), builder.OwnedNamespace(hanbit, "train")), namespace: "train",
			want: map[string][]string{"foundation-team-data-steward": {"Group data", "User kim", "User lee", "User park"}, "foundation-team-viewer": {"User guest"}},
			team: []string{"Group data", "User guest", "User kim", "User lee", "User park"},
		},
		"nobody is bound when data access is over": {
			in: input(twoNamespaces(append(staff, builder.Term(time.Time{}, now), builder.KeptFor(0, 0))...), builder.OwnedNamespace(hanbit, "train")), namespace: "train", want: map[string][]string{},
		},
		"nobody is bound when the team is deleted": {
			in: input(twoNamespaces(append(staff, builder.Deleted())...), builder.OwnedNamespace(hanbit, "train")), namespace: "train", want: map[string][]string{},
		},
		"no staff": {in: input(twoNamespaces()), namespace: "train", want: map[string][]string{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			desired := Build(NewModel(tt.in))
			got := map[string][]string{}
			for _, obj := range namespaceOf(t, desired, tt.namespace).Access {
				binding := typed[rbacv1.RoleBinding](t, obj)
				if binding.Name != binding.RoleRef.Name || binding.RoleRef.Kind != "ClusterRole" || binding.RoleRef.APIGroup != rbacv1.GroupName || binding.Namespace != "hanbit-"+tt.namespace {
					t.Errorf("binding %+v", binding)
				}
				got[binding.RoleRef.Name] = namesOfSubjects(binding.Subjects)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			checkTeamAccess(t, desired.Access, tt.team)
		})
	}
}

// checkTeamAccess checks that staff may get and watch their own FoundationTeam, and nothing else of the cluster.
func checkTeamAccess(t *testing.T, access []apply.Object, staff []string) {
	t.Helper()
	if len(staff) == 0 {
		if len(access) > 0 {
			t.Errorf("%d objects give access to nobody", len(access))
		}
		return
	}
	if len(access) != 2 {
		t.Fatalf("%d objects, want a role and a binding", len(access))
	}
	role, binding := typed[rbacv1.ClusterRole](t, access[0]), typed[rbacv1.ClusterRoleBinding](t, access[1])
	wantRules := []rbacv1.PolicyRule{{APIGroups: []string{"foundation.team"}, Resources: []string{"foundationteams"}, ResourceNames: []string{"hanbit"}, Verbs: []string{"get", "watch"}}}
	if diff := cmp.Diff(wantRules, role.Rules); diff != "" {
		t.Error(diff)
	}
	if role.Name != "foundation-team:hanbit" || binding.Name != role.Name || binding.RoleRef.Name != role.Name {
		t.Errorf("role %s, binding %s to %s", role.Name, binding.Name, binding.RoleRef.Name)
	}
	if diff := cmp.Diff(staff, namesOfSubjects(binding.Subjects)); diff != "" {
		t.Error(diff)
	}
}

func namesOfSubjects(subjects []rbacv1.Subject) []string {
	var names []string
	for _, subject := range subjects {
		names = append(names, subject.Kind+" "+subject.Name)
	}
	return names
}

// The order of staff in the spec causes no write.
func TestAccessIgnoresOrderOfStaff(t *testing.T) {
	kim, lee := builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Staff("lee", foundationv1alpha1.RoleLead)
	if diff := cmp.Diff(Build(NewModel(input(twoNamespaces(kim, lee)))).Access, Build(NewModel(input(twoNamespaces(lee, kim)))).Access); diff != "" {
		t.Error(diff)
	}
}
