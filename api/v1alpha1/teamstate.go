package v1alpha1

// TeamState is where a team is in its life. It follows from the programme's decisions, the term and the clock. It is the
// reason of the Active condition and the STATE column, too.
type TeamState string

// Team states.
const (
	// StateProgramNotFound: spec.programName names a FoundationProgram that does not exist. What the team has is kept as it
	// is, and it gets nothing new.
	StateProgramNotFound TeamState = "ProgramNotFound"
	// StateNotSelected: the programme has not selected the team, or has rejected it, or its decision is held back. A team
	// that was in before is served as Ended.
	StateNotSelected TeamState = "NotSelected"
	// StateNotFinal: the programme has selected the team, and that is not final, or not in effect, yet.
	StateNotFinal TeamState = "NotFinal"
	// StateNotStarted: the term starts later. The team has nothing yet; one that was in before is served as Ended.
	StateNotStarted TeamState = "NotStarted"
	// StateInTerm: the team may work.
	StateInTerm TeamState = "InTerm"
	// StateSuspended: spec.suspend is true, or the team can still object to its elimination. Nothing new starts, staff may
	// only read, awards are kept.
	StateSuspended TeamState = "Suspended"
	// StateEnded: the term is over. GPUs are gone, staff may read and copy data for a while, then it is kept, locked.
	StateEnded TeamState = "Ended"
	// StateEliminated: the programme has eliminated the team, and that is final. As for Ended.
	StateEliminated TeamState = "Eliminated"
	// StateWithdrawn: the team has withdrawn from the programme. As for Ended.
	StateWithdrawn TeamState = "Withdrawn"
	// StateDeleting: the FoundationTeam is being deleted.
	StateDeleting TeamState = "Deleting"
	// StateDeleted is in TeamRecords alone: there is no FoundationTeam any more.
	StateDeleted TeamState = "Deleted"
)

// HoldsAwards reports whether a team in this state keeps its GPUs: in term, and while suspended.
func (s TeamState) HoldsAwards() bool { return s == StateInTerm || s == StateSuspended }
