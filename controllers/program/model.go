package program

import (
	"maps"
	"slices"
	"time"

	"foundation.team/operator/internal/budget"
	"foundation.team/operator/internal/lifecycle"
)

// Input is everything that a programme's status is made from.
type Input struct {
	Program *lifecycle.Program
	// Teams are those whose spec.programName is the programme, sorted by name.
	Teams []lifecycle.Team
	// Settled is the money that was due to them before, by name; Gone are those to whom it was due and whose FoundationTeam does
	// not exist, or does not name the programme, any more.
	Settled map[string][]budget.Settlement
	Gone    []budget.Team
	// Elsewhere are teams with a decision whose FoundationTeam exists and does not name the programme.
	Elsewhere map[string]bool
	Now       time.Time
}

// formatTime formats a time for people, in the programme's time zone.
func (in Input) formatTime(at time.Time) string {
	return at.In(in.Program.Location()).Format("2006-01-02 15:04 MST")
}

const (
	// maxNames is how many names a message lists before it says how many more there are.
	maxNames = 3
	// maxMessage is the CRD's maxLength of a message in a list: the API server would refuse the whole status with a longer
	// one.
	maxMessage = 1024
)

// teamNames returns the names of all teams with a decision or a FoundationTeam in the programme, sorted.
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

// expectsManifest reports whether a team in this phase should have a FoundationTeam.
func expectsManifest(phase lifecycle.Phase) bool {
	switch phase {
	case lifecycle.PhasePending, lifecycle.PhaseHeldBack, lifecycle.PhaseIn, lifecycle.PhaseObjection:
		return true
	default:
		return false
	}
}

// awardPools returns the pools that a team has awards of, each once, sorted.
func awardPools(team lifecycle.Team) []string {
	pools := map[string]bool{}
	for _, award := range team.Spec.GPUs {
		pools[award.PoolName] = true
	}
	return slices.Sorted(maps.Keys(pools))
}
