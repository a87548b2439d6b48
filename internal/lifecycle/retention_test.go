package lifecycle_test

import (
	"testing"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

const days = 24 * time.Hour

func TestRetentionPeriods(t *testing.T) {
	onlyAccess := func(dataAccess time.Duration) builder.TeamMod {
		return func(team *foundationv1alpha1.FoundationTeam) {
			builder.KeptFor(dataAccess, 0)(team)
			team.Spec.Retention.Keep = nil
		}
	}
	onlyKeep := func(keep time.Duration) builder.TeamMod {
		return func(team *foundationv1alpha1.FoundationTeam) {
			builder.KeptFor(0, keep)(team)
			team.Spec.Retention.DataAccess = nil
		}
	}
	programme := builder.Keeps(10*days, 20*days)
	tests := map[string]struct {
		program      []builder.ProgramMod
		team         []builder.TeamMod
		access, kept time.Duration
	}{
		"nobody says":                      {nil, nil, 30 * days, 90 * days},
		"the programme says":               {[]builder.ProgramMod{programme}, nil, 10 * days, 20 * days},
		"the team says":                    {nil, []builder.TeamMod{builder.KeptFor(5*days, 6*days)}, 5 * days, 6 * days},
		"the team says, first":             {[]builder.ProgramMod{programme}, []builder.TeamMod{builder.KeptFor(5*days, 6*days)}, 5 * days, 6 * days},
		"each says a part":                 {[]builder.ProgramMod{programme}, []builder.TeamMod{onlyKeep(400 * days)}, 10 * days, 400 * days},
		"the team and nobody":              {nil, []builder.TeamMod{onlyAccess(7 * days)}, 7 * days, 90 * days},
		"kept for longer than by default":  {nil, []builder.TeamMod{onlyAccess(120 * days)}, 120 * days, 120 * days},
		"kept as long as it is accessible": {[]builder.ProgramMod{programme}, []builder.TeamMod{onlyAccess(25 * days)}, 25 * days, 25 * days},
		"locked at once":                   {nil, []builder.TeamMod{builder.KeptFor(0, 90*days)}, 0, 90 * days},
		"not kept at all":                  {[]builder.ProgramMod{programme}, []builder.TeamMod{builder.KeptFor(0, 0)}, 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			program := programOf(append(tt.program, decided("hanbit", selected, "2025-08-04"))...)
			team := takesPart(program, "hanbit", append(tt.team, builder.Term(begin, end))...)
			if retention, over := team.Retention(end.Add(-1)); over {
				t.Errorf("just before the end it is %s", retention.Phase)
			}
			check := func(at time.Time, want foundationv1alpha1.RetentionPhase) {
				t.Helper()
				retention, over := team.Retention(at)
				if !over || retention.Phase != want {
					t.Errorf("%s after the end it is %s, want %s", at.Sub(end), retention.Phase, want)
				}
				if !retention.Ended.Equal(end) || retention.AccessUntil.Sub(end) != tt.access || retention.KeptUntil.Sub(end) != tt.kept {
					t.Errorf("%s after the end: %+v", at.Sub(end), retention)
				}
			}
			if tt.access > 0 {
				check(end, foundationv1alpha1.RetentionDataAccess)
				check(end.Add(tt.access-1), foundationv1alpha1.RetentionDataAccess)
			}
			if tt.kept > tt.access {
				check(end.Add(tt.access), foundationv1alpha1.RetentionLocked)
				check(end.Add(tt.kept-1), foundationv1alpha1.RetentionLocked)
			}
			check(end.Add(tt.kept), foundationv1alpha1.RetentionExpired)
			check(end.Add(tt.kept).AddDate(10, 0, 0), foundationv1alpha1.RetentionExpired)
		})
	}
}

func TestRetentionBeginsWhenTheTimeIsOver(t *testing.T) {
	term := builder.Term(kst("2025-08-20"), kst("2026-07-01"))
	in := decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14"))
	out := decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))
	tests := map[string]struct {
		decisions []builder.ProgramMod
		mods      []builder.TeamMod
		at        string
		// want is when; empty if it is not over.
		want string
	}{
		"not selected":                           {nil, nil, "2026-08-01", ""},
		"in":                                     {[]builder.ProgramMod{in}, nil, "2026-06-01", ""},
		"suspended":                              {[]builder.ProgramMod{in}, []builder.TeamMod{builder.Suspended()}, "2026-06-01", ""},
		"the term ended":                         {[]builder.ProgramMod{in}, nil, "2026-08-01", "2026-07-01"},
		"in the time to object":                  {[]builder.ProgramMod{in, out}, nil, "2026-01-24", ""},
		"eliminated":                             {[]builder.ProgramMod{in, out}, nil, "2026-01-25", "2026-01-25"},
		"eliminated, and the term ended later":   {[]builder.ProgramMod{in, out}, nil, "2026-08-01", "2026-01-25"},
		"the term ended in the time to object":   {[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-06-25", finalAt("2026-07-05"))}, nil, "2026-08-01", "2026-07-01"},
		"the term ended before the elimination":  {[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-07-15")}, nil, "2026-08-01", "2026-07-01"},
		"eliminated, then withdrawn":             {[]builder.ProgramMod{in, out, decided("hanbit", withdrawn, "2026-03-01")}, nil, "2026-03-02", "2026-01-25"},
		"eliminated twice":                       {[]builder.ProgramMod{in, out, decided("hanbit", eliminated, "2026-03-01")}, nil, "2026-03-02", "2026-01-25"},
		"eliminated, then rejected":              {[]builder.ProgramMod{in, out, decided("hanbit", rejected, "2026-02-10")}, nil, "2026-02-11", "2026-01-25"},
		"eliminated, then selected, not final":   {[]builder.ProgramMod{in, out, decided("hanbit", selected, "2026-02-10", finalAt("2026-02-20"))}, nil, "2026-02-11", "2026-01-25"},
		"eliminated, then in again":              {[]builder.ProgramMod{in, out, decided("hanbit", selected, "2026-02-10", finalAt("2026-02-20"))}, nil, "2026-02-20", ""},
		"in, out, in and out again":              {[]builder.ProgramMod{in, out, decided("hanbit", selected, "2026-02-10"), decided("hanbit", withdrawn, "2026-05-01")}, nil, "2026-06-01", "2026-05-01"},
		"overturned, and its seat is taken":      {[]builder.ProgramMod{builder.Seats(1), in, decided("hanbit", eliminated, "2026-01-15", overturned("2026-03-01")), decided("naru", selected, "2026-01-20")}, nil, "2026-03-02", "2026-01-15"},
		"its selection was overturned":           {[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", overturned("2026-01-15"))}, nil, "2026-02-01", "2026-01-15"},
		"rejected while in":                      {[]builder.ProgramMod{in, decided("hanbit", rejected, "2026-01-15")}, nil, "2026-02-01", "2026-01-15"},
		"withdrawn before it was in":             {[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-08-10")}, nil, "2026-08-01", ""},
		"withdrawn before its term":              {[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-08-16")}, nil, "2026-08-01", ""},
		"selected after its term":                {[]builder.ProgramMod{in}, []builder.TeamMod{builder.Term(never, kst("2025-08-10"))}, "2025-09-01", "2025-08-10"},
		"selected again after its term was over": {[]builder.ProgramMod{in, out, decided("hanbit", selected, "2026-07-10")}, nil, "2026-08-01", "2026-01-25"},
		"deleted in term":                        {[]builder.ProgramMod{in}, []builder.TeamMod{builder.Deleted()}, "2026-06-01", ""},
		"deleted, and the term ended":            {[]builder.ProgramMod{in}, []builder.TeamMod{builder.Deleted()}, "2026-08-01", "2026-07-01"},
		"deleted, selected after its term":       {[]builder.ProgramMod{in}, []builder.TeamMod{builder.Term(never, kst("2025-08-10")), builder.Deleted()}, "2025-09-01", "2025-08-10"},
		"deleted, eliminated":                    {[]builder.ProgramMod{in, out}, []builder.TeamMod{builder.Deleted()}, "2026-08-01", "2026-01-25"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			team := takesPart(programOf(tt.decisions...), "hanbit", append([]builder.TeamMod{term}, tt.mods...)...)
			retention, over := team.Retention(kst(tt.at))
			if dated(retention.Ended) != tt.want || over != (tt.want != "") {
				t.Errorf("%s: over %t since %s, want %s", team.State(kst(tt.at)), over, dated(retention.Ended), tt.want)
			}
		})
	}
}

func TestRetentionOfADeletedTeam(t *testing.T) {
	team := lifecycle.NewTeam(builder.Team("hanbit", builder.Term(begin, end), builder.Deleted()), nil)
	for name, tt := range map[string]struct {
		at   time.Time
		want foundationv1alpha1.RetentionPhase
	}{
		"no access, though there would be":          {end, foundationv1alpha1.RetentionLocked},
		"just before it need not be kept any more":  {end.Add(lifecycle.DefaultKeep - 1), foundationv1alpha1.RetentionLocked},
		"it need not be kept any more, as if alive": {end.Add(lifecycle.DefaultKeep), foundationv1alpha1.RetentionExpired},
	} {
		t.Run(name, func(t *testing.T) {
			if got, over := team.Retention(tt.at); !over || got.Phase != tt.want {
				t.Errorf("it is %s, want %s", got.Phase, tt.want)
			}
			if team.DeletionTimestamp == nil {
				t.Error("the team was written to")
			}
		})
	}
}
