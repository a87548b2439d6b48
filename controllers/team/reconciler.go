// Package team reconciles FoundationTeams: it provisions the namespaces, quotas, access, isolation and volumes that a
// team's spec asks for, and removes them without losing data. How many GPUs there are is what the pools grant.
package team

import (
	"sync"
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/requeue"
)

// Reconciler reconciles FoundationTeams.
type Reconciler struct {
	// Client reads from the cache, Live from the API server.
	Client  client.Client
	Live    client.Reader
	Applier *apply.Applier
	Events  events.EventRecorder
	Clock   clock.PassiveClock
	// Guards checks whether the admission policies are in place; without them nothing new is provisioned.
	Guards guards.Checker
	// Fairness says what of the API server each team gets.
	Fairness Fairness

	backoff requeue.Backoff
	ready   readiness
	begun   begun
	ends    ends
	lone    lone
	working sync.Once
	// workingSince is when the first reconcile of this process began: it did nothing before.
	workingSince time.Time
}
