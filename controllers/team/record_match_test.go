package team

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// Who gets back what a team of the same name had: the team itself, and nobody else.
func TestMatchRecords(t *testing.T) {
	mods := []builder.TeamMod{builder.Consortium("Hanbit AI"), builder.InProgram("sovereign"), builder.Staff("kim", foundationv1alpha1.RoleLead)}
	team := func(uid string, mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return twoNamespaces(append(mods, builder.TeamUID(uid))...)
	}
	record := *recordOfTeam(input(team("first", mods...)))
	alone := *recordOfTeam(input(team("first", builder.Staff("kim", foundationv1alpha1.RoleLead))))
	nobody := *recordOfTeam(input(team("first")))
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
		"a team alone, with the same spec":                        {team: team("second", builder.Staff("kim", foundationv1alpha1.RoleLead)), record: alone, former: []string{"first"}, known: true},
		"a team alone, edited":                                    {team: team("second", builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Priority(5), builder.Award("b200", 8)), record: alone, former: []string{"first"}, known: true},
		"a team alone, with another lead":                         {team: team("second", builder.Staff("lee", foundationv1alpha1.RoleLead)), record: alone, known: false},
		"a team alone, with one more lead":                        {team: team("second", builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Staff("lee", foundationv1alpha1.RoleLead)), record: alone, former: []string{"first"}, known: true},
		"a team alone, whose lead is an engineer now":             {team: team("second", builder.Staff("kim", foundationv1alpha1.RoleEngineer), builder.Staff("lee", foundationv1alpha1.RoleLead)), record: alone, known: false},
		"a team alone, without a lead":                            {team: team("second", builder.Staff("lee", foundationv1alpha1.RoleEngineer)), record: alone, former: []string{"first"}, known: true},
		"a team alone that had no lead":                           {team: team("second", builder.Staff("lee", foundationv1alpha1.RoleLead)), record: nobody, former: []string{"first"}, known: true},
		"a team alone that has an organisation now":               {team: team("second", builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Consortium("Hanbit AI")), record: alone, known: false},
		"a team alone that is in a programme now":                 {team: team("second", builder.Staff("kim", foundationv1alpha1.RoleLead), builder.InProgram("sovereign")), record: alone, known: false},
		"the same organisation, with all leads replaced":          {team: team("second", builder.Consortium("Hanbit AI"), builder.InProgram("sovereign"), builder.Staff("lee", foundationv1alpha1.RoleLead)), record: record, former: []string{"first"}, known: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(tt.team)
			in.Record, in.OtherRecords = matchRecords(tt.team, []foundationv1alpha1.TeamRecord{tt.record})
			got := in.Record
			if (got != nil) != tt.known {
				t.Fatalf("found %v", got)
			}
			if diff := cmp.Diff(tt.former, formerUIDs(in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A record from a backup adds its UIDs to those of the record that the team has already, and which record goes on does not
// depend on the order in which they were restored.
func TestSeveralRecords(t *testing.T) {
	team := func(uid string, mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return twoNamespaces(append(mods, builder.TeamUID(uid))...)
	}
	record := func(name, uid string, state foundationv1alpha1.TeamState, since time.Time, mods ...builder.TeamMod) foundationv1alpha1.TeamRecord {
		r := *recordOfTeam(input(team(uid, mods...)))
		r.Name, r.Spec.State, r.Spec.StateTransitionTime = name, state, builder.SpecTime(since)
		return r
	}
	const inTerm, deleted = foundationv1alpha1.StateInTerm, foundationv1alpha1.StateDeleted
	tests := map[string]struct {
		records []foundationv1alpha1.TeamRecord
		own     string
		uids    []string
	}{
		"a record of its own and one from a backup": {
			[]foundationv1alpha1.TeamRecord{record("backup", "first", inTerm, now), record("own", "second", inTerm, july)}, "own", []string{"first", "second"},
		},
		"a record of its own and one of another team": {
			[]foundationv1alpha1.TeamRecord{record("own", "second", inTerm, now), record("other", "first", inTerm, now, builder.InProgram("other"))}, "own", []string{"second"},
		},
		"an open record before a closed one": {
			[]foundationv1alpha1.TeamRecord{record("closed", "zero", deleted, july), record("open", "first", inTerm, now)}, "open", []string{"zero", "first", "second"},
		},
		"of closed ones the last one": {
			[]foundationv1alpha1.TeamRecord{record("late", "first", deleted, july), record("early", "zero", deleted, now)}, "late", []string{"zero", "first", "second"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				in := input(team("second"))
				in.Record, in.OtherRecords = matchRecords(in.Team, tt.records)
				if in.Record.Name != tt.own {
					t.Errorf("record %s, want %s", in.Record.Name, tt.own)
				}
				if diff := cmp.Diff(tt.uids, teamUIDs(in)); diff != "" {
					t.Error(diff)
				}
				slices.Reverse(tt.records)
			}
		})
	}
}

// However many UIDs teams of the name have had, a record and a status have room for the newest.
func TestUIDsAreBounded(t *testing.T) {
	in := input(twoNamespaces())
	for i := range 3 {
		record := recordOfTeam(in)
		record.Spec.UIDs = nil
		for j := range maxUIDs {
			record.Spec.UIDs = append(record.Spec.UIDs, fmt.Sprintf("%d-%d", i, j))
		}
		in.OtherRecords = append(in.OtherRecords, record)
	}
	if uids := teamUIDs(in); len(uids) != maxUIDs || uids[maxUIDs-1] != "hanbit-uid" || uids[maxUIDs-2] != "0-31" {
		t.Errorf("%d UIDs: %v", len(uids), uids)
	}
	if status := statusOf(in, noProblems()); len(status.FormerUIDs) > maxUIDs {
		t.Errorf("%d former UIDs in the status", len(status.FormerUIDs))
	}
}

// A team that was suspended when its manifest was removed stays so when that is applied again without a word of it, until
// spec.suspend says no. An edit of the same FoundationTeam means what it says.
func TestSuspensionSurvivesARemoval(t *testing.T) {
	suspended := func(value *bool, uid string) *foundationv1alpha1.FoundationTeam {
		return twoNamespaces(builder.TeamUID(uid), func(team *foundationv1alpha1.FoundationTeam) { team.Spec.Suspend = value })
	}
	type step struct {
		suspend *bool
		uid     string
		want    foundationv1alpha1.TeamState
	}
	const isSuspended, inTerm = foundationv1alpha1.StateSuspended, foundationv1alpha1.StateInTerm
	tests := map[string][]step{
		"applied again without the field":                    {{new(true), "first", isSuspended}, {nil, "second", isSuspended}, {nil, "second", isSuspended}, {nil, "third", isSuspended}},
		"applied again with false":                           {{new(true), "first", isSuspended}, {new(false), "second", inTerm}},
		"applied again without the field, and resumed later": {{new(true), "first", isSuspended}, {nil, "second", isSuspended}, {new(false), "second", inTerm}, {nil, "second", inTerm}},
		"the field is taken out":                             {{new(true), "first", isSuspended}, {nil, "first", inTerm}},
		"the field is taken out, and the manifest removed":   {{new(true), "first", isSuspended}, {nil, "first", inTerm}, {nil, "second", inTerm}},
		"never suspended":                                    {{nil, "first", inTerm}, {nil, "second", inTerm}},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			var record *foundationv1alpha1.TeamRecord
			for i, s := range steps {
				in := input(suspended(s.suspend, s.uid))
				in.Record = record
				m := NewModel(in)
				if m.State != s.want {
					t.Errorf("step %d: %s, want %s", i, m.State, s.want)
				}
				record = BuildRecord(m)
				kept := s.want == isSuspended && s.suspend == nil
				if says := strings.Contains(activeCondition(m, nil).Message, "was suspended when its manifest was removed"); says != kept {
					t.Errorf("step %d: %s", i, activeCondition(m, nil).Message)
				}
			}
		})
	}
}
