package fairness

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/tools/clientcmd"
)

// probeEvery is how often a probe asks: a modest user's rate, with enough samples in a phase for a p99.
const probeEvery = 50 * time.Millisecond

// probe is somebody who asks for one small object, again and again, over one connection.
type probe struct {
	name, url string
	client    *http.Client
}

func newProbe(t *testing.T, name, kubeconfig, path string) probe {
	t.Helper()
	g := NewWithT(t)
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	g.Expect(err).NotTo(HaveOccurred())
	client, err := connect(cfg, true)
	g.Expect(err).NotTo(HaveOccurred())
	return probe{name: name, url: cfg.Host + path, client: client}
}

// ask asks once and returns the headers of the answer.
func (p probe) ask(ctx context.Context) (http.Header, error) {
	response, err := do(ctx, p.client, http.MethodGet, p.url, "")
	if err != nil {
		return nil, err
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s asks for %s: %s", p.name, p.url, response.Status)
	}
	return response.Header, nil
}

// latencies are what requests took, each from when it was due: one that had to wait for the one before it counts that.
type latencies struct {
	mu     sync.Mutex
	took   []time.Duration
	failed []error
}

// run asks at a fixed rate for a time, whether or not the last request was answered.
func (p probe) run(ctx context.Context, length time.Duration) *latencies {
	result := &latencies{}
	var group sync.WaitGroup
	ticker := realClock.NewTicker(probeEvery)
	defer ticker.Stop()
	deadline := realClock.NewTimer(length)
	defer deadline.Stop()
	for {
		select {
		case <-deadline.C():
			group.Wait()
			return result
		case due := <-ticker.C():
			group.Go(func() {
				_, err := p.ask(ctx)
				result.add(realClock.Since(due), err)
			})
		}
	}
}

func (l *latencies) add(took time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, took)
	if err != nil {
		l.failed = append(l.failed, err)
	}
}

// quantile is the latency that a share of the requests did not exceed.
func (l *latencies) quantile(share float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	sorted := slices.Sorted(slices.Values(l.took))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

// and are both together.
func (l *latencies) and(other *latencies) *latencies {
	return &latencies{took: slices.Concat(l.took, other.took), failed: slices.Concat(l.failed, other.failed)}
}

func (l *latencies) String() string {
	said := fmt.Sprintf("p50 %s, p99 %s, max %s of %d", round(l.quantile(0.5)), round(l.quantile(0.99)), round(l.quantile(1)), len(l.took))
	if len(l.failed) > 0 {
		said += fmt.Sprintf("; %d failed, such as %v", len(l.failed), l.failed[0])
	}
	return said
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
