package team

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// Who gets back what a team of the same name had: the team itself, and nobody else.
func TestRecordOf(t *testing.T) {
	mods := []builder.TeamMod{builder.Consortium("Hanbit AI"), builder.InProgram("sovereign"), builder.Staff("kim", foundationv1alpha1.RoleLead)}
	team := func(uid string, mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return twoNamespaces(append(mods, builder.TeamUID(uid))...)
	}
	record := *recordOfTeam(input(team("first", mods...)))
	alone := *recordOfTeam(input(team("first", builder.Staff("kim", foundationv1alpha1.RoleLead))))
	tests := map[string]struct {
		team   *foundationv1alpha1.FoundationTeam
		record foundationv1alpha1.TeamRecord
		former []string
		known  bool
	}{
		"the team itself":                                         {team: team("first", mods...), record: record, known: true},
		"the same manifest applied again":                         {team: team("second", mods...), record: record, former: []string{"first"}, known: true},
		"the same lead and programme with other staff and awards": {team: team("second", builder.Consortium("Hanbit AI"), builder.InProgram("sovereign"), builder.Award("b200", 8)), record: record, former: []string{"first"}, known: true},
		"another lead in the same programme":                      {team: team("second", builder.Consortium("Naru Labs"), builder.InProgram("sovereign")), record: record, known: false},
		"the same lead in another programme":                      {team: team("second", builder.Consortium("Hanbit AI"), builder.InProgram("other")), record: record, known: false},
		"no consortium in the same programme":                     {team: team("second", builder.InProgram("sovereign")), record: record, known: false},
		"a team without programme, with the same spec":            {team: team("second", builder.Staff("kim", foundationv1alpha1.RoleLead)), record: alone, former: []string{"first"}, known: true},
		"a team without programme, with other staff":              {team: team("second", builder.Staff("lee", foundationv1alpha1.RoleLead)), record: alone, known: false},
		"a team without programme, with more staff":               {team: team("second", builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Staff("lee", foundationv1alpha1.RoleLead)), record: alone, known: false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := recordOf(tt.team, []foundationv1alpha1.TeamRecord{tt.record})
			if (got != nil) != tt.known {
				t.Fatalf("found %v", got)
			}
			if diff := cmp.Diff(tt.former, formerUIDs(got, tt.team)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
