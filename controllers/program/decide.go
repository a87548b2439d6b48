package program

import "foundation.team/operator/internal/budget"

// Decide commits the budget to the awards of all teams that have or had a seat: what fits is committed, the rest is held
// back.
func Decide(in Input) budget.Plan {
	var teams []budget.Team
	for _, team := range in.Teams {
		if served, ok := budget.NewTeam(team, in.Now); ok {
			teams = append(teams, served)
		}
	}
	return budget.Commit(&in.Program.Spec, in.Program.Location(), in.Now, teams)
}
