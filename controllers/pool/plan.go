package pool

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/lifecycle"
)

// Transition is a patch of a node whose state changes, or whose labels, taints or annotations were edited by somebody else.
type Transition struct {
	From, To gpunode.Ownership
	// Before is the Node as it was read, After as it should be.
	Before, After *corev1.Node
}

// Plan is everything that follows from a decision, except for the status.
type Plan struct {
	Transitions []Transition
	// NodePools are to be applied.
	NodePools []*karpenter.NodePoolApplyConfiguration
	// Evictions are the pods whose grace period is over. PodDeletions are those whose reclaim.forceAfter is over, too, so
	// that PodDisruptionBudgets no longer count. Both are sorted newest first, because the newest pods lose the least work.
	Evictions, PodDeletions []corev1.Pod
	// NodeClaimDeletions are of drained nodes, NodePoolDeletions of NodePools that are empty and that no team needs.
	NodeClaimDeletions []*karpenter.NodeClaim
	NodePoolDeletions  []*karpenter.NodePool
	// holders are the teams that hold the nodes, by the name of the node and of its NodeClaim. One that does not exist has a name
	// and no more.
	holders map[string]lifecycle.Team
	// FormerUIDs are the UIDs that teams had before their manifests were applied again, by their present UID.
	FormerUIDs map[types.UID][]string
	// RequeueAt is when to decide again; zero if only an event can change anything.
	RequeueAt time.Time
}

// BuildPlan assigns nodes to teams that were granted more and drains nodes of teams that were granted less. A node is never
// handed from one team to another directly: it is drained, becomes free when it is closed to new pods and none is left on
// it, and is assigned then. Nodes that enter the pool have to become free in the same way.
func BuildPlan(in Input, decision Decision) Plan {
	next, requeueAt := nextStates(in, decision)
	nodePools := providerOf(in.Pool).nodePools(in, decision)
	plan := Plan{
		NodePools: nodePools.apply, NodePoolDeletions: nodePools.remove,
		holders: map[string]lifecycle.Team{}, FormerUIDs: map[types.UID][]string{}, RequeueAt: requeueAt,
	}
	teams := map[string]lifecycle.Team{}
	for _, team := range in.Teams {
		plan.FormerUIDs[team.UID] = team.Status.FormerUIDs
		teams[team.Name] = team
	}
	for i := range decision.Nodes {
		n := &decision.Nodes[i]
		plan.addHolder(teams, n)
		if transition, needed := transitionOf(in, n, next[i]); needed {
			plan.Transitions = append(plan.Transitions, transition)
		}
		if next[i].State == gpunode.Terminating && n.State != gpunode.Terminating {
			plan.NodeClaimDeletions = append(plan.NodeClaimDeletions, n.NodeClaim)
		}
	}
	plan.Evictions, plan.PodDeletions = overdue(in, decision, next)
	return plan
}

// addHolder adds the team that holds a node, and to the teams one of which nothing but the name is known.
func (p Plan) addHolder(teams map[string]lifecycle.Team, n *gpunode.Node) {
	name := n.Owner.Name
	if name == "" {
		return
	}
	holder, known := teams[name]
	if !known {
		holder = lifecycle.NewTeam(&foundationv1alpha1.FoundationTeam{ObjectMeta: metav1.ObjectMeta{Name: name}}, nil)
		teams[name] = holder
	}
	p.holders[n.Name] = holder
	if n.NodeClaim != nil {
		p.holders[n.NodeClaim.Name] = holder
	}
}

// isEmpty reports whether a plan has nothing to write. What NodePools shall be is sent only if it differs, which is not known yet.
func (p Plan) isEmpty() bool {
	return len(p.Transitions)+len(p.NodePools)+len(p.Evictions)+len(p.PodDeletions)+len(p.NodeClaimDeletions)+len(p.NodePoolDeletions) == 0
}

// AfterStatus returns the part of a plan that is applied once the status was written with this error, nil included; false if
// nothing is, because a conflict shows that the plan was made from an old status.
func (p Plan) AfterStatus(err error) (allowed Plan, ok bool) {
	switch {
	case err == nil:
		return p, true
	case apierrors.IsConflict(err):
		return Plan{}, false
	default:
		return p.takingBack(), true
	}
}

// takingBack returns the part of a plan that gives nobody anything: nodes are drained and evicted, and none is assigned.
func (p Plan) takingBack() Plan {
	return Plan{
		Transitions: slices.DeleteFunc(slices.Clone(p.Transitions), func(t Transition) bool { return t.To.State != gpunode.Draining }),
		Evictions:   p.Evictions, PodDeletions: p.PodDeletions, holders: p.holders, FormerUIDs: p.FormerUIDs, RequeueAt: p.RequeueAt,
	}
}

// transitionOf returns the patch that gives a node its next state; false if it needs none. Nodes that Karpenter is still
// provisioning or already terminating are not written to.
func transitionOf(in Input, n *gpunode.Node, next gpunode.Ownership) (transition Transition, needed bool) {
	if !n.Managed || n.Object == nil || n.State == gpunode.Terminating || next.State == gpunode.Provisioning {
		return Transition{}, false
	}
	if next.State == gpunode.Outside && !mayOpen(in, n) {
		return Transition{}, false
	}
	metadata := next.Metadata(in.Pool.Name)
	if metadata.IsOn(n.Object) {
		return Transition{}, false
	}
	// The response to the patch is decoded into After, which must not share anything with the cache.
	return Transition{From: n.Ownership, To: next, Before: n.Object, After: metadata.AppliedTo(n.Object).DeepCopy()}, true
}

// mayOpen reports whether the pool may take its metadata off a node that leaves it. Without the pool's label the taints may
// be those with which the kubelet registered the node, and another pool with the same selector may rely on them: such a node
// stays closed, unless it was drained.
func mayOpen(in Input, n *gpunode.Node) bool {
	labelled := n.Object.Labels[foundationv1alpha1.LabelPool] == in.Pool.Name
	closed := n.State == gpunode.Entering || n.State == gpunode.Draining
	return labelled || closed && n.Drained(in.podsOn(n.Name), in.Now)
}

// overdue returns the pods on draining nodes whose grace period is over. Pods that were on a node before it entered the
// pool belong to nobody that was told, so they are never evicted.
func overdue(in Input, decision Decision, next []gpunode.Ownership) (evictions, deletions []corev1.Pod) {
	evictAfter, deleteAfter := in.policy().Grace(), time.Duration(-1)
	if reclaim := in.Pool.Spec.Reclaim; reclaim != nil && reclaim.ForceAfter != nil {
		deleteAfter = max(reclaim.ForceAfter.Duration, gpunode.PodBindDelay)
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
