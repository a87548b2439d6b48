package program

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/bounds"
	"foundation.team/operator/internal/budget"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
	"foundation.team/operator/internal/timing"
)

// maxTeams, maxHeldBack and maxPools are the CRD's maxItems of these lists: the API server would refuse the whole status
// with a longer one.
const maxTeams, maxHeldBack, maxPools = 2048, 4096, 64

// noRoom is the message of an award that is held back where there is no room for its own.
const noRoom = "see the conditions"

// BuildStatus returns a programme's status: the state of each team, what does not fit, and what happens next.
func BuildStatus(in Input, plan budget.Plan) foundationv1alpha1.FoundationProgramStatus {
	next, what := nextTransition(in, plan)
	status := foundationv1alpha1.FoundationProgramStatus{
		ObservedGeneration: in.Program.Generation,
		Seats:              seats(in),
		Rankings:           rankings(in),
		Teams:              teamList(in),
		Budget:             plan.Lines,
		HeldBack:           plan.HeldBack,
		GPUs:               commitments(in),
		NextTransitionTime: timing.Meta(next),
		Next:               text.Cut(what, maxMessage),
	}
	areas := []metav1.Condition{decisionsCondition(in), ceilingsCondition(in, plan), budgetCondition(in, plan)}
	ready := conditions.Ready(readyMessage(in), areas...)
	if !in.Program.DeletionTimestamp.IsZero() {
		ready = conditions.False(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonTeamsRemain, deletionMessage(in))
	}
	current := append([]metav1.Condition{ready}, areas...)
	if stalled := conditions.Stalled(ready); stalled != nil {
		current = append(current, *stalled)
	}
	status.Conditions = conditions.Merge(in.Program.Status.Conditions, current, in.Program.Generation, in.Now)
	fit(in, &status)
	return status
}

// fit leaves out of a status what there is no room for: first what is only advice. Teams are told of money that is held back by
// this status alone, so of a team of which not all could be listed nothing is said to be decided.
func fit(in Input, status *foundationv1alpha1.FoundationProgramStatus) {
	heldBack := status.HeldBack
	bounds.Fit(in.Program.Spec, status, status.Conditions,
		bounds.Details("rankings with missing and failed results", &status.Rankings, func(ranking *foundationv1alpha1.Ranking) {
			ranking.Entries = slices.Clone(ranking.Entries)
			for i := range ranking.Entries {
				ranking.Entries[i].Missing, ranking.Entries[i].FailedGates = nil, nil
			}
		}),
		bounds.Details("rankings with teams", &status.Rankings, func(ranking *foundationv1alpha1.Ranking) { ranking.Entries = nil }),
		bounds.Details("messages of teams", &status.Teams, func(team *foundationv1alpha1.ProgramTeam) { team.Message = "" }),
		bounds.Details("messages of awards held back", &status.HeldBack, func(award *foundationv1alpha1.HeldBackAward) { award.Message = noRoom }),
		bounds.List("pools", &status.GPUs, maxPools),
		bounds.List("awards held back", &status.HeldBack, maxHeldBack),
		bounds.List("teams", &status.Teams, maxTeams),
	)
	unlisted := map[string]bool{}
	for _, award := range heldBack[len(status.HeldBack):] {
		unlisted[award.TeamName] = true
	}
	for i := range status.Teams {
		if unlisted[status.Teams[i].Name] {
			status.Teams[i].ObservedGeneration = 0
		}
	}
}

func seats(in Input) *foundationv1alpha1.ProgramSeats {
	filled, pending := in.Program.Seats(in.Now)
	all := int(in.Program.Spec.Seats)
	return &foundationv1alpha1.ProgramSeats{
		Summary: fmt.Sprintf("%d/%d", filled, all),
		Filled:  int32(filled),
		Pending: int32(pending),
		Free:    int32(max(all-filled-pending, 0)),
		Held:    in.Program.ObserveSeats(in.Now),
	}
}

// readyMessage is the message of Ready for a programme in which everything fits.
func readyMessage(in Input) string {
	filled, pending := in.Program.Seats(in.Now)
	sum := fmt.Sprintf("%d of %s filled", filled, text.Count(int(in.Program.Spec.Seats), "seat"))
	if pending > 0 {
		sum += fmt.Sprintf(", %s not final", text.Count(pending, "selection"))
	}
	sum += ", " + text.Count(len(teamNames(in)), "team")
	if missing := missingManifests(in); len(missing) > 0 {
		sum += "; selected, and no FoundationTeam yet: " + text.First(missing, maxNames)
	}
	return sum
}

// deletionMessage says which teams keep a programme from being deleted, and what helps.
func deletionMessage(in Input) string {
	names := make([]string, len(in.Teams))
	for i, team := range in.Teams {
		names[i] = team.Name
	}
	who, them := "1 team names", "it"
	if len(names) != 1 {
		who, them = fmt.Sprintf("%d teams name", len(names)), "them"
	}
	return fmt.Sprintf("deletion waits: %s this programme (%s): take spec.programName out of %s or delete %s; until then all stays as it is",
		who, text.First(names, maxNames), them, them)
}
