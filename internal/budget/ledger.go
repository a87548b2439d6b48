package budget

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// ledger is the programme's budget while money is committed to it.
type ledger struct {
	zone *time.Location
	now  time.Time
	// totals are the totals of the programme's lines; unbounded is true if it sets none at all. ceilings bound a
	// team's amount on a line in a calendar year.
	totals, ceilings map[foundationv1alpha1.BudgetLine]int64
	unbounded        bool
	messages         messages
	// before is what was held back when it was last decided.
	before []foundationv1alpha1.HeldBackAward

	lines    map[foundationv1alpha1.BudgetLine]*foundationv1alpha1.BudgetStatus
	heldBack []foundationv1alpha1.HeldBackAward
	teams    []*accounts
}

func newLedger(spec *foundationv1alpha1.FoundationProgramSpec, zone *time.Location, now time.Time, before []foundationv1alpha1.HeldBackAward) *ledger {
	l := &ledger{
		zone: zone, now: now, unbounded: len(spec.Budget) == 0, messages: messages{currency: spec.Currency, zone: zone}, before: before,
		totals:   map[foundationv1alpha1.BudgetLine]int64{},
		ceilings: map[foundationv1alpha1.BudgetLine]int64{},
		lines:    map[foundationv1alpha1.BudgetLine]*foundationv1alpha1.BudgetStatus{},
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

// settle adds a team with what is settled of its money.
func (l *ledger) settle(a *accounts) {
	l.teams = append(l.teams, a)
	for _, name := range Lines {
		if own := a.lines[name]; own != nil && own.Due > 0 {
			line := l.line(name)
			line.Committed, line.Due = saturatingAdd(line.Committed, own.Due), saturatingAdd(line.Due, own.Due)
		}
	}
}

// commit commits a claim, or holds its award back from it on.
func (l *ledger) commit(c claim) {
	if c.of.heldBack[c.award] {
		return
	}
	award := c.of.team.Awards[c.award]
	line := l.line(award.Line)
	if reason, message := l.refusal(c, award); reason != "" {
		c.of.hold(c)
		line.HeldBack = saturatingAdd(line.HeldBack, c.all)
		l.heldBack = append(l.heldBack, foundationv1alpha1.HeldBackAward{
			TeamName: c.of.team.Name, Award: award.Name, Line: award.Line, Amount: c.all,
			DueTime: &metav1.Time{Time: c.at.UTC().Truncate(time.Second)}, Reason: reason, Message: message,
		})
		return
	}
	c.of.commit(c)
	line.Committed = saturatingAdd(line.Committed, c.amount)
	if !c.at.After(l.now) {
		line.Due = saturatingAdd(line.Due, c.amount)
	}
}

// refusal returns why a claim does not fit; its reason is empty if it does. If it exceeds both its ceiling and its line, the
// reason of before stays: money that becomes due ahead of it may exceed the other one too, and nobody edited anything.
func (l *ledger) refusal(c claim, award foundationv1alpha1.BudgetAward) (reason, message string) {
	overCeiling, overTotal := l.overCeiling(c, award), l.overTotal(c, award)
	switch {
	case overCeiling == "" && overTotal == "":
		return "", ""
	case overCeiling == "", overTotal != "" && l.refusedBefore(c, award) == foundationv1alpha1.ReasonBudgetExceeded:
		return foundationv1alpha1.ReasonBudgetExceeded, overTotal
	default:
		return foundationv1alpha1.ReasonCeilingExceeded, overCeiling
	}
}

// overCeiling returns how a claim exceeds its team's ceiling for the year; empty if it does not.
func (l *ledger) overCeiling(c claim, award foundationv1alpha1.BudgetAward) string {
	year := c.at.In(l.zone).Year()
	ceiling, ok := l.ceilings[award.Line]
	if has := c.of.line(award.Line).years[year]; ok && saturatingAdd(has, c.amount) > ceiling {
		return l.messages.overCeiling(c, award, year, has, ceiling)
	}
	return ""
}

// overTotal returns how a claim exceeds what is left on its line; empty if it does not.
func (l *ledger) overTotal(c claim, award foundationv1alpha1.BudgetAward) string {
	total, listed := l.totals[award.Line]
	committed := l.line(award.Line).Committed
	switch {
	case l.unbounded || c.amount <= total-committed:
		return ""
	case !listed:
		return l.messages.noLine(c, award)
	default:
		return l.messages.overTotal(c, award, committed, total)
	}
}

// refusedBefore returns the reason for which a claim's award was held back when it was last decided; empty if it was not.
func (l *ledger) refusedBefore(c claim, award foundationv1alpha1.BudgetAward) string {
	for _, h := range l.before {
		if h.TeamName == c.of.team.Name && h.Award == award.Name {
			return h.Reason
		}
	}
	return ""
}

func (l *ledger) plan() Plan {
	plan := Plan{HeldBack: l.heldBack, Teams: map[string][]foundationv1alpha1.TeamBudgetStatus{}}
	for _, team := range l.teams {
		lines, due := team.status()
		if len(lines) > 0 {
			plan.Teams[team.team.Name] = lines
		}
		plan.Due = append(plan.Due, due...)
	}
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
