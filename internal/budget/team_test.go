package budget_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// Money is for teams that have or had a seat, from when they were selected until they are out.
func TestOf(t *testing.T) {
	day := func(n int) time.Time { return now.AddDate(0, 0, n) }
	selected, eliminated := foundationv1alpha1.OutcomeSelected, foundationv1alpha1.OutcomeEliminated
	tests := map[string]struct {
		mods   []builder.ProgramMod
		served time.Time
		until  time.Time
		ok     bool
	}{
		"nothing decided":    {},
		"not final":          {mods: []builder.ProgramMod{builder.Decided("hanbit", selected, day(-2), builder.FinalAt(day(1)))}},
		"rejected":           {mods: []builder.ProgramMod{builder.Decided("hanbit", foundationv1alpha1.OutcomeRejected, day(-2))}},
		"gave up before":     {mods: []builder.ProgramMod{builder.Decided("hanbit", foundationv1alpha1.OutcomeWithdrawn, day(-2))}},
		"no seat free":       {mods: []builder.ProgramMod{builder.Seats(1), builder.Decided("naru", selected, day(-3)), builder.Decided("hanbit", selected, day(-2))}},
		"in":                 {mods: []builder.ProgramMod{builder.Decided("hanbit", selected, day(-9), builder.FinalAt(day(-2)))}, served: day(-9), ok: true},
		"selected long ago":  {mods: []builder.ProgramMod{builder.Decided("hanbit", selected, day(-9)), builder.Decided("hanbit", eliminated, day(-8)), builder.Decided("hanbit", selected, day(-7))}, served: day(-9), ok: true},
		"can still object":   {mods: []builder.ProgramMod{builder.Decided("hanbit", selected, day(-9)), builder.Decided("hanbit", eliminated, day(-1), builder.FinalAt(day(5)))}, served: day(-9), until: day(5), ok: true},
		"out":                {mods: []builder.ProgramMod{builder.Decided("hanbit", selected, day(-9)), builder.Decided("hanbit", eliminated, day(-1))}, served: day(-9), until: day(-1), ok: true},
		"will be out":        {mods: []builder.ProgramMod{builder.Decided("hanbit", selected, day(-9)), builder.Decided("hanbit", foundationv1alpha1.OutcomeWithdrawn, day(3))}, served: day(-9), until: day(3), ok: true},
		"will be in and out": {mods: []builder.ProgramMod{builder.Decided("hanbit", selected, day(2)), builder.Decided("hanbit", eliminated, day(3))}},
		"out, and to be in again": {
			mods:   []builder.ProgramMod{builder.Decided("hanbit", selected, day(-9)), builder.Decided("hanbit", eliminated, day(-8)), builder.Decided("hanbit", selected, day(-1), builder.FinalAt(day(1)))},
			served: day(-9), ok: true,
		},
	}
	team := builder.Team("hanbit", builder.InProgram("sovereign-models"))
	team.Spec.Budget = []foundationv1alpha1.BudgetAward{once("corpus", data, 1, now)}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			program := lifecycle.NewProgram(builder.Program("sovereign-models", tt.mods...))
			got, ok := budget.NewTeam(lifecycle.NewTeam(team, program), now)
			want := budget.Team{}
			if tt.ok {
				want = budget.Team{Name: "hanbit", Awards: team.Spec.Budget, SelectionTime: tt.served, EndTime: tt.until}
			}
			if diff := cmp.Diff(want, got); ok != tt.ok || diff != "" {
				t.Errorf("%t: %s", ok, diff)
			}
		})
	}
	if _, ok := budget.NewTeam(lifecycle.NewTeam(team, nil), now); ok {
		t.Error("its programme does not exist")
	}
}
