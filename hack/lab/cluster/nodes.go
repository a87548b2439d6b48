package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/workqueue"
)

const (
	// DefaultNodes is how many GPU nodes a lab has unless told otherwise.
	DefaultNodes = 256
	// CPUNodes is how many nodes without GPUs a lab has.
	CPUNodes = 8
	// GPUsPerNode is how many GPUs each GPU node has.
	GPUsPerNode = 8
	// GPUResource is the extended resource of the nodes' GPUs.
	GPUResource = "nvidia.com/gpu"
)

// The labels of GPU nodes: their model and topology.
const (
	ModelLabel = "gpu.example.com/model"
	SpineLabel = "topology.example.com/spine"
	RackLabel  = "topology.example.com/rack"
)

const (
	nodesPerRack  = 8
	racksPerSpine = 8
	// nodeWorkers bounds how many nodes are created at a time.
	nodeWorkers = 16
)

// buildNodes returns count GPU nodes, half of one model and half of another, and the nodes without GPUs.
func buildNodes(count int) []*corev1.Node {
	nodes := make([]*corev1.Node, 0, count+CPUNodes)
	first := (count + 1) / 2
	for i := range first {
		nodes = append(nodes, gpuNode("b200", i))
	}
	for i := range count - first {
		nodes = append(nodes, gpuNode("h100", i))
	}
	for i := range CPUNodes {
		nodes = append(nodes, node(fmt.Sprintf("cpu-%d", i), "cpu-64", nil, cpuCapacity()))
	}
	return nodes
}

// gpuCapacity returns the capacity of a GPU node.
func gpuCapacity() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("224"),
		corev1.ResourceMemory:           resource.MustParse("2Ti"),
		corev1.ResourceEphemeralStorage: resource.MustParse("28Ti"),
		corev1.ResourcePods:             resource.MustParse("250"),
		GPUResource:                     *resource.NewQuantity(GPUsPerNode, resource.DecimalSI),
	}
}

// cpuCapacity returns the capacity of a node without GPUs.
func cpuCapacity() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("64"),
		corev1.ResourceMemory:           resource.MustParse("512Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("2Ti"),
		corev1.ResourcePods:             resource.MustParse("250"),
	}
}

// gpuNode returns the node with this index among those of its model. Models do not share racks or spines.
func gpuNode(model string, index int) *corev1.Node {
	rack := index / nodesPerRack
	spine := fmt.Sprintf("%s-s%d", model, rack/racksPerSpine)
	labels := map[string]string{
		ModelLabel: model,
		SpineLabel: spine,
		RackLabel:  fmt.Sprintf("%s-r%d", spine, rack%racksPerSpine),
	}
	return node(fmt.Sprintf("%s-%03d", model, index), fmt.Sprintf("%s-%d", model, GPUsPerNode), labels, gpuCapacity())
}

// NewGPUNode returns a GPU node whose kubelet kwok simulates, for tests that make nodes of their own. labels are added.
func NewGPUNode(name string, labels map[string]string) *corev1.Node {
	return node(name, fmt.Sprintf("gpu-%d", GPUsPerNode), labels, gpuCapacity())
}

func node(name, instanceType string, labels map[string]string, capacity corev1.ResourceList) *corev1.Node {
	all := map[string]string{
		corev1.LabelHostname:           name,
		corev1.LabelOSStable:           "linux",
		corev1.LabelArchStable:         "amd64",
		corev1.LabelInstanceTypeStable: instanceType,
	}
	maps.Copy(all, labels)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Labels:      all,
			Annotations: map[string]string{kwokNodeKey: kwokNodeValue},
		},
		Status: corev1.NodeStatus{Capacity: capacity, Allocatable: capacity},
	}
}

// createNodes creates missing nodes and leaves existing ones unchanged: the operator and the lab's users have written
// labels and taints on them.
func createNodes(ctx context.Context, client kubernetes.Interface, nodes []*corev1.Node) error {
	failures := make([]error, len(nodes))
	workqueue.ParallelizeUntil(ctx, nodeWorkers, len(nodes), func(i int) {
		_, err := client.CoreV1().Nodes().Create(ctx, nodes[i], metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			failures[i] = fmt.Errorf("create node %s: %w", nodes[i].Name, err)
		}
	})
	return errors.Join(append(failures, ctx.Err())...)
}

// countReady returns how many of the nodes are ready.
func countReady(nodes []corev1.Node) int {
	ready := 0
	for _, n := range nodes {
		for _, condition := range n.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
				ready++
			}
		}
	}
	return ready
}

// countBroken returns how many nodes are not ready because of BrokenLabel.
func countBroken(nodes []corev1.Node) int {
	broken := 0
	for _, n := range nodes {
		if n.Labels[BrokenLabel] == "true" && countReady([]corev1.Node{n}) == 0 {
			broken++
		}
	}
	return broken
}
