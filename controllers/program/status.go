package program

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/ranking"
	"foundation.team/operator/internal/text"
	"foundation.team/operator/internal/timing"
)

const (
	// stateNoManifest is the state of a team that was decided on and has no FoundationTeam in the programme.
	stateNoManifest foundationv1alpha1.TeamState = "NoManifest"
	// maxMessage is how long a message in a list may be; a longer one would be refused with the whole status.
	maxMessage = 1024
	// maxTeams, maxHeldBack and maxPools are how long these lists may be, for the same reason.
	maxTeams, maxHeldBack, maxPools = 2048, 4096, 64
	// named is how many things a message names at the most.
	named = 3
)

// BuildStatus is a programme's status: who stands where, what does not fit, and what happens next.
func BuildStatus(in Input, plan budget.Plan) foundationv1alpha1.FoundationProgramStatus {
	next, what := nextMoment(in, plan)
	status := foundationv1alpha1.FoundationProgramStatus{
		ObservedGeneration: in.Program.Generation,
		Seats:              seats(in),
		Rankings:           ranking.Rankings(&in.Program.Spec, in.Now),
		Teams:              first(teamList(in), maxTeams),
		Budget:             plan.Lines,
		HeldBack:           first(plan.HeldBack, maxHeldBack),
		GPUs:               first(commitments(in), maxPools),
		NextTransitionTime: timing.Meta(next),
		Next:               text.Cut(what, maxMessage),
	}
	areas := []metav1.Condition{decisionsCondition(in), ceilingsCondition(in, plan), budgetCondition(in, plan)}
	ready := conditions.Ready(summary(in), areas...)
	if !in.Program.DeletionTimestamp.IsZero() {
		ready = conditions.False(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonTeamsRemain, remain(in))
	}
	current := append([]metav1.Condition{ready}, areas...)
	if stalled := conditions.Stalled(ready); stalled != nil {
		current = append(current, *stalled)
	}
	status.Conditions = conditions.Merge(in.Program.Status.Conditions, current, in.Program.Generation, in.Now)
	return status
}

func seats(in Input) *foundationv1alpha1.ProgramSeats {
	filled, pending := in.Program.Seats(in.Now)
	all := int(in.Program.Spec.Seats)
	return &foundationv1alpha1.ProgramSeats{
		Summary: fmt.Sprintf("%d/%d", filled, all),
		Filled:  int32(filled),
		Pending: int32(pending),
		Free:    int32(max(all-filled-pending, 0)),
	}
}

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

// wanted reports whether a team that stands so should have a FoundationTeam.
func wanted(phase lifecycle.Phase) bool {
	switch phase {
	case lifecycle.PhasePending, lifecycle.PhaseHeldBack, lifecycle.PhaseIn, lifecycle.PhaseObjection:
		return true
	default:
		return false
	}
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

// poolsOf are the pools that a team has awards of, each once, sorted.
func poolsOf(team lifecycle.Team) []string {
	pools := map[string]bool{}
	for _, award := range team.Spec.GPUs {
		pools[award.PoolName] = true
	}
	return slices.Sorted(maps.Keys(pools))
}

// summary is the message of a programme in which all fits.
func summary(in Input) string {
	filled, pending := in.Program.Seats(in.Now)
	sum := fmt.Sprintf("%d of %s filled", filled, text.Count(int(in.Program.Spec.Seats), "seat"))
	if pending > 0 {
		sum += fmt.Sprintf(", %s not final", text.Count(pending, "selection"))
	}
	sum += ", " + text.Count(len(teamNames(in)), "team")
	if missing := missingManifests(in); len(missing) > 0 {
		sum += "; selected, and no FoundationTeam yet: " + text.First(missing, named)
	}
	return sum
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

// remain is why a deletion waits.
func remain(in Input) string {
	names := make([]string, len(in.Teams))
	for i, team := range in.Teams {
		names[i] = team.Name
	}
	who, them := "1 team names", "it"
	if len(names) != 1 {
		who, them = fmt.Sprintf("%d teams name", len(names)), "them"
	}
	return fmt.Sprintf("deletion waits: %s this programme (%s): take spec.programName out of %s or delete %s; until then all stays as it is",
		who, text.First(names, named), them, them)
}

func first[T any](list []T, most int) []T { return list[:min(most, len(list))] }
