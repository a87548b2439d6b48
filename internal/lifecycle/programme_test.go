package lifecycle_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

func TestStatesInAProgramme(t *testing.T) {
	term := builder.Term(kst("2025-08-20"), kst("2026-07-01"))
	in := decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14"))
	tests := map[string]struct {
		decisions []builder.ProgramMod
		mods      []builder.TeamMod
		want      []string
	}{
		"nothing decided": {nil, []builder.TeamMod{term}, []string{"NotSelected"}},
		"selected, then the term": {
			[]builder.ProgramMod{in},
			[]builder.TeamMod{term},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotStarted", "2025-08-20 InTerm", "2026-07-01 Ended"},
		},
		"selected in the term": {
			[]builder.ProgramMod{in},
			[]builder.TeamMod{builder.Term(kst("2025-08-01"), never)},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 InTerm"},
		},
		"without a term": {[]builder.ProgramMod{in}, nil, []string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 InTerm"}},
		"selected after its term": {
			[]builder.ProgramMod{in},
			[]builder.TeamMod{builder.Term(never, kst("2025-08-10"))},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 Ended"},
		},
		"rejected": {[]builder.ProgramMod{decided("hanbit", rejected, "2025-08-04")}, []builder.TeamMod{term}, []string{"NotSelected"}},
		"held back, which is not selected": {
			[]builder.ProgramMod{builder.Seats(1), decided("naru", selected, "2025-08-04"), in, decided("naru", withdrawn, "2025-12-01")},
			[]builder.TeamMod{term},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotSelected", "2025-12-01 InTerm", "2026-07-01 Ended"},
		},
		"decided again": {
			[]builder.ProgramMod{in, decided("hanbit", selected, "2026-01-15")},
			[]builder.TeamMod{term},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotStarted", "2025-08-20 InTerm", "2026-07-01 Ended"},
		},

		"eliminated": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))},
			[]builder.TeamMod{term},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotStarted", "2025-08-20 InTerm", "2026-01-15 Suspended", "2026-01-25 Eliminated"},
		},
		"overturned": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"), overturned("2026-01-24"))},
			[]builder.TeamMod{term},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotStarted", "2025-08-20 InTerm", "2026-01-15 Suspended", "2026-01-24 InTerm", "2026-07-01 Ended"},
		},
		"eliminated before the term": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2025-08-15", finalAt("2025-08-18"))},
			[]builder.TeamMod{term},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotStarted", "2025-08-18 Eliminated"},
		},
		"the term begins in the time to object": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2025-08-18", finalAt("2025-08-28"))},
			[]builder.TeamMod{term},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotStarted", "2025-08-20 Suspended", "2025-08-28 Eliminated"},
		},
		"the term ends in the time to object": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-06-25", finalAt("2026-07-05"))},
			[]builder.TeamMod{term},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotStarted", "2025-08-20 InTerm", "2026-06-25 Suspended", "2026-07-01 Ended"},
		},
		"eliminated after the term": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-07-15")},
			[]builder.TeamMod{term},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotStarted", "2025-08-20 InTerm", "2026-07-01 Ended"},
		},
		"eliminated when the term ends": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-07-01")},
			[]builder.TeamMod{term},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotStarted", "2025-08-20 InTerm", "2026-07-01 Ended"},
		},
		"withdrawn": {
			[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-12-01")},
			[]builder.TeamMod{term},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotStarted", "2025-08-20 InTerm", "2025-12-01 Withdrawn"},
		},
		"withdrawn after elimination": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15"), decided("hanbit", withdrawn, "2026-02-01")},
			[]builder.TeamMod{term},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotStarted", "2025-08-20 InTerm", "2026-01-15 Eliminated", "2026-02-01 Withdrawn"},
		},
		"withdrawn before it was selected":             {[]builder.ProgramMod{decided("hanbit", withdrawn, "2025-07-25")}, []builder.TeamMod{term}, []string{"NotSelected", "2025-07-25 Withdrawn"}},
		"never in, whose term ended before it gave up": {[]builder.ProgramMod{decided("hanbit", withdrawn, "2026-08-01")}, []builder.TeamMod{term}, []string{"NotSelected", "2026-08-01 Withdrawn"}},

		"suspended stays so in the time to object": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))},
			[]builder.TeamMod{term, builder.Suspended()},
			[]string{"NotSelected", "2025-08-04 NotFinal", "2025-08-14 NotStarted", "2025-08-20 Suspended", "2026-01-25 Eliminated"},
		},
		"suspended while not selected": {nil, []builder.TeamMod{term, builder.Suspended()}, []string{"NotSelected"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			team := takesPart(programOf(tt.decisions...), "hanbit", tt.mods...)
			if diff := cmp.Diff(tt.want, states(t, team)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStateSince(t *testing.T) {
	term := builder.Term(kst("2025-08-20"), kst("2026-07-01"))
	in := decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14"))
	out := decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))
	tests := map[string]struct {
		decisions []builder.ProgramMod
		mods      []builder.TeamMod
		at        string
		want      string
	}{
		"not selected, always so":               {[]builder.ProgramMod{in}, []builder.TeamMod{term}, "2025-08-01", ""},
		"not selected, and then rejected":       {[]builder.ProgramMod{decided("hanbit", rejected, "2025-08-04")}, []builder.TeamMod{term}, "2025-08-10", ""},
		"not final":                             {[]builder.ProgramMod{in}, []builder.TeamMod{term}, "2025-08-10", "2025-08-04"},
		"not started":                           {[]builder.ProgramMod{in}, []builder.TeamMod{term}, "2025-08-16", "2025-08-14"},
		"in term, from the term on":             {[]builder.ProgramMod{in}, []builder.TeamMod{term}, "2025-09-01", "2025-08-20"},
		"in term, from the selection on":        {[]builder.ProgramMod{in}, nil, "2025-09-01", "2025-08-14"},
		"in term, decided again":                {[]builder.ProgramMod{in, decided("hanbit", selected, "2026-01-15")}, []builder.TeamMod{term}, "2026-02-01", "2025-08-20"},
		"ended":                                 {[]builder.ProgramMod{in}, []builder.TeamMod{term}, "2026-08-01", "2026-07-01"},
		"ended, and then eliminated":            {[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-07-15")}, []builder.TeamMod{term}, "2026-08-01", "2026-07-01"},
		"ended before it was selected":          {[]builder.ProgramMod{in}, []builder.TeamMod{builder.Term(never, kst("2025-08-10"))}, "2025-09-01", "2025-08-14"},
		"suspended by an elimination":           {[]builder.ProgramMod{in, out}, []builder.TeamMod{term}, "2026-01-20", "2026-01-15"},
		"suspended by an edit":                  {[]builder.ProgramMod{in}, []builder.TeamMod{term, builder.Suspended()}, "2026-01-20", ""},
		"suspended by both":                     {[]builder.ProgramMod{in, out}, []builder.TeamMod{term, builder.Suspended()}, "2026-01-20", "2026-01-15"},
		"ended while suspended":                 {[]builder.ProgramMod{in}, []builder.TeamMod{term, builder.Suspended()}, "2026-08-01", "2026-07-01"},
		"the term began in the time to object":  {[]builder.ProgramMod{in, decided("hanbit", eliminated, "2025-08-18", finalAt("2025-08-28"))}, []builder.TeamMod{term}, "2025-08-22", "2025-08-20"},
		"eliminated":                            {[]builder.ProgramMod{in, out}, []builder.TeamMod{term}, "2026-03-01", "2026-01-25"},
		"eliminated twice":                      {[]builder.ProgramMod{in, out, decided("hanbit", eliminated, "2026-02-01")}, []builder.TeamMod{term}, "2026-03-01", "2026-01-25"},
		"in again":                              {[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"), overturned("2026-01-24"))}, []builder.TeamMod{term}, "2026-03-01", "2026-01-24"},
		"withdrawn":                             {[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-12-01")}, []builder.TeamMod{term}, "2026-08-01", "2025-12-01"},
		"deleted":                               {[]builder.ProgramMod{in}, []builder.TeamMod{term, builder.Deleted()}, "2026-08-01", dated(builder.Now)},
		"rejected, then held back: the same":    {[]builder.ProgramMod{builder.Seats(1), decided("naru", selected, "2025-08-04"), decided("hanbit", rejected, "2025-08-04"), decided("hanbit", selected, "2025-09-01")}, nil, "2025-10-01", ""},
		"eliminated, and held back when it won": {[]builder.ProgramMod{builder.Seats(1), in, decided("hanbit", eliminated, "2026-01-15", overturned("2026-03-01")), decided("naru", selected, "2026-01-20")}, nil, "2026-04-01", "2026-03-01"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			team := takesPart(programOf(tt.decisions...), "hanbit", tt.mods...)
			if got := dated(team.StateSince(kst(tt.at))); got != tt.want {
				t.Errorf("%s since %s, want %s", team.State(kst(tt.at)), got, tt.want)
			}
		})
	}
	if got := lifecycle.NewTeam(builder.Team("hanbit", term), nil).StateSince(kst("2026-01-01")); !got.Equal(kst("2025-08-20")) {
		t.Errorf("without a programme it is in term since %s", got)
	}
}

func TestAProgrammeThatDoesNotExist(t *testing.T) {
	team := lifecycle.NewTeam(builder.Team("hanbit", builder.InProgram("sovereign"), builder.Award("b200", 8),
		builder.Term(begin, end), builder.Staff("kim", foundationv1alpha1.RoleLead), builder.StageAward("b200", 8, "stage-1", "")), nil)
	for _, at := range []time.Time{begin.Add(-time.Hour), middle, end.Add(time.Hour)} {
		if got := team.State(at); got != foundationv1alpha1.StateProgramNotFound {
			t.Errorf("state %s", got)
		}
		if !team.StateSince(at).IsZero() {
			t.Errorf("since %s", team.StateSince(at))
		}
		if awarded, held := team.Demand("b200", at); awarded != 0 || held != 0 {
			t.Errorf("it may draw %d, %d held back", awarded, held)
		}
		if got := roles(team, at); got != "" {
			t.Errorf("access: %s", got)
		}
		if retention, over := team.Retention(at); over {
			t.Errorf("its data is %s, when nobody knows whether its time is over", retention.Phase)
		}
	}
	if _, out := team.SeatEndTime(); out {
		t.Error("out of a programme that nobody knows")
	}
	if stages, _ := team.MissingStages(); stages != nil {
		t.Errorf("stages %s are missing in a programme that nobody knows", stages)
	}
	want := "FoundationProgram sovereign does not exist: create it, or correct spec.programName; until then what is there is kept, and nothing new is given"
	if got := team.Message(middle); got != want {
		t.Errorf("message: %s", got)
	}
}

func TestNextTransitionIsWhenMoneyIsDue(t *testing.T) {
	amount := int64(100)
	team := takesPart(programOf(decided("hanbit", selected, "2025-08-04")), "hanbit", func(team *foundationv1alpha1.FoundationTeam) {
		team.Spec.Budget = []foundationv1alpha1.BudgetAward{
			{Name: "data", Line: foundationv1alpha1.BudgetData, Amount: &amount, DueTime: builder.SpecTime(kst("2025-09-01"))},
			{Name: "people", Line: foundationv1alpha1.BudgetStaff, Amount: &amount, Instalments: []foundationv1alpha1.Instalment{
				{DueTime: builder.SpecTime(kst("2025-10-01"))}, {DueTime: builder.SpecTime(kst("2026-01-01"))},
			}},
		}
	})
	var got []string
	for at := team.NextTransition(kst("2025-08-04")); !at.IsZero(); at = team.NextTransition(at) {
		got = append(got, dated(at))
	}
	if diff := cmp.Diff([]string{"2025-09-01", "2025-10-01", "2026-01-01"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOutSince(t *testing.T) {
	in := decided("hanbit", selected, "2025-08-04")
	for name, tt := range map[string]struct {
		decisions []builder.ProgramMod
		want      string
	}{
		"never in":                    {nil, ""},
		"rejected":                    {[]builder.ProgramMod{decided("hanbit", rejected, "2025-08-04")}, ""},
		"in":                          {[]builder.ProgramMod{in}, ""},
		"eliminated, when final":      {[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))}, "2026-01-25"},
		"overturned in time":          {[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"), overturned("2026-01-24"))}, ""},
		"withdrawn":                   {[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-12-01")}, "2025-12-01"},
		"withdrawn, before it was in": {[]builder.ProgramMod{decided("hanbit", withdrawn, "2025-12-01")}, ""},
		"in, out, and in again":       {[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-12-01"), decided("hanbit", selected, "2026-02-01")}, ""},
		"out for the second time":     {[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-12-01"), decided("hanbit", selected, "2026-02-01"), decided("hanbit", rejected, "2026-03-01")}, "2026-03-01"},
	} {
		t.Run(name, func(t *testing.T) {
			since, out := takesPart(programOf(tt.decisions...), "hanbit").SeatEndTime()
			if dated(since) != tt.want || out != (tt.want != "") {
				t.Errorf("out %t since %s, want %s", out, dated(since), tt.want)
			}
		})
	}
	if _, out := lifecycle.NewTeam(builder.Team("hanbit"), nil).SeatEndTime(); out {
		t.Error("a team that stands alone is out")
	}
}
