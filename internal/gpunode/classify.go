package gpunode

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Classifier reads the states of one pool's nodes.
type Classifier struct {
	Pool string
	// RequireScrub is the pool's: without it nodes are not scrubbed, whatever is written on them about that.
	RequireScrub bool
	// Resolve finds the team that an owner is now: the metadata may have lost its UID, or have one that the team had before
	// its manifest was applied again. Nil keeps owners as they are written.
	Resolve func(Owner) Owner
	Now     time.Time
}

// Claim is what a node's NodeClaim tells of it.
type Claim struct {
	// Owner is the team that Karpenter provisioned the node for: nobody else may have it, whatever is written on it.
	Owner       Owner
	Initialized bool
	// Deleted is when the deletion of the NodeClaim began, zero if it did not.
	Deleted time.Time
}

// Classify reads a node's state off its metadata. A node that lost some of it may still run a team's pods, so one sign of
// an owner is enough, and the sign that a kubelet cannot forge comes first; and one sign of being closed is enough for
// it not to count as empty.
func (c Classifier) Classify(m Metadata) Ownership {
	since, closed := m.closedSince(c.Now)
	if owner, owned := m.owner(); owned {
		owner = c.resolve(owner)
		if closed {
			return Ownership{State: Draining, Owner: owner, Since: since}
		}
		return Ownership{State: Held, Owner: owner}
	}
	request, requested := m.Annotations[foundationv1alpha1.AnnotationScrubRequest]
	if closed {
		r := Ownership{State: Entering, Since: since}
		if c.RequireScrub {
			r.ScrubRequest, r.ScrubAnswer = request, m.Annotations[foundationv1alpha1.AnnotationScrubbed]
		}
		if r.ScrubRequest != "" && !r.Scrubbed() {
			r.State = AwaitingScrub
		}
		return r
	}
	if c.RequireScrub && requested {
		// It is to be scrubbed, and lost what says that it is closed.
		return Ownership{State: Outside}
	}
	if m.Labels[foundationv1alpha1.LabelPool] == c.Pool && m.hasTaint(foundationv1alpha1.TaintUnassigned) {
		return Ownership{State: Free}
	}
	return Ownership{State: Outside}
}

// ClassifyClaimed reads the state of a node that Karpenter provisioned, with the metadata that it has so far.
func (c Classifier) ClassifyClaimed(claim Claim, m Metadata) Ownership {
	owner := c.resolve(claim.Owner)
	since, draining := m.closedSince(c.Now)
	switch {
	case !claim.Deleted.IsZero():
		return Ownership{State: Terminating, Owner: owner, Since: claim.Deleted}
	case draining:
		return Ownership{State: Draining, Owner: owner, Since: since}
	case !claim.Initialized:
		return Ownership{State: Provisioning, Owner: owner}
	default:
		return Ownership{State: Held, Owner: owner}
	}
}

func (c Classifier) resolve(owner Owner) Owner {
	if c.Resolve == nil {
		return owner
	}
	return c.Resolve(owner)
}

func (m Metadata) owner() (owner Owner, owned bool) {
	name := m.Labels[foundationv1alpha1.LabelNodeTeam]
	for _, taint := range m.Taints {
		if name == "" && taint.Key == foundationv1alpha1.TaintTeam {
			name = taint.Value
		}
	}
	if name == "" {
		name = m.Labels[foundationv1alpha1.LabelTeam]
	}
	return Owner{Name: name, UID: types.UID(m.Annotations[foundationv1alpha1.AnnotationTeamUID])}, name != ""
}

// closedSince is when the node was closed to new pods. A time that somebody took off, that is no time, or that is still to
// come counts as now, so that nobody loses any of the grace period by it.
func (m Metadata) closedSince(now time.Time) (since time.Time, closed bool) {
	value, annotated := m.Annotations[foundationv1alpha1.AnnotationDrainingSince]
	if !annotated && !m.hasTaint(foundationv1alpha1.TaintDraining) {
		return time.Time{}, false
	}
	if at, err := time.Parse(time.RFC3339, value); err == nil && at.Before(now) {
		return at, true
	}
	return now, true
}

func (m Metadata) hasTaint(key string) bool {
	return slices.ContainsFunc(m.Taints, func(taint corev1.Taint) bool {
		return taint.Key == key && taint.Effect == corev1.TaintEffectNoSchedule
	})
}
