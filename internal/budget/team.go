package budget

import (
	"slices"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
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

// Status returns a team's lines, by what its programme holds back of its awards.
func (t Team) Status(zone *time.Location, now time.Time, heldBack []foundationv1alpha1.HeldBackAward) []foundationv1alpha1.TeamBudgetStatus {
	lines, _ := t.decided(zone, now, heldBack).status()
	return lines
}

// Settle returns what is due to a team by now, by what its programme holds back of its awards: what was due before, and
// what has become due since.
func (t Team) Settle(zone *time.Location, now time.Time, heldBack []foundationv1alpha1.HeldBackAward) []Settlement {
	return t.decided(zone, now, heldBack).settlements
}

// decided returns the team's accounts after its programme's decision.
func (t Team) decided(zone *time.Location, now time.Time, heldBack []foundationv1alpha1.HeldBackAward) *accounts {
	a := newAccounts(&t, zone, now)
	for _, c := range a.claims() {
		switch {
		case a.heldBack[c.award]:
		case slices.ContainsFunc(heldBack, func(h foundationv1alpha1.HeldBackAward) bool {
			return h.TeamName == t.Name && h.Award == t.Awards[c.award].Name && (h.DueTime == nil || !c.at.Before(h.DueTime.Time))
		}):
			a.hold(c)
		default:
			a.commit(c)
		}
	}
	return a
}
