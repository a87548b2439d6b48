// Package program reconciles FoundationPrograms: it compares decisions, awards and committed money with the programme's
// rules and reports conflicts. It writes nothing but the programme's own status. Who is in follows from the spec, in
// internal/lifecycle.
package program

import (
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/requeue"
)

// Reconciler reconciles FoundationPrograms.
type Reconciler struct {
	// Client reads from the cache, Live from the API server.
	Client  client.Client
	Live    client.Reader
	Applier *apply.Applier
	Events  events.EventRecorder
	Clock   clock.PassiveClock

	backoff requeue.Backoff
}
