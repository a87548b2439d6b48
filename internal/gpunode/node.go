package gpunode

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/karpenter"
)

const (
	// PodBindDelay is how long a node must be closed to new pods before it can count as empty: a pod that was scheduled
	// just before may be bound and listed only afterwards. Binding takes milliseconds; 5 s leave room for a busy
	// scheduler.
	PodBindDelay = 5 * time.Second
	// InspectInterval is how often the pods of a draining node are listed at first. Pods are not watched: a cluster has too
	// many to cache.
	InspectInterval = 10 * time.Second
	// LongestInspectInterval is how often the pods of a node are listed that drains for long: after another tenth (inspectPart)
	// of the time that it has drained, but not more seldom than this.
	LongestInspectInterval = time.Minute
	inspectPart            = 10
	// OccupiedInterval is how often the pods are listed of a node that entered the pool with pods on it. They have no
	// grace period and may run for days.
	OccupiedInterval = 30 * time.Second
)

// Node is a node of a pool, as one reconcile sees it.
type Node struct {
	Ownership
	// Name is the name of the Node, or of the NodeClaim while there is no Node.
	Name string
	// Object is nil while a NodeClaim has no Node yet, or while it is not in the cache.
	Object *corev1.Node
	// NodeClaim is nil for a node that Karpenter did not provision.
	NodeClaim *karpenter.NodeClaim
	// Managed is true if the pool writes the node's ownership metadata, Member if it may also grant the node. A node
	// that left the pool while a team holds it is managed, but no member, until it is drained.
	Managed, Member bool
	// Conflict is true if the pool's selector matches a node that another pool manages.
	Conflict bool
	// WithoutGPUs is true if the pool's selector matches a node that offers none of its GPUs and that the pool has not taken.
	// Such a node is no capacity and is left alone; a node whose device plugin starts later is taken then.
	WithoutGPUs bool
	// SeenClosed is when the operator first saw that a closed node repels new pods; zero if that is not known and Since counts.
	SeenClosed time.Time
	// Fault is what keeps the scheduler from giving a team all GPUs of the node; zero if it is healthy.
	Fault Fault
	// Obsolete is true if the node comes from a NodePool of the Karpenter mode (static or dynamic) that the pool had
	// before: it is drained whatever its team was granted.
	Obsolete bool
	// Replace is true if the node is broken for so long that another one takes its place now.
	Replace bool
}

// OwnedBy reports whether the node belongs to the team, draining or not.
func (n *Node) OwnedBy(owner Owner) bool { return n.State.Owned() && n.Owner == owner }

// UsableBy reports whether the team may run pods on the node, now or as soon as it is ready.
func (n *Node) UsableBy(owner Owner) bool { return n.State.Usable() && n.Owner == owner }

// Leaving reports whether the team loses the node whatever it was granted.
func (n *Node) Leaving() bool { return n.Obsolete || n.State == Terminating || n.OutOfUse() }

// OutOfUse reports whether a team still holds the node and has no use of it, because it is broken and drained. It does not
// become the team's to use again before it is healthy.
func (n *Node) OutOfUse() bool { return n.Replace || n.State == Draining && n.Fault.Replaceable() }

// FaultSince returns since when a team's node is broken; zero if it is not, or if that is not written on it yet.
func (n *Node) FaultSince() time.Time {
	switch {
	case !n.Fault.Replaceable():
		return time.Time{}
	case n.BrokenSince.IsZero() || !n.Fault.Since.IsZero() && n.Fault.Since.Before(n.BrokenSince):
		return n.Fault.Since
	default:
		return n.BrokenSince
	}
}

// Healthy reports whether the scheduler can give a team all GPUs of the node.
func (n *Node) Healthy() bool { return n.Fault.Kind == "" }

// Grantable reports whether the node can be granted to a team now.
func (n *Node) Grantable() bool { return n.Member && n.Healthy() && n.State == Free }

// Arriving reports whether the node has just entered the pool and may become Free within seconds.
func (n *Node) Arriving(now time.Time) bool {
	switch {
	case !n.Member || !n.Healthy():
		return false
	case n.State == Entering:
		return !n.scrubRequested() && now.Before(n.Since.Add(PodBindDelay+InspectInterval))
	default:
		return n.State == Outside
	}
}

// Drained reports whether a node that is closed to new pods has none of the pods that keep it busy, nor any on its way.
func (n *Node) Drained(pods int, now time.Time) bool { return pods == 0 && !now.Before(n.boundBy()) }

// boundBy returns when every pod that was scheduled to a closed node before it was closed is bound. Since is when that was decided,
// and the write may have come later.
func (n *Node) boundBy() time.Time {
	if n.SeenClosed.After(n.Since) {
		return n.SeenClosed.Add(PodBindDelay)
	}
	return n.Since.Add(PodBindDelay)
}

// scrubRequested reports whether somebody was asked to scrub the node, also if the pool does not require that any more: the
// node has been in the pool for longer than it takes to become Free.
func (n *Node) scrubRequested() bool {
	return n.ScrubRequest != "" || n.Object != nil && n.Object.Annotations[foundationv1alpha1.AnnotationScrubRequest] != ""
}

// Initialized reports whether Karpenter, if it provisioned the node, considers it ready for pods.
func (n *Node) Initialized() bool { return n.NodeClaim == nil || initialized(n.NodeClaim) }

func initialized(claim *karpenter.NodeClaim) bool {
	return meta.IsStatusConditionTrue(claim.Status.Conditions, karpenter.ConditionInitialized)
}

// NodeClaimFactsOf returns the facts that a NodeClaim has about its node.
func NodeClaimFactsOf(claim *karpenter.NodeClaim, owner Owner) NodeClaimFacts {
	c := NodeClaimFacts{Owner: owner, Initialized: initialized(claim)}
	if !claim.DeletionTimestamp.IsZero() {
		c.DeletionTime = claim.DeletionTimestamp.Time
	}
	return c
}

// FromNodePool reports whether Karpenter provisioned the node for this NodePool.
func (n *Node) FromNodePool(name string) bool {
	return n.NodeClaim != nil && n.NodeClaim.Labels[karpenter.LabelNodePool] == name
}
