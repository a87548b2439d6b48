// Package lifecycle derives the life of a team from specs and a time: its standing in its programme, the state that
// follows from that and its term, the GPUs that it may have, the staff who have access, and the retention of its
// data. All are pure functions without memory of earlier results. Every controller calls them instead of reading what
// another one wrote, so that none has to wait for another's status.
package lifecycle

import (
	"slices"
	"time"

	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/timing"
)

// Team is a FoundationTeam with its programme.
type Team struct {
	*foundationv1alpha1.FoundationTeam
	// Program is nil if the team has no programme, or if the programme does not exist.
	Program *Program
	// Tenure is what was seen of the team's time; nil where only the specs are known, by which it then goes.
	Tenure *Tenure
	// MissingPools are the pools that the team's awards name and that do not exist.
	MissingPools []string
}

// NewTeam returns a team with its programme, nil if it has none or it does not exist.
func NewTeam(team *foundationv1alpha1.FoundationTeam, program *Program) Team {
	return Team{FoundationTeam: team, Program: program}
}

// State returns the team's state at now.
func (t Team) State(now time.Time) foundationv1alpha1.TeamState {
	if !t.DeletionTimestamp.IsZero() {
		return foundationv1alpha1.StateDeleting
	}
	if t.IsProgramMissing() {
		if phase := t.phaseSeenLast(); phase.holdsSeat() && t.stateWithSeat(phase, now) == foundationv1alpha1.StateEnded {
			return foundationv1alpha1.StateEnded
		}
		return foundationv1alpha1.StateProgramNotFound
	}
	switch phase := t.standing(now).Phase; phase {
	case PhaseNone, PhaseRejected, PhaseHeldBack:
		return foundationv1alpha1.StateNotSelected
	case PhasePending:
		return foundationv1alpha1.StateNotFinal
	case PhaseEliminated, PhaseWithdrawn:
		if over := t.lastSeatEnd(now); !over.IsZero() && over.Equal(timeOf(t.term().EndTime)) {
			return foundationv1alpha1.StateEnded
		}
		if phase == PhaseWithdrawn {
			return foundationv1alpha1.StateWithdrawn
		}
		return foundationv1alpha1.StateEliminated
	default:
		return t.stateWithSeat(phase, now)
	}
}

// stateWithSeat returns the state of a team that has a seat.
func (t Team) stateWithSeat(phase Phase, now time.Time) foundationv1alpha1.TeamState {
	switch term := t.term(); {
	case isBefore(now, term.StartTime):
		return foundationv1alpha1.StateNotStarted
	case term.EndTime != nil && !isBefore(now, term.EndTime):
		return foundationv1alpha1.StateEnded
	case phase == PhaseObjection, ptr.Deref(t.Spec.Suspend, false):
		return foundationv1alpha1.StateSuspended
	default:
		return foundationv1alpha1.StateInTerm
	}
}

// StateSince returns when the state at now began by the programme or the term; zero if it has always been, or if an
// edit of the spec began it, whose time is not known here.
func (t Team) StateSince(now time.Time) time.Time {
	state := t.State(now)
	switch {
	case state == foundationv1alpha1.StateDeleting:
		return t.DeletionTimestamp.Time
	case state == foundationv1alpha1.StateSuspended && t.standing(now).Phase != PhaseObjection:
		return time.Time{}
	}
	team := *t.FoundationTeam
	team.Spec.Suspend = nil
	resumed := t
	resumed.FoundationTeam = &team
	var since time.Time
	var was foundationv1alpha1.TeamState
	for _, moment := range t.transitionTimes() {
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

// transitionTimes returns the times at which the team's standing or its term can change its state, the earliest
// first.
func (t Team) transitionTimes() []time.Time {
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

// lastSeatEnd returns when the team's last seat within its term ended; zero if it has one at now, or never had one.
// The deletion of the team does not end a seat.
func (t Team) lastSeatEnd(now time.Time) time.Time {
	var over time.Time
	for _, seat := range Within(t.Spec.Term, t.seatSpans()) {
		if !seat.Start.After(now) {
			over = seat.End
		}
	}
	if over.After(now) {
		return time.Time{}
	}
	return over
}

// standing returns the team's standing in its programme. A team without a programme always counts as having a seat.
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

// NextTransition returns the next time after now at which time alone changes a team: its standing in its programme,
// its term, an award, a staff entry, a period of retention or money that is due. It is zero if there is none.
func (t Team) NextTransition(now time.Time) time.Time {
	times := []time.Time{timeOf(t.term().StartTime), timeOf(t.term().EndTime), t.standing(now).Next}
	for _, span := range t.awardSpans() {
		times = append(times, span.Start, span.End)
	}
	for _, member := range t.Spec.Staff {
		end := timeOf(member.EndTime)
		times = append(times, timeOf(member.StartTime), end)
		for _, notice := range expiryNotices {
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

func isBefore(now time.Time, bound *foundationv1alpha1.Timestamp) bool {
	return bound != nil && now.Before(bound.Time)
}

func timeOf(t *foundationv1alpha1.Timestamp) time.Time {
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
