// Package pool reconciles GPUPools: it grants GPUs to teams, assigns nodes to them, and drains what they have to give back.
// No other controller writes grants, node labels or node taints.
package pool

import (
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/dra"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/requeue"
)

// Reconciler reconciles GPUPools.
type Reconciler struct {
	// Client reads from the cache, Live from the API server.
	Client  client.Client
	Live    client.Reader
	Applier *apply.Applier
	Events  events.EventRecorder
	Clock   clock.PassiveClock
	// Guards checks whether the admission policies are in place; without them no grant is raised.
	Guards guards.Checker
	// Debounce is how long demands have to be unchanged before they are granted together.
	Debounce time.Duration

	backoff  requeue.Backoff
	demands  debouncer
	closed   closedNodes
	compared compared
	classes  dra.Classes
	// karpenter, resourceSlices and taintRules are watched when a pool first needs them.
	karpenter, resourceSlices, taintRules *optionalKinds
}
