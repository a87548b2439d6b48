package pool

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/karpenter"
)

// nodePools are a pool's NodePools, and what becomes of them.
type nodePools struct {
	*nodesBuilder
	grants Grants
	live   map[string]*karpenter.NodePool
	wanted map[string]bool
	// room is how many more nodes NodePools may be told to make.
	room int
}

func newNodePools(b *nodesBuilder, grants Grants) *nodePools {
	n := &nodePools{nodesBuilder: b, grants: grants, live: map[string]*karpenter.NodePool{}, wanted: map[string]bool{}, room: roomFor(b, grants)}
	for _, nodePool := range b.in.NodePools {
		n.live[nodePool.Name] = nodePool
	}
	return n
}

// size gives each team's NodePool its size, and closes those that nobody wants.
func (n *nodePools) size() {
	for _, p := range n.grants.inOrder() {
		current := nodePoolName(p.key.name, n.in.Pool)
		if p.key.uid != "" && !going(n.live[current]) && !anothers(n.nodesBuilder, n.live[current], p.key, current) {
			n.sizeOf(p, current)
		}
	}
	for _, nodePool := range n.in.NodePools {
		if team, ours := teamOfNodePool(nodePool.Name, n.in.Pool); ours && !n.wanted[nodePool.Name] && !going(nodePool) {
			closeNodePool(n.nodesBuilder, team, nodePool)
		}
	}
}

// sizeOf gives a team's NodePool its size, as far as there is room for it.
func (n *nodePools) sizeOf(p *part, name string) {
	had := count(n.nodes, func(node *node) bool { return node.madeBy(name) })
	others := count(n.nodes, func(node *node) bool { return node.held(p.key) && !node.madeBy(name) })
	// The nodes of the other mode are the team's until they are gone.
	size := max(p.granted-others, 0)
	if !n.in.Pool.DeletionTimestamp.IsZero() {
		size = min(size, had)
	}
	if size+had == 0 {
		return
	}
	n.wanted[name] = true
	if raise := size - max(had, mayHave(n.live[name], n.in.Pool)); raise > 0 {
		size -= raise - min(raise, n.room)
		n.room -= min(raise, n.room)
	}
	if size+had > 0 || n.live[name] != nil {
		n.result.NodePools = append(n.result.NodePools, open(n.in, p.key, size, had))
	}
}

// going says whether somebody deleted a NodePool: it is gone first, then it may be made anew.
func going(live *karpenter.NodePool) bool { return live != nil && !live.DeletionTimestamp.IsZero() }

// roomFor is how many more nodes NodePools may be told to make: what is left beside the nodes that are there and those that
// Karpenter, as far as is known, may still make. A NodePool that is made smaller so is seen to be before others are made
// larger by it. What teams were granted before less was declared they may have.
func roomFor(b *nodesBuilder, grants Grants) int {
	taken := len(b.nodes)
	for _, nodePool := range b.in.NodePools {
		if _, ours := teamOfNodePool(nodePool.Name, b.in.Pool); ours {
			taken += max(mayHave(nodePool, b.in.Pool)-count(b.nodes, func(n *node) bool { return n.madeBy(nodePool.Name) }), 0)
		}
	}
	return max(grants.capacity-taken, grants.granted()-taken, 0)
}

// mayHave is how many nodes a NodePool may have at the most.
func mayHave(live *karpenter.NodePool, pool *foundationv1alpha1.GPUPool) int {
	if live == nil {
		return 0
	}
	if limit, ok := live.Spec.Limits[resourceNodes]; ok {
		return int(limit.Value())
	}
	limit := live.Spec.Limits[corev1.ResourceName(pool.Spec.ResourceName)]
	return int(limit.Value() / int64(pool.Spec.GPUsPerNode))
}

// anothers says whether a NodePool is that of an earlier team of this name, or still has nodes of its.
func anothers(b *nodesBuilder, live *karpenter.NodePool, key teamKey, name string) bool {
	if live != nil {
		owner := teamKey{name: key.name, uid: types.UID(live.Annotations[foundationv1alpha1.AnnotationTeamUID])}
		if owner.uid != "" && owner.completed(b.in) != key {
			return true
		}
	}
	return slices.ContainsFunc(b.nodes, func(n *node) bool { return n.madeBy(name) && !n.held(key) })
}

// madeBy says whether the node is one of a NodePool.
func (n *node) madeBy(nodePool string) bool {
	return n.claim != nil && n.claim.Labels[karpenter.LabelNodePool] == nodePool
}

// closeNodePool shuts a NodePool that nobody wants, and ends it when its nodes are gone.
func closeNodePool(b *nodesBuilder, team string, live *karpenter.NodePool) {
	left := count(b.nodes, func(n *node) bool { return n.madeBy(live.Name) })
	closed := true
	for _, limit := range live.Spec.Limits {
		closed = closed && limit.IsZero()
	}
	if closed && left == 0 && len(live.Spec.Limits) > 0 {
		b.result.EndNodePools = append(b.result.EndNodePools, live)
		return
	}
	key := teamKey{name: team, uid: types.UID(live.Annotations[foundationv1alpha1.AnnotationTeamUID])}
	b.result.NodePools = append(b.result.NodePools, shut(b.in, key, live, left))
}

// open is a team's NodePool for size nodes, of which had are there. A static one is never told to have fewer
// than it has: Karpenter would choose which to end. Its limit keeps it from replacing those that the operator ends.
func open(in Input, key teamKey, size, had int) *karpenter.NodePoolApplyConfiguration {
	spec := in.Pool.Spec.Karpenter
	labels := map[string]string{
		foundationv1alpha1.LabelPool: in.Pool.Name, foundationv1alpha1.LabelTeam: key.name, foundationv1alpha1.LabelNodeTeam: key.name,
	}
	maps.Copy(labels, spec.Labels)
	taints := []karpenter.Taint{{Key: foundationv1alpha1.TaintTeam, Value: key.name, Effect: corev1.TaintEffectNoSchedule}}
	for _, taint := range spec.Taints {
		taints = append(taints, karpenter.Taint{Key: taint.Key, Value: taint.Value, Effect: taint.Effect})
	}
	requirements := make([]karpenter.Requirement, len(spec.Requirements))
	for i, requirement := range spec.Requirements {
		requirements[i] = karpenter.Requirement{Key: requirement.Key, Operator: requirement.Operator, Values: requirement.Values}
	}
	config := newNodePool(in, key, nodePoolName(key.name, in.Pool))
	config.Spec = &karpenter.NodePoolSpec{
		Template: &karpenter.Template{
			Metadata: &karpenter.TemplateMeta{
				Labels:      labels,
				Annotations: map[string]string{foundationv1alpha1.AnnotationTeamUID: string(key.uid)},
			},
			Spec: &karpenter.TemplateSpec{
				Taints:       taints,
				Requirements: requirements,
				NodeClassRef: &karpenter.NodeClassRef{Group: spec.NodeClassRef.Group, Kind: spec.NodeClassRef.Kind, Name: spec.NodeClassRef.Name},
				ExpireAfter:  "Never",
			},
		},
		Disruption: disruption(spec),
	}
	if dynamic(in.Pool) {
		gpus := resource.NewQuantity(int64(size)*int64(in.Pool.Spec.GPUsPerNode), resource.DecimalSI)
		config.Spec.Limits = corev1.ResourceList{corev1.ResourceName(in.Pool.Spec.ResourceName): *gpus}
		return config
	}
	config.Spec.Replicas = new(int64(max(size, had)))
	config.Spec.Limits = corev1.ResourceList{resourceNodes: *resource.NewQuantity(int64(size), resource.DecimalSI)}
	return config
}

// resourceNodes is what Karpenter calls the number of nodes in limits.
const resourceNodes corev1.ResourceName = "nodes"

// disruption leaves running work alone: Karpenter may only end nodes that are empty.
func disruption(spec *foundationv1alpha1.KarpenterNodes) *karpenter.Disruption {
	after := "Never"
	if spec.Mode == foundationv1alpha1.KarpenterDynamic {
		empty := defaultConsolidateAfter
		if spec.ConsolidateAfter != nil {
			empty = spec.ConsolidateAfter.Duration
		}
		after = fmt.Sprintf("%ds", int64(empty.Seconds()))
	}
	return &karpenter.Disruption{
		ConsolidationPolicy: "WhenEmpty",
		ConsolidateAfter:    after,
		Budgets: []karpenter.Budget{
			{Nodes: "0", Reasons: []string{"Drifted", "Underutilized"}},
			{Nodes: "100%", Reasons: []string{"Empty"}},
		},
	}
}

// shut is a NodePool that makes no more nodes, and is otherwise what it was.
func shut(in Input, key teamKey, live *karpenter.NodePool, had int) *karpenter.NodePoolApplyConfiguration {
	config := newNodePool(in, key, live.Name)
	config.Spec = live.Spec.DeepCopy()
	config.Spec.Limits = corev1.ResourceList{}
	for name := range live.Spec.Limits {
		config.Spec.Limits[name] = *resource.NewQuantity(0, resource.DecimalSI)
	}
	if config.Spec.Replicas != nil {
		config.Spec.Replicas = new(int64(had))
		config.Spec.Limits = corev1.ResourceList{resourceNodes: *resource.NewQuantity(0, resource.DecimalSI)}
	}
	if len(config.Spec.Limits) == 0 {
		config.Spec.Limits = corev1.ResourceList{corev1.ResourceName(in.Pool.Spec.ResourceName): *resource.NewQuantity(0, resource.DecimalSI)}
	}
	return config
}

func newNodePool(in Input, key teamKey, name string) *karpenter.NodePoolApplyConfiguration {
	config := karpenter.NewNodePool(name)
	config.WithLabels(map[string]string{foundationv1alpha1.LabelPool: in.Pool.Name, foundationv1alpha1.LabelTeam: key.name})
	config.WithAnnotations(map[string]string{foundationv1alpha1.AnnotationTeamUID: string(key.uid)})
	return config
}
