package lifecycle

import (
	"fmt"
	"strings"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// FormatTime formats a time for the team: in its programme's time zone, else in UTC.
func (t Team) FormatTime(at time.Time) string {
	return at.In(t.Program.Location()).Format(time.RFC3339)
}

// Message explains the team's state: why, until when, and what helps.
func (t Team) Message(now time.Time) string { return t.message(now, t.dataMessage(now)) }

// StateMessage is Message without what becomes of the team's data, which does not follow from the specs alone.
func (t Team) StateMessage(now time.Time) string { return t.message(now, "") }

func (t Team) message(now time.Time, data string) string {
	switch state := t.State(now); state {
	case foundationv1alpha1.StateDeleting:
		return "the team is being deleted"
	case foundationv1alpha1.StateProgramNotFound:
		return fmt.Sprintf("FoundationProgram %s does not exist: create it, or correct spec.programName; until then what is there is kept, and nothing new is given", t.Spec.ProgramName)
	case foundationv1alpha1.StateNotSelected, foundationv1alpha1.StateNotFinal:
		return t.notSelectedMessage(now) + clause("; it was in before: ", data)
	case foundationv1alpha1.StateNotStarted:
		return "the term starts " + t.FormatTime(t.Spec.Term.StartTime.Time) + clause("; it was in before: ", data)
	case foundationv1alpha1.StateEnded:
		message := "the term ended " + t.FormatTime(t.Spec.Term.EndTime.Time) + clause("; GPUs are taken back, ", data)
		if t.standing(now).Phase.holdsSeat() {
			message += "; move spec.term.endTime to go on"
		}
		return message
	case foundationv1alpha1.StateEliminated, foundationv1alpha1.StateWithdrawn:
		left := "eliminated by"
		if state == foundationv1alpha1.StateWithdrawn {
			left = "withdrawn from"
		}
		return fmt.Sprintf("%s %s on %s: %s", left, t.Program.Name, t.FormatTime(t.StateSince(now)), reasonClause(t.standing(now).Decision)) +
			clause("; GPUs are taken back, ", data)
	case foundationv1alpha1.StateSuspended:
		return t.suspendedMessage(now)
	default:
		return t.inTermMessage(now)
	}
}

// clause returns a clause after its link; empty if there is no clause.
func clause(link, text string) string {
	if text == "" {
		return ""
	}
	return link + text
}

// notSelectedMessage explains why the team has no seat in its programme.
func (t Team) notSelectedMessage(now time.Time) string {
	standing := t.standing(now)
	name := t.Program.Name
	switch standing.Phase {
	case PhasePending:
		r := newRuling(standing.Decision)
		what := "takes effect"
		if standing.Decision.FinalTime != nil && r.effectiveFrom.Equal(standing.Decision.FinalTime.Time) {
			what = "is final"
		}
		return fmt.Sprintf("selected by %s, which %s %s", name, what, t.FormatTime(r.effectiveFrom))
	case PhaseRejected:
		return fmt.Sprintf("rejected by %s: %s", name, reasonClause(standing.Decision))
	case PhaseHeldBack:
		return fmt.Sprintf("selected by %s, but no seat of %d is free: the team gets the next one that becomes free", name, t.Program.Spec.Seats)
	default:
		return name + " has not selected the team"
	}
}

func (t Team) suspendedMessage(now time.Time) string {
	const held = "nothing new starts and staff may only read, awards are kept"
	standing := t.standing(now)
	if standing.Phase == PhaseObjection {
		return fmt.Sprintf("eliminated by %s: %s; until that is final, %s, %s", t.Program.Name, reasonClause(standing.Decision),
			t.FormatTime(newRuling(standing.Decision).final), held)
	}
	return "suspended: " + held + "; set spec.suspend to false to resume"
}

func (t Team) inTermMessage(now time.Time) string {
	until := timeOf(t.term().EndTime)
	next := t.Program.nextLeaveTime(t.Name, now)
	switch {
	case !next.IsZero() && (until.IsZero() || next.Before(until)):
		return "in term until " + t.FormatTime(next) + ", when a decision of " + t.Program.Name + " takes effect"
	case until.IsZero():
		return "in term, without an end"
	default:
		return "in term until " + t.FormatTime(until)
	}
}

// dataMessage explains the access to the data of a team whose time is over; it is empty if it is not, or never began.
func (t Team) dataMessage(now time.Time) string {
	retention, over := t.Retention(now)
	if !over {
		return ""
	}
	switch retention.Phase {
	case foundationv1alpha1.RetentionDataAccess:
		return "staff may read and copy data until " + t.FormatTime(retention.AccessUntil) + t.lateEndClause(now, retention)
	case foundationv1alpha1.RetentionExpired:
		return "data is locked and need not be kept since " + t.FormatTime(retention.KeptUntil)
	default:
		return "data is locked and kept at least until " + t.FormatTime(retention.KeptUntil) + t.lateEndClause(now, retention)
	}
}

// lateEndClause says from when on the periods of retention count, if that is not the end that the specs name.
func (t Team) lateEndClause(now time.Time, retention Retention) string {
	if specified := t.specifiedEndTime(now); !specified.IsZero() && !retention.Ended.After(specified) {
		return ""
	}
	return ", counted from " + t.FormatTime(retention.Ended) + ", when the end was seen"
}

// reasonClause returns a decision's reason without the full stop, to be used within a longer sentence.
func reasonClause(decision *foundationv1alpha1.Decision) string {
	return strings.TrimSuffix(decision.Reason, ".")
}
