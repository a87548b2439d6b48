package lifecycle_test

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

const (
	selected   = foundationv1alpha1.OutcomeSelected
	rejected   = foundationv1alpha1.OutcomeRejected
	eliminated = foundationv1alpha1.OutcomeEliminated
	withdrawn  = foundationv1alpha1.OutcomeWithdrawn
)

// kst returns midnight in Seoul, or the given time of that day.
func kst(date string) time.Time {
	if len(date) == len(time.DateOnly) {
		date += " 00:00"
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", date, time.FixedZone("KST", 9*60*60))
	if err != nil {
		panic(err)
	}
	return t
}

// dated writes a moment as kst reads it; nothing for none.
func dated(t time.Time) string {
	switch seoul := t.In(time.FixedZone("KST", 9*60*60)); {
	case t.IsZero():
		return ""
	case seoul.Format(time.TimeOnly) == "00:00:00":
		return seoul.Format(time.DateOnly)
	default:
		return seoul.Format("2006-01-02 15:04")
	}
}

// spanned writes spans with their GPUs.
func spanned(spans []lifecycle.Span) []string {
	var lines []string
	for _, span := range spans {
		lines = append(lines, fmt.Sprintf("%d from %s to %s", span.GPUs, dated(span.Start), dated(span.End)))
	}
	return lines
}

// decided is a decision of midnight in Seoul.
func decided(team string, outcome foundationv1alpha1.Outcome, date string, mods ...builder.DecisionMod) builder.ProgramMod {
	return builder.Decided(team, outcome, kst(date), mods...)
}

func finalAt(date string) builder.DecisionMod     { return builder.FinalAt(kst(date)) }
func effectiveAt(date string) builder.DecisionMod { return builder.EffectiveAt(kst(date)) }
func overturned(date string) builder.DecisionMod  { return builder.Overturned(kst(date)) }

func because(reason string) builder.DecisionMod {
	return func(decision *foundationv1alpha1.Decision) { decision.Reason = reason }
}

func programOf(mods ...builder.ProgramMod) *lifecycle.Program {
	return lifecycle.NewProgram(builder.Program("sovereign", mods...))
}

// takesPart is a team that takes part in a programme.
func takesPart(program *lifecycle.Program, name string, mods ...builder.TeamMod) lifecycle.Team {
	mods = append([]builder.TeamMod{builder.InProgram(program.Name)}, mods...)
	return lifecycle.NewTeam(builder.Team(name, mods...), program)
}

// timeline reads off where a team stands, from the first moment to the last: "2025-08-14 In" for each. It fails if Since and
// Next are not the bounds of each phase.
func timeline(t *testing.T, program *lifecycle.Program, team string) []string {
	t.Helper()
	var lines []string
	standing := program.Standing(team, time.Time{})
	if !standing.Since.IsZero() || standing.Decision != nil || standing.Phase != lifecycle.PhaseNone {
		t.Fatalf("before all decisions %s stands at %+v", team, standing)
	}
	for !standing.Next.IsZero() {
		at := standing.Next
		if last := program.Standing(team, at.Add(-time.Nanosecond)); last != standing {
			t.Fatalf("just before %s %s stands at %+v, want %+v", dated(at), team, last, standing)
		}
		before := standing
		standing = program.Standing(team, at)
		if standing.Phase == before.Phase {
			if standing.Decision == before.Decision {
				t.Fatalf("nothing changes %s, when %s changes next", dated(at), team)
			}
			if !standing.Since.Equal(before.Since) {
				t.Fatalf("%s is %s since %s, and since %s by another decision", team, before.Phase, dated(before.Since), dated(standing.Since))
			}
			continue
		}
		if !standing.Since.Equal(at) {
			t.Fatalf("since %s for what begins %s", dated(standing.Since), dated(at))
		}
		checkOutcome(t, standing)
		lines = append(lines, fmt.Sprintf("%s %s", dated(at), nameOf(standing.Phase)))
	}
	return lines
}

func nameOf(phase lifecycle.Phase) string {
	if phase == lifecycle.PhaseNone {
		return "None"
	}
	return string(phase)
}

// checkOutcome fails the test if the decision of a standing cannot lead to its phase.
func checkOutcome(t *testing.T, standing lifecycle.Standing) {
	t.Helper()
	want := map[lifecycle.Phase]foundationv1alpha1.Outcome{
		lifecycle.PhaseRejected: rejected, lifecycle.PhasePending: selected, lifecycle.PhaseHeldBack: selected,
		lifecycle.PhaseIn: selected, lifecycle.PhaseObjection: eliminated, lifecycle.PhaseEliminated: eliminated,
		lifecycle.PhaseWithdrawn: withdrawn,
	}[standing.Phase]
	if (standing.Decision == nil) != (want == "") || want != "" && standing.Decision.Outcome != want {
		t.Fatalf("phase %s by %+v", nameOf(standing.Phase), standing.Decision)
	}
}

// states reads off a team's states, from the first moment to the last: "2025-08-14 InTerm" for each. It fails if one of
// them changes before the next transition.
func states(t *testing.T, team lifecycle.Team) []string {
	t.Helper()
	at := kst("2000-01-01")
	state := team.State(at)
	lines := []string{string(state)}
	for at = team.NextTransition(at); !at.IsZero(); at = team.NextTransition(at) {
		if before := team.State(at.Add(-time.Nanosecond)); before != state {
			t.Fatalf("just before %s it is %s, and was %s", dated(at), before, state)
		}
		if team.State(at) != state {
			state = team.State(at)
			lines = append(lines, dated(at)+" "+string(state))
		}
	}
	return lines
}

// roles returns the staff who have access at a moment, with their roles.
func roles(team lifecycle.Team, at time.Time) string {
	text := ""
	for _, member := range team.Staff(at) {
		text += fmt.Sprintf("%s %s; ", member.Name, member.Role)
	}
	return text
}

// checkSince fails the test if a state did not begin at the time that StateSince returns.
func checkSince(t *rapid.T, team lifecycle.Team, at time.Time) {
	since := team.StateSince(at)
	state := team.State(at)
	if state == foundationv1alpha1.StateDeleting || state == foundationv1alpha1.StateSuspended && ptr.Deref(team.Spec.Suspend, false) {
		return // by an edit
	}
	if since.After(at) {
		t.Fatalf("at %s it is %s since %s", at, state, since)
	}
	for _, earlier := range append(moments(), since) {
		if !earlier.Before(since) && !earlier.After(at) && team.State(earlier) != state {
			t.Fatalf("at %s it is %s since %s, and at %s it is %s", at, state, since, earlier, team.State(earlier))
		}
	}
	if !since.IsZero() && team.State(since.Add(-time.Nanosecond)) == state {
		t.Fatalf("at %s it is %s since %s, and was before", at, state, since)
	}
}
