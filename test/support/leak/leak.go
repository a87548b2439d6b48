// Package leak fails a package's tests if they leave goroutines behind.
package leak

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// ignored are goroutines that last as long as the process.
var ignored = []goleak.Option{
	// klog flushes its buffers as long as the process lives.
	goleak.IgnoreTopFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"),
	// client-go's cache of transports is trimmed as long as the process lives.
	goleak.IgnoreAnyFunction("k8s.io/client-go/transport.(*tlsTransportCache).gc"),
	// Ginkgo waits for signals as long as the process lives.
	goleak.IgnoreTopFunction("github.com/onsi/ginkgo/v2/internal/interrupt_handler.(*InterruptHandler).registerForInterrupts.func2"),
	// The lab starts its processes on a thread that lives as long as this process.
	goleak.IgnoreTopFunction("foundation.team/operator/hack/lab/cluster.startChildren"),
}

// Run runs a package's tests, and returns the exit code: not 0 if one failed, or if goroutines are left when all have ended.
//
//	func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }
func Run(m *testing.M) int {
	code := m.Run()
	if code != 0 {
		return code
	}
	if err := Check(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Check returns an error that shows the goroutines that are left. It waits a little for those that are ending.
func Check() error {
	if err := goleak.Find(ignored...); err != nil {
		return fmt.Errorf("goroutines are left behind: %w", err)
	}
	return nil
}
