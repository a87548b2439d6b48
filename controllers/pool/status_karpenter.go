package pool

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
)

// awaitingReconciliation is the reason that Karpenter sets on a condition which it has not evaluated yet.
const awaitingReconciliation = "AwaitingReconciliation"

// provisioningMessage says how many nodes Karpenter is provisioning, and which NodeClaim is stuck at which step.
func provisioningMessage(nodes []*gpunode.Node) string {
	for _, n := range nodes {
		if step, why := pendingStep(n.NodeClaim); why != "" {
			return fmt.Sprintf("%s being provisioned, NodeClaim %s is not %s (%s)", nodesAre(len(nodes)), n.NodeClaim.Name, step, why)
		}
	}
	return nodesAre(len(nodes)) + " being provisioned"
}

// pendingStep returns the first step that a NodeClaim has not completed, and why, as Karpenter reports it.
func pendingStep(claim *karpenter.NodeClaim) (step, why string) {
	for _, step := range []string{karpenter.ConditionLaunched, karpenter.ConditionRegistered, karpenter.ConditionInitialized} {
		condition := meta.FindStatusCondition(claim.Status.Conditions, step)
		switch {
		case condition == nil:
			return step, ""
		case condition.Status != metav1.ConditionTrue && condition.Reason == awaitingReconciliation:
			return step, ""
		case condition.Status != metav1.ConditionTrue:
			return step, fmt.Sprintf("%s: %s", condition.Reason, shorten(condition.Message))
		}
	}
	return "", ""
}

// nodePoolFailure returns why no nodes are provisioned for a team's NodePool, as Karpenter reports it; empty if it reports
// no failure.
func nodePoolFailure(in Input, team gpunode.Owner) string {
	name := nodePoolName(team.Name, in.Pool)
	i := slices.IndexFunc(in.NodePools, func(live *karpenter.NodePool) bool { return live.Name == name })
	if i < 0 {
		return ""
	}
	for _, step := range []string{karpenter.ConditionValidationSucceeded, karpenter.ConditionNodeClassReady, karpenter.ConditionNodeRegistrationHealthy} {
		if condition := meta.FindStatusCondition(in.NodePools[i].Status.Conditions, step); condition != nil && condition.Status == metav1.ConditionFalse {
			return fmt.Sprintf("NodePool %s is not %s (%s: %s)", name, step, condition.Reason, shorten(condition.Message))
		}
	}
	return ""
}

// shorten cuts a message of Karpenter's, which can have any length, to what fits into the status.
func shorten(message string) string {
	const most = 400
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most], "") + "…"
}
