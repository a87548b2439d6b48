package apply

import "fmt"

// ConflictError is returned when an object of the desired name belongs to somebody else. The object is left
// unchanged.
type ConflictError struct {
	// Object is the kind and name, Owner the team that it belongs to (empty: none), Team the one that it was to be
	// applied for.
	Object, Owner, Team string
	// Difference is what tells an earlier team of this name, to which it belongs, from the present one; empty if that is not
	// known.
	Difference string
}

// SameName reports whether the object belongs to a team of this name.
func (e *ConflictError) SameName() bool { return e.Owner == e.Team }

func (e *ConflictError) Error() string {
	whose := "does not belong to any team"
	switch e.Owner {
	case "":
	case e.Team:
		whose = "belongs to an earlier team of this name"
		if e.Difference != "" {
			whose += " (" + e.Difference + ")"
		}
	default:
		whose = "belongs to team " + e.Owner
	}
	return fmt.Sprintf("%s exists and %s: delete or rename it, or annotate it foundation.team/adopt=%s to hand it over", e.Object, whose, e.Team)
}

// TerminatingError is returned when an object of the desired name is being deleted.
type TerminatingError struct {
	// Object is the kind and name.
	Object string
}

func (e *TerminatingError) Error() string {
	return e.Object + " is being deleted: it is made anew when it is gone"
}

// GoneError is returned when an object that is kept as it is, and never made anew, was deleted.
type GoneError struct {
	// Object is the kind and name.
	Object string
}

func (e *GoneError) Error() string { return e.Object + " is gone" }
