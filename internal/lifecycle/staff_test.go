package lifecycle_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

func TestRoles(t *testing.T) {
	const (
		all     = "kim Lead; lee Engineer; choi DataSteward; guest Viewer; "
		viewers = "kim Viewer; lee Viewer; choi Viewer; guest Viewer; "
		data    = "kim DataSteward; lee DataSteward; choi DataSteward; guest Viewer; "
	)
	staff := []builder.TeamMod{
		builder.Term(kst("2025-08-20"), kst("2026-07-01")),
		builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Staff("lee", foundationv1alpha1.RoleEngineer),
		builder.Staff("choi", foundationv1alpha1.RoleDataSteward), builder.Staff("guest", foundationv1alpha1.RoleViewer),
	}
	in := decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14"))
	out := decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))
	tests := map[string]struct {
		decisions []builder.ProgramMod
		mods      []builder.TeamMod
		at        string
		want      string
	}{
		"not selected":                      {nil, nil, "2025-09-01", ""},
		"not final":                         {[]builder.ProgramMod{in}, nil, "2025-08-13", ""},
		"not started":                       {[]builder.ProgramMod{in}, nil, "2025-08-14", ""},
		"in term":                           {[]builder.ProgramMod{in}, nil, "2025-08-20", all},
		"suspended":                         {[]builder.ProgramMod{in}, []builder.TeamMod{builder.Suspended()}, "2025-09-01", viewers},
		"in the time to object":             {[]builder.ProgramMod{in, out}, nil, "2026-01-15", viewers},
		"suspended, in the time to object":  {[]builder.ProgramMod{in, out}, []builder.TeamMod{builder.Suspended()}, "2026-01-15", viewers},
		"eliminated":                        {[]builder.ProgramMod{in, out}, nil, "2026-01-25", data},
		"eliminated while suspended":        {[]builder.ProgramMod{in, out}, []builder.TeamMod{builder.Suspended()}, "2026-01-25", data},
		"the last moment for data":          {[]builder.ProgramMod{in, out}, nil, "2026-02-23 23:59", data},
		"data access is over":               {[]builder.ProgramMod{in, out}, nil, "2026-02-24", ""},
		"withdrawn":                         {[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-12-01")}, nil, "2025-12-01", data},
		"withdrawn before it was in":        {[]builder.ProgramMod{decided("hanbit", withdrawn, "2025-12-01")}, nil, "2025-12-02", ""},
		"withdrawn before the term":         {[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-08-16")}, nil, "2025-08-21", ""},
		"ended":                             {[]builder.ProgramMod{in}, nil, "2026-07-01", data},
		"rejected after it was in":          {[]builder.ProgramMod{in, decided("hanbit", rejected, "2026-01-15")}, nil, "2026-01-16", data},
		"eliminated, and then rejected":     {[]builder.ProgramMod{in, out, decided("hanbit", rejected, "2026-02-01")}, nil, "2026-02-02", data},
		"eliminated, and its seat is taken": {[]builder.ProgramMod{builder.Seats(1), in, decided("hanbit", eliminated, "2026-01-15", overturned("2026-02-01")), decided("naru", selected, "2026-01-20")}, nil, "2026-02-02", data},
		"its selection was overturned":      {[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", overturned("2026-01-15"))}, nil, "2026-01-16", data},
		"in again":                          {[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", overturned("2026-02-01"))}, nil, "2026-02-02", all},
		"deleted while in":                  {[]builder.ProgramMod{in}, []builder.TeamMod{builder.Deleted()}, "2026-01-01", ""},
		"deleted in the time for data":      {[]builder.ProgramMod{in, out}, []builder.TeamMod{builder.Deleted()}, "2026-02-01", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			team := takesPart(programOf(tt.decisions...), "hanbit", append(slices.Clip(staff), tt.mods...)...)
			if got := roles(team, kst(tt.at)); got != tt.want {
				t.Errorf("%s: access for %s, want %s", team.State(kst(tt.at)), got, tt.want)
			}
			if team.Spec.Staff[0].Role != foundationv1alpha1.RoleLead {
				t.Error("the spec was written to")
			}
		})
	}
}

func TestStaffOfTheTimeForData(t *testing.T) {
	team := lifecycle.NewTeam(builder.Team("hanbit", builder.Term(begin, end),
		builder.StaffBetween("gone", foundationv1alpha1.RoleEngineer, never, end),
		builder.StaffBetween("leaving", foundationv1alpha1.RoleEngineer, never, end.AddDate(0, 0, 7)),
		builder.StaffBetween("archivist", foundationv1alpha1.RoleEngineer, end.AddDate(0, 0, 3), never)), nil)
	for days, want := range map[int]string{0: "leaving DataSteward; ", 3: "leaving DataSteward; archivist DataSteward; ", 7: "archivist DataSteward; ", 30: ""} {
		if got := roles(team, end.AddDate(0, 0, days)); got != want {
			t.Errorf("after %d days %s, want %s", days, got, want)
		}
	}
}

func TestExpiring(t *testing.T) {
	ends := kst("2026-02-01")
	tests := map[string]struct {
		now  time.Time
		mods []builder.TeamMod
		want []string
	}{
		"without an end":    {ends, []builder.TeamMod{builder.Staff("kim", foundationv1alpha1.RoleLead)}, nil},
		"more than 30 days": {ends.AddDate(0, 0, -30).Add(-1), nil, nil},
		"30 days":           {ends.AddDate(0, 0, -30), nil, []string{"kim 2026-02-01 30"}},
		"more than 7 days":  {ends.AddDate(0, 0, -7).Add(-1), nil, []string{"kim 2026-02-01 30"}},
		"7 days":            {ends.AddDate(0, 0, -7), nil, []string{"kim 2026-02-01 7"}},
		"the last moment":   {ends.Add(-1), nil, []string{"kim 2026-02-01 7"}},
		"the first to end first, then by name": {ends.AddDate(0, 0, -7), []builder.TeamMod{
			builder.StaffBetween("ahn", foundationv1alpha1.RoleViewer, never, ends.AddDate(0, 0, 1)), builder.StaffBetween("choi", foundationv1alpha1.RoleViewer, never, ends),
		}, []string{"choi 2026-02-01 7", "kim 2026-02-01 7", "ahn 2026-02-02 30"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.mods == nil || len(tt.mods) > 1 {
				tt.mods = append(tt.mods, builder.StaffBetween("kim", foundationv1alpha1.RoleLead, never, ends))
			}
			team := builder.Team("hanbit", tt.mods...)
			var got []string
			for _, expiring := range lifecycle.Expiring(team.Spec.Staff, tt.now) {
				got = append(got, fmt.Sprintf("%s %s %d", expiring.Name, dated(expiring.EndTime.Time), expiring.WithinDays))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The API refuses the first second of time. A program that has one reads it as none.
func TestFirstSecondOfTime(t *testing.T) {
	staff := []foundationv1alpha1.StaffMember{{Name: "kim", EndTime: &foundationv1alpha1.Timestamp{}}}
	if soon := lifecycle.Expiring(staff, builder.Now); len(soon) > 0 {
		t.Errorf("expiring are %v", soon)
	}
}
