// Package team reconciles FoundationTeams: it makes the namespaces, quotas, access, isolation and volumes that a team's
// spec asks for, keeps them so, and takes them back without losing data. GPUs it takes as the pools grant them.
package team

import (
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
)

// Reconciler reconciles FoundationTeams.
type Reconciler struct {
	// Client reads from the cache, Live from the API server.
	Client  client.Client
	Live    client.Reader
	Applier *apply.Applier
	Events  events.EventRecorder
	Clock   clock.PassiveClock
	// Guards tells whether anything new may be provisioned.
	Guards guards.Checker
	// APIShares are each team's shares of the API server's seats; 0 means DefaultAPIShares.
	APIShares int32
}
