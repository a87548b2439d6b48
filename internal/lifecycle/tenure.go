package lifecycle

import (
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// deletionNotice is how long data is kept at least after an end was found that came unseen, because the operator did not
// run, or because its clock was set.
const deletionNotice = day

// Tenure is what was seen of a team's time so far. Specs say only what holds now: a date in the past that was written a
// moment ago looks like one that has always been there. Periods that protect people and data count from what was seen.
type Tenure struct {
	// Phase is the team's phase in its programme when that existed last.
	Phase Phase
	// Begun is true if the team was in term at some time.
	Begun bool
	// End is when the team's time ends as far as the specs say, else zero; EndSeen is since when they say so.
	End, EndSeen time.Time
	// Ended is from when on the periods of retention count; zero while the team's time is not over.
	Ended time.Time
	// AccessUntil and KeptUntil are the ends of these periods.
	AccessUntil, KeptUntil time.Time
}

// isOver reports whether the team's time is over.
func (t Tenure) isOver() bool { return !t.Ended.IsZero() }

// Observe returns what is known of the team's time after a look at its specs at now; before is what was known until then,
// zero if nothing was.
func (t Team) Observe(before Tenure, now time.Time) Tenure {
	now = wholeSecond(now)
	t = t.alive()
	t.Tenure = &before
	specified := wholeSecond(t.specifiedEndTime(now))
	after := Tenure{Phase: before.Phase, Begun: before.Begun, End: specified, EndSeen: before.EndSeen}
	if !t.IsProgramMissing() {
		after.Phase = t.standing(now).Phase
	}
	if specified.IsZero() {
		after.End = wholeSecond(t.plannedEnd(now))
	}
	if !after.End.Equal(before.End) || after.EndSeen.IsZero() {
		after.EndSeen = now
	}
	switch {
	case t.ServedAs(now).HoldsAwards():
		after.Begun = true
		return after
	case before.isOver() && (before.Begun || !specified.IsZero()):
		after.Ended = latest(before.Ended, specified)
	case !specified.IsZero():
		// An end that was on record before it came counts from itself.
		after.Ended = latest(specified, after.EndSeen)
	case before.Begun:
		after.Ended = now // no spec says any more that the team was in term
	default:
		return after
	}
	t.observePeriods(before, &after, now)
	return after
}

// observePeriods sets until when data can be read and is kept. A period that was shortened after the team's time counts
// from when that was seen, and never makes the former one longer.
func (t Team) observePeriods(before Tenure, after *Tenure, now time.Time) {
	if t.IsProgramMissing() && before.isOver() {
		after.AccessUntil, after.KeptUntil = before.AccessUntil, before.KeptUntil
		return
	}
	until := func(period time.Duration, told time.Time) time.Time {
		return latest(after.Ended.Add(period), earliest(told, now.Add(period)))
	}
	after.AccessUntil = until(t.DataAccess(), before.AccessUntil)
	after.KeptUntil = latest(after.AccessUntil, until(t.Keep(), before.KeptUntil))
	if !before.isOver() {
		after.KeptUntil = latest(after.KeptUntil, now.Add(min(t.Keep(), deletionNotice)))
	}
}

// plannedEnd returns when the present or, before it begins, the next span ends in which the team has a seat within its
// term; zero if there is none, or if its end is not known.
func (t Team) plannedEnd(now time.Time) time.Time {
	for _, seat := range Within(t.Spec.Term, t.seatSpans()) {
		if seat.End.IsZero() || seat.End.After(now) {
			return seat.End
		}
	}
	return time.Time{}
}

// alive returns the team as if it were not being deleted: a deletion does not end a team's time.
func (t Team) alive() Team {
	team := *t.FoundationTeam
	team.DeletionTimestamp = nil
	t.FoundationTeam = &team
	return t
}

// IsProgramMissing reports whether the team names a programme that does not exist.
func (t Team) IsProgramMissing() bool { return t.Spec.ProgramName != "" && t.Program == nil }

// ServedAs returns the state by which the team is served at now: its own, or, while its programme is missing, the one that
// it has with the phase in which it was seen last. Time goes on: its own term ends then, too.
func (t Team) ServedAs(now time.Time) foundationv1alpha1.TeamState {
	state := t.State(now)
	if state != foundationv1alpha1.StateProgramNotFound || !t.phaseSeenLast().holdsSeat() {
		return state
	}
	return t.stateWithSeat(t.phaseSeenLast(), now)
}

func (t Team) phaseSeenLast() Phase {
	if t.Tenure == nil {
		return PhaseNone
	}
	return t.Tenure.Phase
}

// wholeSecond truncates a time as a record does.
func wholeSecond(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return at.UTC().Truncate(time.Second)
}

// earliest returns the earlier of two times; zero if one of them is.
func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
