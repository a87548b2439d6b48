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

// karpenterProvider takes nodes that Karpenter provisions, from one NodePool for each team. They are a team's from the
// start and are terminated when the team gives them back.
type karpenterProvider struct{}

// nodes returns one entry for each NodeClaim, with its Node as soon as that is registered.
func (karpenterProvider) nodes(in Input) []gpunode.Node {
	classifier, required, nodeOf := in.classifier(), in.nodeRequirements(), nodesOfClaims(in)
	nodes := make([]gpunode.Node, 0, len(in.NodeClaims))
	for _, claim := range in.NodeClaims {
		team, ours := teamOfNodePool(claim.Labels[karpenter.LabelNodePool], in.Pool)
		if !ours {
			continue
		}
		n := gpunode.Node{Name: claim.Name, Object: nodeOf(claim), NodeClaim: claim, Managed: true, Member: true, Fault: gpunode.Fault{Kind: gpunode.FaultStarting}}
		owner := newOwner(team, claim.Annotations[foundationv1alpha1.AnnotationTeamUID])
		var metadata gpunode.Metadata
		if n.Object != nil {
			n.Name, metadata, n.SeenClosed = n.Object.Name, gpunode.MetadataOf(n.Object), in.SeenClosed[n.Object.Name]
			if n.Initialized() {
				n.Fault = required.Fault(n.Object)
			}
		}
		n.Ownership = classifier.ClassifyProvisioned(gpunode.NodeClaimFactsOf(claim, owner), metadata)
		n.Obsolete = !n.FromNodePool(nodePoolName(team, in.Pool))
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b gpunode.Node) int { return cmp.Compare(a.Name, b.Name) })
	gpunode.MarkOutliers(nodes)
	return nodes
}

// nodesOfClaims returns a function that finds the Node of a NodeClaim, by the name in the NodeClaim's status or by the
// Node's ownerReference: pods can be scheduled to a Node a moment before the NodeClaim's status names it.
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

// supply returns the declared capacity. The number of unassigned nodes is negative while Karpenter has provisioned more
// than that.
func (karpenterProvider) supply(in Input, nodes []gpunode.Node) (capacity, unassigned allocation.Nodes) {
	capacity = allocation.GPUs(*in.Pool.Spec.Karpenter.Capacity).WholeNodes(in.perNode())
	if in.KarpenterMissing {
		return capacity, 0
	}
	return capacity, capacity - allocation.Nodes(len(nodes))
}

// assign chooses none: which nodes a team gets is Karpenter's choice, how many is the size of its NodePool.
func (karpenterProvider) assign(Input, int, []*gpunode.Node, []*gpunode.Node) []*gpunode.Node {
	return nil
}

func (karpenterProvider) nodePools(in Input, decision Decision) nodePoolPlan {
	if in.KarpenterMissing {
		return nodePoolPlan{}
	}
	return planNodePools(in, decision)
}
