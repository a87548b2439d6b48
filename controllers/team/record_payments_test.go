package team

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// What was due is on record as soon as the programme's decision is about the present specs, and stays there.
func TestWhatWasDueIsOnRecord(t *testing.T) {
	award := func(name string, amount int64, year int) foundationv1alpha1.BudgetAward {
		return foundationv1alpha1.BudgetAward{Name: name, Line: foundationv1alpha1.BudgetData, Amount: &amount, DueTime: foundationv1alpha1.OptionalTimestamp(now.AddDate(year, 0, 0))}
	}
	paid := func(program, name string, year int32, amount int64) foundationv1alpha1.PaymentFact {
		return foundationv1alpha1.PaymentFact{ProgramName: program, Award: name, Line: "Data", Year: year, Amount: amount}
	}
	decided := func(p *foundationv1alpha1.FoundationProgram) {
		p.Generation, p.Status.ObservedGeneration = 3, 3
		p.Status.Teams = []foundationv1alpha1.ProgramTeam{{Name: "hanbit", ObservedGeneration: 1}}
	}
	held := func(p *foundationv1alpha1.FoundationProgram) {
		p.Status.HeldBack = []foundationv1alpha1.HeldBackAward{{TeamName: "hanbit", Award: "data", Line: foundationv1alpha1.BudgetData}}
	}
	earlier := paid("earlier", "data", 2024, 5)
	tests := map[string]struct {
		mods   []builder.ProgramMod
		budget []foundationv1alpha1.BudgetAward
		before []foundationv1alpha1.PaymentFact
		want   []foundationv1alpha1.PaymentFact
		// due is what the team's status says.
		due int64
	}{
		"due now":                           {mods: []builder.ProgramMod{decided}, budget: []foundationv1alpha1.BudgetAward{award("data", 20, 0), award("later", 9, 1)}, want: []foundationv1alpha1.PaymentFact{paid("sovereign", "data", 2026, 20)}, due: 20},
		"held back":                         {mods: []builder.ProgramMod{decided, held}, budget: []foundationv1alpha1.BudgetAward{award("data", 20, 0)}},
		"the programme has not decided yet": {budget: []foundationv1alpha1.BudgetAward{award("data", 20, 0)}, due: 20},
		"the programme's decision is about an earlier spec of the team": {
			mods:   []builder.ProgramMod{decided, func(p *foundationv1alpha1.FoundationProgram) { p.Status.Teams[0].ObservedGeneration = 7 }},
			budget: []foundationv1alpha1.BudgetAward{award("data", 20, 0)}, due: 20,
		},
		"the award was taken out":          {mods: []builder.ProgramMod{decided}, before: []foundationv1alpha1.PaymentFact{paid("sovereign", "data", 2026, 20)}, want: []foundationv1alpha1.PaymentFact{paid("sovereign", "data", 2026, 20)}, due: 20},
		"money of a programme before":      {mods: []builder.ProgramMod{decided}, budget: []foundationv1alpha1.BudgetAward{award("data", 20, 0)}, before: []foundationv1alpha1.PaymentFact{earlier}, want: []foundationv1alpha1.PaymentFact{earlier, paid("sovereign", "data", 2026, 20)}, due: 20},
		"held back after it had been paid": {mods: []builder.ProgramMod{decided, held}, budget: []foundationv1alpha1.BudgetAward{award("data", 20, 0)}, before: []foundationv1alpha1.PaymentFact{paid("sovereign", "data", 2026, 20)}, want: []foundationv1alpha1.PaymentFact{paid("sovereign", "data", 2026, 20)}, due: 20},
		"the award was lowered":            {mods: []builder.ProgramMod{decided}, budget: []foundationv1alpha1.BudgetAward{award("data", 8, 0)}, before: []foundationv1alpha1.PaymentFact{paid("sovereign", "data", 2026, 20)}, want: []foundationv1alpha1.PaymentFact{paid("sovereign", "data", 2026, 8)}, due: 8},
		"the team lost its seat":           {mods: []builder.ProgramMod{decided, eliminated(now.AddDate(0, 0, -1))}, before: []foundationv1alpha1.PaymentFact{paid("sovereign", "data", 2026, 20)}, want: []foundationv1alpha1.PaymentFact{paid("sovereign", "data", 2026, 20)}, due: 20},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			team := twoNamespaces()
			team.Generation, team.Spec.Budget = 1, tt.budget
			in := inProgram(sovereign(tt.mods...), team)
			in.Record = recordOfTeam(inProgram(sovereign(), twoNamespaces()))
			in.Record.Spec.Payments = tt.before
			record := BuildRecord(NewModel(in))
			if diff := cmp.Diff(tt.want, record.Spec.Payments); diff != "" {
				t.Error(diff)
			}
			in.Record = record
			if again := BuildRecord(NewModel(in)); !cmp.Equal(record, again) {
				t.Errorf("it is written anew: %s", cmp.Diff(record, again))
			}
			var due int64
			for _, line := range budgetStatus(NewModel(in)) {
				due += line.Due
			}
			if due != tt.due {
				t.Errorf("due %d, want %d", due, tt.due)
			}
		})
	}
}
