package budget

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// messages formats why awards are held back.
type messages struct {
	currency string
	zone     *time.Location
}

// overTotal is the message for an amount that exceeds what is left on its line.
func (s messages) overTotal(c claim, award foundationv1alpha1.BudgetAward, committed, total int64) string {
	return fmt.Sprintf("%s do not fit: %s of %s are committed on line %s; raise spec.budget or shrink awards",
		s.what(c, award), number(committed), s.money(total), award.Line)
}

// noLine is the message for an amount on a line that the programme's budget lacks, while it has others.
func (s messages) noLine(c claim, award foundationv1alpha1.BudgetAward) string {
	return fmt.Sprintf("%s do not fit: spec.budget has no line %s; add it there or take the award out", s.what(c, award), award.Line)
}

// overCeiling is the message for an amount with which a team would have more in a calendar year than the ceiling.
func (s messages) overCeiling(c claim, award foundationv1alpha1.BudgetAward, year int, has, ceiling int64) string {
	onTop := ""
	if has > 0 {
		onTop = " on top of " + s.money(has)
	}
	return fmt.Sprintf("%s%s in %d on line %s, at most %s a year; shrink it or raise ceilings.budget",
		s.what(c, award), onTop, year, award.Line, s.money(ceiling))
}

// what names the amount, and when it is due if it is only a part of its award.
func (s messages) what(c claim, award foundationv1alpha1.BudgetAward) string {
	what := fmt.Sprintf("%s %s: %s", c.of.team.Name, award.Name, s.money(c.amount))
	if c.amount != ptr.Deref(award.Amount, 0) {
		what += " due " + c.at.In(s.zone).Format(time.DateOnly)
	}
	return what
}

func (s messages) money(amount int64) string { return Money(amount, s.currency) }

// Money formats an amount, such as 2,800,000,000 KRW. Without a currency it is the number alone.
func Money(amount int64, currency string) string {
	return strings.TrimSpace(number(amount) + " " + currency)
}

func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	first := (len(digits)-1)%3 + 1
	groups := []string{digits[:first]}
	for rest := digits[first:]; rest != ""; rest = rest[3:] {
		groups = append(groups, rest[:3])
	}
	return strings.Join(groups, ",")
}
