package programme

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

func TestMoney(t *testing.T) {
	runStories(t, map[string]namedStory{
		"19: five times 2.8 billion fit and a sixth does not, and a staff award is due by quarters": {number: 19, begin: "2026-01-01", run: budgetLines},
	})
}

func budgetLines(s *story) {
	const data, staff = 2_800_000_000, 2_000_000_000
	teams := []string{"hanbit", "naru", "mirae", "onnuri", "saebyeok", "dasom"}
	spec := []string{
		"seats: 6", fmt.Sprintf("budget: [{line: Data, amount: %d}, {line: Staff, amount: %d}]", 5*data, staff), "decisions:",
	}
	for _, team := range teams {
		spec = append(spec, s.decision(team, "Selected", "2025-12-15"))
	}
	s.ApplyProgram(spec...)
	s.buyData(teams, data, staff)
	s.waitIdle()
	var out string
	s.atOnce(func(g Gomega) {
		status := s.GetProgram(g).Status
		g.Expect(status.Budget).To(ConsistOf(
			budgetLine(foundationv1alpha1.BudgetData, 5*data, 5*data, 0, data), budgetLine(foundationv1alpha1.BudgetStaff, staff, staff, staff/4, 0)))
		g.Expect(status.HeldBack).To(ConsistOf(And(
			HaveField("Award", "data"), HaveField("Line", foundationv1alpha1.BudgetData), HaveField("Amount", BeEquivalentTo(data)),
			HaveField("Reason", foundationv1alpha1.ReasonBudgetExceeded),
			HaveField("Message", And(ContainSubstring("2,800,000,000"), ContainSubstring("14,000,000,000"))))))
		out = status.HeldBack[0].TeamName
	})
	s.WaitProgramCondition(foundationv1alpha1.ConditionWithinBudget, foundationv1alpha1.ReasonBudgetExceeded, out)
	for _, team := range teams {
		held := int64(0)
		if s.Named(team) == out {
			held = data
			s.WaitCondition(team, foundationv1alpha1.ConditionWithinCeilings, foundationv1alpha1.ReasonBudgetExceeded, "2,800,000,000")
		}
		s.atOnce(func(g Gomega) {
			g.Expect(s.GetTeam(g, team).Status.Budget).To(ContainElement(And(
				HaveField("Line", foundationv1alpha1.BudgetData), HaveField("Awarded", BeEquivalentTo(data)), HaveField("HeldBack", held))), team)
		})
	}
	s.dueByQuarters("hanbit", staff/4)

	// The award that does not fit takes nothing from the others, and is committed when the budget is raised.
	s.at("2026-12-01")
	spec[1] = fmt.Sprintf("budget: [{line: Data, amount: %d}, {line: Staff, amount: %d}]", 6*data, staff)
	s.ApplyProgram(spec...)
	s.WaitProgramCondition(foundationv1alpha1.ConditionWithinBudget, foundationv1alpha1.ReasonAsDeclared, "")
	s.atOnce(func(g Gomega) {
		g.Expect(s.GetProgram(g).Status.Budget).To(ContainElement(budgetLine(foundationv1alpha1.BudgetData, 6*data, 6*data, 6*data, 0)))
		for _, team := range teams {
			g.Expect(s.GetTeam(g, team).Status.Budget).To(HaveEach(HaveField("HeldBack", BeZero())), team)
		}
	})
}

// buyData applies teams with an award of money for data each, and for the first of them one for staff, in quarterly
// instalments.
func (s *story) buyData(teams []string, data, staff int64) {
	s.Helper()
	buys := fmt.Sprintf("{name: data, line: Data, amount: %d, dueTime: %s}", data, stamp("2026-02-01"))
	instalments := ""
	for _, quarter := range quarters {
		instalments += fmt.Sprintf("{dueTime: %s, amount: %d}, ", stamp(quarter), staff/4)
	}
	for i, team := range teams {
		awards := buys
		if i == 0 {
			awards += fmt.Sprintf(", {name: people, line: Staff, amount: %d, instalments: [%s]}", staff, instalments)
		}
		s.ApplyTeam(team, "budget: ["+awards+"]", fmt.Sprintf("priority: %d", -i))
	}
}

func budgetLine(line foundationv1alpha1.BudgetLine, total, committed, due, heldBack int64) foundationv1alpha1.BudgetStatus {
	return foundationv1alpha1.BudgetStatus{Line: line, Total: total, Committed: committed, Due: due, HeldBack: heldBack, Free: total - committed}
}

var quarters = []string{"2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"}

// dueByQuarters goes through the year 2026 and expects an instalment of a team's staff award to become due with each
// quarter.
func (s *story) dueByQuarters(team string, part int64) {
	s.Helper()
	expect := func(due int) {
		s.Helper()
		s.atOnce(func(g Gomega) {
			i := -1
			budget := s.GetTeam(g, team).Status.Budget
			for n := range budget {
				if budget[n].Line == foundationv1alpha1.BudgetStaff {
					i = n
				}
			}
			g.Expect(i).To(BeNumerically(">=", 0))
			g.Expect(budget[i].Due).To(Equal(int64(due)*part), "due after %d quarters", due)
			if due == len(quarters) {
				g.Expect(budget[i].NextDueTime).To(BeNil())
				return
			}
			g.Expect(timeOf(budget[i].NextDueTime)).To(BeTemporally("==", kst(quarters[due])))
			g.Expect(budget[i].NextAmount).To(Equal(part))
		})
	}
	for n := range quarters {
		if n > 0 {
			s.setClock(kst(quarters[n]).Add(-time.Second))
			s.waitIdle()
			expect(n)
			s.at(quarters[n])
		}
		expect(n + 1)
	}
}
