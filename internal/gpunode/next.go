package gpunode

import "time"

// Policy is what a pool's spec says about how its nodes change hands.
type Policy struct {
	// GracePeriod is how long a team's pods run on on a node that drains.
	GracePeriod time.Duration
	// RequireScrub keeps an empty node from everybody until it was scrubbed.
	RequireScrub bool
	// Terminate is true for nodes that Karpenter provisioned: an empty one is deleted instead of given to the next team.
	Terminate bool
	// Deleting is true while the pool is being deleted: nodes that are nobody's leave it.
	Deleting bool
}

// Next decides what becomes of a node that no team is given or has to give back, with so many pods that keep it busy, and
// when to decide again; at a zero time only events change anything.
func (p Policy) Next(n *Node, pods int, now time.Time) (next Ownership, requeueAt time.Time) {
	switch n.State {
	case Outside:
		if p.keeps(n) {
			return Ownership{State: Entering, Since: now}, now.Add(Settle)
		}
		return n.Ownership, time.Time{}
	case Entering:
		next, requeueAt = p.nextOfClosed(n, pods, now)
		if !p.keeps(n) {
			next = Ownership{State: Outside}
		}
		return next, requeueAt
	case Free, AwaitingScrub:
		if !p.keeps(n) {
			return Ownership{State: Outside}, time.Time{}
		}
		return n.Ownership, time.Time{}
	case Draining:
		return p.nextOfClosed(n, pods, now)
	case Terminating:
		// Until then the forecast counts on the node, so the status changes when it is over.
		if over := n.Since.Add(p.Grace()); now.Before(over) {
			return n.Ownership, over
		}
		return n.Ownership, time.Time{}
	default:
		return n.Ownership, time.Time{}
	}
}

// nextOfClosed decides about a node that is waited for until it is empty.
func (p Policy) nextOfClosed(n *Node, pods int, now time.Time) (next Ownership, requeueAt time.Time) {
	settled := n.Since.Add(Settle)
	switch {
	case now.Before(settled):
		return n.Ownership, settled
	case pods == 0:
		return p.OnDrained(n, now), time.Time{}
	case n.State == Draining:
		return n.Ownership, now.Add(InspectInterval)
	case n.Settling(now):
		return n.Ownership, settled.Add(InspectInterval)
	default:
		return n.Ownership, now.Add(OccupiedInterval)
	}
}

// OnDrained is what becomes of a node that is closed and empty.
func (p Policy) OnDrained(n *Node, now time.Time) Ownership {
	switch {
	case p.Terminate:
		return Ownership{State: Terminating, Owner: n.Owner, Since: n.Since}
	case !p.keeps(n):
		return Ownership{State: Outside}
	case p.RequireScrub && !n.Scrubbed():
		return Ownership{State: AwaitingScrub, Since: now, ScrubRequest: now.UTC().Format(time.RFC3339)}
	default:
		return Ownership{State: Free}
	}
}

// keeps reports whether a node that is no team's stays in the pool.
func (p Policy) keeps(n *Node) bool { return n.Member && !p.Deleting }

// Grace is how long a team's pods stay on a node that drains, before they are evicted.
func (p Policy) Grace() time.Duration { return max(p.GracePeriod, Settle) }

// Drain takes a node back from its team: it is closed to new pods and its running ones have their grace period. A node that
// Karpenter has not launched yet has no pods and is terminated at once; one that may be there and is not seen is left alone,
// for it may have some.
func (Policy) Drain(n *Node, now time.Time) (next Ownership, requeueAt time.Time) {
	switch {
	case n.Object != nil:
		return Ownership{State: Draining, Owner: n.Owner, Since: now}, now.Add(Settle)
	case n.Claim != nil && n.Claim.Status.NodeName == "":
		return Ownership{State: Terminating, Owner: n.Owner, Since: now}, time.Time{}
	default:
		return n.Ownership, time.Time{}
	}
}

// Hold gives a node to a team.
func Hold(owner Owner) Ownership { return Ownership{State: Held, Owner: owner} }
