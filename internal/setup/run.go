package setup

import (
	"context"
	"fmt"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// A pod has the terminationGracePeriodSeconds of config/manager to end, 10 s.
const (
	// gracefulShutdown is for how long reconciles that are under way may go on when the process is told to end.
	gracefulShutdown = 8 * time.Second
	// shutdownLimit is how long all of the shutdown may take.
	shutdownLimit = gracefulShutdown + time.Second
)

// Run runs a manager until ctx is done. Then it returns within 9 s, and the process has to end: what is still under way is left.
// A manager alone would not return, and take a whole processor, if ctx is done before every kind was read
// (https://github.com/kubernetes-sigs/controller-runtime/pull/3440).
func Run(ctx context.Context, mgr manager.Runnable, clk clock.Clock) error {
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	case <-clk.After(shutdownLimit):
		return fmt.Errorf("the manager does not end within %s of being told to: it was still reading its kinds, or a request hangs", shutdownLimit)
	}
}
