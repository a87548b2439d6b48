// Package budget says which awards of money fit: what is committed, what of it is due, and what is held back because the
// programme has too little on the line, or the team would have more in a calendar year than it may.
package budget

import (
	"cmp"
	"math"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Lines are the lines of a budget, in the order in which status lists them.
var Lines = []foundationv1alpha1.BudgetLine{foundationv1alpha1.BudgetGPU, foundationv1alpha1.BudgetData, foundationv1alpha1.BudgetStaff}

// Team is a team that holds or held a seat, with the money that it was given.
type Team struct {
	Name   string
	Awards []foundationv1alpha1.BudgetAward
	// SelectionTime is when its selection was decided: money goes to who was selected first, then by name.
	SelectionTime time.Time
	// EndTime is when its seat ended: what is due from then on is void. Zero if it has not.
	EndTime time.Time
}

// Plan is a programme's money at a moment.
type Plan struct {
	// Lines are the programme's, and those that somebody was promised money on.
	Lines []foundationv1alpha1.BudgetStatus
	// HeldBack are the awards that do not fit, by team and name.
	HeldBack []foundationv1alpha1.HeldBackAward
	// Teams are the teams' own lines, by team.
	Teams map[string][]foundationv1alpha1.TeamBudgetStatus
	// Due is what is due after now and not held back, the earliest first.
	Due []Payment
}

// Payment is money that is due to a team at a moment.
type Payment struct {
	At     time.Time
	Team   string
	Line   foundationv1alpha1.BudgetLine
	Amount int64
}

// NextDue is the next moment at which money is due; zero if there is none.
func (p Plan) NextDue() time.Time {
	if len(p.Due) == 0 {
		return time.Time{}
	}
	return p.Due[0].At
}

// Commit commits the teams' awards, one after the other, or holds them back. An award is committed wholly or not at all. So
// an edit of one team takes money only from itself and from teams that come after it. Years are those of the zone.
func Commit(spec *foundationv1alpha1.FoundationProgramSpec, zone *time.Location, now time.Time, teams []Team) Plan {
	l := newLedger(spec, zone, now)
	teams = slices.SortedFunc(slices.Values(teams), func(a, b Team) int {
		return cmp.Or(a.SelectionTime.Compare(b.SelectionTime), cmp.Compare(a.Name, b.Name))
	})
	for _, team := range teams {
		l.commitTeam(team)
	}
	return l.plan()
}

// dueAmount is money that is due at one moment.
type dueAmount struct {
	at     time.Time
	amount int64
}

// dueAmounts are the parts of an award that are not void, and their sum.
func dueAmounts(award foundationv1alpha1.BudgetAward, until time.Time) (list []dueAmount, sum int64) {
	add := func(at *metav1.Time, amount *int64) {
		if at == nil || !until.IsZero() && !at.Time.Before(until) {
			return
		}
		list = append(list, dueAmount{at: at.Time, amount: ptr.Deref(amount, 0)})
		sum = plus(sum, ptr.Deref(amount, 0))
	}
	add(award.DueTime, award.Amount)
	for _, instalment := range award.Instalments {
		add(instalment.DueTime, instalment.Amount)
	}
	return list, sum
}

// ledger is what has been committed so far.
type ledger struct {
	zone *time.Location
	now  time.Time
	// totals are the lines' totals; unbounded is true if the programme gives none at all. Ceilings are a team's for a year.
	totals, ceilings map[foundationv1alpha1.BudgetLine]int64
	unbounded        bool
	say              speaker

	lines    map[foundationv1alpha1.BudgetLine]*foundationv1alpha1.BudgetStatus
	heldBack []foundationv1alpha1.HeldBackAward
	teams    map[string][]foundationv1alpha1.TeamBudgetStatus
	due      []Payment
}

func newLedger(spec *foundationv1alpha1.FoundationProgramSpec, zone *time.Location, now time.Time) *ledger {
	l := &ledger{
		zone: zone, now: now, unbounded: len(spec.Budget) == 0, say: speaker{currency: spec.Currency},
		totals:   map[foundationv1alpha1.BudgetLine]int64{},
		ceilings: map[foundationv1alpha1.BudgetLine]int64{},
		lines:    map[foundationv1alpha1.BudgetLine]*foundationv1alpha1.BudgetStatus{},
		teams:    map[string][]foundationv1alpha1.TeamBudgetStatus{},
	}
	for _, total := range spec.Budget {
		l.totals[total.Line] = ptr.Deref(total.Amount, 0)
		l.line(total.Line)
	}
	if spec.Ceilings != nil {
		for _, ceiling := range spec.Ceilings.Budget {
			l.ceilings[ceiling.Line] = ptr.Deref(ceiling.PerYear, 0)
		}
	}
	return l
}

// line is a line of the programme's, made when money is promised on it.
func (l *ledger) line(name foundationv1alpha1.BudgetLine) *foundationv1alpha1.BudgetStatus {
	if l.lines[name] == nil {
		l.lines[name] = &foundationv1alpha1.BudgetStatus{Line: name, Total: l.totals[name]}
	}
	return l.lines[name]
}

// account is a team's own side of a line.
type account struct {
	foundationv1alpha1.TeamBudgetStatus
	// years is what is committed, by calendar year.
	years map[int]int64
	ahead []dueAmount
}

// commitTeam commits a team's awards or holds them back, in the order of its spec.
func (l *ledger) commitTeam(team Team) {
	accounts := map[foundationv1alpha1.BudgetLine]*account{}
	for _, award := range team.Awards {
		a := accounts[award.Line]
		if a == nil {
			a = &account{TeamBudgetStatus: foundationv1alpha1.TeamBudgetStatus{Line: award.Line}, years: map[int]int64{}}
			accounts[award.Line] = a
		}
		a.Awarded = plus(a.Awarded, ptr.Deref(award.Amount, 0))
		list, sum := dueAmounts(award, team.EndTime)
		if len(list) == 0 {
			continue
		}
		if reason, message := l.whyNot(team.Name, award, a, list, sum); reason != "" {
			a.HeldBack = plus(a.HeldBack, sum)
			l.line(award.Line).HeldBack = plus(l.line(award.Line).HeldBack, sum)
			l.heldBack = append(l.heldBack, foundationv1alpha1.HeldBackAward{
				TeamName: team.Name, Award: award.Name, Line: award.Line, Amount: sum, Reason: reason, Message: message,
			})
			continue
		}
		l.commitAmounts(a, list)
	}
	for _, line := range Lines {
		if a := accounts[line]; a != nil {
			l.teams[team.Name] = append(l.teams[team.Name], l.statusOf(team.Name, a))
		}
	}
}

// whyNot is why an award does not fit; its reason is empty if it does.
func (l *ledger) whyNot(team string, award foundationv1alpha1.BudgetAward, a *account, list []dueAmount, sum int64) (reason, message string) {
	if ceiling, ok := l.ceilings[award.Line]; ok {
		if year, more, over := l.overCeiling(a, list, ceiling); over {
			return foundationv1alpha1.ReasonCeilingExceeded, l.say.overCeiling(team, award, year, more, a.years[year], ceiling)
		}
	}
	total, listed := l.totals[award.Line]
	line := l.line(award.Line)
	switch {
	case l.unbounded || sum <= total-line.Committed:
		return "", ""
	case !listed:
		return foundationv1alpha1.ReasonBudgetExceeded, l.say.noLine(team, award, sum)
	default:
		return foundationv1alpha1.ReasonBudgetExceeded, l.say.overTotal(team, award, sum, line.Committed, total)
	}
}

// overCeiling finds the first year in which a team would have more than it may, and how much the parts add to it.
func (l *ledger) overCeiling(a *account, list []dueAmount, ceiling int64) (year int, more int64, over bool) {
	years := map[int]int64{}
	for _, p := range list {
		in := p.at.In(l.zone).Year()
		years[in] = plus(years[in], p.amount)
	}
	for in, amount := range years {
		if plus(a.years[in], amount) > ceiling && (!over || in < year) {
			year, more, over = in, amount, true
		}
	}
	return year, more, over
}

func (l *ledger) commitAmounts(a *account, list []dueAmount) {
	line := l.line(a.Line)
	for _, p := range list {
		year := p.at.In(l.zone).Year()
		a.years[year] = plus(a.years[year], p.amount)
		line.Committed = plus(line.Committed, p.amount)
		switch {
		case !p.at.After(l.now):
			a.Due = plus(a.Due, p.amount)
			line.Due = plus(line.Due, p.amount)
		case p.amount > 0:
			a.ahead = append(a.ahead, p)
		}
	}
}

// statusOf is a line of a team when all its awards are decided. What is due at the same moment is one payment.
func (l *ledger) statusOf(team string, a *account) foundationv1alpha1.TeamBudgetStatus {
	slices.SortStableFunc(a.ahead, func(x, y dueAmount) int { return x.at.Compare(y.at) })
	var payments []Payment
	for _, p := range a.ahead {
		if last := len(payments) - 1; last >= 0 && payments[last].At.Equal(p.at) {
			payments[last].Amount = plus(payments[last].Amount, p.amount)
			continue
		}
		payments = append(payments, Payment{At: p.at, Team: team, Line: a.Line, Amount: p.amount})
	}
	l.due = append(l.due, payments...)
	if len(payments) > 0 {
		// As the API server gives it back, so that an unchanged status compares equal.
		a.NextDueTime = &metav1.Time{Time: payments[0].At.UTC().Truncate(time.Second)}
		a.NextAmount = payments[0].Amount
	}
	return a.TeamBudgetStatus
}

func (l *ledger) plan() Plan {
	plan := Plan{HeldBack: l.heldBack, Teams: l.teams, Due: l.due}
	for _, name := range Lines {
		if line := l.lines[name]; line != nil {
			line.Free = max(line.Total-line.Committed, 0)
			plan.Lines = append(plan.Lines, *line)
		}
	}
	slices.SortStableFunc(plan.HeldBack, func(a, b foundationv1alpha1.HeldBackAward) int {
		return cmp.Or(cmp.Compare(a.TeamName, b.TeamName), cmp.Compare(a.Award, b.Award))
	})
	slices.SortStableFunc(plan.Due, func(a, b Payment) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Team, b.Team), cmp.Compare(slices.Index(Lines, a.Line), slices.Index(Lines, b.Line)))
	})
	return plan
}

// plus adds amounts of 0 or more. Many teams may be given more than an int64 holds; then it is the most that it holds.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
