package team

import (
	"slices"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
)

// budgetStatus returns the team's money by line, less what its programme holds back.
func budgetStatus(m *Model) []foundationv1alpha1.TeamBudgetStatus {
	team, seated := budget.NewTeam(m.Life, m.Now)
	if !seated {
		return nil
	}
	held := heldBackAwards(m)
	team.Awards = slices.DeleteFunc(slices.Clone(team.Awards), func(award foundationv1alpha1.BudgetAward) bool {
		return slices.ContainsFunc(held, func(h foundationv1alpha1.HeldBackAward) bool { return h.Award == award.Name })
	})
	lines := budget.Commit(&foundationv1alpha1.FoundationProgramSpec{}, m.Program.Location(), m.Now, []budget.Team{team}).Teams[team.Name]
	for _, h := range held {
		i := slices.IndexFunc(lines, func(line foundationv1alpha1.TeamBudgetStatus) bool { return line.Line == h.Line })
		if i < 0 {
			lines = append(lines, foundationv1alpha1.TeamBudgetStatus{Line: h.Line})
			i = len(lines) - 1
		}
		lines[i].Awarded += h.Amount
		lines[i].HeldBack += h.Amount
	}
	slices.SortFunc(lines, func(a, b foundationv1alpha1.TeamBudgetStatus) int {
		return slices.Index(budget.Lines, a.Line) - slices.Index(budget.Lines, b.Line)
	})
	return lines
}

// heldBackAwards returns those of the team's awards of money that its programme holds back.
func heldBackAwards(m *Model) []foundationv1alpha1.HeldBackAward {
	if m.Program == nil {
		return nil
	}
	var held []foundationv1alpha1.HeldBackAward
	for _, grant := range m.Program.Status.HeldBack {
		if grant.TeamName == m.Team.Name {
			held = append(held, grant)
		}
	}
	return held
}
