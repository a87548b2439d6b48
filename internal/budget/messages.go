package budget

import (
	"fmt"
	"strconv"
	"strings"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// messages formats why awards are held back.
type messages struct {
	currency string
}

// overTotal is the message for an award that exceeds what is left on its line.
func (s messages) overTotal(team string, award foundationv1alpha1.BudgetAward, sum, committed, total int64) string {
	return fmt.Sprintf("%s %s: %s do not fit: %s of %s are committed on line %s; raise spec.budget or shrink awards",
		team, award.Name, s.money(sum), number(committed), s.money(total), award.Line)
}

// noLine is the message for an award on a line that the programme's budget lacks, while it has others.
func (s messages) noLine(team string, award foundationv1alpha1.BudgetAward, sum int64) string {
	return fmt.Sprintf("%s %s: %s do not fit: spec.budget has no line %s; add it there or take the award out",
		team, award.Name, s.money(sum), award.Line)
}

// overCeiling is the message for an award with which a team would have more in a calendar year than the ceiling.
func (s messages) overCeiling(team string, award foundationv1alpha1.BudgetAward, year int, more, has, ceiling int64) string {
	onTop := ""
	if has > 0 {
		onTop = " on top of " + s.money(has)
	}
	return fmt.Sprintf("%s %s: %s%s in %d on line %s, at most %s a year; shrink it or raise ceilings.budget",
		team, award.Name, s.money(more), onTop, year, award.Line, s.money(ceiling))
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
