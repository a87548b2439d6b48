package programme

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/controllers"
	"foundation.team/operator/controllers/pool"
	"foundation.team/operator/test/support"
)

// kinds are the kinds whose reconciles wait for a time, by the name of their controller.
var kinds = map[string]client.ObjectList{
	"foundationprogram": &foundationv1alpha1.FoundationProgramList{},
	"gpupool":           &foundationv1alpha1.GPUPoolList{},
	"foundationteam":    &foundationv1alpha1.FoundationTeamList{},
}

// operator runs the operator's controllers in this process under a clock that tests set. Its requeues follow the machine's
// clock, so it has to be woken when the test's clock is set.
type operator struct {
	cancel context.CancelFunc
	done   chan error
	queues *queues
}

// startOperator starts the operator under a clock; cfg says who it is.
func startOperator(ctx context.Context, cfg *rest.Config, clock *clocktesting.FakePassiveClock) (*operator, error) {
	inner, err := support.NewManager(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	o := &operator{cancel: cancel, done: make(chan error, 1), queues: &queues{byName: map[string]queue{}}}
	mgr := queueCatcher{Manager: inner, queues: o.queues}
	if err := controllers.Add(ctx, mgr, clock, controllers.Options{Debounce: pool.DefaultDebounce}); err != nil {
		cancel()
		return nil, err
	}
	go func() { o.done <- mgr.Start(ctx) }()
	// Controllers take up their sources, and with them their queues, a moment after caches have synced.
	err = wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		return len(o.queues.names()) == len(kinds), nil
	})
	if err != nil {
		return nil, fmt.Errorf("start the controllers of %d kinds, there are %q: %w", len(kinds), o.queues.names(), errors.Join(err, o.stop()))
	}
	return o, nil
}

// stop stops the operator and waits until it has.
func (o *operator) stop() error {
	o.cancel()
	return <-o.done
}

// wake enqueues every programme, pool and team.
func (o *operator) wake(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		queue := o.queues.get(name)
		if queue == nil {
			return fmt.Errorf("there is no controller %s: the controllers are %q", name, o.queues.names())
		}
		objects, err := support.List(ctx, lab.Client, kinds[name])
		if err != nil {
			return err
		}
		for _, object := range objects {
			queue.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
		}
	}
	return nil
}

// idle reports whether no controller has anything to do now.
func (o *operator) idle() (bool, error) {
	for _, name := range o.queues.names() {
		if o.queues.get(name).Len() > 0 {
			return false, nil
		}
	}
	families, err := metrics.Registry.Gather()
	if err != nil {
		return false, err
	}
	for _, family := range families {
		if family.GetName() != "controller_runtime_active_workers" {
			continue
		}
		for _, metric := range family.GetMetric() {
			if metric.GetGauge().GetValue() > 0 {
				return false, nil
			}
		}
	}
	return true, nil
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// queues are the controllers' queues, by the name of the controller.
type queues struct {
	mu     sync.Mutex
	byName map[string]queue
}

func (q *queues) get(name string) queue {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.byName[name]
}

func (q *queues) names() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Sorted(maps.Keys(q.byName))
}

// queueCatcher is a manager that keeps the queues of the controllers that are added to it.
type queueCatcher struct {
	manager.Manager
	queues *queues
}

// Add adds a source to a controller that only captures its queue and has no events.
func (c queueCatcher) Add(runnable manager.Runnable) error {
	if caught, ok := runnable.(controller.Controller); ok {
		name := reflect.Indirect(reflect.ValueOf(runnable)).FieldByName("Name").String()
		err := caught.Watch(source.Func(func(_ context.Context, queue queue) error {
			c.queues.mu.Lock()
			defer c.queues.mu.Unlock()
			c.queues.byName[name] = queue
			return nil
		}))
		if err != nil {
			return fmt.Errorf("watch for controller %s: %w", name, err)
		}
	}
	return c.Manager.Add(runnable)
}

// kst parses a time in Seoul: a date, or a date and a time.
func kst(moment string) time.Time {
	if len(moment) == len(time.DateOnly) {
		moment += " 00:00:00"
	}
	at, err := time.ParseInLocation(time.DateTime, moment, seoul)
	if err != nil {
		panic(err)
	}
	return at
}

// stamp formats a time in Seoul for manifests.
func stamp(moment string) string { return `"` + kst(moment).Format(time.RFC3339) + `"` }

var seoul = time.FixedZone("KST", 9*60*60)
