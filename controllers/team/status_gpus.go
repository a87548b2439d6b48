package team

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

// gpusCondition reports whether the team has the GPUs that it is awarded now.
func gpusCondition(m *Model) metav1.Condition {
	const area = foundationv1alpha1.ConditionGPUsReady
	var reasons, messages []string
	var requested int32
	for _, grant := range m.Grants {
		requested += grant.requested
		if grant.pool == nil && isNamedElsewhere(m) {
			continue
		}
		if reason, message := explain(m, grant); reason != "" {
			reasons, messages = append(reasons, reason), append(messages, message)
		}
	}
	switch {
	case len(reasons) > 0:
		return conditions.False(area, reasons[0], text.Within(messages, conditions.MaxList))
	case requested > 0:
		return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, withGPUNotes(m, fmt.Sprintf("%d GPUs", requested)))
	case !m.Served.HoldsAwards():
		return conditions.True(area, foundationv1alpha1.ReasonNotActive, withGPUNotes(m, "no GPUs"))
	default:
		return conditions.True(area, foundationv1alpha1.ReasonNothingDeclared, withGPUNotes(m, "no award in force"))
	}
}

// explain returns why a team does not have what it requests of a pool. If the reason is empty nothing is wrong, and the
// message is a note for the team.
func explain(m *Model, g poolGrant) (reason, message string) {
	switch {
	case g.pool == nil && g.requested > 0:
		return foundationv1alpha1.ReasonPoolNotFound,
			fmt.Sprintf("%s: no such GPUPool: create it, or name another pool in spec.gpus", g.poolName)
	case g.requested != g.grant.Requested:
		return foundationv1alpha1.ReasonProgressing, g.poolName + ": waits for the pool's decision"
	case g.grant.Reason != "":
		return g.grant.Reason, g.grant.Message
	case g.grant.Ready < g.grant.Granted && !isDynamic(g.pool):
		return foundationv1alpha1.ReasonNodesNotReady, fmt.Sprintf("%s: %d of %d GPUs not ready: their nodes are not assigned yet, not Ready, or cordoned",
			g.poolName, g.grant.Granted-g.grant.Ready, g.grant.Granted)
	case g.grant.EvictionTime != nil:
		what := "nodes are being drained, to be replaced"
		if beyond := g.grant.Held - g.grant.Granted; beyond > 0 {
			what = fmt.Sprintf("%d GPUs beyond the grant are being drained", beyond)
		}
		return "", fmt.Sprintf("%s: %s, and pods on their nodes are evicted from %s on", g.poolName, what, m.Life.FormatTime(g.grant.EvictionTime.Time))
	default:
		return "", ""
	}
}

// isNamedElsewhere reports whether a pool tells of the pools that do not exist: it keeps what the team has because of them.
func isNamedElsewhere(m *Model) bool {
	return slices.ContainsFunc(m.Grants, func(g poolGrant) bool {
		return g.pool != nil && g.requested == g.grant.Requested && g.grant.Reason == foundationv1alpha1.ReasonPoolNotFound
	})
}

// isDynamic reports whether a pool's nodes are provisioned only when pods need them, so that fewer than granted is no
// problem.
func isDynamic(pool *foundationv1alpha1.GPUPool) bool {
	return pool != nil && pool.Spec.Karpenter != nil && pool.Spec.Karpenter.Mode == foundationv1alpha1.KarpenterDynamic
}

// withGPUNotes appends to a message what the team should know of its GPUs although nothing is wrong.
func withGPUNotes(m *Model, message string) string {
	notes := []string{message}
	for _, grant := range m.Grants {
		if reason, note := explain(m, grant); reason == "" && note != "" {
			notes = append(notes, note)
		}
	}
	return text.Within(notes, conditions.MaxList)
}

// awardsCoveredCondition reports awards that will not be served in full later.
func awardsCoveredCondition(m *Model) metav1.Condition {
	const area = foundationv1alpha1.ConditionAwardsCovered
	var reasons, messages []string
	for _, grant := range m.Grants {
		if reason, message := forecast(grant); reason != "" {
			reasons, messages = append(reasons, reason), append(messages, message)
		}
	}
	if len(reasons) == 0 {
		return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, "")
	}
	return conditions.False(area, reasons[0], text.Within(messages, conditions.MaxList))
}

// forecast returns why an award will not be served in full later; empty if all will be.
func forecast(g poolGrant) (reason, message string) {
	if g.pool == nil && g.requested == 0 && g.unexpired {
		return foundationv1alpha1.ReasonPoolNotFound, g.poolName + ": no such GPUPool: create it before the award begins, or name another pool in spec.gpus"
	}
	return g.grant.ForecastReason, g.grant.ForecastMessage
}

// maxIncidents is the CRD's maxItems of status.gpus.incidents.
const maxIncidents = 16

// reportedIncidents returns those that the team's status has room for: what is not over, and the newest of the rest.
func reportedIncidents(list []foundationv1alpha1.TeamIncident) []foundationv1alpha1.TeamIncident {
	list = slices.Clone(list)
	for len(list) > maxIncidents {
		oldest := max(slices.IndexFunc(list, isOver), 0)
		list = slices.Delete(list, oldest, oldest+1)
	}
	return list
}

// gpuStatus returns what the team is granted, by pool and in sum.
func gpuStatus(m *Model) *foundationv1alpha1.TeamGPUStatus {
	status := &foundationv1alpha1.TeamGPUStatus{}
	var requested, granted, ready, used, readyNodes, grantedNodes int32
	for _, g := range m.Grants {
		requested += g.requested
		granted += g.grant.Granted
		ready += g.grant.Ready
		if g.pool != nil {
			readyNodes += g.grant.Ready / g.pool.Spec.GPUsPerNode
			grantedNodes += g.grant.Granted / g.pool.Spec.GPUsPerNode
		}
		_, later := forecast(g)
		_, message := explain(m, g)
		status.Pools = append(status.Pools, foundationv1alpha1.TeamPoolStatus{
			Name:            g.poolName,
			Requested:       g.requested,
			Granted:         g.grant.Granted,
			Held:            g.grant.Held,
			Ready:           g.grant.Ready,
			Shortfall:       max(g.requested-g.grant.Granted, 0),
			NextFreeTime:    g.grant.NextFreeTime,
			ForecastMessage: later,
			Message:         message,
		})
	}
	for _, quota := range m.Quotas {
		used += m.Devices.Used(quota.Status.Used)
	}
	status.Incidents = reportedIncidents(m.Incidents)
	status.Summary = fmt.Sprintf("%d/%d", granted, requested)
	status.NodeSummary = fmt.Sprintf("%d/%d", readyNodes, grantedNodes)
	status.Requested, status.Granted, status.Ready, status.Used = requested, granted, ready, used
	return status
}
