// Package lifecycle says who is in and when that changes: where a team stands in its programme, the state that follows
// from that and its term, the GPUs it may draw, the staff who have access and what becomes of its data; each as a pure
// function of specs and a moment, never of what was before. Every controller asks here, so that none of them has to wait
// for another one's answer.
package lifecycle

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/timing"
)

// Team is a team with the programme that it takes part in.
type Team struct {
	*foundationv1alpha1.FoundationTeam
	// Program is nil if the team stands alone, or if its programme does not exist.
	Program *Program
}

// Of is a team with its programme, nil if it has none or it does not exist.
func Of(team *foundationv1alpha1.FoundationTeam, program *Program) Team {
	return Team{FoundationTeam: team, Program: program}
}

// State is where the team is in its life at now.
func (t Team) State(now time.Time) foundationv1alpha1.TeamState {
	if !t.DeletionTimestamp.IsZero() {
		return foundationv1alpha1.StateDeleting
	}
	if t.Spec.ProgramName != "" && t.Program == nil {
		return foundationv1alpha1.StateProgramNotFound
	}
	switch phase := t.standing(now).Phase; phase {
	case PhaseNone, PhaseRejected, PhaseHeldBack:
		return foundationv1alpha1.StateNotSelected
	case PhasePending:
		return foundationv1alpha1.StateNotFinal
	case PhaseEliminated, PhaseWithdrawn:
		if over := t.over(now); !over.IsZero() && over.Equal(timeOf(t.term().EndTime)) {
			return foundationv1alpha1.StateEnded
		}
		if phase == PhaseWithdrawn {
			return foundationv1alpha1.StateWithdrawn
		}
		return foundationv1alpha1.StateEliminated
	default:
		return t.stateInside(phase, now)
	}
}

// stateInside is the state of a team that has a seat.
func (t Team) stateInside(phase Phase, now time.Time) foundationv1alpha1.TeamState {
	switch term := t.term(); {
	case before(now, term.StartTime):
		return foundationv1alpha1.StateNotStarted
	case term.EndTime != nil && !before(now, term.EndTime):
		return foundationv1alpha1.StateEnded
	case phase == PhaseObjection, t.Spec.Suspend:
		return foundationv1alpha1.StateSuspended
	default:
		return foundationv1alpha1.StateInTerm
	}
}

// StateSince is when the state at now began, by the programme or the term; zero if it always was, or if an edit began it.
func (t Team) StateSince(now time.Time) time.Time {
	state := t.State(now)
	switch {
	case state == foundationv1alpha1.StateDeleting:
		return t.DeletionTimestamp.Time
	case state == foundationv1alpha1.StateSuspended && t.standing(now).Phase != PhaseObjection:
		return time.Time{}
	}
	team := *t.FoundationTeam
	team.Spec.Suspend = false
	resumed := Of(&team, t.Program)
	var since time.Time
	var was foundationv1alpha1.TeamState
	for _, moment := range t.moments() {
		if moment.After(now) {
			break
		}
		if was == "" {
			was = resumed.State(moment.Add(-1))
		}
		if is := resumed.State(moment); is != was {
			since, was = moment, is
		}
	}
	return since
}

// moments are those at which the team's standing or its term changes its state, the earliest first.
func (t Team) moments() []time.Time {
	times := Boundaries(Within(t.Spec.Term, []Span{{}}))
	if t.Program != nil {
		for _, standing := range t.Program.timelines[t.Name] {
			times = append(times, standing.Since)
		}
	}
	times = slices.DeleteFunc(times, time.Time.IsZero)
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// over is when the team's time was over: the end of the last seat that it had in its term; zero if it has one at now, or
// never had. Whether the manifest is being deleted is nothing to it.
func (t Team) over(now time.Time) time.Time {
	var over time.Time
	for _, seat := range Within(t.Spec.Term, t.seats()) {
		if !seat.Start.After(now) {
			over = seat.End
		}
	}
	if over.After(now) {
		return time.Time{}
	}
	return over
}

// standing is the team's standing in its programme; a team without one is always in.
func (t Team) standing(now time.Time) Standing {
	if t.Program == nil {
		return Standing{Phase: PhaseIn}
	}
	return t.Program.Standing(t.Name, now)
}

func (t Team) term() foundationv1alpha1.Window {
	if t.Spec.Term == nil {
		return foundationv1alpha1.Window{}
	}
	return *t.Spec.Term
}

// NextTransition is the next moment after now at which time alone changes a team: its standing in its programme, its
// term, an award, a staff entry, a period of retention or money that is due. It is zero if there is none.
func (t Team) NextTransition(now time.Time) time.Time {
	times := []time.Time{timeOf(t.term().StartTime), timeOf(t.term().EndTime), t.standing(now).Next}
	for _, span := range t.awardSpans() {
		times = append(times, span.Start, span.End)
	}
	for _, member := range t.Spec.Staff {
		end := timeOf(member.EndTime)
		times = append(times, timeOf(member.StartTime), end)
		for _, notice := range notices {
			if !end.IsZero() {
				times = append(times, end.Add(-notice))
			}
		}
	}
	for _, grant := range t.Spec.Budget {
		times = append(times, timeOf(grant.DueTime))
		for _, instalment := range grant.Instalments {
			times = append(times, timeOf(instalment.DueTime))
		}
	}
	if retention, over := t.Retention(now); over {
		times = append(times, retention.AccessUntil, retention.KeptUntil)
	}
	return timing.Next(now, times)
}

func before(now time.Time, bound *metav1.Time) bool {
	return bound != nil && now.Before(bound.Time)
}

func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
