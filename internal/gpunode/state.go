// Package gpunode is the life of a pool's node: the states that it passes through, how a state is written on the Node and
// read back, and what comes next. It reads no clock and calls no API.
package gpunode

import "time"

// State is where a node is between a pool and its teams.
type State string

// The states that every node passes through. A node goes from one team to another only through Free.
const (
	// Outside is a node that carries no complete ownership metadata of the pool: it is new in it, left it, or lost what was
	// written on it. Pods may be on it.
	Outside State = "Outside"
	// Entering is closed to new pods and not known to be empty.
	Entering State = "Entering"
	// AwaitingScrub is empty and closed until somebody outside the operator has scrubbed it.
	AwaitingScrub State = "AwaitingScrub"
	// Free is empty and closed: it can be given to a team.
	Free State = "Free"
	// Held is a team's to use.
	Held State = "Held"
	// Draining is a team's, and closed to new pods: its running pods have their grace period.
	Draining State = "Draining"
)

// The states that Karpenter adds: it provisions a node for a team, and terminates it when the team has no use for it.
const (
	// Provisioning is a team's NodeClaim whose Node is not ready for pods yet.
	Provisioning State = "Provisioning"
	// Terminating is a NodeClaim that is being deleted: what is left on the node is Karpenter's to end.
	Terminating State = "Terminating"
)

// States are all states, in the order of a node's life.
func States() []State {
	return []State{Outside, Entering, AwaitingScrub, Free, Provisioning, Held, Draining, Terminating}
}

// Owned reports whether a node in this state is a team's.
func (s State) Owned() bool {
	switch s {
	case Held, Draining, Provisioning, Terminating:
		return true
	default:
		return false
	}
}

// Usable reports whether the node is its team's to run pods on, now or as soon as it is ready.
func (s State) Usable() bool { return s == Held || s == Provisioning }

// Ownership is whose a node is: its state, with what goes with it.
type Ownership struct {
	State State
	// Owner is the team of a node that is Owned.
	Owner Owner
	// Since is when a node was closed to new pods: one that is Entering, AwaitingScrub or Draining; and when the deletion of
	// a Terminating one began. In whole seconds.
	Since time.Time
	// ScrubRequest names the hand-over that a node is to be scrubbed for, ScrubAnswer the one that it was last scrubbed for.
	// Only nodes that are Entering or AwaitingScrub have them.
	ScrubRequest, ScrubAnswer string
}

// Scrubbed reports whether the request of this hand-over, and not an earlier one, was answered.
func (o Ownership) Scrubbed() bool { return o.ScrubRequest != "" && o.ScrubAnswer == o.ScrubRequest }
