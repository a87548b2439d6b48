package program

import (
	"fmt"
	"maps"
	"slices"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
)

// stateNoManifest is the state of a team that was decided on and has no FoundationTeam in the programme.
const stateNoManifest foundationv1alpha1.TeamState = "NoManifest"

// teamList are the teams that were decided on and those that name the programme.
func teamList(in Input) []foundationv1alpha1.ProgramTeam {
	manifests := map[string]lifecycle.Team{}
	for _, team := range in.Teams {
		manifests[team.Name] = team
	}
	list := make([]foundationv1alpha1.ProgramTeam, 0, len(in.Teams))
	for _, name := range teamNames(in) {
		entry := foundationv1alpha1.ProgramTeam{Name: name, State: stateNoManifest}
		standing := in.Program.Standing(name, in.Now)
		if standing.Decision != nil {
			entry.Outcome = standing.Decision.Outcome
		}
		if team, ok := manifests[name]; ok {
			entry.State, entry.Message = team.State(in.Now), team.Message(in.Now)
		} else {
			entry.Message = in.noManifest(name, standing)
		}
		entry.Message = text.Cut(entry.Message, maxMessage)
		list = append(list, entry)
	}
	return list
}

// noManifest says what it means that a team has no FoundationTeam in the programme.
func (in Input) noManifest(team string, standing lifecycle.Standing) string {
	if in.Elsewhere[team] {
		return fmt.Sprintf("FoundationTeam %s does not take part: set its spec.programName to %s", team, in.Program.Name)
	}
	if wanted(standing.Phase) {
		return fmt.Sprintf("selected, and there is no FoundationTeam %s: create it with spec.programName %s", team, in.Program.Name)
	}
	return "there is no FoundationTeam " + team
}

// missingManifests are the teams that should have a FoundationTeam in the programme and have none.
func missingManifests(in Input) []string {
	has := map[string]bool{}
	for _, team := range in.Teams {
		has[team.Name] = true
	}
	var names []string
	for _, name := range in.Program.Teams() {
		if !has[name] && wanted(in.Program.Standing(name, in.Now).Phase) {
			names = append(names, name)
		}
	}
	return names
}

// commitments are the GPUs that are awarded now, by pool.
func commitments(in Input) []foundationv1alpha1.PoolCommitment {
	pools := map[string]foundationv1alpha1.PoolCommitment{}
	for _, team := range in.Teams {
		for _, pool := range poolsOf(team) {
			awarded, heldBack := team.Demand(pool, in.Now)
			sum := pools[pool]
			sum.PoolName = pool
			sum.Awarded += awarded
			sum.HeldBack += heldBack
			pools[pool] = sum
		}
	}
	var list []foundationv1alpha1.PoolCommitment
	for _, pool := range slices.Sorted(maps.Keys(pools)) {
		if pools[pool].Awarded+pools[pool].HeldBack > 0 {
			list = append(list, pools[pool])
		}
	}
	return list
}
