package budget_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
)

// What is written to a record is read back, other programmes' payments stay, and however many there are no money is lost.
func TestPayments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		others := []foundationv1alpha1.PaymentFact{{ProgramName: "earlier", Award: "data", Line: "Data", Year: 2020, Amount: 7}}
		var settled []budget.Settlement
		sums := map[foundationv1alpha1.BudgetLine]int64{}
		for i := range rapid.IntRange(0, 400).Draw(t, "settled") {
			s := budget.Settlement{Award: fmt.Sprintf("award-%03d", i), Line: budget.Lines[i%3], Year: 2021 + i%5, Amount: int64(1 + i)}
			settled = append(settled, s)
			sums[s.Line] += s.Amount
		}
		record := &foundationv1alpha1.TeamRecord{}
		record.Spec.Payments = budget.Payments(others, "sovereign", settled)
		if len(record.Spec.Payments) > 256 {
			t.Fatalf("%d payments", len(record.Spec.Payments))
		}
		read := budget.Settlements(record, "sovereign")
		if len(settled) < 256 && len(read) != len(settled) {
			t.Fatalf("%d of %d", len(read), len(settled))
		}
		got := map[foundationv1alpha1.BudgetLine]int64{}
		for _, s := range read {
			got[s.Line] += s.Amount
		}
		if diff := cmp.Diff(sums, got); diff != "" {
			t.Fatal(diff)
		}
		if len(settled) < 255 && len(budget.Settlements(record, "earlier")) != 1 {
			t.Fatal("what was due in another programme is lost")
		}
		if again := budget.Payments(record.Spec.Payments, "sovereign", read); !cmp.Equal(again, record.Spec.Payments) {
			t.Fatal(cmp.Diff(record.Spec.Payments, again))
		}
	})
	if got := budget.Settlements(nil, "sovereign"); got != nil {
		t.Errorf("no record has %v", got)
	}
}
