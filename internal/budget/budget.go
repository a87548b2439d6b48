// Package budget decides which awards of money fit: what is committed, what of it is due, and what is held back
// because the programme has too little left on the line, or the team would exceed its ceiling for a calendar year.
package budget

import (
	"cmp"
	"slices"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Lines are all budget lines, in the order in which status lists them.
var Lines = []foundationv1alpha1.BudgetLine{foundationv1alpha1.BudgetGPU, foundationv1alpha1.BudgetData, foundationv1alpha1.BudgetStaff}

// Team is a team that has or had a seat, with its awards of money.
type Team struct {
	Name   string
	Awards []foundationv1alpha1.BudgetAward
	// SelectionTime is when its selection was decided. Of money that is due at the same moment, that of teams that were
	// selected earlier is committed first, then by name.
	SelectionTime time.Time
	// EndTime is when its seat ends: money that is due from then on is not paid. Zero if no end is decided.
	EndTime time.Time
	// Settled is what was due to it before. It stays due, whatever is edited now.
	Settled []Settlement
}

// Settlement is money of an award that was due in a calendar year.
type Settlement struct {
	Award  string
	Line   foundationv1alpha1.BudgetLine
	Year   int
	Amount int64
}

// Plan is the state of a programme's budget at a moment.
type Plan struct {
	// Lines are the programme's lines, and further ones on which money was awarded.
	Lines []foundationv1alpha1.BudgetStatus
	// HeldBack are the awards that do not fit, by team and name.
	HeldBack []foundationv1alpha1.HeldBackAward
	// Teams are the lines of each team, by team.
	Teams map[string][]foundationv1alpha1.TeamBudgetStatus
	// Due are the committed payments that are due after now, the earliest first.
	Due []Payment
}

// Payment is money that is due to a team at a moment.
type Payment struct {
	At     time.Time
	Team   string
	Line   foundationv1alpha1.BudgetLine
	Amount int64
}

// NextDue returns the next time at which money is due; zero if there is none.
func (p Plan) NextDue() time.Time {
	if len(p.Due) == 0 {
		return time.Time{}
	}
	return p.Due[0].At
}

// Commit commits money in the order in which it is due, or holds it back. What was due before comes first, and is
// committed even beyond a total or ceiling that was lowered since. An award is held back from its first amount on that does
// not fit. So an edit of what is due later than a moment changes nothing of what is due by then. Calendar years are those of
// the zone. Before is what was held back when it was last decided: an award that is still held back for the same reason keeps it.
func Commit(spec *foundationv1alpha1.FoundationProgramSpec, zone *time.Location, now time.Time, teams []Team,
	before []foundationv1alpha1.HeldBackAward,
) Plan {
	l := newLedger(spec, zone, now, before)
	var claims []claim
	for i := range teams {
		a := newAccounts(&teams[i], zone, now)
		l.settle(a)
		claims = append(claims, a.claims()...)
	}
	slices.SortStableFunc(claims, compareClaims)
	for _, c := range claims {
		l.commit(c)
	}
	return l.plan()
}

// claim is an amount of an award that is not settled yet.
type claim struct {
	of     *accounts
	award  int
	at     time.Time
	amount int64
	// all is this amount and the later ones of the award together.
	all int64
}

func compareClaims(a, b claim) int {
	return cmp.Or(a.at.Compare(b.at), a.of.team.SelectionTime.Compare(b.of.team.SelectionTime),
		cmp.Compare(a.of.team.Name, b.of.team.Name), cmp.Compare(a.award, b.award))
}
