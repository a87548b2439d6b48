package gpunode

import (
	"time"

	"foundation.team/operator/internal/timing"
)

// Policy has the settings of a pool that decide how its nodes pass from one team to the next.
type Policy struct {
	// GracePeriod is how long pods keep running on a draining node.
	GracePeriod time.Duration
	// RequireScrub keeps an empty node unassigned until something outside the operator has scrubbed it.
	RequireScrub bool
	// Terminate is true for nodes that Karpenter provisions: once drained, the NodeClaim is deleted and the node not
	// reused.
	Terminate bool
	// ReplaceAfter is how long a team's node has to be broken before another one takes its place; 0 if it is not replaced.
	ReplaceAfter time.Duration
	// Deleting is true while the pool is being deleted: nodes without an owner leave it.
	Deleting bool
}

// Next returns the next state of a node that is neither granted nor drained now. pods is how many pods keep it busy.
// At requeueAt the decision may differ; if that is zero, only events change it.
func (p Policy) Next(n *Node, pods int, now time.Time) (next Ownership, requeueAt time.Time) {
	switch n.State {
	case Outside:
		if p.keepsUnowned(n) {
			return Ownership{State: Entering, Since: now}, now.Add(PodBindDelay)
		}
		return n.Ownership, time.Time{}
	case Entering:
		next, requeueAt = p.nextWhenClosed(n, pods, now)
		if !p.keepsUnowned(n) {
			next = Ownership{State: Outside}
		}
		return next, requeueAt
	case Free, AwaitingScrub:
		if !p.keepsUnowned(n) {
			return Ownership{State: Outside}, time.Time{}
		}
		return n.Ownership, time.Time{}
	case Held:
		return p.nextWhenHeld(n, now)
	case Draining:
		return p.nextWhenClosed(n, pods, now)
	case Terminating:
		// The forecast counts the node as returned by then; requeue to update the status if it was not.
		if over := n.Since.Add(p.Grace()); now.Before(over) {
			return n.Ownership, over
		}
		return n.Ownership, time.Time{}
	default:
		return n.Ownership, time.Time{}
	}
}

// nextWhenHeld keeps a node its team's. When it broke is written on it if nothing else tells, for as long as it is broken, so that
// a restart of the operator does not begin to count anew.
func (p Policy) nextWhenHeld(n *Node, now time.Time) (next Ownership, requeueAt time.Time) {
	next = n.Ownership
	switch {
	case !n.Fault.Replaceable():
		next.BrokenSince = time.Time{}
		return next, time.Time{}
	case n.FaultSince().IsZero():
		next.BrokenSince = now.Truncate(time.Second)
	}
	broken := *n
	broken.Ownership = next
	if due := broken.FaultSince().Add(p.ReplaceAfter); p.ReplaceAfter > 0 && due.After(now) {
		return next, due
	}
	return next, time.Time{}
}

// DueForReplacement reports whether a team's node is broken for long enough to be replaced.
func (p Policy) DueForReplacement(n *Node, now time.Time) bool {
	since := n.FaultSince()
	return p.ReplaceAfter > 0 && n.State == Held && !since.IsZero() && !now.Before(since.Add(p.ReplaceAfter))
}

// nextWhenClosed returns the next state of a node that is closed to new pods until it is empty.
func (p Policy) nextWhenClosed(n *Node, pods int, now time.Time) (next Ownership, requeueAt time.Time) {
	boundBy := n.boundBy()
	switch {
	case n.Drained(pods, now):
		return p.OnDrained(n, now), time.Time{}
	case now.Before(boundBy):
		return n.Ownership, boundBy
	case n.State == Draining:
		return n.Ownership, p.inspectAt(n, now)
	case n.Arriving(now):
		return n.Ownership, boundBy.Add(InspectInterval)
	default:
		return n.Ownership, now.Add(OccupiedInterval)
	}
}

// inspectAt returns when the pods of a draining node are listed again: every InspectInterval at first, and again when the grace
// period ends, ever more seldom after both, down to every LongestInspectInterval. A drain of three days would cost 26,000
// requests a node otherwise.
func (p Policy) inspectAt(n *Node, now time.Time) time.Time {
	over := n.Since.Add(p.Grace())
	if now.Before(over) {
		return timing.Next(now, []time.Time{now.Add(inspectAfter(now.Sub(n.Since))), over})
	}
	return now.Add(inspectAfter(now.Sub(over)))
}

func inspectAfter(elapsed time.Duration) time.Duration {
	return min(max(elapsed/inspectPart, InspectInterval), LongestInspectInterval)
}

// OnDrained returns the next state of a node that is closed and empty.
func (p Policy) OnDrained(n *Node, now time.Time) Ownership {
	switch {
	case p.Terminate:
		return Ownership{State: Terminating, Owner: n.Owner, Since: n.Since}
	case !p.keepsUnowned(n):
		return Ownership{State: Outside}
	case p.RequireScrub && !n.Scrubbed():
		return Ownership{State: AwaitingScrub, Since: now, ScrubRequest: now.UTC().Format(time.RFC3339)}
	default:
		return Ownership{State: Free}
	}
}

// keepsUnowned reports whether a node without an owner stays in the pool.
func (p Policy) keepsUnowned(n *Node) bool { return n.Member && !p.Deleting }

// Grace returns how long pods stay on a draining node before they are evicted. It is at least PodBindDelay, so that a pod
// bound just before the drain is seen.
func (p Policy) Grace() time.Duration { return max(p.GracePeriod, PodBindDelay) }

// Drain takes a node back from its team: it is closed to new pods, and running ones have their grace period. A
// NodeClaim without a node name has no pods and is terminated at once. One with a node name whose Node is not in the
// cache is left unchanged, because it may run pods.
func (Policy) Drain(n *Node, now time.Time) (next Ownership, requeueAt time.Time) {
	switch {
	case n.Object != nil:
		return Ownership{State: Draining, Owner: n.Owner, Since: now}, now.Add(PodBindDelay)
	case n.NodeClaim != nil && n.NodeClaim.Status.NodeName == "":
		return Ownership{State: Terminating, Owner: n.Owner, Since: now}, time.Time{}
	default:
		return n.Ownership, time.Time{}
	}
}

// Hold returns the ownership of a node that is given to a team.
func Hold(owner Owner) Ownership { return Ownership{State: Held, Owner: owner} }
