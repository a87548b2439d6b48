package gpunode

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"foundation.team/operator/internal/karpenter"
)

const (
	// Settle is how long a node is closed to new pods before it counts as empty: the scheduler may just have placed a pod on
	// it that the API server does not show yet.
	Settle = 5 * time.Second
	// InspectInterval is how often the pods of a draining node are listed. Pods are not watched: a cluster has too many.
	InspectInterval = 10 * time.Second
	// OccupiedInterval is how often the pods of a node are listed that came into the pool with pods on it.
	OccupiedInterval = 30 * time.Second
)

// Node is a pool's node.
type Node struct {
	Ownership
	// Name is the Node's, or the NodeClaim's while there is no Node yet.
	Name string
	// Object is nil while Karpenter has none, or the cache does not show it.
	Object *corev1.Node
	// Claim is nil for a node that Karpenter did not provision.
	Claim *karpenter.NodeClaim
	// Managed reports whether the pool writes its ownership metadata, Member whether it may also give it to a team: a
	// node that left the pool is its team's until that gives it back.
	Managed, Member bool
	// Conflict reports whether the pool's selector matches a node that is another pool's.
	Conflict bool
	// Healthy reports whether the node is Ready, not cordoned, and has all of its GPUs.
	Healthy bool
	// Replaced reports whether the node is of the Karpenter mode that the pool had before: it is drained whatever its team
	// was granted.
	Replaced bool
}

// OwnedBy reports whether the node is the team's, draining or not.
func (n *Node) OwnedBy(owner Owner) bool { return n.State.Owned() && n.Owner == owner }

// UsableBy reports whether the team may run pods on the node, now or as soon as it is ready.
func (n *Node) UsableBy(owner Owner) bool { return n.State.Usable() && n.Owner == owner }

// Leaving reports whether the node leaves its team whatever the team was granted.
func (n *Node) Leaving() bool { return n.Replaced || n.State == Terminating }

// Grantable reports whether the node can be given to a team now.
func (n *Node) Grantable() bool { return n.Member && n.Healthy && n.State == Free }

// Settling reports whether the node came into the pool a moment ago and may be free in another one.
func (n *Node) Settling(now time.Time) bool {
	switch {
	case !n.Member || !n.Healthy:
		return false
	case n.State == Entering:
		return n.ScrubRequest == "" && now.Before(n.Since.Add(Settle+InspectInterval))
	default:
		return n.State == Outside
	}
}

// Initialized reports whether the node is ready for pods as far as Karpenter is concerned.
func (n *Node) Initialized() bool { return n.Claim == nil || initialized(n.Claim) }

func initialized(claim *karpenter.NodeClaim) bool {
	return meta.IsStatusConditionTrue(claim.Status.Conditions, karpenter.ConditionInitialized)
}

// ClaimOf is what a NodeClaim tells of its node.
func ClaimOf(claim *karpenter.NodeClaim, owner Owner) Claim {
	c := Claim{Owner: owner, Initialized: initialized(claim)}
	if !claim.DeletionTimestamp.IsZero() {
		c.Deleted = claim.DeletionTimestamp.Time
	}
	return c
}

// FromNodePool reports whether Karpenter provisioned the node for this NodePool.
func (n *Node) FromNodePool(name string) bool {
	return n.Claim != nil && n.Claim.Labels[karpenter.LabelNodePool] == name
}

// Requirements are what a node must offer to be healthy.
type Requirements struct {
	Resource corev1.ResourceName
	GPUs     int64
	// FromDriver is true where a DRA driver may publish the GPUs as devices instead of as a resource of the Node.
	FromDriver bool
}

// Healthy reports whether a node can run pods on all of its GPUs.
func (r Requirements) Healthy(node *corev1.Node) bool {
	if node.Spec.Unschedulable || !node.DeletionTimestamp.IsZero() {
		return false
	}
	gpus, served := node.Status.Allocatable[r.Resource]
	devices := !served && r.FromDriver
	return (devices || gpus.Value() >= r.GPUs) &&
		slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
			return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
		})
}
