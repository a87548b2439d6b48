package pool

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/text"
)

func readyCondition(in Input, decision Decision) metav1.Condition {
	owned := selectNodes(decision.Nodes, func(n *gpunode.Node) bool { return n.State.Owned() })
	switch {
	case in.deleting() && len(owned) > 0:
		return notReady(foundationv1alpha1.ReasonNodesInUse, "deletion waits for %s of teams: %s; end the awards of this pool in their spec.gpus, or %s",
			text.Count(len(owned), "node"), namesOf(owned), takeBackDeletion(in.Pool))
	case in.Pool.Spec.Karpenter != nil:
		return karpenterReadyCondition(in, decision.Nodes)
	default:
		return staticReadyCondition(in, decision.Nodes)
	}
}

// takeBackDeletion says how a deletion that waits is taken back. Kubernetes cannot undo it; without its finalizer the object
// is gone, and teams keep their nodes, whose labels tell the new one who has them.
func takeBackDeletion(pool *foundationv1alpha1.GPUPool) string {
	return fmt.Sprintf(`take it back: kubectl patch gpool %s --type=merge -p '{"metadata":{"finalizers":null}}', then apply its manifest again: nodes and pods stay`, pool.Name)
}

func notReady(reason, format string, args ...any) metav1.Condition {
	return conditions.False(foundationv1alpha1.ConditionReady, reason, fmt.Sprintf(format, args...))
}

func staticReadyCondition(in Input, nodes []gpunode.Node) metav1.Condition {
	members := selectNodes(nodes, func(n *gpunode.Node) bool { return n.Member })
	conflicting := selectNodes(nodes, func(n *gpunode.Node) bool { return n.Conflict })
	unhealthy := selectNodes(nodes, func(n *gpunode.Node) bool { return n.Member && !n.Healthy() })
	left := selectNodes(nodes, func(n *gpunode.Node) bool { return n.State.Owned() && !n.Member })
	occupied := occupiedNodes(in, nodes)
	switch {
	case in.Invalid != nil:
		return notReady(foundationv1alpha1.ReasonInvalidSelector, "spec.static.nodeSelector: %v: correct it; the pool goes on with the nodes that it has", in.Invalid)
	case len(conflicting) > 0:
		return notReady(foundationv1alpha1.ReasonNodeConflict, "spec.static.nodeSelector matches %s of another pool: %s; make the selectors of the pools disjoint",
			text.Count(len(conflicting), "node"), namesOf(conflicting))
	case len(members) == 0:
		return notReady(foundationv1alpha1.ReasonNoNodes, "no node with %s matches spec.static.nodeSelector; correct it or label nodes%s", in.Pool.Spec.ResourceName, remarksOn(in, nodes))
	case len(occupied) > 0:
		pod := in.Pods[occupied[0].Name][0]
		return notReady(foundationv1alpha1.ReasonNodesOccupied, "%s with pods from before they came into the pool: %s (%s/%s); move the pods, for example with kubectl drain",
			text.Count(len(occupied), "node"), namesOf(occupied), pod.Namespace, pod.Name)
	case len(left) > 0:
		return notReady(foundationv1alpha1.ReasonNodesLeft, "%s of teams left the pool: %s; match them with spec.static.nodeSelector again, or shrink the awards of their teams",
			text.Count(len(left), "node"), namesOf(left))
	case len(unhealthy) > 0:
		return nodesUnhealthy(in, nodes, unhealthy, len(members))
	default:
		return conditions.True(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonAsDeclared,
			fmt.Sprintf("%d GPUs on %s%s", gpusOn(in, len(members)), text.Count(len(members), "node"), remarksOn(in, nodes)))
	}
}

// occupiedNodes returns the nodes that cannot be given to anybody because of pods from before they came into the pool.
func occupiedNodes(in Input, nodes []gpunode.Node) []*gpunode.Node {
	return selectNodes(nodes, func(n *gpunode.Node) bool { return isEntering(n) && len(in.Pods[n.Name]) > 0 })
}

// karpenterReadyCondition is made from NodeClaims and Nodes. A NodePool's conditions are used only to explain why there are
// none.
func karpenterReadyCondition(in Input, nodes []gpunode.Node) metav1.Condition {
	unhealthy := selectNodes(nodes, func(n *gpunode.Node) bool { return !n.Healthy() && n.Initialized() && n.State != gpunode.Terminating })
	switch {
	case in.KarpenterMissing:
		return notReady(foundationv1alpha1.ReasonKarpenterMissing,
			"spec.karpenter: this cluster serves no NodePools of karpenter.sh/v1: install Karpenter, it is looked for again every %d seconds", int(optionalProbeInterval.Seconds()))
	case len(unhealthy) > 0:
		return nodesUnhealthy(in, nodes, unhealthy, len(nodes))
	default:
		return conditions.True(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonAsDeclared,
			fmt.Sprintf("%d GPUs at most, %d on %s%s", *in.Pool.Spec.Karpenter.Capacity, gpusOn(in, len(nodes)), text.Count(len(nodes), "node"), remarksOn(in, nodes)))
	}
}

func nodesUnhealthy(in Input, nodes []gpunode.Node, unhealthy []*gpunode.Node, all int) metav1.Condition {
	return notReady(foundationv1alpha1.ReasonNodesUnhealthy, "%d of %d GPUs on nodes that are not healthy: %s%s",
		gpusOn(in, len(unhealthy)), gpusOn(in, all), faultsOf(unhealthy), remedy(in, unhealthy)+remarksOn(in, nodes))
}

// remedy says what helps against faults that are not plain.
func remedy(in Input, unhealthy []*gpunode.Node) string {
	has := func(kind gpunode.FaultKind) bool {
		return slices.ContainsFunc(unhealthy, func(n *gpunode.Node) bool { return n.Fault.Kind == kind })
	}
	switch {
	case has(gpunode.FaultTainted) && in.Pool.Spec.Static != nil:
		return "; remove the taint, or list it in spec.static.taints if pods of teams tolerate it"
	case has(gpunode.FaultDevices):
		return "; mend the device, whose driver then takes the taint off, and delete a DeviceTaintRule"
	case has(gpunode.FaultSmall):
		return "; mend the node, or give nodes of another size a pool of their own"
	default:
		return ""
	}
}

// remarksOn tells of nodes that are not used as one may expect; empty if there is none.
func remarksOn(in Input, nodes []gpunode.Node) string {
	resource := corev1.ResourceName(in.Pool.Spec.ResourceName)
	without := selectNodes(nodes, func(n *gpunode.Node) bool { return n.WithoutGPUs })
	more := selectNodes(nodes, func(n *gpunode.Node) bool {
		if n.Object == nil || !n.Member {
			return false
		}
		gpus := n.Object.Status.Allocatable[resource]
		return gpus.Value() > int64(in.Pool.Spec.GPUsPerNode)
	})
	remarks := ""
	if len(without) > 0 {
		gpus := string(resource)
		if in.Devices != nil {
			gpus += " and no devices of " + in.Pool.Spec.DeviceClassName
		}
		remarks += fmt.Sprintf("; %s spec.static.nodeSelector but %s no %s: %s", matching(len(without)), have(len(without)), gpus, namesOf(without))
	}
	if len(more) > 0 {
		remarks += fmt.Sprintf("; %s more than %d %s, which stay unused: %s", text.Count(len(more), "node")+" "+have(len(more)), in.Pool.Spec.GPUsPerNode, resource, namesOf(more))
	}
	if in.DevicesUnknown != "" {
		remarks += "; devices of spec.deviceClassName are not judged: " + in.DevicesUnknown
	}
	return remarks
}

func gpusOn(in Input, nodes int) allocation.GPUs { return allocation.Nodes(nodes).GPUs(in.perNode()) }
