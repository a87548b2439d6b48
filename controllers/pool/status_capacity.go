package pool

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
)

func capacityStatus(in Input, decision Decision) *foundationv1alpha1.PoolCapacity {
	gpus := func(nodes allocation.Nodes) int32 { return nodes.GPUs(in.perNode()).Int32() }
	sums := &foundationv1alpha1.PoolCapacity{
		Total:   gpus(decision.Grants.Capacity + decision.Grants.Spares),
		Healthy: gpus(countNodes(decision.Nodes, func(n *gpunode.Node) bool { return n.Member && n.Healthy() })),
		Granted: gpus(decision.Grants.Granted()),
		Held:    gpus(countNodes(decision.Nodes, func(n *gpunode.Node) bool { return n.State.Owned() })),
		Free:    gpus(decision.Grants.Free),
		Spares:  gpus(decision.Grants.Spares),
	}
	var short allocation.GPUs
	for _, team := range decision.Grants.Teams {
		short += shortfall(in, team)
	}
	sums.Shortfall = short.Int32()
	return sums
}

// shortfall returns how many of the GPUs that a team requested it is not granted.
func shortfall(in Input, team allocation.Allocation) allocation.GPUs {
	return max(team.Requested-team.Granted.GPUs(in.perNode()), 0)
}

// nodeShape returns, for each resource, the least that a healthy node offers, so that quotas never promise more than nodes
// have. A node that offers much less than the others is not healthy (gpunode.MarkOutliers). While no node is healthy it returns
// what is in the status or, once the spec was edited, what the spec says of Karpenter's nodes.
func nodeShape(in Input, nodes []gpunode.Node) corev1.ResourceList {
	var least corev1.ResourceList
	for _, n := range selectNodes(nodes, func(n *gpunode.Node) bool { return n.Member && n.Healthy() }) {
		if least == nil {
			least = corev1.ResourceList{}
			for _, name := range gpunode.ShapeResources {
				least[name] = canonical(n.Object.Status.Allocatable[name])
			}
			continue
		}
		for name, quantity := range least {
			if has := n.Object.Status.Allocatable[name]; has.Cmp(quantity) < 0 {
				least[name] = canonical(has)
			}
		}
	}
	if least != nil {
		return least
	}
	declared := in.Pool.Spec.Karpenter != nil && len(in.Pool.Spec.Karpenter.NodeResources) > 0
	if declared && (in.Pool.Status.NodeAllocatable == nil || in.Pool.Status.ObservedGeneration != in.Pool.Generation) {
		return foundationv1alpha1.ResourceList(in.Pool.Spec.Karpenter.NodeResources)
	}
	return in.Pool.Status.NodeAllocatable
}

// canonical returns a quantity in the form in which the API server returns it, so that an unchanged status compares equal.
func canonical(quantity resource.Quantity) resource.Quantity {
	return resource.MustParse(quantity.String())
}
