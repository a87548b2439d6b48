// Package pool reconciles GPUPools: it gives GPUs out, makes nodes a team's own, and takes them back. It alone writes
// grants, node labels and node taints.
package pool

import (
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
)

// Reconciler reconciles GPUPools.
type Reconciler struct {
	// Client reads from the cache, Live from the API server.
	Client  client.Client
	Live    client.Reader
	Applier *apply.Applier
	Events  events.EventRecorder
	Clock   clock.PassiveClock
	// Guards looks whether anything may be given out now.
	Guards guards.Checker
	// Debounce is for how long requests for GPUs have to be unchanged before they are decided together.
	Debounce time.Duration

	requests  debouncer
	karpenter *karpenterWatch
}
