package gpunode

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Classifier derives the states of one pool's nodes from their metadata.
type Classifier struct {
	Pool string
	// RequireScrub is the pool's setting: without it the scrub annotations on a node are ignored.
	RequireScrub bool
	// Resolve returns the current identity of an owner: the metadata may have lost the UID, or have the one from
	// before the team's manifest was deleted and applied again. Nil keeps owners as written.
	Resolve func(Owner) Owner
	Now     time.Time
}

// NodeClaimFacts has the facts about a node that come from its NodeClaim.
type NodeClaimFacts struct {
	// Owner is the team that Karpenter provisioned the node for. It takes precedence over the Node's metadata.
	Owner       Owner
	Initialized bool
	// DeletionTime is the NodeClaim's deletionTimestamp; zero if it is not being deleted.
	DeletionTime time.Time
}

// Classify derives a node's state from its metadata, which may be incomplete because anybody with rights on Nodes can
// edit it. The node may still run a team's pods, so one of the keys that name an owner is enough; the label that a
// kubelet cannot set (NodeRestriction) takes precedence. Likewise one of the keys that say it is closed is enough for
// it not to count as empty.
func (c Classifier) Classify(m Metadata) Ownership {
	since, closed := m.closedSince(c.Now)
	if owner, owned := m.owner(); owned {
		owner = c.resolve(owner)
		if closed {
			return Ownership{State: Draining, Owner: owner, Since: since}
		}
		return Ownership{State: Held, Owner: owner, BrokenSince: m.brokenSince(c.Now)}
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
		// It needs a scrub and lost its draining metadata: close it again first.
		return Ownership{State: Outside}
	}
	if m.Labels[foundationv1alpha1.LabelPool] == c.Pool && m.hasTaint(foundationv1alpha1.TaintUnassigned) {
		return Ownership{State: Free}
	}
	return Ownership{State: Outside}
}

// ClassifyProvisioned derives the state of a node that Karpenter provisioned; m is empty while it has no Node.
func (c Classifier) ClassifyProvisioned(claim NodeClaimFacts, m Metadata) Ownership {
	owner := c.resolve(claim.Owner)
	since, draining := m.closedSince(c.Now)
	switch {
	case !claim.DeletionTime.IsZero():
		return Ownership{State: Terminating, Owner: owner, Since: claim.DeletionTime}
	case draining:
		return Ownership{State: Draining, Owner: owner, Since: since}
	case !claim.Initialized:
		return Ownership{State: Provisioning, Owner: owner}
	default:
		return Ownership{State: Held, Owner: owner, BrokenSince: m.brokenSince(c.Now)}
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

// closedSince returns when the node was closed to new pods. A time that is missing, invalid or in the future counts
// as now, so that no edit of the annotation shortens the grace period.
func (m Metadata) closedSince(now time.Time) (since time.Time, closed bool) {
	value, annotated := m.Annotations[foundationv1alpha1.AnnotationDrainingSince]
	if !annotated && !m.hasTaint(foundationv1alpha1.TaintDraining) {
		return time.Time{}, false
	}
	return timeOf(value, now), true
}

// brokenSince returns since when the node is known to be broken; zero if that is not written on it.
func (m Metadata) brokenSince(now time.Time) time.Time {
	value, annotated := m.Annotations[foundationv1alpha1.AnnotationBrokenSince]
	if !annotated {
		return time.Time{}
	}
	return timeOf(value, now)
}

// timeOf returns the time in an annotation; now if it is invalid or in the future.
func timeOf(value string, now time.Time) time.Time {
	if at, err := time.Parse(time.RFC3339, value); err == nil && at.Before(now) {
		return at
	}
	return now
}

func (m Metadata) hasTaint(key string) bool {
	return slices.ContainsFunc(m.Taints, func(taint corev1.Taint) bool {
		return taint.Key == key && taint.Effect == corev1.TaintEffectNoSchedule
	})
}
