package setup

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"foundation.team/operator/internal/lease"
)

// electLeader sets the manager's options for leader election. It returns the config for everything else that is sent: its writes are
// sent only while this replica holds the lease.
func electLeader(cfg *rest.Config, o Options, options *manager.Options, emitted *leaseEvents) (*rest.Config, error) {
	duration := o.LeaseDuration
	if duration == 0 {
		duration = DefaultLeaseDuration
	}
	// In the proportions of Kubernetes' own controllers, 15 s, 10 s and 2 s.
	renewDeadline, retryPeriod := duration*2/3, duration*2/15
	onLost := o.OnLost
	if onLost == nil {
		onLost = func(error) {}
	}
	fence := lease.NewFence(clock.RealClock{}, onLost)
	// A client of its own: requests that queue behind the controllers' must not cost the operator its lease.
	name := types.NamespacedName{Namespace: o.LeaderElectionNamespace, Name: leaseName}
	lock, err := lease.NewLock(cfg, fence, name, max(renewDeadline/2, time.Second), emitted)
	if err != nil {
		return nil, fmt.Errorf("make the lock of the leader election: %w", err)
	}
	options.LeaderElection, options.LeaderElectionResourceLockInterface = true, lock
	options.LeaderElectionID, options.LeaderElectionNamespace = leaseName, o.LeaderElectionNamespace
	options.LeaseDuration, options.RenewDeadline, options.RetryPeriod = &duration, &renewDeadline, &retryPeriod
	options.LeaderElectionReleaseOnCancel = true
	return fence.Guard(cfg), nil
}

// leaseEvents emits the lock's events as the manager emits all others. The manager has to be made first.
type leaseEvents struct{ recorder events.EventRecorder }

// Eventf emits an event.
func (e *leaseEvents) Eventf(about runtime.Object, eventType, reason, message string, args ...any) {
	e.recorder.Eventf(about, nil, eventType, reason, "Elect", message, args...)
}
