package lifecycle

import (
	"fmt"
	"strings"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// When is a time as the team reads it: in its programme's time zone, else in UTC.
func (t Team) When(at time.Time) string { return at.In(t.Program.Location()).Format(time.RFC3339) }

// Message says why the team is where it is in its life, until when, and what helps.
func (t Team) Message(now time.Time) string {
	switch state := t.State(now); state {
	case foundationv1alpha1.StateDeleting:
		return "the team is being deleted"
	case foundationv1alpha1.StateProgramNotFound:
		return fmt.Sprintf("FoundationProgram %s does not exist: create it, or correct spec.programName; until then nothing is given, and what is there is kept, locked", t.Spec.ProgramName)
	case foundationv1alpha1.StateNotSelected, foundationv1alpha1.StateNotFinal:
		message := t.notIn(now)
		if data := t.dataMessage(now); data != "" {
			message += "; it was in before: " + data
		}
		return message
	case foundationv1alpha1.StateNotStarted:
		return "the term starts " + t.When(t.Spec.Term.StartTime.Time)
	case foundationv1alpha1.StateEnded:
		message := "the term ended " + t.When(t.Spec.Term.EndTime.Time) + "; GPUs are taken back, " + t.dataMessage(now)
		if t.standing(now).Phase.holdsSeat() {
			message += "; move spec.term.endTime to go on"
		}
		return message
	case foundationv1alpha1.StateEliminated, foundationv1alpha1.StateWithdrawn:
		left := "eliminated by"
		if state == foundationv1alpha1.StateWithdrawn {
			left = "withdrawn from"
		}
		message := fmt.Sprintf("%s %s on %s: %s", left, t.Program.Name, t.When(t.StateSince(now)), sentence(t.standing(now).Decision))
		if data := t.dataMessage(now); data != "" {
			message += "; GPUs are taken back, " + data
		}
		return message
	case foundationv1alpha1.StateSuspended:
		return t.suspended(now)
	default:
		return t.inTerm(now)
	}
}

// notIn says why the programme does not have the team in.
func (t Team) notIn(now time.Time) string {
	standing := t.standing(now)
	name := t.Program.Name
	switch standing.Phase {
	case PhasePending:
		r := newRuling(standing.Decision)
		what := "takes effect"
		if standing.Decision.FinalTime != nil && r.begins.Equal(standing.Decision.FinalTime.Time) {
			what = "is final"
		}
		return fmt.Sprintf("selected by %s, which %s %s", name, what, t.When(r.begins))
	case PhaseRejected:
		return fmt.Sprintf("rejected by %s: %s", name, sentence(standing.Decision))
	case PhaseHeldBack:
		return fmt.Sprintf("selected by %s, but no seat of %d is free: the team gets the next one that becomes free", name, t.Program.Spec.Seats)
	default:
		return name + " has not selected the team"
	}
}

func (t Team) suspended(now time.Time) string {
	const held = "nothing new starts and staff may only read, awards are kept"
	standing := t.standing(now)
	if standing.Phase == PhaseObjection {
		return fmt.Sprintf("eliminated by %s: %s; until that is final, %s, %s", t.Program.Name, sentence(standing.Decision),
			t.When(newRuling(standing.Decision).final), held)
	}
	return "suspended: " + held + "; set spec.suspend to false to resume"
}

func (t Team) inTerm(now time.Time) string {
	until := timeOf(t.term().EndTime)
	next := t.Program.leaves(t.Name, now)
	switch {
	case !next.IsZero() && (until.IsZero() || next.Before(until)):
		return "in term until " + t.When(next) + ", when a decision of " + t.Program.Name + " takes effect"
	case until.IsZero():
		return "in term, without an end"
	default:
		return "in term until " + t.When(until)
	}
}

// dataMessage says what can be done with the data of a team whose time is over; nothing if it is not, or never began.
func (t Team) dataMessage(now time.Time) string {
	retention, over := t.Retention(now)
	if !over {
		return ""
	}
	switch retention.Phase {
	case foundationv1alpha1.RetentionDataAccess:
		return "staff may read and copy data until " + t.When(retention.AccessUntil)
	case foundationv1alpha1.RetentionExpired:
		return "data is locked and need not be kept since " + t.When(retention.KeptUntil)
	default:
		return "data is locked and kept at least until " + t.When(retention.KeptUntil)
	}
}

// sentence is a decision's reason as a part of a longer one.
func sentence(decision *foundationv1alpha1.Decision) string {
	return strings.TrimSuffix(decision.Reason, ".")
}
