package pool

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/karpenter"
)

// defaultConsolidateAfter is how long a node of a Dynamic pool may be empty before Karpenter ends it.
const defaultConsolidateAfter = 5 * time.Minute

// karpenterBackend is nodes that Karpenter makes, by a NodePool for each team. They are a team's own from birth and are
// ended when it lets them go.
type karpenterBackend struct{}

// ownNodePool is how the operator calls NodePools: <team>.<pool>.<mode>, no part of which has a dot.
var ownNodePool = regexp.MustCompile(`^([a-z][-a-z0-9]*)\.([a-z0-9][-a-z0-9]*)\.[sd]$`)

// teamOfNodePool is the team that a NodePool of the pool is for, whatever somebody wrote on it; false if it has not the name
// of one.
func teamOfNodePool(name string, pool *foundationv1alpha1.GPUPool) (team string, ok bool) {
	parts := ownNodePool.FindStringSubmatch(name)
	if parts == nil || parts[2] != pool.Name {
		return "", false
	}
	return parts[1], true
}

// nodePoolName is the name of a team's NodePool. A NodePool cannot change its mode, so each mode has one of its own.
func nodePoolName(team string, pool *foundationv1alpha1.GPUPool) string {
	mode := ".s"
	if dynamic(pool) {
		mode = ".d"
	}
	return team + "." + pool.Name + mode
}

func dynamic(pool *foundationv1alpha1.GPUPool) bool {
	return pool.Spec.Karpenter != nil && pool.Spec.Karpenter.Mode == foundationv1alpha1.KarpenterDynamic
}

// madeForTeam says whether Karpenter made a node for a team.
func madeForTeam(obj metav1.Object) bool {
	return ownNodePool.MatchString(obj.GetLabels()[karpenter.LabelNodePool])
}

// nodes are the NodeClaims, each with its Node if there is one yet.
func (karpenterBackend) nodes(in Input) []*node {
	byName := make(map[string]*corev1.Node, len(in.Nodes))
	for _, obj := range in.Nodes {
		byName[obj.Name] = obj
	}
	nodes := make([]*node, 0, len(in.NodeClaims))
	for _, claim := range in.NodeClaims {
		if team, ours := teamOfNodePool(claim.Labels[karpenter.LabelNodePool], in.Pool); ours {
			nodes = append(nodes, claimedNode(in, team, claim, byName[claim.Status.NodeName]))
		}
	}
	slices.SortFunc(nodes, func(a, b *node) int { return cmp.Compare(a.Name, b.Name) })
	return nodes
}

func claimedNode(in Input, team string, claim *karpenter.NodeClaim, obj *corev1.Node) *node {
	key := teamKey{name: team, uid: types.UID(claim.Annotations[foundationv1alpha1.AnnotationTeamUID])}.completed(in)
	n := &node{
		Node:      obj,
		claim:     claim,
		launching: obj == nil,
		member:    true,
		holder:    &key,
		outgoing:  claim.Labels[karpenter.LabelNodePool] != nodePoolName(team, in.Pool) || !claim.DeletionTimestamp.IsZero(),
	}
	switch {
	case n.launching:
		n.Node = &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: claim.Name}}
	default:
		n.releasing = releasingSince(in, obj)
		n.healthy = healthy(obj, in.Pool) && meta.IsStatusConditionTrue(claim.Status.Conditions, karpenter.ConditionInitialized)
	}
	if !claim.DeletionTimestamp.IsZero() {
		n.releasing = claim.DeletionTimestamp.Time
	}
	return n
}

// ending says whether Karpenter is taking a node away.
func (n *node) ending() bool { return n.claim != nil && !n.claim.DeletionTimestamp.IsZero() }

// stock is what was declared. What a team has not given back yet it still has.
func (karpenterBackend) stock(in Input, nodes []*node) (capacity, free int) {
	capacity = int(*in.Pool.Spec.Karpenter.Capacity / in.Pool.Spec.GPUsPerNode)
	if in.KarpenterMissing {
		return capacity, 0
	}
	return capacity, max(capacity-len(nodes), 0)
}

// prepare asks back the nodes of the mode that the pool does not have any more. New ones take their place as they go.
func (karpenterBackend) prepare(b *nodesBuilder) {
	for _, n := range b.nodes {
		if n.outgoing && n.releasing.IsZero() {
			b.askBackNode(n)
		}
	}
}

// supply is Karpenter's, by the size of the NodePool.
func (karpenterBackend) supply(*nodesBuilder, *part, int) {}

func (karpenterBackend) vacate(b *nodesBuilder, n *node) {
	if !n.ending() {
		b.result.EndClaims = append(b.result.EndClaims, n.claim)
	}
}

func (karpenterBackend) rest(*nodesBuilder, *node) {}

// finish sizes the NodePools.
func (k karpenterBackend) finish(b *nodesBuilder, grants Grants) {
	if b.in.KarpenterMissing {
		return
	}
	live := map[string]*karpenter.NodePool{}
	for _, nodePool := range b.in.NodePools {
		live[nodePool.Name] = nodePool
	}
	wanted := map[string]bool{}
	room := k.room(b, grants)
	for _, p := range grants.inOrder() {
		current := nodePoolName(p.key.name, b.in.Pool)
		if p.key.uid == "" || anothers(b, live[current], p.key, current) {
			continue
		}
		had := count(b.nodes, func(n *node) bool { return n.held(p.key) && n.madeBy(current) })
		others := count(b.nodes, func(n *node) bool { return n.held(p.key) && !n.madeBy(current) })
		// The nodes of the other mode are the team's until they are gone.
		size := max(p.granted-others, 0)
		if !b.in.Pool.DeletionTimestamp.IsZero() {
			size = min(size, had)
		}
		if size+had == 0 {
			continue
		}
		wanted[current] = true
		if raise := size - max(had, mayHave(live[current], b.in.Pool)); raise > 0 {
			size -= raise - min(raise, room)
			room -= min(raise, room)
		}
		if size+had > 0 || live[current] != nil {
			b.result.NodePools = append(b.result.NodePools, k.nodePool(b.in, p.key, size, had))
		}
	}
	for _, nodePool := range b.in.NodePools {
		if team, ours := teamOfNodePool(nodePool.Name, b.in.Pool); ours && !wanted[nodePool.Name] {
			k.close(b, team, nodePool)
		}
	}
	// One that somebody deletes is gone first, then it is made anew.
	b.result.NodePools = slices.DeleteFunc(b.result.NodePools, func(config *karpenter.NodePoolApplyConfiguration) bool {
		return live[*config.Name] != nil && !live[*config.Name].DeletionTimestamp.IsZero()
	})
}

// room is how many more nodes NodePools may be told to make: what is left beside the nodes that are there and those that
// Karpenter, as far as is known, may still make. A NodePool that is made smaller so is seen to be before others are made
// larger by it. What teams were granted before less was declared they may have.
func (karpenterBackend) room(b *nodesBuilder, grants Grants) int {
	taken := len(b.nodes)
	for _, nodePool := range b.in.NodePools {
		if _, ours := teamOfNodePool(nodePool.Name, b.in.Pool); ours {
			taken += max(mayHave(nodePool, b.in.Pool)-count(b.nodes, func(n *node) bool { return n.madeBy(nodePool.Name) }), 0)
		}
	}
	return max(max(grants.capacity, grants.granted())-taken, 0)
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
		if uid := live.Annotations[foundationv1alpha1.AnnotationTeamUID]; uid != "" && uid != string(key.uid) {
			return true
		}
	}
	return slices.ContainsFunc(b.nodes, func(n *node) bool { return n.madeBy(name) && !n.held(key) })
}

// madeBy says whether the node is one of a NodePool.
func (n *node) madeBy(nodePool string) bool {
	return n.claim != nil && n.claim.Labels[karpenter.LabelNodePool] == nodePool
}

// close shuts a NodePool that nobody wants, and ends it when its nodes are gone.
func (karpenterBackend) close(b *nodesBuilder, team string, live *karpenter.NodePool) {
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

// nodePool is a team's NodePool for size nodes, of which had are there. A static one is never told to have fewer
// than it has: Karpenter would choose which to end. Its limit keeps it from replacing those that the operator ends.
func (karpenterBackend) nodePool(in Input, key teamKey, size, had int) *karpenter.NodePoolApplyConfiguration {
	spec := in.Pool.Spec.Karpenter
	labels := map[string]string{
		foundationv1alpha1.LabelPool: in.Pool.Name, foundationv1alpha1.LabelTeam: key.name, foundationv1alpha1.LabelNodeTeam: key.name,
	}
	for name, value := range spec.Labels {
		labels[name] = value
	}
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

func (karpenterBackend) ready(in Input, nodes []*node) metav1.Condition {
	no := func(reason, message string) metav1.Condition {
		return conditions.False(foundationv1alpha1.ConditionReady, reason, message)
	}
	perNode := in.Pool.Spec.GPUsPerNode
	sick := filter(nodes, func(n *node) bool { return !n.healthy && !n.making() && !n.ending() })
	switch {
	case in.KarpenterMissing:
		return no(foundationv1alpha1.ReasonKarpenterMissing,
			"spec.karpenter: this cluster serves no NodePools of karpenter.sh/v1: install Karpenter, it is looked for again every 30 seconds")
	case len(sick) > 0:
		return no(foundationv1alpha1.ReasonNodesUnhealthy, fmt.Sprintf("%d of %d GPUs on nodes that are not Ready, cordoned or lack GPUs: %s",
			int32(len(sick))*perNode, int32(len(nodes))*perNode, namesOf(sick)))
	default:
		return conditions.True(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonAsDeclared,
			fmt.Sprintf("%d GPUs at most, %d on %s", *in.Pool.Spec.Karpenter.Capacity, int32(len(nodes))*perNode, conditions.Count(len(nodes), "node")))
	}
}

// making says whether Karpenter has not finished a node yet.
func (n *node) making() bool {
	return n.claim != nil && !meta.IsStatusConditionTrue(n.claim.Status.Conditions, karpenter.ConditionInitialized)
}

// complain is why a team's NodePool makes no nodes, as Karpenter tells it; empty if it does not complain.
func complain(in Input, key teamKey) string {
	name := nodePoolName(key.name, in.Pool)
	i := slices.IndexFunc(in.NodePools, func(live *karpenter.NodePool) bool { return live.Name == name })
	if i < 0 {
		return ""
	}
	for _, step := range []string{karpenter.ConditionValidationSucceeded, karpenter.ConditionNodeClassReady, karpenter.ConditionNodeRegistrationHealthy} {
		if condition := meta.FindStatusCondition(in.NodePools[i].Status.Conditions, step); condition != nil && condition.Status == metav1.ConditionFalse {
			return fmt.Sprintf("NodePool %s is not %s (%s: %s)", name, step, condition.Reason, shorten(condition.Message))
		}
	}
	return ""
}

// lag is the step that a node has not come to, and why, as Karpenter tells it.
func lag(claim *karpenter.NodeClaim) (step, why string) {
	for _, step := range []string{karpenter.ConditionLaunched, karpenter.ConditionRegistered, karpenter.ConditionInitialized} {
		condition := meta.FindStatusCondition(claim.Status.Conditions, step)
		switch {
		case condition == nil:
			return step, ""
		case condition.Status != metav1.ConditionTrue && condition.Reason == awaitingReconciliation:
			return step, ""
		case condition.Status != metav1.ConditionTrue:
			return step, fmt.Sprintf("%s: %s", condition.Reason, shorten(condition.Message))
		}
	}
	return "", ""
}

// shorten keeps a message of Karpenter's, which can be of any length, to one that status has room for.
func shorten(message string) string {
	const most = 400
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most], "") + "…"
}

// awaitingReconciliation is the reason that Karpenter gives when it has none yet.
const awaitingReconciliation = "AwaitingReconciliation"
