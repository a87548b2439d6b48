package setup

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/test/support/builder"
)

func expectCheck(t *testing.T, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
		t.Errorf("not ready: %v, want %q", err, want)
	}
}

// readsWorld is a kind that is listed and watched.
type readsWorld struct {
	t       *testing.T
	clock   *clocktesting.FakePassiveClock
	fails   error
	stream  *watch.FakeWatcher
	checked toolscache.ListerWatcherWithContext
}

func (w *readsWorld) list(err error) {
	w.fails = err
	_, _ = w.checked.ListWithContext(w.t.Context(), metav1.ListOptions{})
}

func (w *readsWorld) watch(err error) watch.Interface {
	w.fails = err
	stream, _ := w.checked.WatchWithContext(w.t.Context(), metav1.ListOptions{})
	return stream
}

// event sends an event to a watch that works.
func (w *readsWorld) event(kind watch.EventType, obj runtime.Object) {
	stream := w.watch(nil)
	go w.stream.Action(kind, obj)
	<-stream.ResultChan()
	stream.Stop()
}

func TestReadyWhileEveryKindIsRead(t *testing.T) {
	notServed := apierrors.NewNotFound(schema.GroupResource{Group: "foundation.team", Resource: "gpupools"}, "")
	undecodable := &apierrors.NewInternalError(errors.New("unable to decode an event from the watch stream")).ErrStatus
	pools := foundationv1alpha1.GroupVersion.WithKind("GPUPool")
	for name, tt := range map[string]struct {
		kind    schema.GroupVersionKind
		happens func(*readsWorld)
		want    string
	}{
		"all is well":                     {pools, func(w *readsWorld) { w.list(nil); w.watch(nil).Stop() }, ""},
		"a list fails":                    {pools, func(w *readsWorld) { w.list(notServed); w.later(unreadAfter - 1) }, ""},
		"lists fail for long":             {pools, func(w *readsWorld) { w.list(notServed); w.later(unreadAfter); w.list(notServed) }, "GPUPool could not be listed for 3m0s: "},
		"lists fail, and one succeeds":    {pools, func(w *readsWorld) { w.list(notServed); w.later(unreadAfter); w.list(nil) }, ""},
		"watches fail for long":           {pools, func(w *readsWorld) { w.list(nil); w.watch(notServed); w.later(unreadAfter) }, "GPUPool could not be watched for 3m0s: "},
		"watches are refused, lists pass": {pools, func(w *readsWorld) { w.watch(notServed); w.later(unreadAfter); w.list(nil) }, "GPUPool could not be watched for 3m0s: "},
		"every watch ends with an error": {pools, func(w *readsWorld) {
			w.event(watch.Error, undecodable)
			w.later(unreadAfter)
			w.event(watch.Error, undecodable)
		}, "GPUPool could not be watched for 3m0s: "},
		"a watch ends with an error, the next has a bookmark": {pools, func(w *readsWorld) {
			w.event(watch.Error, undecodable)
			w.later(unreadAfter)
			w.event(watch.Bookmark, builder.Pool("b200"))
		}, ""},
		"a watch begins too far back": {pools, func(w *readsWorld) {
			w.event(watch.Error, &apierrors.NewResourceExpired("too old").ErrStatus)
			w.later(unreadAfter)
		}, ""},
		"one object cannot be read": {pools, func(w *readsWorld) {
			pool := builder.Pool("b200")
			pool.SetUnreadable([]string{"spec.gpusPerNode"})
			w.event(watch.Modified, pool)
			w.later(unreadAfter)
		}, ""},
		"the process ends":       {pools, func(w *readsWorld) { w.list(context.Canceled); w.later(unreadAfter) }, ""},
		"Karpenter is taken off": {karpenter.GroupVersion.WithKind("NodePool"), func(w *readsWorld) { w.list(notServed); w.later(unreadAfter) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := &readsWorld{t: t, clock: clocktesting.NewFakePassiveClock(builder.Now)}
			r := newReads(w.clock)
			w.checked = toolscache.ToListerWatcherWithContext(r.observe(tt.kind, &toolscache.ListWatch{
				ListWithContextFunc: func(context.Context, metav1.ListOptions) (runtime.Object, error) {
					return &foundationv1alpha1.GPUPoolList{}, w.fails
				},
				WatchFuncWithContext: func(context.Context, metav1.ListOptions) (watch.Interface, error) {
					w.stream = watch.NewFake()
					return w.stream, w.fails
				},
			}))
			tt.happens(w)
			expectCheck(t, r.check(nil), tt.want)
		})
	}
}

func (w *readsWorld) later(by time.Duration) { w.clock.SetTime(w.clock.Now().Add(by)) }

// controllerMetrics are those of controller-runtime that tell of progress.
type controllerMetrics struct {
	depth, longest *prometheus.GaugeVec
	finished       *prometheus.CounterVec
}

func newControllerMetrics() (*prometheus.Registry, controllerMetrics) {
	gauge := func(name string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: "x"}, labels)
	}
	m := controllerMetrics{
		depth: gauge(metricDepth, "name", controllerKey, "priority"), longest: gauge(metricLongest, "name", controllerKey),
		finished: prometheus.NewCounterVec(prometheus.CounterOpts{Name: metricFinished, Help: "x"}, []string{controllerKey, "result"}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.depth, m.longest, m.finished)
	return registry, m
}

func (m controllerMetrics) waiting(controller string, count float64) {
	m.depth.WithLabelValues(controller, controller, "0").Set(count)
}

func TestReadyWhileControllersGetOn(t *testing.T) {
	type world struct {
		controllerMetrics
		*clocktesting.FakePassiveClock
		*progress
	}
	later := func(w world, by time.Duration) { w.SetTime(w.Now().Add(by)) }
	done := make(chan struct{})
	close(done)
	for name, tt := range map[string]struct {
		standby bool
		happens func(world) error
		want    string
	}{
		"nothing is to be done": {happens: func(w world) error {
			w.waiting("gpupool", 0)
			later(w, stuckAfter)
			return w.check(nil)
		}},
		"some wait, and none ends": {happens: func(w world) error {
			w.waiting("gpupool", 2)
			_ = w.check(nil)
			later(w, stuckAfter)
			return w.check(nil)
		}, want: "gpupool has ended no reconcile for 5m0s, and 2 wait"},
		"some wait for less long": {happens: func(w world) error {
			w.waiting("gpupool", 2)
			_ = w.check(nil)
			later(w, stuckAfter-1)
			return w.check(nil)
		}},
		"some wait, and others end": {happens: func(w world) error {
			w.waiting("gpupool", 2)
			_ = w.check(nil)
			later(w, stuckAfter)
			w.finished.WithLabelValues("gpupool", "success").Inc()
			return w.check(nil)
		}},
		"another controller gets on": {happens: func(w world) error {
			w.waiting("gpupool", 2)
			_ = w.check(nil)
			later(w, stuckAfter)
			w.finished.WithLabelValues("foundationteam", "success").Inc()
			return w.check(nil)
		}, want: "gpupool has ended no reconcile for 5m0s, and 2 wait"},
		"none waited in between": {happens: func(w world) error {
			w.waiting("gpupool", 2)
			_ = w.check(nil)
			w.waiting("gpupool", 0)
			_ = w.check(nil)
			w.waiting("gpupool", 1)
			later(w, stuckAfter)
			return w.check(nil)
		}},
		"one reconcile takes too long, and others end": {happens: func(w world) error {
			w.waiting("foundationteam", 0)
			w.longest.WithLabelValues("foundationteam", "foundationteam").Set(stuckAfter.Seconds())
			return w.check(nil)
		}, want: "a reconcile of foundationteam has been running for 5m0s"},
		"a replica that waits for the lease": {standby: true, happens: func(w world) error {
			w.waiting("gpupool", 2)
			_ = w.check(nil)
			later(w, stuckAfter)
			return w.check(nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			registry, m := newControllerMetrics()
			clock := clocktesting.NewFakePassiveClock(builder.Now)
			p := &progress{clock: clock, metrics: registry, elected: done}
			if tt.standby {
				p.elected = make(chan struct{})
			}
			expectCheck(t, tt.happens(world{m, clock, p}), tt.want)
		})
	}
}

// The metrics are called as controller-runtime calls them.
func TestProgressIsMeasured(t *testing.T) {
	queue := priorityqueue.New[string]("measured")
	defer queue.ShutDown()
	queue.Add("waits")
	NewWithT(t).Eventually(func(g Gomega) { // the queue counts in the background
		families, err := metrics.Registry.Gather()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(byController(families, metricDepth)).To(HaveKeyWithValue("measured", BeNumerically(">=", 1)))
		g.Expect(byController(families, metricLongest)).To(HaveKey("measured"))
	}).Should(Succeed())
}
