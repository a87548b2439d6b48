package setup

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"k8s.io/utils/clock"
)

// stuckAfter is how long a reconcile may take, and for how long none may end while others wait. A request takes a minute at most, and the
// reconcile of a pool with thousands of nodes that all change hands less than that.
const stuckAfter = 5 * time.Minute

// The metrics of controller-runtime that tell of progress, each by the label controller.
const (
	metricDepth    = "workqueue_depth"
	metricLongest  = "workqueue_longest_running_processor_seconds"
	metricFinished = "controller_runtime_reconcile_total"
	controllerKey  = "controller"
)

// progress knows whether controllers get on with their work.
type progress struct {
	clock   clock.PassiveClock
	metrics prometheus.Gatherer
	// elected is closed when this replica works. Those that wait for the lease have full queues, and stay ready.
	elected <-chan struct{}

	mu   sync.Mutex
	idle map[string]idle
}

// idle is since when a controller has ended no reconcile although some wait, and how many it had ended before.
type idle struct {
	since    time.Time
	finished float64
}

// check fails if a reconcile has been running for stuckAfter, or none has ended for as long while some wait.
func (p *progress) check(*http.Request) error {
	select {
	case <-p.elected:
	default:
		return nil
	}
	families, err := p.metrics.Gather()
	if err != nil {
		return fmt.Errorf("read the metrics of controllers: %w", err)
	}
	depth, longest, finished := byController(families, metricDepth), byController(families, metricLongest), byController(families, metricFinished)
	p.mu.Lock()
	defer p.mu.Unlock()
	now, before := p.clock.Now(), p.idle
	p.idle = map[string]idle{}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(depth)) {
		if took := time.Duration(longest[name] * float64(time.Second)); took >= stuckAfter {
			errs = append(errs, fmt.Errorf("a reconcile of %s has been running for %s", name, took.Round(time.Second)))
		}
		if depth[name] == 0 {
			continue
		}
		was, waits := before[name]
		if !waits || was.finished != finished[name] {
			was = idle{since: now, finished: finished[name]}
		}
		p.idle[name] = was
		if waited := now.Sub(was.since); waited >= stuckAfter {
			errs = append(errs, fmt.Errorf("%s has ended no reconcile for %s, and %g wait", name, waited.Round(time.Second), depth[name]))
		}
	}
	return errors.Join(errs...)
}

// byController returns the sum of a metric for each controller.
func byController(families []*dto.MetricFamily, name string) map[string]float64 {
	sums := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == controllerKey {
					sums[label.GetValue()] += metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
				}
			}
		}
	}
	return sums
}
