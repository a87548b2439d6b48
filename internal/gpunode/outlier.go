package gpunode

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// ShapeResources are what quotas derive from nodes besides GPUs.
var ShapeResources = []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}

// MarkOutliers gives the fault FaultSmall to the healthy nodes that offer less than half of the median of something that
// quotas derive from nodes. Quotas of all teams follow from the smallest healthy node; without this rule one node that reports
// next to nothing, for example while its kubelet is misconfigured, would take everybody's CPU. Half is less than servers
// of one GPU model differ by, and the median is what at least half of the nodes agree on. Of two nodes the larger one counts as
// the median: that a node offers too little is far more often wrong than that it offers too much.
func MarkOutliers(nodes []Node) {
	for _, name := range ShapeResources {
		median := medianOf(nodes, name)
		for i := range nodes {
			n := &nodes[i]
			if !n.Healthy() || n.Object == nil {
				continue
			}
			if offered := n.Object.Status.Allocatable[name]; number(name, offered) < number(name, median)/2 {
				n.Fault = Fault{Kind: FaultSmall, Detail: fmt.Sprintf("offers %s of %s, most nodes %s", offered.String(), name, median.String())}
			}
		}
	}
}

// medianOf returns the median of what the nodes with GPUs offer; zero if there are none.
func medianOf(nodes []Node, name corev1.ResourceName) resource.Quantity {
	offered := make([]resource.Quantity, 0, len(nodes))
	for i := range nodes {
		if n := &nodes[i]; n.Member && n.Object != nil && n.Initialized() {
			offered = append(offered, n.Object.Status.Allocatable[name])
		}
	}
	if len(offered) == 0 {
		return resource.Quantity{}
	}
	slices.SortFunc(offered, func(a, b resource.Quantity) int { return cmp.Compare(number(name, a), number(name, b)) })
	return offered[len(offered)/2]
}

// number returns a quantity for comparisons: CPU in thousandths, the rest in bytes.
func number(name corev1.ResourceName, quantity resource.Quantity) int64 {
	if name == corev1.ResourceCPU {
		return quantity.MilliValue()
	}
	return quantity.Value()
}
