package pool

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
)

// karpenterProvider has the nodes that Karpenter provisions, by a NodePool for each team. They are a team's from birth and
// are terminated when it gives them back.
type karpenterProvider struct{}

// nodes are the NodeClaims, each with its Node if there is one yet.
func (karpenterProvider) nodes(in Input) []gpunode.Node {
	classifier, capacity, nodeOf := in.classifier(), in.nodeRequirements(), nodesOfClaims(in)
	nodes := make([]gpunode.Node, 0, len(in.NodeClaims))
	for _, claim := range in.NodeClaims {
		team, ours := teamOfNodePool(claim.Labels[karpenter.LabelNodePool], in.Pool)
		if !ours {
			continue
		}
		n := gpunode.Node{Name: claim.Name, Object: nodeOf(claim), Claim: claim, Managed: true, Member: true}
		owner := newOwner(team, claim.Annotations[foundationv1alpha1.AnnotationTeamUID])
		var metadata gpunode.Metadata
		if n.Object != nil {
			n.Name, metadata = n.Object.Name, gpunode.MetadataOf(n.Object)
			n.Healthy = capacity.Healthy(n.Object) && n.Initialized()
		}
		n.Ownership = classifier.ClassifyClaimed(gpunode.ClaimOf(claim, owner), metadata)
		n.Replaced = !n.FromNodePool(nodePoolName(team, in.Pool))
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b gpunode.Node) int { return cmp.Compare(a.Name, b.Name) })
	return nodes
}

// nodesOfClaims finds the Nodes of NodeClaims, by the name that a NodeClaim gives, or by the owner that a Node names: pods can
// come onto a Node a moment before its NodeClaim names it.
func nodesOfClaims(in Input) func(*karpenter.NodeClaim) *corev1.Node {
	byName, byOwner := make(map[string]*corev1.Node, len(in.Nodes)), map[types.UID]*corev1.Node{}
	for _, obj := range in.Nodes {
		byName[obj.Name] = obj
		for _, owner := range obj.OwnerReferences {
			byOwner[owner.UID] = obj
		}
	}
	return func(claim *karpenter.NodeClaim) *corev1.Node {
		if obj := byName[claim.Status.NodeName]; obj != nil {
			return obj
		}
		return byOwner[claim.UID]
	}
}

// supply is what was declared. Fewer than no nodes are unassigned while Karpenter has provisioned more than that.
func (karpenterProvider) supply(in Input, nodes []gpunode.Node) (capacity, unassigned allocation.Nodes) {
	capacity = allocation.GPUs(*in.Pool.Spec.Karpenter.Capacity).WholeNodes(in.perNode())
	if in.KarpenterMissing {
		return capacity, 0
	}
	return capacity, capacity - allocation.Nodes(len(nodes))
}

// assign is Karpenter's, by the size of the NodePool.
func (karpenterProvider) assign(Input, int, []*gpunode.Node, []*gpunode.Node) []*gpunode.Node {
	return nil
}

func (karpenterProvider) nodePools(in Input, decision Decision) nodePoolPlan {
	if in.KarpenterMissing {
		return nodePoolPlan{}
	}
	return planNodePools(in, decision)
}
