package program

import (
	"maps"
	"slices"
	"time"

	"foundation.team/operator/internal/lifecycle"
)

// Input is all that a programme's status follows from.
type Input struct {
	Program *lifecycle.Program
	// Teams are those that name the programme, by name.
	Teams []lifecycle.Team
	// Elsewhere are teams that were decided on and whose FoundationTeam does not name the programme.
	Elsewhere map[string]bool
	Now       time.Time
}

// when is a moment for people, in the programme's time zone.
func (in Input) when(at time.Time) string {
	return at.In(in.Program.Location()).Format("2006-01-02 15:04 MST")
}

const (
	// named is how many things a message names at the most.
	named = 3
	// maxMessage is how long a message in a list may be; a longer one would be refused with the whole status.
	maxMessage = 1024
)

// teamNames are the names of all teams that the programme is about, sorted.
func teamNames(in Input) []string {
	names := map[string]bool{}
	for _, name := range in.Program.Teams() {
		names[name] = true
	}
	for _, team := range in.Teams {
		names[team.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// wanted reports whether a team that stands so should have a FoundationTeam.
func wanted(phase lifecycle.Phase) bool {
	switch phase {
	case lifecycle.PhasePending, lifecycle.PhaseHeldBack, lifecycle.PhaseIn, lifecycle.PhaseObjection:
		return true
	default:
		return false
	}
}

// poolsOf are the pools that a team has awards of, each once, sorted.
func poolsOf(team lifecycle.Team) []string {
	pools := map[string]bool{}
	for _, award := range team.Spec.GPUs {
		pools[award.PoolName] = true
	}
	return slices.Sorted(maps.Keys(pools))
}
