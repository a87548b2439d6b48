package team

import (
	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
)

// budgetStatus returns the team's money by line, less what its programme holds back.
func budgetStatus(m *Model) []foundationv1alpha1.TeamBudgetStatus {
	team, seated := budget.NewTeam(m.Life, m.Now)
	if !seated {
		return nil
	}
	team.Settled = budget.Settlements(m.Record, m.Program.Name)
	return team.Status(m.Program.Location(), m.Now, heldBackAwards(m))
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
