package team

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

// ceilingsCondition reports every award beyond what the programme lets the team have, now or later.
func ceilingsCondition(m *Model) metav1.Condition {
	const area = foundationv1alpha1.ConditionWithinCeilings
	var reason string
	var messages []string
	add := func(why, message string) {
		if reason == "" {
			reason = why
		}
		messages = append(messages, message)
	}
	stages, awards := m.Life.MissingStages()
	for i, stage := range stages {
		add(foundationv1alpha1.ReasonStageNotFound, fmt.Sprintf("award %s names stage %s, which %s does not have: correct spec.gpus, or add the stage there", awards[i], stage, m.Program.Name))
	}
	for _, excess := range m.Life.Excesses(m.Now) {
		from := ""
		if excess.At.After(m.Now) {
			from = " from " + m.Life.FormatTime(excess.At) + " on"
		}
		add(foundationv1alpha1.ReasonCeilingExceeded, fmt.Sprintf("%s: %d GPUs are awarded%s, %d held back: %s lets a team have no more; shrink the award, or raise spec.ceilings there",
			excess.Pool, excess.Awarded+excess.HeldBack, from, excess.HeldBack, m.Program.Name))
	}
	for _, held := range heldBackAwards(m) {
		add(held.Reason, held.Message)
	}
	if reason != "" {
		return conditions.False(area, reason, text.Within(messages, conditions.MaxList))
	}
	return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, "")
}
