package team

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/ranking"
	"foundation.team/operator/internal/timing"
)

// programStatus is what the programme decided on the team, its own result and nobody else's; nil if it stands alone. What
// was scored is told with the decision that was made on it.
func programStatus(in Input) *foundationv1alpha1.TeamProgramStatus {
	if in.Program == nil {
		return nil
	}
	status := &foundationv1alpha1.TeamProgramStatus{Name: in.Program.Name, ObservedGeneration: in.Program.Generation}
	decision := in.Program.Standing(in.Team.Name, in.Now).Decision
	if decision == nil {
		return status
	}
	status.Outcome, status.Reason = decision.Outcome, decision.Reason
	status.DecisionTime, status.FinalTime, status.EffectiveTime = decision.DecisionTime, decision.FinalTime, decision.EffectiveTime
	if decision.Evaluation != "" {
		status.Score, status.FailedGates, _ = ranking.Score(&in.Program.Spec, decision.Evaluation, in.Team.Name)
	}
	return status
}

// retentionStatus is what becomes of the team's data; nil while its time is not over.
func retentionStatus(in Input) *foundationv1alpha1.TeamRetentionStatus {
	retention, over := in.life().Retention(in.Now)
	if !over {
		return nil
	}
	return &foundationv1alpha1.TeamRetentionStatus{
		Phase:             retention.Phase,
		DataAccessEndTime: timing.Meta(retention.AccessUntil),
		KeepEndTime:       timing.Meta(retention.KeptUntil),
	}
}

// budgetStatus is the team's money, by line, less what its programme holds back.
func budgetStatus(in Input) []foundationv1alpha1.TeamBudgetStatus {
	team, seated := budget.Of(in.life(), in.Now)
	if !seated {
		return nil
	}
	held := heldBackGrants(in)
	team.Awards = slices.DeleteFunc(slices.Clone(team.Awards), func(grant foundationv1alpha1.BudgetAward) bool {
		return slices.ContainsFunc(held, func(h foundationv1alpha1.HeldBackAward) bool { return h.Award == grant.Name })
	})
	lines := budget.Commit(&foundationv1alpha1.FoundationProgramSpec{}, in.Program.Location(), in.Now, []budget.Team{team}).Teams[team.Name]
	for _, h := range held {
		i := slices.IndexFunc(lines, func(line foundationv1alpha1.TeamBudgetStatus) bool { return line.Line == h.Line })
		if i < 0 {
			lines = append(lines, foundationv1alpha1.TeamBudgetStatus{Line: h.Line})
			i = len(lines) - 1
		}
		lines[i].Awarded += h.Amount
		lines[i].HeldBack += h.Amount
	}
	slices.SortFunc(lines, func(a, b foundationv1alpha1.TeamBudgetStatus) int {
		return slices.Index(budget.Lines, a.Line) - slices.Index(budget.Lines, b.Line)
	})
	return lines
}

// heldBackGrants are those of the team's grants that its programme holds back.
func heldBackGrants(in Input) []foundationv1alpha1.HeldBackAward {
	if in.Program == nil {
		return nil
	}
	var held []foundationv1alpha1.HeldBackAward
	for _, grant := range in.Program.Status.HeldBack {
		if grant.TeamName == in.Team.Name {
			held = append(held, grant)
		}
	}
	return held
}

// ceilingsCondition tells, now, of all that is awarded beyond what the programme lets the team have, also later.
func ceilingsCondition(in Input) metav1.Condition {
	const area = foundationv1alpha1.ConditionWithinCeilings
	var reason string
	var messages []string
	add := func(why, message string) {
		if reason == "" {
			reason = why
		}
		messages = append(messages, message)
	}
	stages, awards := in.life().MissingStages()
	for i, stage := range stages {
		add(foundationv1alpha1.ReasonStageNotFound, fmt.Sprintf("award %s names stage %s, which %s does not have: correct spec.gpus, or add the stage there", awards[i], stage, in.Program.Name))
	}
	for _, excess := range in.life().Excesses(in.Now) {
		from := ""
		if excess.At.After(in.Now) {
			from = " from " + in.life().When(excess.At) + " on"
		}
		add(foundationv1alpha1.ReasonCeilingExceeded, fmt.Sprintf("%s: %d GPUs are awarded%s, %d held back: %s lets a team have no more; shrink the award, or raise spec.ceilings there",
			excess.Pool, excess.Awarded+excess.HeldBack, from, excess.HeldBack, in.Program.Name))
	}
	for _, held := range heldBackGrants(in) {
		add(held.Reason, held.Message)
	}
	if reason != "" {
		return conditions.False(area, reason, strings.Join(messages, "; "))
	}
	return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, "")
}
