package setup

import (
	"fmt"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// Options are what a person who starts the operator chooses.
type Options struct {
	// MetricsBindAddress and HealthProbeBindAddress are host:port; "0" turns the server off.
	MetricsBindAddress     string
	HealthProbeBindAddress string
	// LeaderElect makes sure that of several replicas one works. LeaderElectionNamespace is where the lease is.
	LeaderElect             bool
	LeaderElectionNamespace string
}

// NewManager makes a manager with the operator's scheme, cache and clients. It starts nothing. Changes are made to the
// manager's options last.
func NewManager(cfg *rest.Config, o Options, changes ...func(*manager.Options)) (manager.Manager, error) {
	// The API server's priority and fairness rules limit us; a client-side limit would only hide from them.
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1
	options := manager.Options{
		Scheme:                 Scheme(),
		Cache:                  CacheOptions(),
		Metrics:                metricsserver.Options{BindAddress: o.MetricsBindAddress},
		HealthProbeBindAddress: o.HealthProbeBindAddress,
		// A lease of its own connection: a busy client must not cost it.
		LeaderElectionConfig:          rest.CopyConfig(cfg),
		LeaderElection:                o.LeaderElect,
		LeaderElectionID:              "foundation-operator",
		LeaderElectionNamespace:       o.LeaderElectionNamespace,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       ptr.To(20 * time.Second),
		Controller:                    config.Controller{EnableWarmup: new(true)},
	}
	for _, change := range changes {
		change(&options)
	}
	mgr, err := ctrl.NewManager(cfg, options)
	if err != nil {
		return nil, fmt.Errorf("make the manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("add the health check: %w", err)
	}
	if err := mgr.AddReadyzCheck("caches", cachesSynced(mgr)); err != nil {
		return nil, fmt.Errorf("add the readiness check: %w", err)
	}
	return mgr, nil
}
