package budget

import (
	"time"

	"foundation.team/operator/internal/lifecycle"
)

// Of is a team as its programme's money sees it at now; false if it never had a seat.
func Of(team lifecycle.Team, now time.Time) (Team, bool) {
	if team.Program == nil {
		return Team{}, false
	}
	for at := (time.Time{}); ; {
		standing := team.Program.Standing(team.Name, at)
		if standing.Phase == lifecycle.PhaseIn || standing.Phase == lifecycle.PhaseObjection {
			until, _ := team.OutSince()
			return Team{Name: team.Name, Awards: team.Spec.Budget, SelectionTime: standing.Decision.DecisionTime.Time, EndTime: until}, true
		}
		if standing.Next.IsZero() || standing.Next.After(now) {
			return Team{}, false
		}
		at = standing.Next
	}
}
