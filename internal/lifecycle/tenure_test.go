package lifecycle_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// look is one look at a team: when, and how its specs were then.
type look struct {
	at   string
	team lifecycle.Team
}

// remembered returns the last team of several looks, with what was seen of its time.
func remembered(looks ...look) lifecycle.Team {
	var tenure lifecycle.Tenure
	var team lifecycle.Team
	for _, l := range looks {
		tenure = l.team.Observe(tenure, kst(l.at))
		team = l.team
	}
	team.Tenure = &tenure
	return team
}

// alone is a team without a programme, with a term until a day and the periods of retention.
func alone(until string, mods ...builder.TeamMod) lifecycle.Team {
	return lifecycle.NewTeam(builder.Team("hanbit", append([]builder.TeamMod{builder.Term(kst("2025-08-20"), kst(until)), builder.KeptFor(30*days, 90*days)}, mods...)...), nil)
}

// Nobody loses data, or the access to it, by a date in the past that was written a moment ago.
func TestPeriodsOfSafetyCountFromWhenTheEndWasSeen(t *testing.T) {
	in := decided("hanbit", selected, "2025-08-04")
	out := decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))
	member := func(decisions ...builder.ProgramMod) lifecycle.Team {
		return takesPart(programOf(decisions...), "hanbit", builder.Term(kst("2025-08-20"), kst("2027-07-01")))
	}
	missing := lifecycle.NewTeam(member(in).FoundationTeam, nil)
	keeps := builder.KeptFor
	tests := map[string]struct {
		looks []look
		// ended, access and kept are the days that retention has; empty if the team's time is not over.
		ended, access, kept string
	}{
		"an end that was on record before it came counts from itself": {[]look{{"2026-06-01", alone("2026-07-01")}, {"2026-07-10", alone("2026-07-01")}}, "2026-07-01", "2026-07-31", "2026-09-29"},
		"a slip of a year":                        {[]look{{"2026-06-01", alone("2027-07-01")}, {"2026-11-29", alone("2025-09-01")}}, "2026-11-29", "2026-12-29", "2027-02-27"},
		"a slip of a year, a month later":         {[]look{{"2026-06-01", alone("2027-07-01")}, {"2026-11-29", alone("2025-09-01")}, {"2026-12-28", alone("2025-09-01")}}, "2026-11-29", "2026-12-29", "2027-02-27"},
		"a slip of a year that was put right":     {[]look{{"2026-06-01", alone("2027-07-01")}, {"2026-11-29", alone("2025-09-01")}, {"2026-11-30", alone("2027-07-01")}}, "", "", ""},
		"the end is moved back and forth":         {[]look{{"2026-06-01", alone("2026-07-01")}, {"2026-08-01", alone("2026-07-01")}, {"2026-11-29", alone("2027-07-01")}, {"2026-11-30", alone("2026-07-01")}}, "2026-11-30", "2026-12-30", "2027-02-28"},
		"a past end is corrected":                 {[]look{{"2026-06-01", alone("2026-07-01")}, {"2026-07-02", alone("2026-07-01")}, {"2026-07-03", alone("2026-06-30")}}, "2026-07-01", "2026-07-31", "2026-09-29"},
		"a closer end that is still to come":      {[]look{{"2026-06-01", alone("2027-07-01")}, {"2026-06-10", alone("2026-07-01")}, {"2026-07-01", alone("2026-07-01")}}, "2026-07-01", "2026-07-31", "2026-09-29"},
		"nothing is on record":                    {[]look{{"2026-11-29", alone("2026-07-01")}}, "2026-11-29", "2026-12-29", "2027-02-27"},
		"the operator did not run for a year":     {[]look{{"2026-06-01", alone("2026-07-01")}, {"2027-07-01", alone("2026-07-01")}}, "2026-07-01", "2026-07-31", "2027-07-02"},
		"the start is moved ahead":                {[]look{{"2026-06-01", alone("2027-07-01")}, {"2026-11-29", lifecycle.NewTeam(builder.Team("hanbit", builder.Term(kst("2027-02-01"), never)), nil)}}, "2026-11-29", "2026-12-29", "2027-02-27"},
		"the start was never reached":             {[]look{{"2025-06-01", alone("2027-07-01")}}, "", "", ""},
		"an ended team is given another term":     {[]look{{"2026-06-01", alone("2026-07-01")}, {"2026-07-02", alone("2026-07-01")}, {"2026-07-03", lifecycle.NewTeam(builder.Team("hanbit", builder.Term(kst("2026-09-01"), never)), nil)}}, "2026-07-01", "2026-07-31", "2026-09-29"},
		"its decision vanished":                   {[]look{{"2026-06-01", member(in)}, {"2026-11-29", member()}}, "2026-11-29", "2026-12-29", "2027-02-27"},
		"it never had a decision":                 {[]look{{"2026-06-01", member()}, {"2026-11-29", member()}}, "", "", ""},
		"an elimination that was known":           {[]look{{"2026-01-15", member(in, out)}, {"2026-01-26", member(in, out)}}, "2026-01-25", "2026-02-24", "2026-04-25"},
		"an elimination dated back":               {[]look{{"2026-01-15", member(in)}, {"2026-06-01", member(in, out)}}, "2026-06-01", "2026-07-01", "2026-08-30"},
		"its selection is overturned, dated back": {[]look{{"2026-01-15", member(in)}, {"2026-06-01", member(decided("hanbit", selected, "2025-08-04", overturned("2025-12-01")))}}, "2026-06-01", "2026-07-01", "2026-08-30"},
		"the elimination is removed again":        {[]look{{"2026-01-15", member(in)}, {"2026-06-01", member(in, out)}, {"2026-06-02", member(in)}}, "", "", ""},
		"there are fewer seats":                   {[]look{{"2026-01-15", member(builder.Seats(2), decided("naru", selected, "2025-08-01"), in)}, {"2026-06-01", member(builder.Seats(1), decided("naru", selected, "2025-08-01"), in)}}, "2026-06-01", "2026-07-01", "2026-08-30"},
		"the programme is missing":                {[]look{{"2026-06-01", member(in)}, {"2026-11-29", missing}}, "", "", ""},
		"the programme is missing, and the team's own term ends": {
			[]look{{"2026-06-01", member(in)}, {"2026-11-29", missing}, {"2027-07-01", missing}}, "2027-07-01", "2027-07-31", "2027-09-29",
		},
		"the programme is missing after an elimination": {[]look{{"2026-01-15", member(in, out)}, {"2026-01-26", member(in, out)}, {"2026-02-01", missing}}, "2026-01-25", "2026-02-24", "2026-04-25"},
		"a team that is moved to another programme": {
			[]look{{"2026-06-01", member(in)}, {"2026-11-29", member(decided("naru", selected, "2025-08-01"))}}, "2026-11-29", "2026-12-29", "2027-02-27",
		},
		"a shorter keep that was known before the end": {[]look{{"2026-06-01", alone("2026-07-01")}, {"2026-06-02", alone("2026-07-01", keeps(0, 10*days))}, {"2026-07-01", alone("2026-07-01", keeps(0, 10*days))}}, "2026-07-01", "2026-07-01", "2026-07-11"},
		"a keep that is shortened later counts from then": {
			[]look{{"2026-06-01", alone("2026-07-01")}, {"2026-07-02", alone("2026-07-01")}, {"2026-08-15", alone("2026-07-01", keeps(30*days, 40*days))}, {"2026-08-20", alone("2026-07-01", keeps(30*days, 40*days))}},
			"2026-07-01", "2026-07-31", "2026-09-24",
		},
		"a shortened keep never lasts longer": {
			[]look{{"2026-06-01", alone("2026-07-01")}, {"2026-07-02", alone("2026-07-01")}, {"2026-09-01", alone("2026-07-01", keeps(30*days, 80*days))}}, "2026-07-01", "2026-07-31", "2026-09-29",
		},
		"data access that is shortened later counts from then": {
			[]look{{"2026-06-01", alone("2026-07-01")}, {"2026-07-02", alone("2026-07-01")}, {"2026-07-10", alone("2026-07-01", keeps(5*days, 90*days))}}, "2026-07-01", "2026-07-15", "2026-09-29",
		},
		"a longer keep counts from the end":                 {[]look{{"2026-06-01", alone("2026-07-01")}, {"2026-07-02", alone("2026-07-01")}, {"2026-08-01", alone("2026-07-01", keeps(30*days, 180*days))}}, "2026-07-01", "2026-07-31", "2026-12-28"},
		"the end and a shorter keep in one edit":            {[]look{{"2026-06-01", alone("2027-07-01")}, {"2026-11-29", alone("2025-09-01", keeps(0, 10*days))}}, "2026-11-29", "2026-11-29", "2026-12-09"},
		"the clock is set back after an end was seen":       {[]look{{"2026-06-01", alone("2027-07-01")}, {"2026-11-29", alone("2025-09-01")}, {"2026-10-01", alone("2025-09-01")}}, "2026-11-29", "2026-12-29", "2027-02-27"},
		"the clock is set ahead, and back":                  {[]look{{"2026-06-01", alone("2026-07-01")}, {"2030-01-01", alone("2026-07-01")}, {"2026-06-02", alone("2026-07-01")}}, "", "", ""},
		"a deletion does not end a team's time":             {[]look{{"2026-06-01", alone("2027-07-01")}, {"2026-11-29", alone("2027-07-01", builder.Deleted())}}, "", "", ""},
		"a team that is being deleted has an end by a slip": {[]look{{"2026-06-01", alone("2027-07-01")}, {"2026-11-28", alone("2027-07-01", builder.Deleted())}, {"2026-11-29", alone("2025-09-01", builder.Deleted())}}, "2026-11-29", "2026-12-29", "2027-02-27"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			team, last := remembered(tt.looks...), kst(tt.looks[len(tt.looks)-1].at)
			retention, over := team.Retention(last)
			if over != (tt.ended != "") || dated(retention.Ended) != tt.ended || dated(retention.AccessUntil) != tt.access || dated(retention.KeptUntil) != tt.kept {
				t.Errorf("over %t: ended %s, access until %s, kept until %s", over, dated(retention.Ended), dated(retention.AccessUntil), dated(retention.KeptUntil))
			}
			if again := team.Observe(*team.Tenure, last.Add(time.Hour)); again != *team.Tenure {
				t.Errorf("an hour later %+v, and was %+v", again, *team.Tenure)
			}
		})
	}
}

func TestATeamIsServedAsBeforeWhileItsProgrammeIsMissing(t *testing.T) {
	in, out := decided("hanbit", selected, "2025-08-04"), decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))
	lead := builder.StaffBetween("kim", foundationv1alpha1.RoleLead, never, kst("2026-12-01"))
	tests := map[string]struct {
		decisions []builder.ProgramMod
		seen      string
		mods      []builder.TeamMod
		at        string
		served    foundationv1alpha1.TeamState
		staff     string
	}{
		"it was in term":               {[]builder.ProgramMod{in}, "2026-01-01", nil, "2026-06-01", foundationv1alpha1.StateInTerm, "kim Lead; "},
		"a staff entry ends":           {[]builder.ProgramMod{in}, "2026-01-01", nil, "2026-12-01", foundationv1alpha1.StateInTerm, ""},
		"it is suspended":              {[]builder.ProgramMod{in}, "2026-01-01", []builder.TeamMod{builder.Suspended()}, "2026-06-01", foundationv1alpha1.StateSuspended, "kim Viewer; "},
		"it was in its time to object": {[]builder.ProgramMod{in, out}, "2026-01-16", nil, "2026-06-01", foundationv1alpha1.StateSuspended, "kim Viewer; "},
		"it was not selected":          {nil, "2026-01-01", nil, "2026-06-01", foundationv1alpha1.StateProgramNotFound, ""},
		"it was eliminated":            {[]builder.ProgramMod{in, out}, "2026-01-26", nil, "2026-06-01", foundationv1alpha1.StateProgramNotFound, ""},
		"its own term ends":            {[]builder.ProgramMod{in}, "2026-01-01", []builder.TeamMod{builder.Term(never, kst("2026-05-15"))}, "2026-06-01", foundationv1alpha1.StateEnded, "kim DataSteward; "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			was := takesPart(programOf(tt.decisions...), "hanbit", append(tt.mods, lead)...)
			team := remembered(look{tt.seen, was}, look{tt.at, lifecycle.NewTeam(was.FoundationTeam, nil)})
			at := kst(tt.at)
			if got := team.ServedAs(at); got != tt.served {
				t.Errorf("served as %s, want %s", got, tt.served)
			}
			if got := roles(team, at); got != tt.staff {
				t.Errorf("access of %q, want %q", got, tt.staff)
			}
			if state := team.State(at); state != foundationv1alpha1.StateProgramNotFound && state != foundationv1alpha1.StateEnded {
				t.Errorf("it is %s", state)
			}
		})
	}
}

func TestUnresolved(t *testing.T) {
	in := decided("hanbit", selected, "2025-08-04")
	stage := builder.InStage("stage-1", kst("2026-01-01"), kst("2026-04-01"), "hanbit")
	tests := map[string]struct {
		program *lifecycle.Program
		mods    []builder.TeamMod
		missing []string
		want    []string
	}{
		"all that is named exists":            {programOf(in), []builder.TeamMod{builder.Award("b200", 8)}, nil, nil},
		"a pool that does not exist":          {programOf(in), []builder.TeamMod{builder.Award("b2o0", 8), builder.Award("b200", 16)}, []string{"b2o0"}, []string{"8 from 2025-08-04 to "}},
		"within the award's own time":         {programOf(in), []builder.TeamMod{builder.AwardBetween("b2o0", 8, never, kst("2026-03-01"))}, []string{"b2o0"}, []string{"8 from 2025-08-04 to 2026-03-01"}},
		"within its stage":                    {programOf(in, stage), []builder.TeamMod{builder.StageAward("b2o0", 8, "stage-1", "")}, []string{"b2o0"}, []string{"8 from 2026-01-01 to 2026-04-01"}},
		"a stage that was not passed":         {programOf(in, builder.InStage("stage-1", kst("2026-01-01"), kst("2026-04-01"))), []builder.TeamMod{builder.StageAward("b2o0", 8, "", "stage-1")}, []string{"b2o0"}, nil},
		"a stage that does not exist":         {programOf(in), []builder.TeamMod{builder.StageAward("b200", 8, "stage-1", "")}, nil, []string{"8 from 2025-08-04 to "}},
		"a stage to pass that does not exist": {programOf(in, stage), []builder.TeamMod{builder.StageAward("b200", 8, "stage-1", "stage-0")}, nil, []string{"8 from 2026-01-01 to 2026-04-01"}},
		"another pool's missing stage":        {programOf(in), []builder.TeamMod{builder.StageAward("h100", 8, "stage-1", "")}, nil, nil},
		"without a seat":                      {programOf(), []builder.TeamMod{builder.Award("b2o0", 8)}, []string{"b2o0"}, nil},
		"the programme does not exist":        {nil, []builder.TeamMod{builder.InProgram("sovereign"), builder.Term(never, kst("2026-07-01")), builder.Award("b200", 8)}, nil, []string{"8 from  to 2026-07-01"}},
		"of a deleted team nothing":           {programOf(in), []builder.TeamMod{builder.Award("b2o0", 8), builder.Deleted()}, []string{"b2o0"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			team := lifecycle.NewTeam(builder.Team("hanbit", tt.mods...), tt.program)
			if tt.program != nil {
				team = takesPart(tt.program, "hanbit", tt.mods...)
			}
			team.MissingPools = tt.missing
			if diff := differ(tt.want, spanned(team.Unresolved("b200"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever is edited in whatever order, data is kept for as long as was told, or for the whole new period from when that
// was seen.
func TestNoEditCutsAPeriodThatWasTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var before lifecycle.Tenure
		now := halfHour(0)
		for range rapid.IntRange(1, 8).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.IntRange(0, 8).Draw(t, "half hours later")) * 30 * time.Minute)
			team := lives(t)
			switch rapid.IntRange(0, 6).Draw(t, "odd") {
			case 0:
				builder.Deleted()(team.FoundationTeam)
			case 1:
				team.Program = nil
			}
			after := team.Observe(before, now)
			over, was := !after.Ended.IsZero(), !before.Ended.IsZero()
			switch {
			case !over:
			case was:
				if told := earliest(before.KeptUntil, now.Add(team.Keep())); after.KeptUntil.Before(told) || after.Ended.Before(before.Ended) {
					t.Fatalf("at %s kept until %s, and %s was told: %+v", now, after.KeptUntil, told, before)
				}
			case before.Begun && after.Ended.Before(now) && !after.Ended.Equal(before.End):
				t.Fatalf("at %s ended %s, which nobody knew: %+v", now, after.Ended, before)
			case after.KeptUntil.Before(after.Ended.Add(team.Keep())):
				t.Fatalf("at %s ended %s and kept until %s", now, after.Ended, after.KeptUntil)
			}
			if before.Begun && !after.Begun {
				t.Fatal("it is forgotten that the team was in")
			}
			team.Tenure = &after
			if retention, ended := team.Retention(now); ended && team.ServedAs(now).HoldsAwards() || ended && retention.Ended.After(now) {
				t.Fatalf("at %s it is %s, and over: %+v", now, team.ServedAs(now), retention)
			}
			before = after
		}
	})
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
