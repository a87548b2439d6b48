package pool

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/text"
)

func oversubscribedCondition(in Input, decision Decision) metav1.Condition {
	granted, capacity := decision.Grants.Granted(), decision.Grants.Capacity
	if granted > capacity {
		return conditions.True(foundationv1alpha1.ConditionOversubscribed, foundationv1alpha1.ReasonCapacityLost,
			fmt.Sprintf("%d GPUs granted, %d there%s: no grant is raised until nodes come back or awards end", granted.GPUs(in.perNode()), capacity.GPUs(in.perNode()), besidesSpares(in, decision)))
	}
	return conditions.False(foundationv1alpha1.ConditionOversubscribed, foundationv1alpha1.ReasonWithinCapacity, "")
}

// besidesSpares says that spares are no part of a number; empty if there are none.
func besidesSpares(in Input, decision Decision) string {
	if decision.Grants.Spares == 0 {
		return ""
	}
	return fmt.Sprintf(" besides %d of spares", decision.Grants.Spares.GPUs(in.perNode()))
}

// reconcilingCondition is set only while nodes change hands; nil otherwise.
func reconcilingCondition(in Input, decision Decision) *metav1.Condition {
	var assigned, surplus allocation.Nodes
	for _, team := range decision.Grants.Teams {
		assigned += team.Missing()
		surplus += team.Surplus()
	}
	if dynamic(in.Pool) {
		// Nodes of a Dynamic pool are provisioned when pods need them, so missing ones are no work in progress.
		assigned = 0
	}
	draining := selectNodes(decision.Nodes, func(n *gpunode.Node) bool { return n.State == gpunode.Draining || n.State == gpunode.Terminating })
	scrubbing := selectNodes(decision.Nodes, awaitsScrub)
	entering := selectNodes(decision.Nodes, isEntering)
	provisioning := selectNodes(decision.Nodes, func(n *gpunode.Node) bool { return !n.Initialized() && n.State != gpunode.Terminating })
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, text.Count(n, "node")+" "+what)
		}
	}
	comes := "to be assigned"
	if in.Pool.Spec.Karpenter != nil {
		comes = "to be provisioned by Karpenter"
	}
	add(int(assigned), comes)
	add(len(provisioning), "being provisioned by Karpenter")
	add(int(surplus)+len(draining), "draining"+stuckPod(in, draining))
	add(len(entering), "waiting to be empty before being granted: "+namesOf(entering))
	add(len(scrubbing), "waiting to be scrubbed before being granted: "+namesOf(scrubbing))
	if len(parts) == 0 {
		return nil
	}
	condition := conditions.True(foundationv1alpha1.ConditionReconciling, foundationv1alpha1.ReasonProgressing, strings.Join(parts, ", "))
	return &condition
}

func isEntering(n *gpunode.Node) bool { return n.Member && n.State == gpunode.Entering }

// stuckPod names a pod that is still there after it was evicted, for example because a PodDisruptionBudget refuses the
// eviction.
func stuckPod(in Input, draining []*gpunode.Node) string {
	for _, n := range draining {
		evicted := n.Since.Add(in.policy().Grace())
		if n.State != gpunode.Draining || in.Now.Before(evicted.Add(gpunode.InspectInterval)) {
			continue
		}
		for _, pod := range in.Pods[n.Name] {
			if pod.DeletionTimestamp.IsZero() {
				return fmt.Sprintf(" (pod %s/%s on %s is past its grace: a PodDisruptionBudget may hold it, delete that or set spec.reclaim.forceAfter)", pod.Namespace, pod.Name, n.Name)
			}
		}
	}
	return ""
}
