package pool

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/placement"
)

// staticProvider takes the nodes that a selector matches. They are assigned to a team and become free again.
type staticProvider struct{}

func (staticProvider) nodes(in Input) []gpunode.Node {
	classifier, required := in.classifier(), in.nodeRequirements()
	nodes := make([]gpunode.Node, 0, len(in.Nodes))
	for _, obj := range in.Nodes {
		nodes = append(nodes, staticNode(in, obj, classifier, required))
	}
	gpunode.MarkOutliers(nodes)
	return nodes
}

func staticNode(in Input, obj *corev1.Node, classifier gpunode.Classifier, required gpunode.Requirements) gpunode.Node {
	matches, pool := in.Selector.Matches(labels.Set(obj.Labels)), obj.Labels[foundationv1alpha1.LabelPool]
	n := gpunode.Node{Ownership: gpunode.Ownership{State: gpunode.Outside}, Name: obj.Name, Object: obj, Fault: required.Fault(obj)}
	// A node that Karpenter provisioned for one team must not be assigned to another, whatever selector matches it.
	available := !provisionedForTeam(obj) && (matches && pool == "" || pool == in.Pool.Name)
	if available {
		n.Ownership = classifier.Classify(gpunode.MetadataOf(obj))
	}
	n.SeenClosed = in.SeenClosed[obj.Name]
	n.WithoutGPUs = available && pool == "" && n.State == gpunode.Outside && !required.HasGPUs(obj)
	n.Managed = available && !n.WithoutGPUs
	n.Member = n.Managed && matches && obj.DeletionTimestamp.IsZero()
	n.Conflict = matches && !available
	return n
}

func (staticProvider) supply(_ Input, nodes []gpunode.Node) (capacity, unassigned allocation.Nodes) {
	return countNodes(nodes, func(n *gpunode.Node) bool { return n.Member }), countNodes(nodes, (*gpunode.Node).Grantable)
}

// assign chooses free nodes that are close to those that the team has.
func (staticProvider) assign(in Input, missing int, own, free []*gpunode.Node) []*gpunode.Node {
	byName := make(map[string]*gpunode.Node, len(free))
	for _, n := range free {
		byName[n.Name] = n
	}
	var chosen []*gpunode.Node
	for _, name := range placement.Choose(missing, placements(in, own), placements(in, free)) {
		chosen = append(chosen, byName[name])
	}
	return chosen
}

func (staticProvider) nodePools(Input, Decision) nodePoolPlan { return nodePoolPlan{} }

func placements(in Input, nodes []*gpunode.Node) []placement.Node {
	list := make([]placement.Node, len(nodes))
	for i, n := range nodes {
		list[i] = placementOf(in, n)
	}
	return list
}

// placementOf returns where a node is. The topology of Karpenter's nodes is not known before they exist.
func placementOf(in Input, n *gpunode.Node) placement.Node {
	var topology []string
	if static := in.Pool.Spec.Static; static != nil {
		for _, key := range static.TopologyKeys {
			topology = append(topology, n.Object.Labels[key])
		}
	}
	return placement.Node{Name: n.Name, Topology: topology}
}
