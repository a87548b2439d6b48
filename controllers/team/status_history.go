package team

import (
	"fmt"
	"strings"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
)

const (
	// maxShownChanges is how many of the newest changes a team's status shows.
	maxShownChanges = 10
	// maxRenderedFact is the CRD's maxLength of a rendered fact.
	maxRenderedFact = 1024
)

// historyStatus renders the newest changes of a record, in the present time zone of the team's programme.
func historyStatus(record *foundationv1alpha1.TeamRecord, life lifecycle.Team) []foundationv1alpha1.TeamChange {
	if record == nil {
		return nil
	}
	var shown []foundationv1alpha1.TeamChange
	for _, change := range record.Spec.History[max(0, len(record.Spec.History)-maxShownChanges):] {
		shown = append(shown, renderChange(change, life))
	}
	return shown
}

func renderChange(change foundationv1alpha1.RecordedChange, life lifecycle.Team) foundationv1alpha1.TeamChange {
	shown := foundationv1alpha1.TeamChange{Time: *change.Time.Meta(), What: string(change.Field), By: change.By, Late: change.Late}
	shown.Effect = renderEffect(change.Effect)
	if change.Field == foundationv1alpha1.FieldSettings {
		shown.What = change.Name
	} else if change.Name != "" {
		shown.What = fmt.Sprintf("%s[%s]", change.Field, change.Name)
	}
	if change.Field == foundationv1alpha1.FieldManifest {
		shown.From, shown.To = "removed", "applied again"
		return shown
	}
	shown.From, shown.To = renderFact(change.From, life), renderFact(change.To, life)
	return shown
}

// renderFact returns a fact as text; empty if there is none.
func renderFact(fact *foundationv1alpha1.Fact, life lifecycle.Team) string {
	shown := ""
	switch {
	case fact == nil:
	case fact.State != "":
		shown = string(fact.State)
	case fact.Suspend:
		shown = "true"
	case fact.ProgramName != "":
		shown = fact.ProgramName
	case fact.Term != nil:
		shown = renderWindow(fact.Term.StartTime, fact.Term.EndTime, life)
	case fact.Decision != nil:
		shown = renderDecision(fact.Decision, life)
	case fact.GPUs != nil:
		shown = renderGPUAward(fact.GPUs, life)
	case fact.Budget != nil:
		shown = renderBudgetAward(fact.Budget, life)
	case fact.Volume != nil:
		shown = fmt.Sprintf("%s in %s", fact.Volume.Size.String(), fact.Volume.Namespace)
	case fact.Setting != nil:
		shown = fact.Setting.Value
	case fact.Staff != nil:
		shown = strings.TrimSpace(fmt.Sprintf("%s: %s %s %s", fact.Staff.Role, fact.Staff.Subject.Kind, fact.Staff.Subject.Name,
			renderWindow(fact.Staff.StartTime, fact.Staff.EndTime, life)))
	}
	return text.Cut(shown, maxRenderedFact)
}

func renderDecision(decision *foundationv1alpha1.DecisionFact, life lifecycle.Team) string {
	parts := []string{fmt.Sprintf("%s on %s", decision.Outcome, renderTime(decision.DecisionTime, life))}
	for _, part := range []struct {
		what string
		at   *foundationv1alpha1.Timestamp
	}{{"in effect from", decision.EffectiveTime}, {"final on", decision.FinalTime}, {"overturned on", decision.OverturnTime}} {
		if part.at != nil {
			parts = append(parts, part.what+" "+renderTime(part.at, life))
		}
	}
	return strings.Join(parts, ", ") + ": " + decision.Reason
}

func renderGPUAward(award *foundationv1alpha1.GPUAwardFact, life lifecycle.Team) string {
	parts := []string{fmt.Sprintf("%d of %s", award.Count, award.PoolName)}
	if award.Stage != "" {
		parts = append(parts, "for stage "+award.Stage)
	}
	if award.IfPassed != "" {
		parts = append(parts, "if "+award.IfPassed+" was passed")
	}
	if window := renderWindow(award.StartTime, award.EndTime, life); window != "" {
		parts = append(parts, window)
	}
	return strings.Join(parts, " ")
}

func renderBudgetAward(award *foundationv1alpha1.BudgetAwardFact, life lifecycle.Team) string {
	shown := fmt.Sprintf("%d on line %s", award.Amount, award.Line)
	if award.DueTime != nil {
		return shown + " due " + renderTime(award.DueTime, life)
	}
	for i, instalment := range award.Instalments {
		separator := ", "
		if i == 0 {
			separator = " in instalments: "
		}
		shown += fmt.Sprintf("%s%d on %s", separator, instalment.Amount, renderTime(instalment.DueTime, life))
	}
	return shown
}

func renderWindow(start, end *foundationv1alpha1.Timestamp, life lifecycle.Team) string {
	var parts []string
	if start != nil {
		parts = append(parts, "from "+renderTime(start, life))
	}
	if end != nil {
		parts = append(parts, "until "+renderTime(end, life))
	}
	return strings.Join(parts, " ")
}

// renderBound returns a bound of a term as text.
func renderBound(t *foundationv1alpha1.Timestamp, life lifecycle.Team) string {
	if t == nil {
		return "open"
	}
	return renderTime(t, life)
}

func renderTime(t *foundationv1alpha1.Timestamp, life lifecycle.Team) string {
	if t == nil {
		return "no date"
	}
	return life.FormatTime(t.Time)
}
