// Package budget decides which awards of money fit: what is committed, what of it is due, and what is held back
// because the programme has too little left on the line, or the team would exceed its ceiling for a calendar year.
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

// Lines are all budget lines, in the order in which status lists them.
var Lines = []foundationv1alpha1.BudgetLine{foundationv1alpha1.BudgetGPU, foundationv1alpha1.BudgetData, foundationv1alpha1.BudgetStaff}

// Team is a team that has or had a seat, with its awards of money.
type Team struct {
	Name   string
	Awards []foundationv1alpha1.BudgetAward
	// SelectionTime is when its selection was decided. Teams that were selected earlier are committed first, then by
	// name.
	SelectionTime time.Time
	// EndTime is when its seat ends: money that is due from then on is not paid. Zero if no end is decided.
	EndTime time.Time
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

// Commit commits the teams' awards one after the other, or holds them back. An award is committed wholly or not at
// all. An edit of one team affects only that team and those after it in the order. Calendar years are those of the
// zone.
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

// dueAmounts returns the amounts of an award that are due before until, and their sum.
func dueAmounts(award foundationv1alpha1.BudgetAward, until time.Time) (list []dueAmount, sum int64) {
	add := func(at *metav1.Time, amount *int64) {
		if at == nil || !until.IsZero() && !at.Time.Before(until) {
			return
		}
		list = append(list, dueAmount{at: at.Time, amount: ptr.Deref(amount, 0)})
		sum = saturatingAdd(sum, ptr.Deref(amount, 0))
	}
	add(award.DueTime, award.Amount)
	for _, instalment := range award.Instalments {
		add(instalment.DueTime, instalment.Amount)
	}
	return list, sum
}

// ledger is the programme's budget while awards are committed to it one by one.
type ledger struct {
	zone *time.Location
	now  time.Time
	// totals are the totals of the programme's lines; unbounded is true if it sets none at all. ceilings bound a
	// team's amount on a line in a calendar year.
	totals, ceilings map[foundationv1alpha1.BudgetLine]int64
	unbounded        bool
	messages         messages

	lines    map[foundationv1alpha1.BudgetLine]*foundationv1alpha1.BudgetStatus
	heldBack []foundationv1alpha1.HeldBackAward
	teams    map[string][]foundationv1alpha1.TeamBudgetStatus
	due      []Payment
}

func newLedger(spec *foundationv1alpha1.FoundationProgramSpec, zone *time.Location, now time.Time) *ledger {
	l := &ledger{
		zone: zone, now: now, unbounded: len(spec.Budget) == 0, messages: messages{currency: spec.Currency},
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

// line returns a line of the programme, and adds it if there is none yet.
func (l *ledger) line(name foundationv1alpha1.BudgetLine) *foundationv1alpha1.BudgetStatus {
	if l.lines[name] == nil {
		l.lines[name] = &foundationv1alpha1.BudgetStatus{Line: name, Total: l.totals[name]}
	}
	return l.lines[name]
}

// account is one team's amounts on a line.
type account struct {
	foundationv1alpha1.TeamBudgetStatus
	// years is what is committed, by calendar year; later what is due after now.
	years map[int]int64
	later []dueAmount
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
		a.Awarded = saturatingAdd(a.Awarded, ptr.Deref(award.Amount, 0))
		list, sum := dueAmounts(award, team.EndTime)
		if len(list) == 0 {
			continue
		}
		if reason, message := l.refusal(team.Name, award, a, list, sum); reason != "" {
			a.HeldBack = saturatingAdd(a.HeldBack, sum)
			l.line(award.Line).HeldBack = saturatingAdd(l.line(award.Line).HeldBack, sum)
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

// refusal returns why an award does not fit; its reason is empty if it does.
func (l *ledger) refusal(team string, award foundationv1alpha1.BudgetAward, a *account, list []dueAmount, sum int64) (reason, message string) {
	if ceiling, ok := l.ceilings[award.Line]; ok {
		if year, more, over := l.overCeiling(a, list, ceiling); over {
			return foundationv1alpha1.ReasonCeilingExceeded, l.messages.overCeiling(team, award, year, more, a.years[year], ceiling)
		}
	}
	total, listed := l.totals[award.Line]
	line := l.line(award.Line)
	switch {
	case l.unbounded || sum <= total-line.Committed:
		return "", ""
	case !listed:
		return foundationv1alpha1.ReasonBudgetExceeded, l.messages.noLine(team, award, sum)
	default:
		return foundationv1alpha1.ReasonBudgetExceeded, l.messages.overTotal(team, award, sum, line.Committed, total)
	}
}

// overCeiling returns the first year in which a team would exceed its ceiling, and how much the amounts add in that
// year.
func (l *ledger) overCeiling(a *account, list []dueAmount, ceiling int64) (year int, more int64, over bool) {
	years := map[int]int64{}
	for _, p := range list {
		in := p.at.In(l.zone).Year()
		years[in] = saturatingAdd(years[in], p.amount)
	}
	for in, amount := range years {
		if saturatingAdd(a.years[in], amount) > ceiling && (!over || in < year) {
			year, more, over = in, amount, true
		}
	}
	return year, more, over
}

func (l *ledger) commitAmounts(a *account, list []dueAmount) {
	line := l.line(a.Line)
	for _, p := range list {
		year := p.at.In(l.zone).Year()
		a.years[year] = saturatingAdd(a.years[year], p.amount)
		line.Committed = saturatingAdd(line.Committed, p.amount)
		switch {
		case !p.at.After(l.now):
			a.Due = saturatingAdd(a.Due, p.amount)
			line.Due = saturatingAdd(line.Due, p.amount)
		case p.amount > 0:
			a.later = append(a.later, p)
		}
	}
}

// statusOf returns a team's line for status once all its awards are decided, and adds its payments to the ledger.
// Amounts that are due at the same moment are one payment.
func (l *ledger) statusOf(team string, a *account) foundationv1alpha1.TeamBudgetStatus {
	slices.SortStableFunc(a.later, func(x, y dueAmount) int { return x.at.Compare(y.at) })
	var payments []Payment
	for _, p := range a.later {
		if last := len(payments) - 1; last >= 0 && payments[last].At.Equal(p.at) {
			payments[last].Amount = saturatingAdd(payments[last].Amount, p.amount)
			continue
		}
		payments = append(payments, Payment{At: p.at, Team: team, Line: a.Line, Amount: p.amount})
	}
	l.due = append(l.due, payments...)
	if len(payments) > 0 {
		// As the API server returns it, so that an unchanged status compares equal.
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

// saturatingAdd adds amounts of 0 or more and returns the largest int64 on overflow: valid specs can add up to more.
func saturatingAdd(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
