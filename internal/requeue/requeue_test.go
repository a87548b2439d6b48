package requeue_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"

	"foundation.team/operator/internal/requeue"
)

func TestBackoff(t *testing.T) {
	problem := errors.New("no")
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "pods"}, "job-0", errors.New("changed"))
	const first = 200 * time.Millisecond
	tests := map[string]struct {
		err        error
		wait, want time.Duration
	}{
		"no error":                            {nil, time.Hour, time.Hour},
		"no error, and time changes nothing":  {nil, 0, 0},
		"an error":                            {problem, time.Hour, first},
		"an error, and time changes nothing":  {problem, 0, first},
		"an error, and something is due soon": {problem, time.Millisecond, time.Millisecond},
		"somebody else wrote first":           {conflict, time.Hour, first},
		"the same, with what was tried":       {fmt.Errorf("patch n1: %w", conflict), time.Hour, first},
		"only conflicts":                      {errors.Join(nil, fmt.Errorf("patch n1: %w", conflict), conflict), time.Hour, first},
		"a conflict and an error":             {errors.Join(conflict, problem), time.Hour, first},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var backoff requeue.Backoff
			result, err := backoff.Settle(t.Context(), "test", "hanbit", ctrl.Result{RequeueAfter: tt.wait}, tt.err)
			if err != nil {
				t.Errorf("controller-runtime backs off, because of %v", err)
			}
			if result.RequeueAfter != tt.want {
				t.Errorf("again after %s, want %s", result.RequeueAfter, tt.want)
			}
		})
	}
}

// What fails again and again is tried more and more seldom, but every 15 seconds; what worked once starts anew, and no object
// waits for another's failures.
func TestBackoffGrowsToItsBound(t *testing.T) {
	var backoff requeue.Backoff
	after := func(name string, err error) time.Duration {
		result, _ := backoff.Settle(t.Context(), "test", name, ctrl.Result{}, err)
		return result.RequeueAfter
	}
	problem := errors.New("no")
	var waits []time.Duration
	for range 9 {
		waits = append(waits, after("hanbit", problem))
	}
	const ms = time.Millisecond
	if want := []time.Duration{200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms, 12800 * ms, 15000 * ms, 15000 * ms}; !slices.Equal(waits, want) {
		t.Errorf("waits %s, want %s", waits, want)
	}
	if got := after("saebit", problem); got != 200*ms {
		t.Errorf("another team waits %s", got)
	}
	after("hanbit", nil)
	if got := after("hanbit", problem); got != 200*ms {
		t.Errorf("after it worked it waits %s", got)
	}
}

// A cache that is behind is looked at again soon, and ever more seldom while it stays behind.
func TestForCacheComesSoon(t *testing.T) {
	var backoff requeue.Backoff
	again := func(name string, result ctrl.Result) time.Duration {
		settled, _ := backoff.Settle(t.Context(), "test", name, result, nil)
		return settled.RequeueAfter
	}
	var waits []time.Duration
	for range 7 {
		waits = append(waits, again("hanbit", requeue.ForCache()))
	}
	const ms = time.Millisecond
	if want := []time.Duration{10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 200 * ms, 200 * ms}; !slices.Equal(waits, want) {
		t.Errorf("waits %s, want %s", waits, want)
	}
	if got := again("saebit", requeue.ForCache()); got != 10*ms {
		t.Errorf("another team waits %s", got)
	}
	again("hanbit", ctrl.Result{})
	if got := again("hanbit", requeue.ForCache()); got != 10*ms {
		t.Errorf("after the cache caught up it waits %s", got)
	}
}

func TestContain(t *testing.T) {
	problem := errors.New("no")
	for name, tt := range map[string]struct {
		step func() error
		want string
	}{
		"no error": {func() error { return nil }, "<nil>"},
		"an error": {func() error { return problem }, "no"},
		"a panic": {func() error {
			panic("assignment to entry in nil map")
		}, "a bug of the operator, please report it with the stack in its log: panic: assignment to entry in nil map"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fmt.Sprint(requeue.Contain(t.Context(), tt.step)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}
