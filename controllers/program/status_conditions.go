package program

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
)

// decisionsCondition reports selections for which no seat is free, now or when they take effect.
func decisionsCondition(in Input) metav1.Condition {
	const area = foundationv1alpha1.ConditionDecisionsConsistent
	var worst *lifecycle.HeldBackDecision
	var teams []string
	for _, held := range in.Program.HeldBack() {
		if !held.Until.IsZero() && !held.Until.After(in.Now) {
			continue
		}
		if worst == nil {
			worst = &held
		}
		if !slices.Contains(teams, held.Decision.TeamName) {
			teams = append(teams, held.Decision.TeamName)
		}
	}
	decisions := len(in.Program.Spec.Decisions)
	switch {
	case worst != nil:
		message := fmt.Sprintf("%s is selected and held back from %s on, no seat of %d is free: decide otherwise on a team that is in, or raise spec.seats",
			worst.Decision.TeamName, in.formatTime(worst.At), worst.Seats)
		if len(teams) > 1 {
			message += "; also held back: " + text.First(teams[1:], maxNames)
		}
		return conditions.False(area, foundationv1alpha1.ReasonSeatsExceeded, message)
	case decisions == 0:
		return conditions.True(area, foundationv1alpha1.ReasonNothingDeclared, "")
	default:
		return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, text.Count(decisions, "decision")+", none held back"+editedNote(in))
	}
}

// ceilingsCondition reports awards of GPUs and money beyond spec.ceilings, now or later.
func ceilingsCondition(in Input, plan budget.Plan) metav1.Condition {
	const area = foundationv1alpha1.ConditionWithinCeilings
	var problems []string
	for _, team := range in.Teams {
		for _, excess := range team.Excesses(in.Now) {
			from := ""
			if excess.At.After(in.Now) {
				from = " from " + in.formatTime(excess.At) + " on"
			}
			problems = append(problems, fmt.Sprintf("%s: %d of %d GPUs of %s are beyond spec.ceilings%s and held back; shrink its awards or raise the ceiling",
				team.Name, excess.HeldBack, excess.Awarded+excess.HeldBack, excess.Pool, from))
		}
	}
	problems = append(problems, heldBackFor(plan, foundationv1alpha1.ReasonCeilingExceeded)...)
	switch {
	case len(problems) > 0:
		return conditions.False(area, foundationv1alpha1.ReasonCeilingExceeded, text.AndMore(problems))
	case in.Program.Spec.Ceilings == nil:
		return conditions.True(area, foundationv1alpha1.ReasonNothingDeclared, "")
	default:
		return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, "no team has more than spec.ceilings")
	}
}

// budgetCondition reports awards of money beyond spec.budget.
func budgetCondition(in Input, plan budget.Plan) metav1.Condition {
	const area = foundationv1alpha1.ConditionWithinBudget
	problems := heldBackFor(plan, foundationv1alpha1.ReasonBudgetExceeded)
	overdrawn := overdrawnLines(in, plan)
	switch {
	case len(overdrawn) > 0:
		return conditions.False(area, foundationv1alpha1.ReasonBudgetOverdrawn, text.AndMore(append(overdrawn, problems...)))
	case len(problems) > 0:
		return conditions.False(area, foundationv1alpha1.ReasonBudgetExceeded, text.AndMore(problems))
	case len(in.Program.Spec.Budget) == 0:
		return conditions.True(area, foundationv1alpha1.ReasonNothingDeclared, "")
	default:
		var lines []string
		for _, line := range plan.Lines {
			lines = append(lines, fmt.Sprintf("%s: %s of %s", line.Line,
				budget.Money(line.Committed, ""), budget.Money(line.Total, in.Program.Spec.Currency)))
		}
		return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, "committed on "+strings.Join(lines, ", "))
	}
}

// heldBackFor returns the messages of the awards that are held back for a reason.
func heldBackFor(plan budget.Plan, reason string) []string {
	var messages []string
	for _, grant := range plan.HeldBack {
		if grant.Reason == reason {
			messages = append(messages, grant.Message)
		}
	}
	return messages
}

// overdrawnLines returns a message for each line that has less than was due of it by now.
func overdrawnLines(in Input, plan budget.Plan) []string {
	var messages []string
	for _, line := range plan.Lines {
		if len(in.Program.Spec.Budget) > 0 && line.Committed > line.Total {
			messages = append(messages, fmt.Sprintf("line %s is overdrawn: %s were due by now, of %s: raise it in spec.budget, or lower an award to what was paid of it",
				line.Line, budget.Money(line.Committed, in.Program.Spec.Currency), budget.Money(line.Total, in.Program.Spec.Currency)))
		}
	}
	return messages
}
