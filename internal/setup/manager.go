package setup

import (
	"fmt"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"foundation.team/operator/internal/decode"
)

// Options are the settings of the manager that command-line flags expose.
type Options struct {
	// MetricsBindAddress and HealthProbeBindAddress are host:port; "0" turns the server off.
	MetricsBindAddress     string
	HealthProbeBindAddress string
	// PprofBindAddress is host:port of Go's profiles. "0", or nothing, turns them off.
	PprofBindAddress string
	// LeaderElect makes sure that only one of several replicas reconciles. LeaderElectionNamespace has the lease.
	LeaderElect             bool
	LeaderElectionNamespace string
	// LeaseDuration is for how long the lease is held without being renewed: how long a replica that was killed is waited for. 0 means
	// DefaultLeaseDuration.
	LeaseDuration time.Duration
	// OnLost is called once, when this replica lost the lease to another one, or found that the API server's data went back. Nothing is
	// written any more then, and the process has to end: what it remembers may be wrong. Nil does nothing.
	OnLost func(error)
}

// DefaultLeaseDuration is as in Kubernetes' own controllers.
const DefaultLeaseDuration = 15 * time.Second

// leaseName is the name of the lease, and of what emits its events.
const leaseName = "foundation-operator"

// NewManager returns a manager with the operator's scheme, cache and clients; it does not start it. The changes are
// applied to the manager's options last, so that tests can override them.
func NewManager(cfg *rest.Config, o Options, changes ...func(*manager.Options)) (manager.Manager, error) {
	// API Priority and Fairness limits the operator's requests; a client-side limit would only delay them where
	// nobody sees it.
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1
	// Within a cluster bandwidth costs less than the processor time of both sides, as in Kubernetes' own controllers.
	cfg.DisableCompression = true
	options := manager.Options{
		Scheme:                  Scheme(),
		Cache:                   CacheOptions(),
		Metrics:                 metricsserver.Options{BindAddress: o.MetricsBindAddress},
		HealthProbeBindAddress:  o.HealthProbeBindAddress,
		PprofBindAddress:        o.PprofBindAddress,
		GracefulShutdownTimeout: new(gracefulShutdown),
		Controller:              config.Controller{EnableWarmup: new(true)},
	}
	emitted := &leaseEvents{}
	if o.LeaderElect {
		var err error
		if cfg, err = electLeader(cfg, o, &options, emitted); err != nil {
			return nil, err
		}
	}
	for _, change := range changes {
		change(&options)
	}
	untyped, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make the client of the cache: %w", err)
	}
	reads := newReads(clock.RealClock{})
	options.Cache.NewInformer = decode.NewInformer(untyped, options.Scheme, options.Cache.ByObject, reads.observe)
	mgr, err := ctrl.NewManager(cfg, options)
	if err != nil {
		return nil, fmt.Errorf("make the manager: %w", err)
	}
	emitted.recorder = mgr.GetEventRecorder(leaseName)
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("add the health check: %w", err)
	}
	work := &progress{clock: clock.RealClock{}, metrics: metrics.Registry, elected: mgr.Elected()}
	for name, check := range map[string]healthz.Checker{"caches": cachesSynced(mgr), "reads": reads.check, "progress": work.check} {
		if err := mgr.AddReadyzCheck(name, check); err != nil {
			return nil, fmt.Errorf("add the readiness check %s: %w", name, err)
		}
	}
	return mgr, nil
}
