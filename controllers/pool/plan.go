package pool

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
)

// Transition is a node that is written to: its state changes, or some of its ownership metadata was lost.
type Transition struct {
	From, To gpunode.Ownership
	// Before is the Node as it was read, After as it shall be.
	Before, After *corev1.Node
}

// Plan is all that follows from a decision, but for the status.
type Plan struct {
	Transitions []Transition
	// NodePools are what they shall be.
	NodePools []*karpenter.NodePoolApplyConfiguration
	// Evictions are the pods whose grace period is over, PodDeletions those for which not even a disruption budget counts any
	// more, both the newest first.
	Evictions, PodDeletions []corev1.Pod
	// NodeClaimDeletions are of nodes that are drained, NodePoolDeletions of NodePools that nobody wants and that are empty.
	NodeClaimDeletions []*karpenter.NodeClaim
	NodePoolDeletions  []*karpenter.NodePool
	// FormerUIDs are the UIDs that teams had before, by the one that they have now.
	FormerUIDs map[types.UID][]string
	// RequeueAt is when to decide again; zero if only an event can change anything.
	RequeueAt time.Time
}

// BuildPlan gives nodes to teams for what they were granted and drains what they were not. A node goes from one team to
// another only through being free, and becomes free only when it was closed to new pods and no pod is left on it. That
// holds for nodes that are new in the pool too.
func BuildPlan(in Input, decision Decision) Plan {
	next, requeueAt := nextStates(in, decision)
	nodePools := providerOf(in.Pool).nodePools(in, decision)
	plan := Plan{
		NodePools: nodePools.apply, NodePoolDeletions: nodePools.remove, FormerUIDs: map[types.UID][]string{}, RequeueAt: requeueAt,
	}
	for _, team := range in.Teams {
		plan.FormerUIDs[team.UID] = team.Status.FormerUIDs
	}
	for i := range decision.Nodes {
		n := &decision.Nodes[i]
		if transition, needed := transitionOf(n, next[i], in.Pool.Name); needed {
			plan.Transitions = append(plan.Transitions, transition)
		}
		if next[i].State == gpunode.Terminating && n.State != gpunode.Terminating {
			plan.NodeClaimDeletions = append(plan.NodeClaimDeletions, n.Claim)
		}
	}
	plan.Evictions, plan.PodDeletions = overdue(in, decision, next)
	return plan
}

// transitionOf is what is written to a node that has or gets a state; false if nothing is. What is on a node that Karpenter is
// provisioning or terminating is Karpenter's.
func transitionOf(n *gpunode.Node, next gpunode.Ownership, pool string) (transition Transition, needed bool) {
	if !n.Managed || n.Object == nil || n.State == gpunode.Terminating || next.State == gpunode.Provisioning {
		return Transition{}, false
	}
	metadata := next.Metadata(pool)
	if metadata.IsOn(n.Object) {
		return Transition{}, false
	}
	return Transition{From: n.Ownership, To: next, Before: n.Object, After: metadata.WrittenOn(n.Object)}, true
}

// overdue are the pods on nodes that still drain and whose time is over. Pods that were on a node before it came into the pool
// are nobody's to evict.
func overdue(in Input, decision Decision, next []gpunode.Ownership) (evictions, deletions []corev1.Pod) {
	evictAfter, deleteAfter := in.policy().Grace(), time.Duration(-1)
	if reclaim := in.Pool.Spec.Reclaim; reclaim != nil && reclaim.ForceAfter != nil {
		deleteAfter = max(reclaim.ForceAfter.Duration, gpunode.Settle)
	}
	for i := range decision.Nodes {
		n := &decision.Nodes[i]
		if n.State != gpunode.Draining || next[i].State != gpunode.Draining {
			continue
		}
		switch since := in.Now.Sub(n.Since); {
		case deleteAfter >= 0 && since >= deleteAfter:
			deletions = append(deletions, in.Pods[n.Name]...)
		case since >= evictAfter:
			evictions = append(evictions, in.Pods[n.Name]...)
		}
	}
	sortNewestFirst(evictions)
	sortNewestFirst(deletions)
	return evictions, deletions
}

func sortNewestFirst(pods []corev1.Pod) {
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
}
