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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/text"
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
	byName, byClaim := make(map[string]*corev1.Node, len(in.Nodes)), map[types.UID]*corev1.Node{}
	for _, obj := range in.Nodes {
		byName[obj.Name] = obj
		for _, owner := range obj.OwnerReferences {
			byClaim[owner.UID] = obj
		}
	}
	nodes := make([]*node, 0, len(in.NodeClaims))
	for _, claim := range in.NodeClaims {
		if team, ours := teamOfNodePool(claim.Labels[karpenter.LabelNodePool], in.Pool); ours {
			obj := byName[claim.Status.NodeName]
			if obj == nil {
				// Karpenter opens a node a moment before it writes down its name.
				obj = byClaim[claim.UID]
			}
			nodes = append(nodes, claimedNode(in, team, claim, obj))
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

// stock is what was declared. What a team has not given back yet it still has. Less than none is free while Karpenter has
// made more than was declared.
func (karpenterBackend) stock(in Input, nodes []*node) (capacity, free int) {
	capacity = int(*in.Pool.Spec.Karpenter.Capacity / in.Pool.Spec.GPUsPerNode)
	if in.KarpenterMissing {
		return capacity, 0
	}
	return capacity, capacity - len(nodes)
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
	b.result.EndClaims = append(b.result.EndClaims, n.claim)
}

func (karpenterBackend) rest(*nodesBuilder, *node) {}

// finish sizes the NodePools.
func (karpenterBackend) finish(b *nodesBuilder, grants Grants) {
	if !b.in.KarpenterMissing {
		newNodePools(b, grants).size()
	}
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
			fmt.Sprintf("%d GPUs at most, %d on %s", *in.Pool.Spec.Karpenter.Capacity, int32(len(nodes))*perNode, text.Count(len(nodes), "node")))
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
