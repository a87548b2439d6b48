package budget

import (
	"cmp"
	"slices"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// maxPayments is the CRD's maxItems of a record's payments.
const maxPayments = 256

// Settlements returns what a record has of the money that was due to its team in a programme; nothing for nil.
func Settlements(record *foundationv1alpha1.TeamRecord, program string) []Settlement {
	if record == nil {
		return nil
	}
	var settled []Settlement
	for _, p := range record.Spec.Payments {
		if p.ProgramName == program {
			settled = append(settled, Settlement{Award: p.Award, Line: foundationv1alpha1.BudgetLine(p.Line), Year: int(p.Year), Amount: p.Amount})
		}
	}
	return settled
}

// Payments returns a record's payments with what was due in a programme replaced. If they are too many, the oldest of a line are
// added up.
func Payments(before []foundationv1alpha1.PaymentFact, program string, settled []Settlement) []foundationv1alpha1.PaymentFact {
	all := slices.DeleteFunc(slices.Clone(before), func(p foundationv1alpha1.PaymentFact) bool { return p.ProgramName == program })
	for _, s := range settled {
		all = append(all, foundationv1alpha1.PaymentFact{ProgramName: program, Award: s.Award, Line: string(s.Line), Year: int32(s.Year), Amount: s.Amount})
	}
	slices.SortStableFunc(all, func(a, b foundationv1alpha1.PaymentFact) int {
		return cmp.Or(cmp.Compare(a.Year, b.Year), cmp.Compare(a.ProgramName, b.ProgramName), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Award, b.Award))
	})
	for len(all) > maxPayments {
		oldest := all[0]
		i := 1 + slices.IndexFunc(all[1:], func(p foundationv1alpha1.PaymentFact) bool {
			return p.ProgramName == oldest.ProgramName && p.Line == oldest.Line
		})
		if i > 0 {
			all[i].Award, all[i].Amount = "", saturatingAdd(all[i].Amount, oldest.Amount)
		}
		all = all[1:]
	}
	return all
}
