package program

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// record is a TeamRecord of a team, of which an amount of millions was due on the line Data.
func record(team, uid, program string, millions int64) *foundationv1alpha1.TeamRecord {
	return &foundationv1alpha1.TeamRecord{
		ObjectMeta: metav1.ObjectMeta{Name: team + "." + uid[:8]},
		Spec: foundationv1alpha1.TeamRecordSpec{TeamName: team, UIDs: []string{uid}, Payments: []foundationv1alpha1.PaymentFact{
			{ProgramName: program, Award: "corpus", Line: "Data", Year: 2026, Amount: millions * million},
		}},
	}
}

// A line that has less now than was due of it is overdrawn: nothing is taken from those who were due, and it is said.
func TestWhatWasDueIsNotTakenBack(t *testing.T) {
	program := builder.Program(models, builder.Seats(2), builder.Money(foundationv1alpha1.BudgetData, 50*million),
		builder.Decided("hanbit", selected, day(-9)), builder.Decided("naru", selected, day(-8)))
	s := newServer(t, program, team("hanbit", granted("corpus", foundationv1alpha1.BudgetData, 40, day(-3)), granted("more", foundationv1alpha1.BudgetData, 20, day(-4))),
		team("naru", granted("corpus", foundationv1alpha1.BudgetData, 60, day(-3))),
		record("naru", "naru-uid", models, 60), record("hanbit", "hanbit-uid", "another", 40), record("garam", "garam-uid", models, 5))
	s.reconcile(t, s.reconciler())
	status := s.program(t).Status
	want := []foundationv1alpha1.BudgetStatus{{Line: foundationv1alpha1.BudgetData, Total: 50 * million, Committed: 65 * million, Due: 65 * million, HeldBack: 60 * million}}
	if diff := cmp.Diff(want, status.Budget); diff != "" {
		t.Error(diff)
	}
	within := condition(status, foundationv1alpha1.ConditionWithinBudget)
	const message = "line Data is overdrawn: 65,000,000 KRW were due by now, of 50,000,000 KRW: raise it in spec.budget, or lower an award to what was paid of it (and 2 more)"
	if within.Reason != foundationv1alpha1.ReasonBudgetOverdrawn || within.Message != message {
		t.Errorf("%+v", within)
	}
	for _, held := range status.HeldBack {
		if held.TeamName != "hanbit" {
			t.Errorf("held back: %+v", held)
		}
	}
}
