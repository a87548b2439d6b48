package setup

import (
	"context"
	"fmt"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/metrics"
)

// RegisterMetrics has the manager's metrics server tell what the statuses of teams and pools say. It can be called once in a process.
func RegisterMetrics(mgr manager.Manager) error {
	checker := &guards.ClusterChecker{Client: mgr.GetClient(), Clock: clock.RealClock{}}
	err := crmetrics.Registry.Register(&metrics.Collector{
		Reader: mgr.GetClient(), Clock: clock.RealClock{}, Elected: mgr.Elected(),
		PoliciesInstalled: func(ctx context.Context) (bool, error) {
			result, err := checker.Check(ctx)
			return result.OK(), err
		},
	})
	if err != nil {
		return fmt.Errorf("register the metrics of teams and pools: %w", err)
	}
	return nil
}
