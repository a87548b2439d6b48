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

// ProgramOf is the name of the programme that a team takes part in; empty if it stands alone.
func ProgramOf(team *foundationv1alpha1.FoundationTeam) string {
	if team.Spec.ProgramRef == nil {
		return ""
	}
	return team.Spec.ProgramRef.Name
}

// State is where the team is in its life at now: one of the reasons of the Active condition.
func (t Team) State(now time.Time) string {
	state, _ := t.state(now)
	return state
}

// StateSince is when the state at now began, by the programme or the term; zero if it always was, or if an edit began it.
func (t Team) StateSince(now time.Time) time.Time {
	_, since := t.state(now)
	return since
}

func (t Team) state(now time.Time) (state string, since time.Time) {
	if !t.DeletionTimestamp.IsZero() {
		return foundationv1alpha1.ReasonDeleting, t.DeletionTimestamp.Time
	}
	if ProgramOf(t.FoundationTeam) != "" && t.Program == nil {
		return foundationv1alpha1.ReasonProgramNotFound, time.Time{}
	}
	standing := t.standing(now)
	term := t.term()
	switch standing.Phase {
	case PhaseNone, PhaseRejected, PhaseHeldBack:
		return foundationv1alpha1.ReasonNotSelected, standing.Since
	case PhasePending:
		return foundationv1alpha1.ReasonNotFinal, standing.Since
	case PhaseEliminated, PhaseWithdrawn:
		if end := timeOf(term.End); !end.IsZero() && !end.After(standing.Since) {
			return foundationv1alpha1.ReasonEnded, end
		}
		if standing.Phase == PhaseWithdrawn {
			return foundationv1alpha1.ReasonWithdrawn, standing.Since
		}
		return foundationv1alpha1.ReasonEliminated, standing.Since
	}
	switch {
	case before(now, term.Start):
		return foundationv1alpha1.ReasonNotStarted, standing.Since
	case term.End != nil && !before(now, term.End):
		return foundationv1alpha1.ReasonEnded, term.End.Time
	case standing.Phase == PhaseObjection:
		return foundationv1alpha1.ReasonSuspended, standing.Since
	case t.Spec.Suspend:
		return foundationv1alpha1.ReasonSuspended, time.Time{}
	default:
		return foundationv1alpha1.ReasonInTerm, latest(standing.Since, timeOf(term.Start))
	}
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

// HoldsAwards says whether a team in this state keeps its GPUs: in term, and while suspended.
func HoldsAwards(state string) bool {
	return state == foundationv1alpha1.ReasonInTerm || state == foundationv1alpha1.ReasonSuspended
}

// NextTransition is the next moment after now at which time alone changes a team: its standing in its programme, its
// term, an award, a staff entry, a period of retention or money that is due. It is zero if there is none.
func (t Team) NextTransition(now time.Time) time.Time {
	times := []time.Time{timeOf(t.term().Start), timeOf(t.term().End), t.standing(now).Next}
	for _, span := range t.awardSpans() {
		times = append(times, span.Start, span.End)
	}
	for _, member := range t.Spec.Staff {
		end := timeOf(member.End)
		times = append(times, timeOf(member.Start), end)
		for _, notice := range notices {
			if !end.IsZero() {
				times = append(times, end.Add(-notice))
			}
		}
	}
	for _, grant := range t.Spec.Budget {
		times = append(times, timeOf(grant.DueAt))
		for _, instalment := range grant.Instalments {
			times = append(times, timeOf(instalment.DueAt))
		}
	}
	if retention, over := t.Retention(now); over {
		times = append(times, retention.AccessUntil, retention.KeptUntil)
	}
	return Next(now, times)
}

// Next is the earliest of the times after now, zero times left out; zero if there is none.
func Next(now time.Time, times []time.Time) time.Time {
	times = slices.DeleteFunc(slices.Clone(times), func(t time.Time) bool { return t.IsZero() || !t.After(now) })
	if len(times) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(times, time.Time.Compare)
}

// longestWait bounds how long a controller waits for a moment. Timers do not see it when somebody sets the clock.
const longestWait = time.Hour

// Wait is how long to wait for the first of the moments, zero ones left out; 0 if there is none. It is at least a
// second, because moments are whole seconds, and at most an hour.
func Wait(now time.Time, moments ...time.Time) time.Duration {
	var first time.Time
	for _, moment := range moments {
		if first.IsZero() || !moment.IsZero() && moment.Before(first) {
			first = moment
		}
	}
	if first.IsZero() {
		return 0
	}
	return min(max(first.Sub(now), time.Second), longestWait)
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

// MetaTime is a time as status has it: UTC, whole seconds, nil for none.
func MetaTime(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t.UTC().Truncate(time.Second)}
}
