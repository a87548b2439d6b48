package program

import (
	"fmt"
	"maps"
	"math"
	"slices"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
)

// stateNoManifest is the state of a team with a decision and no FoundationTeam in the programme.
const stateNoManifest foundationv1alpha1.TeamState = "NoManifest"

// teamList lists the teams with a decision and those whose FoundationTeam names the programme.
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
			entry.State, entry.Message, entry.ObservedGeneration = team.State(in.Now), team.StateMessage(in.Now), team.Generation
		} else {
			entry.Message = in.missingManifestMessage(name, standing)
		}
		entry.Message = text.Cut(entry.Message, maxMessage)
		list = append(list, entry)
	}
	return list
}

// missingManifestMessage says why a team has no FoundationTeam in the programme, and what helps.
func (in Input) missingManifestMessage(team string, standing lifecycle.Standing) string {
	if in.Elsewhere[team] {
		return fmt.Sprintf("FoundationTeam %s does not take part: set its spec.programName to %s", team, in.Program.Name)
	}
	if expectsManifest(standing.Phase) {
		return fmt.Sprintf("selected, and there is no FoundationTeam %s: create it with spec.programName %s", team, in.Program.Name)
	}
	return "there is no FoundationTeam " + team
}

// missingManifests returns the teams that should have a FoundationTeam in the programme and have none.
func missingManifests(in Input) []string {
	has := map[string]bool{}
	for _, team := range in.Teams {
		has[team.Name] = true
	}
	var names []string
	for _, name := range in.Program.Teams() {
		if !has[name] && expectsManifest(in.Program.Standing(name, in.Now).Phase) {
			names = append(names, name)
		}
	}
	return names
}

// commitments returns the GPUs that are awarded now, by pool.
func commitments(in Input) []foundationv1alpha1.PoolCommitment {
	pools := map[string]foundationv1alpha1.PoolCommitment{}
	for _, team := range in.Teams {
		for _, pool := range awardPools(team) {
			awarded, heldBack := team.Demand(pool, in.Now)
			sum := pools[pool]
			sum.PoolName = pool
			sum.Awarded = saturatingAdd(sum.Awarded, awarded)
			sum.HeldBack = saturatingAdd(sum.HeldBack, heldBack)
			pools[pool] = sum
		}
	}
	var list []foundationv1alpha1.PoolCommitment
	for _, pool := range slices.Sorted(maps.Keys(pools)) {
		if pools[pool].Awarded > 0 || pools[pool].HeldBack > 0 {
			list = append(list, pools[pool])
		}
	}
	return list
}

// saturatingAdd adds numbers of 0 or more and returns the largest int32 on overflow: valid specs can add up to more.
func saturatingAdd(a, b int32) int32 {
	if a > math.MaxInt32-b {
		return math.MaxInt32
	}
	return a + b
}
