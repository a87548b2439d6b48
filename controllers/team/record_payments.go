package team

import (
	"slices"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
)

// paymentsOf returns the payments of a team's record: those before, and what has become due since and is not held back.
func paymentsOf(m *Model) []foundationv1alpha1.PaymentFact {
	var before []foundationv1alpha1.PaymentFact
	if m.Record != nil {
		before = m.Record.Spec.Payments
	}
	if m.Program == nil || !moneyIsDecided(m) {
		return before
	}
	team, seated := budget.NewTeam(m.Life, m.Now)
	if !seated {
		return before
	}
	team.Settled = budget.Settlements(m.Record, m.Program.Name)
	return budget.Payments(before, m.Program.Name, team.Settle(m.Program.Location(), m.Now, heldBackAwards(m)))
}

// moneyIsDecided reports whether the programme's status is about the present specs of both. Until then it is not known whether
// money that was awarded a moment ago is held back.
func moneyIsDecided(m *Model) bool {
	status := m.Program.Status
	return status.ObservedGeneration == m.Program.Generation &&
		slices.ContainsFunc(status.Teams, func(entry foundationv1alpha1.ProgramTeam) bool {
			return entry.Name == m.Team.Name && entry.ObservedGeneration == m.Team.Generation
		})
}
