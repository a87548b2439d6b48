package budget_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
)

// Money that was due in February is not taken by what another team is promised for next year, although that team was selected
// before.
func TestALaterPromiseTakesNothingFromWhatWasDue(t *testing.T) {
	next := now.AddDate(1, 0, 0)
	first := team("a", once("grant", data, 40, past), once("more", data, 20, next))
	second := budget.Team{Name: "b", SelectionTime: now, Awards: []foundationv1alpha1.BudgetAward{once("grant", data, 60, past)}}
	plan := budget.Commit(has(map[foundationv1alpha1.BudgetLine]int64{data: 100}), kst, now, []budget.Team{first, second}, nil)
	want := budget.Plan{
		Lines: []foundationv1alpha1.BudgetStatus{line(data, 100, 100, 100, 20, 0)},
		HeldBack: []foundationv1alpha1.HeldBackAward{held("a", "more", data, 20, next, foundationv1alpha1.ReasonBudgetExceeded,
			"a more: 20,000,000 KRW do not fit: 100,000,000 of 100,000,000 KRW are committed on line Data; raise spec.budget or shrink awards")},
		Teams: map[string][]foundationv1alpha1.TeamBudgetStatus{
			"a": {own(data, 60, 40, 20, time.Time{}, 0)}, "b": {own(data, 60, 60, 0, time.Time{}, 0)},
		},
	}
	if diff := cmp.Diff(want, plan); diff != "" {
		t.Error(diff)
	}
}

// The first award was held back for the total, ahead of the second one's later part. With that part due too it would also exceed
// the ceiling, but nobody edited anything, so the reason stays. Once there is more on the line, the ceiling is the reason.
func TestAnAwardKeepsTheReasonForWhichItIsHeldBack(t *testing.T) {
	earlier := past.AddDate(0, -1, 0)
	served := team("hanbit", once("first", gpu, 5, past), split("second", gpu, 4, earlier, past))
	spec := capped(has(map[foundationv1alpha1.BudgetLine]int64{gpu: 8}), gpu, 9)
	before := budget.Commit(spec, kst, now, []budget.Team{served}, nil)
	served.Settled = served.Settle(kst, now, before.HeldBack)
	after := budget.Commit(spec, kst, now, []budget.Team{served}, before.HeldBack)
	for _, plan := range []budget.Plan{before, after} {
		if len(plan.HeldBack) != 1 || plan.HeldBack[0].Reason != foundationv1alpha1.ReasonBudgetExceeded {
			t.Errorf("held back are %+v, want the first award for the total", plan.HeldBack)
		}
	}
	spec.Budget[0].Amount = new(20 * million)
	raised := budget.Commit(spec, kst, now, []budget.Team{served}, after.HeldBack)
	if len(raised.HeldBack) != 1 || raised.HeldBack[0].Reason != foundationv1alpha1.ReasonCeilingExceeded {
		t.Errorf("held back are %+v, want the first award for the ceiling", raised.HeldBack)
	}
}

// What was due before comes first and is never held back.
func TestSettled(t *testing.T) {
	paid := func(award string, line foundationv1alpha1.BudgetLine, year int, millions int64) budget.Settlement {
		return budget.Settlement{Award: award, Line: line, Year: year, Amount: millions * million}
	}
	next := now.AddDate(1, 0, 0)
	tests := map[string]struct {
		spec    *foundationv1alpha1.FoundationProgramSpec
		awards  []foundationv1alpha1.BudgetAward
		settled []budget.Settlement
		// before is an award of a team that was selected earlier.
		before []foundationv1alpha1.BudgetAward
		line   foundationv1alpha1.BudgetStatus
		own    foundationv1alpha1.TeamBudgetStatus
		after  []budget.Settlement
	}{
		"an award that was put before it later": {
			spec: has(map[foundationv1alpha1.BudgetLine]int64{data: 100}), awards: []foundationv1alpha1.BudgetAward{once("grant", data, 60, past)},
			settled: []budget.Settlement{paid("grant", data, 2026, 60)}, before: []foundationv1alpha1.BudgetAward{once("late", data, 50, past.AddDate(0, 0, -1))},
			line: line(data, 100, 60, 60, 50, 40), own: own(data, 60, 60, 0, time.Time{}, 0), after: []budget.Settlement{paid("grant", data, 2026, 60)},
		},
		"the line has less now: it is overdrawn": {
			spec: has(map[foundationv1alpha1.BudgetLine]int64{data: 50}), awards: []foundationv1alpha1.BudgetAward{once("grant", data, 60, past)},
			settled: []budget.Settlement{paid("grant", data, 2026, 60)},
			line:    line(data, 50, 60, 60, 0, 0), own: own(data, 60, 60, 0, time.Time{}, 0), after: []budget.Settlement{paid("grant", data, 2026, 60)},
		},
		"the ceiling is lower now": {
			spec: capped(has(map[foundationv1alpha1.BudgetLine]int64{data: 100}), data, 50), awards: []foundationv1alpha1.BudgetAward{split("grant", data, 30, past, soon)},
			settled: []budget.Settlement{paid("grant", data, 2026, 30)},
			line:    line(data, 100, 30, 30, 30, 70), own: own(data, 60, 30, 30, time.Time{}, 0), after: []budget.Settlement{paid("grant", data, 2026, 30)},
		},
		"the award was taken out": {
			spec: has(map[foundationv1alpha1.BudgetLine]int64{data: 100}), settled: []budget.Settlement{paid("grant", data, 2025, 30), paid("grant", data, 2026, 30)},
			line: line(data, 100, 60, 60, 0, 40), own: own(data, 60, 60, 0, time.Time{}, 0), after: []budget.Settlement{paid("grant", data, 2025, 30), paid("grant", data, 2026, 30)},
		},
		"the award was moved to next year": {
			spec: has(map[foundationv1alpha1.BudgetLine]int64{data: 100}), awards: []foundationv1alpha1.BudgetAward{once("grant", data, 60, next)},
			settled: []budget.Settlement{paid("grant", data, 2026, 60)},
			line:    line(data, 100, 60, 60, 0, 40), own: own(data, 60, 60, 0, time.Time{}, 0), after: []budget.Settlement{paid("grant", data, 2026, 60)},
		},
		"the award was raised: only the rest has to fit": {
			spec: has(map[foundationv1alpha1.BudgetLine]int64{data: 100}), awards: []foundationv1alpha1.BudgetAward{once("grant", data, 120, past)},
			settled: []budget.Settlement{paid("grant", data, 2026, 60)},
			line:    line(data, 100, 60, 60, 60, 40), own: own(data, 120, 60, 60, time.Time{}, 0), after: []budget.Settlement{paid("grant", data, 2026, 60)},
		},
		"the award was lowered, which takes money back": {
			spec: has(map[foundationv1alpha1.BudgetLine]int64{data: 100}), awards: []foundationv1alpha1.BudgetAward{once("grant", data, 40, past)},
			settled: []budget.Settlement{paid("grant", data, 2025, 30), paid("grant", data, 2026, 30)},
			line:    line(data, 100, 40, 40, 0, 60), own: own(data, 40, 40, 0, time.Time{}, 0), after: []budget.Settlement{paid("grant", data, 2025, 30), paid("grant", data, 2026, 10)},
		},
		"more of the award has become due": {
			spec: has(map[foundationv1alpha1.BudgetLine]int64{data: 100}), awards: []foundationv1alpha1.BudgetAward{split("grant", data, 20, past.AddDate(-1, 0, 0), past, soon)},
			settled: []budget.Settlement{paid("grant", data, 2025, 20)},
			line:    line(data, 100, 60, 40, 0, 40), own: own(data, 60, 40, 0, soon, 20), after: []budget.Settlement{paid("grant", data, 2025, 20), paid("grant", data, 2026, 20)},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			served := budget.Team{Name: "hanbit", SelectionTime: now, Awards: tt.awards, Settled: tt.settled}
			plan := budget.Commit(tt.spec, kst, now, []budget.Team{team("before", tt.before...), served}, nil)
			if diff := cmp.Diff([]foundationv1alpha1.BudgetStatus{tt.line}, plan.Lines); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]foundationv1alpha1.TeamBudgetStatus{tt.own}, plan.Teams["hanbit"]); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.after, served.Settle(kst, now, plan.HeldBack)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
