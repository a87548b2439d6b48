package requeue_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"

	"foundation.team/operator/internal/requeue"
)

func TestSettle(t *testing.T) {
	problem := errors.New("no")
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "pods"}, "job-0", errors.New("changed"))
	const cache = 200 * time.Millisecond
	tests := map[string]struct {
		err        error
		wait, want time.Duration
	}{
		"no error":                            {nil, time.Hour, time.Hour},
		"no error, and time changes nothing":  {nil, 0, 0},
		"an error":                            {problem, time.Hour, 15 * time.Second},
		"an error, and time changes nothing":  {problem, 0, 15 * time.Second},
		"an error, and something is due soon": {problem, time.Second, time.Second},
		"somebody else wrote first":           {conflict, time.Hour, cache},
		"the same, with what was tried":       {fmt.Errorf("patch n1: %w", conflict), time.Hour, cache},
		"only conflicts":                      {errors.Join(nil, fmt.Errorf("patch n1: %w", conflict), conflict), time.Hour, cache},
		"a conflict and an error":             {errors.Join(conflict, problem), time.Hour, 15 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			result, err := requeue.Settle(t.Context(), "test", ctrl.Result{RequeueAfter: tt.wait}, tt.err)
			if err != nil {
				t.Errorf("controller-runtime backs off, because of %v", err)
			}
			if result.RequeueAfter != tt.want {
				t.Errorf("again after %s, want %s", result.RequeueAfter, tt.want)
			}
		})
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
