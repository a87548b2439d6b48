package pool

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/edits"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/text"
)

// tellEffect emits an event if an edit of the pool takes what teams have of it.
func (r *Reconciler) tellEffect(in Input, decision Decision) {
	if message := editEffect(in, decision); message != "" {
		r.Events.Eventf(in.Pool, nil, corev1.EventTypeWarning, "InUse", "Reconcile", "%s", text.Cut(message, maxMessage))
	}
}

// editEffect returns what an edit of the pool takes from teams that have it, and who made the edit; empty if nothing was edited
// since the last status, or if it takes nothing. What time ends was known before.
func editEffect(in Input, decision Decision) string {
	if seen := in.Pool.Status.ObservedGeneration; seen == 0 || seen == in.Pool.Generation {
		return ""
	}
	var gpus allocation.GPUs
	var teams []string
	field := "availability"
	for _, team := range decision.Grants.Teams {
		if taken := takenFrom(in, team); taken > 0 {
			gpus += taken.GPUs(in.perNode())
			teams = append(teams, fmt.Sprintf("%s (%d)", team.Team.Name, taken.GPUs(in.perNode())))
			if team.Ineligible != "" {
				field = "ineligible"
			}
		}
	}
	if len(teams) > 0 {
		return fmt.Sprintf("%s of %s end now, because spec.%s was changed%s", text.Count(int(gpus), "GPU"), text.First(teams, maxNames), field, editor(in.Pool, field))
	}
	obsolete := selectNodes(decision.Nodes, func(n *gpunode.Node) bool { return n.State.Usable() && n.Obsolete })
	if len(obsolete) > 0 {
		return fmt.Sprintf("%s of teams drained and replaced, because spec.karpenter.mode was changed%s", nodesAre(len(obsolete)), editor(in.Pool, "karpenter"))
	}
	return ""
}

// takenFrom returns how many nodes that a team was granted it may not have any more, though its awards say so.
func takenFrom(in Input, team allocation.Allocation) allocation.Nodes {
	if team.Ineligible == "" && team.Available >= team.Requested {
		return 0
	}
	return max(min(team.Previous, team.Requested.WholeNodes(in.perNode()))-team.Granted, 0)
}

// editor says who changed a field of a pool's spec, and when; empty if that is not known.
func editor(pool *foundationv1alpha1.GPUPool, field string) string {
	return edits.By(edits.Last(pool.ManagedFields, []string{"f:spec", "f:" + field}))
}

// availabilityEditor says who ended the pool's availability, or put off its start, by an edit; empty if time did.
func availabilityEditor(in Input) string {
	by := edits.Last(in.Pool.ManagedFields, []string{"f:spec", "f:availability"})
	window := in.Pool.Spec.Availability
	ended := window.EndTime != nil && !in.Now.Before(window.EndTime.Time)
	if by.Time == nil || ended && by.Time.Time.Before(window.EndTime.Time) {
		return ""
	}
	return " (spec.availability was changed" + editor(in.Pool, "availability") + ")"
}
