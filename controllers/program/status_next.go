package program

import (
	"fmt"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
	"foundation.team/operator/internal/timing"
)

// transition is a time at which time alone changes something, and what it changes.
type transition struct {
	at   time.Time
	what string
}

// nextTransition returns the next time at which time alone changes something, and a sentence about it in the programme's
// time zone; zero and empty if nothing is to come.
func nextTransition(in Input, plan budget.Plan) (time.Time, string) {
	next, whats := earliest(in.Now, transitions(in, plan))
	// Awards mostly begin and end with a stage, a term or a decision, which says more; so they are used only if they come
	// first.
	if at, changes := earliest(in.Now, awardTransitions(in)); next.IsZero() || !at.IsZero() && at.Before(next) {
		next, whats = at, changes
	}
	if next.IsZero() {
		return next, ""
	}
	return next, in.formatTime(next) + ": " + text.First(whats, maxNames)
}

// earliest returns the first time after now, and everything that changes then.
func earliest(now time.Time, all []transition) (first time.Time, whats []string) {
	for _, m := range all {
		switch {
		case !m.at.After(now) || !first.IsZero() && m.at.After(first):
		case m.at.Equal(first):
			whats = append(whats, m.what)
		default:
			first, whats = m.at, []string{m.what}
		}
	}
	return first, whats
}

// transitions returns those of decisions, evaluations, stages, terms and payments.
func transitions(in Input, plan budget.Plan) []transition {
	var all []transition
	add := func(at *foundationv1alpha1.Timestamp, format string, args ...any) {
		if at != nil {
			all = append(all, transition{at.Time, fmt.Sprintf(format, args...)})
		}
	}
	for _, team := range in.Program.Teams() {
		before := in.Program.Standing(team, in.Now)
		if at := before.Next; !at.IsZero() {
			all = append(all, transition{at, changePhrase(team, before, in.Program.Standing(team, at), at)})
		}
	}
	for _, evaluation := range in.Program.Spec.Evaluations {
		add(evaluation.CloseTime, "evaluation %s is closed", evaluation.Name)
	}
	for _, stage := range in.Program.Spec.Stages {
		add(stage.StartTime, "stage %s begins", stage.Name)
		add(stage.EndTime, "stage %s ends", stage.Name)
	}
	for _, team := range in.Teams {
		if term := team.Spec.Term; term != nil && expectsManifest(in.Program.Standing(team.Name, in.Now).Phase) {
			add(term.StartTime, "the term of %s begins", team.Name)
			add(term.EndTime, "the term of %s ends", team.Name)
		}
	}
	for _, payment := range plan.Due {
		add(&foundationv1alpha1.Timestamp{Time: payment.At}, "%s on line %s are due to %s",
			budget.Money(payment.Amount, in.Program.Spec.Currency), payment.Line, payment.Team)
	}
	return all
}

// awardTransitions returns when teams may use more or fewer GPUs.
func awardTransitions(in Input) []transition {
	var all []transition
	for _, team := range in.Teams {
		for _, pool := range awardPools(team) {
			if at := timing.Next(in.Now, lifecycle.Boundaries(team.Awards(pool))); !at.IsZero() {
				all = append(all, transition{at, fmt.Sprintf("what %s is awarded of %s changes", team.Name, pool)})
			}
		}
	}
	return all
}

// changePhrase says what changes for a team at a time.
func changePhrase(team string, before, after lifecycle.Standing, at time.Time) string {
	switch {
	case before.Decision != nil && isAt(before.Decision.OverturnTime, at):
		return fmt.Sprintf("the %s of %s is overturned", outcomeNoun(before.Decision.Outcome), team)
	case after.Phase == lifecycle.PhaseHeldBack:
		return fmt.Sprintf("the selection of %s finds no seat", team)
	case after.Phase == lifecycle.PhaseIn && before.Phase == lifecycle.PhaseHeldBack:
		return team + " gets a seat that becomes free"
	case after.Phase == lifecycle.PhasePending:
		return team + " is selected"
	case after.Decision == nil:
		return "no decision on " + team + " counts any more"
	case isAt(after.Decision.FinalTime, at):
		return fmt.Sprintf("the %s of %s is final", outcomeNoun(after.Decision.Outcome), team)
	default:
		return fmt.Sprintf("the %s of %s takes effect", outcomeNoun(after.Decision.Outcome), team)
	}
}

func isAt(t *foundationv1alpha1.Timestamp, at time.Time) bool { return t != nil && t.Time.Equal(at) }

func outcomeNoun(outcome foundationv1alpha1.Outcome) string {
	switch outcome {
	case foundationv1alpha1.OutcomeSelected:
		return "selection"
	case foundationv1alpha1.OutcomeRejected:
		return "rejection"
	case foundationv1alpha1.OutcomeEliminated:
		return "elimination"
	default:
		return "withdrawal"
	}
}
