package pool

import (
	"fmt"
	"slices"
	"strings"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
)

// explain returns why the team has less than it requested, and what helps.
func (v *teamView) explain() (reason, message string) {
	pool := v.in.Pool.Name
	switch {
	case v.Unnamed > 0:
		return v.explainUnnamed()
	case v.Requested == 0:
		return "", ""
	case v.Ineligible != "":
		return foundationv1alpha1.ReasonIneligible,
			fmt.Sprintf("%s: %s may not draw from this pool; name another pool in spec.gpus", pool, v.Ineligible)
	case v.Available < v.Requested:
		return foundationv1alpha1.ReasonPoolUnavailable,
			fmt.Sprintf("%s: %s%s; move the award or name another pool", pool, unavailability(v.in), availabilityEditor(v.in))
	case v.Short():
		return v.explainShort()
	case v.Granted.GPUs(v.in.perNode()) != v.Requested:
		return foundationv1alpha1.ReasonNotWholeNodes, v.explainWholeNodes()
	default:
		return v.explainNodes()
	}
}

// explainShort returns why the team is granted less than it demands.
func (v *teamView) explainShort() (reason, message string) {
	pool := v.in.Pool.Name
	switch {
	case v.in.deleting():
		return foundationv1alpha1.ReasonPoolDeleting, fmt.Sprintf("%s: %d of %d short: the pool is being deleted, and grants no more; name another pool, or %s",
			pool, shortfall(v.in, v.Allocation), v.Requested, takeBackDeletion(v.in.Pool))
	case v.in.KarpenterMissing:
		return foundationv1alpha1.ReasonKarpenterMissing,
			fmt.Sprintf("%s: Karpenter, which provisions this pool's nodes, is not installed in this cluster: an admin has to install it, or name another pool", pool)
	case !v.in.Guards.OK():
		return v.in.Guards.Reason, fmt.Sprintf("%s: %s", pool, v.in.Guards.Message)
	case v.in.debouncing():
		return foundationv1alpha1.ReasonProgressing,
			fmt.Sprintf("%s: requests that come together are decided together, in a moment", pool)
	case v.decision.Grants.Arriving > 0:
		return foundationv1alpha1.ReasonProgressing,
			fmt.Sprintf("%s: %s new in the pool and checked for pods before being granted", pool, nodesAre(v.decision.Grants.Arriving))
	default:
		return foundationv1alpha1.ReasonShortfall, v.explainShortfall()
	}
}

// explainUnnamed returns why the team keeps nodes that none of its awards gives it.
func (v *teamView) explainUnnamed() (reason, message string) {
	kept := fmt.Sprintf("%s: %d GPUs are kept, and no more granted, while ", v.in.Pool.Name, v.gpus(v.Unnamed))
	i := slices.IndexFunc(v.in.Teams, func(team lifecycle.Team) bool { return ownerOfTeam(team.FoundationTeam) == v.Team })
	if i < 0 {
		return "", ""
	}
	team := v.in.Teams[i]
	stages, awards := team.MissingStages()
	switch {
	case team.IsProgramMissing():
		return foundationv1alpha1.ReasonProgramNotFound,
			fmt.Sprintf("%sFoundationProgram %s does not exist: create it, or correct spec.programName", kept, team.Spec.ProgramName)
	case len(team.MissingPools) > 0:
		return foundationv1alpha1.ReasonPoolNotFound,
			fmt.Sprintf("%sspec.gpus names GPUPool %s, which does not exist: correct spec.gpus, or create the pool", kept, text.First(team.MissingPools, maxNames))
	case len(stages) > 0:
		return foundationv1alpha1.ReasonStageNotFound,
			fmt.Sprintf("%saward %s names stage %s, which %s does not have: correct spec.gpus, or add the stage there", kept, awards[0], stages[0], team.Program.Name)
	default:
		return "", ""
	}
}

func (v *teamView) explainShortfall() string {
	message := fmt.Sprintf("%s: %d of %d short, %d free", v.in.Pool.Name, shortfall(v.in, v.Allocation), v.Requested, v.gpus(v.decision.Grants.Free))
	awaitingScrub, occupied := v.decision.Grants.AwaitingScrub, occupiedNodes(v.in, v.decision.Nodes)
	if awaitingScrub > 0 {
		message += fmt.Sprintf(", %d wait to be scrubbed", v.gpus(awaitingScrub))
	}
	if len(occupied) > 0 {
		message += fmt.Sprintf(", %d wait for an admin to move pods off %s", gpusOn(v.in, len(occupied)), namesOf(occupied))
	}
	if next := v.forecast.NextFree; next.Nodes > 0 {
		return fmt.Sprintf("%s, %d more by %s", message, v.gpus(next.Nodes), formatMinute(next.At))
	}
	if awaitingScrub > 0 || len(occupied) > 0 {
		return message
	}
	return message + ", none foreseen; shrink or end an award, or name another pool"
}

func (v *teamView) explainWholeNodes() string {
	perNode := v.in.perNode()
	less := v.Requested.WholeNodes(perNode)
	instead := fmt.Sprint((less + 1).GPUs(perNode))
	if less > 0 {
		instead = fmt.Sprintf("%d or %s", less.GPUs(perNode), instead)
	}
	return fmt.Sprintf("%s: %d requested, %d granted: nodes have %d GPUs and are granted whole; ask for %s",
		v.in.Pool.Name, v.Requested, v.gpus(v.Granted), perNode, instead)
}

// explainNodes returns which of the team's nodes it cannot use, and why.
func (v *teamView) explainNodes() (reason, message string) {
	unhealthy := v.selectNodes(func(n *gpunode.Node) bool { return n.State == gpunode.Held && !n.Healthy() })
	provisioning := v.selectNodes(func(n *gpunode.Node) bool { return n.State == gpunode.Provisioning })
	var why []string
	if len(unhealthy) > 0 {
		why = append(why, fmt.Sprintf("%s not healthy: %s", nodesAre(len(unhealthy)), faultsOf(unhealthy))+v.replacement(unhealthy))
	}
	if len(provisioning) > 0 {
		why = append(why, provisioningMessage(provisioning))
	}
	missing, whyMissing := v.missingNodes()
	if whyMissing != "" {
		why = append(why, whyMissing)
	}
	if len(why) == 0 {
		return "", ""
	}
	notReady := allocation.Nodes(len(unhealthy)+len(provisioning)) + missing
	return foundationv1alpha1.ReasonNodesNotReady, fmt.Sprintf("%s: %d of %d GPUs not ready: %s",
		v.in.Pool.Name, v.gpus(notReady), v.gpus(max(v.Granted, v.Usable)), strings.Join(why, "; "))
}

// replacement says when others take the place of the team's broken nodes; empty if nothing is known.
func (v *teamView) replacement(unhealthy []*gpunode.Node) string {
	var soonest time.Time
	for _, n := range unhealthy {
		if at := replacementTime(v.in, n); !at.IsZero() && (soonest.IsZero() || at.Before(soonest)) {
			soonest = at
		}
	}
	switch {
	case soonest.IsZero():
		return ""
	case soonest.After(v.in.Now):
		return fmt.Sprintf(", replaced from %s on as far as nodes are free", formatMinute(soonest))
	default:
		return ", to be replaced when a node is free"
	}
}

// missingNodes returns how many nodes Karpenter has not begun to provision for the team, and why.
func (v *teamView) missingNodes() (missing allocation.Nodes, why string) {
	if v.in.Pool.Spec.Karpenter == nil {
		// Free nodes of a static pool are assigned in this very reconcile.
		return 0, ""
	}
	if failure := nodePoolFailure(v.in, v.Team); failure != "" && v.Missing() > 0 {
		return v.Missing(), failure
	}
	missing, why = v.Missing(), "not provisioned by Karpenter yet"
	if dynamic(v.in.Pool) {
		// Nodes of a Dynamic pool are provisioned when pods need them, up to the NodePools' limits.
		missing, why = max(v.Granted-max(v.Held(), v.NodeLimit), 0), "waiting until other teams' nodes are drained"
	}
	if missing == 0 {
		return 0, ""
	}
	return missing, nodesAre(missing) + " " + why
}

func unavailability(in Input) string {
	window := in.Pool.Spec.Availability
	if window.StartTime != nil && in.Now.Before(window.StartTime.Time) {
		return "the pool is not available before " + window.StartTime.UTC().Format(time.RFC3339)
	}
	return "the pool is not available since " + window.EndTime.UTC().Format(time.RFC3339)
}
