// Package gpunode is the state machine of a pool's node: its states, how a state is written as metadata of the Node
// and read back, and the transitions. It reads no clock and calls no API.
package gpunode

import "time"

// State is the state of a node in its pool.
type State string

// The states that every node passes through. A node goes from one team to another only through Free.
const (
	// Outside is a node without complete ownership metadata of the pool: it just matched the selector, left the pool,
	// or lost some of its metadata. It may run pods.
	Outside State = "Outside"
	// Entering is closed to new pods and not known to be empty.
	Entering State = "Entering"
	// AwaitingScrub is empty and closed until somebody outside the operator has scrubbed it.
	AwaitingScrub State = "AwaitingScrub"
	// Free is empty and closed: it can be given to a team.
	Free State = "Free"
	// Held is a node whose team may run pods on it.
	Held State = "Held"
	// Draining is a team's node that is closed to new pods while the running ones have their grace period.
	Draining State = "Draining"
)

// The states that Karpenter adds: it provisions a node for a team, and terminates it when the team is granted fewer.
const (
	// Provisioning is a team's NodeClaim whose Node is not ready for pods yet.
	Provisioning State = "Provisioning"
	// Terminating is a NodeClaim that is being deleted: Karpenter evicts what still runs on the node.
	Terminating State = "Terminating"
)

// States returns all states, in the order in which a node passes through them.
func States() []State {
	return []State{Outside, Entering, AwaitingScrub, Free, Provisioning, Held, Draining, Terminating}
}

// Owned reports whether a node in this state belongs to a team.
func (s State) Owned() bool {
	switch s {
	case Held, Draining, Provisioning, Terminating:
		return true
	default:
		return false
	}
}

// Usable reports whether the team may run pods on a node in this state, now or as soon as it is ready.
func (s State) Usable() bool { return s == Held || s == Provisioning }

// Ownership is a node's state with the data that belong to it.
type Ownership struct {
	State State
	// Owner is the team of a node in an Owned state; else zero.
	Owner Owner
	// Since is when an Entering, AwaitingScrub or Draining node was closed to new pods, or when the deletion of a
	// Terminating one began, in whole seconds.
	Since time.Time
	// BrokenSince is since when a Held node is broken, in whole seconds, if nothing else on the Node tells; else zero.
	BrokenSince time.Time
	// ScrubRequest identifies the scrub that the node needs, ScrubAnswer the one that was done last. Only Entering
	// and AwaitingScrub nodes have them.
	ScrubRequest, ScrubAnswer string
}

// Scrubbed reports whether the current scrub request, not an earlier one, was answered.
func (o Ownership) Scrubbed() bool { return o.ScrubRequest != "" && o.ScrubAnswer == o.ScrubRequest }
