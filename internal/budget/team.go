package budget

import (
	"time"

	"foundation.team/operator/internal/lifecycle"
)

// NewTeam returns a team for the programme's budget; false if it has had no seat up to now.
func NewTeam(team lifecycle.Team, now time.Time) (Team, bool) {
	if team.Program == nil {
		return Team{}, false
	}
	for at := (time.Time{}); ; {
		standing := team.Program.Standing(team.Name, at)
		if standing.Phase == lifecycle.PhaseIn || standing.Phase == lifecycle.PhaseObjection {
			until, _ := team.SeatEndTime()
			return Team{Name: team.Name, Awards: team.Spec.Budget, SelectionTime: standing.Decision.DecisionTime.Time, EndTime: until}, true
		}
		if standing.Next.IsZero() || standing.Next.After(now) {
			return Team{}, false
		}
		at = standing.Next
	}
}
