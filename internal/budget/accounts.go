package budget

import (
	"maps"
	"math"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// accounts are a team's amounts by line, while its money is committed.
type accounts struct {
	team  *Team
	zone  *time.Location
	now   time.Time
	lines map[foundationv1alpha1.BudgetLine]*account
	// settled is what of each award is settled, settlements the same by line and year, with what is committed and due now.
	settled     map[string]int64
	settlements []Settlement
	// heldBack are the awards, by position, of which nothing more is committed.
	heldBack map[int]bool
}

// account is one team's amounts on a line.
type account struct {
	foundationv1alpha1.TeamBudgetStatus
	// years is what is committed, by calendar year; later what is due after now.
	years map[int]int64
	later []dueAmount
}

// dueAmount is money that is due at one moment.
type dueAmount struct {
	at     time.Time
	amount int64
}

// newAccounts returns a team's accounts with what it was awarded and what is settled of that. An award that was taken out of
// the spec stays settled; one that is less now than what was due is settled with what it is now.
func newAccounts(team *Team, zone *time.Location, now time.Time) *accounts {
	a := &accounts{
		team: team, zone: zone, now: now,
		lines:   map[foundationv1alpha1.BudgetLine]*account{},
		settled: map[string]int64{}, heldBack: map[int]bool{},
	}
	awarded := map[string]int64{}
	for _, award := range team.Awards {
		amount := ptr.Deref(award.Amount, 0)
		awarded[award.Name] = amount
		line := a.line(award.Line)
		line.Awarded = saturatingAdd(line.Awarded, amount)
	}
	for _, s := range team.Settled {
		amount := s.Amount
		if most, listed := awarded[s.Award]; listed {
			amount = min(amount, most-a.settled[s.Award])
		} else {
			a.line(s.Line).Awarded = saturatingAdd(a.line(s.Line).Awarded, amount)
		}
		if amount <= 0 {
			continue
		}
		a.settled[s.Award] = saturatingAdd(a.settled[s.Award], amount)
		line := a.line(s.Line)
		line.years[s.Year] = saturatingAdd(line.years[s.Year], amount)
		a.settle(Settlement{Award: s.Award, Line: s.Line, Year: s.Year, Amount: amount})
	}
	return a
}

// settle adds an amount that is due.
func (a *accounts) settle(s Settlement) {
	line := a.line(s.Line)
	line.Due = saturatingAdd(line.Due, s.Amount)
	i := slices.IndexFunc(a.settlements, func(old Settlement) bool {
		return old.Award == s.Award && old.Line == s.Line && old.Year == s.Year
	})
	if i < 0 {
		a.settlements = append(a.settlements, s)
		return
	}
	a.settlements[i].Amount = saturatingAdd(a.settlements[i].Amount, s.Amount)
}

func (a *accounts) line(name foundationv1alpha1.BudgetLine) *account {
	if a.lines[name] == nil {
		a.lines[name] = &account{TeamBudgetStatus: foundationv1alpha1.TeamBudgetStatus{Line: name}, years: map[int]int64{}}
	}
	return a.lines[name]
}

// claims returns the amounts of the team's awards that are due while it has its seat and are not settled yet.
func (a *accounts) claims() []claim {
	var claims []claim
	left := maps.Clone(a.settled)
	for i, award := range a.team.Awards {
		first := len(claims)
		for _, due := range amountsOf(award) {
			settled := min(left[award.Name], due.amount)
			left[award.Name] -= settled
			if (settled > 0 && settled == due.amount) || (!a.team.EndTime.IsZero() && !due.at.Before(a.team.EndTime)) {
				continue
			}
			claims = append(claims, claim{of: a, award: i, at: due.at, amount: due.amount - settled})
		}
		var all int64
		for j := len(claims) - 1; j >= first; j-- {
			all = saturatingAdd(all, claims[j].amount)
			claims[j].all = all
		}
	}
	return claims
}

// amountsOf returns the amounts of an award, the earliest first. Those that are due at the same moment are one.
func amountsOf(award foundationv1alpha1.BudgetAward) []dueAmount {
	var list []dueAmount
	add := func(at *foundationv1alpha1.Timestamp, amount *int64) {
		if at != nil {
			list = append(list, dueAmount{at: at.Time, amount: ptr.Deref(amount, 0)})
		}
	}
	add(award.DueTime, award.Amount)
	for _, instalment := range award.Instalments {
		add(instalment.DueTime, instalment.Amount)
	}
	return mergeMoments(list)
}

// mergeMoments sorts amounts by time and adds up those that are due at the same moment.
func mergeMoments(list []dueAmount) []dueAmount {
	slices.SortStableFunc(list, func(x, y dueAmount) int { return x.at.Compare(y.at) })
	var merged []dueAmount
	for _, due := range list {
		if last := len(merged) - 1; last >= 0 && merged[last].at.Equal(due.at) {
			merged[last].amount = saturatingAdd(merged[last].amount, due.amount)
			continue
		}
		merged = append(merged, due)
	}
	return merged
}

// hold holds an award back from a claim on.
func (a *accounts) hold(c claim) {
	a.heldBack[c.award] = true
	line := a.line(a.team.Awards[c.award].Line)
	line.HeldBack = saturatingAdd(line.HeldBack, c.all)
}

func (a *accounts) commit(c claim) {
	award := a.team.Awards[c.award]
	line := a.line(award.Line)
	year := c.at.In(a.zone).Year()
	line.years[year] = saturatingAdd(line.years[year], c.amount)
	switch {
	case c.amount == 0:
	case !c.at.After(a.now):
		a.settle(Settlement{Award: award.Name, Line: award.Line, Year: year, Amount: c.amount})
	default:
		line.later = append(line.later, dueAmount{at: c.at, amount: c.amount})
	}
}

// status returns the team's lines for status once all its claims are decided, and the payments to come.
func (a *accounts) status() (lines []foundationv1alpha1.TeamBudgetStatus, due []Payment) {
	for _, name := range Lines {
		line := a.lines[name]
		if line == nil {
			continue
		}
		later := mergeMoments(line.later)
		for _, p := range later {
			due = append(due, Payment{At: p.at, Team: a.team.Name, Line: name, Amount: p.amount})
		}
		if len(later) > 0 {
			// As the API server returns it, so that an unchanged status compares equal.
			line.NextDueTime = &metav1.Time{Time: later[0].at.UTC().Truncate(time.Second)}
			line.NextAmount = later[0].amount
		}
		lines = append(lines, line.TeamBudgetStatus)
	}
	return lines, due
}

// saturatingAdd adds amounts of 0 or more and returns the largest int64 on overflow: valid specs can add up to more.
func saturatingAdd(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
