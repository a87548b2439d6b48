package program

import (
	"slices"

	"foundation.team/operator/internal/budget"
)

// Decide commits the budget to the awards of all teams that have or had a seat: what was due before stays due, what fits is
// committed, the rest is held back.
func Decide(in Input) budget.Plan {
	teams := slices.Clone(in.Gone)
	for _, team := range in.Teams {
		served, ok := budget.NewTeam(team, in.Now)
		served.Name, served.Settled = team.Name, in.Settled[team.Name]
		if ok || len(served.Settled) > 0 {
			teams = append(teams, served)
		}
	}
	return budget.Commit(&in.Program.Spec, in.Program.Location(), in.Now, teams, in.Program.Status.HeldBack)
}
