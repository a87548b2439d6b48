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

func TestOnConflict(t *testing.T) {
	problem := errors.New("no")
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "pods"}, "job-0", errors.New("changed"))
	tests := map[string]struct {
		err     error
		wantErr bool
		later   bool
	}{
		"no error":                      {nil, false, false},
		"an error":                      {problem, true, false},
		"somebody else wrote first":     {conflict, false, true},
		"the same, with what was tried": {fmt.Errorf("patch n1: %w", conflict), false, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			result, err := requeue.OnConflict(ctrl.Result{RequeueAfter: time.Hour}, tt.err)
			if (err != nil) != tt.wantErr {
				t.Errorf("error %v", err)
			}
			if soon := result.RequeueAfter > 0 && result.RequeueAfter < time.Second; soon != tt.later || !soon && result.RequeueAfter != time.Hour {
				t.Errorf("again after %s", result.RequeueAfter)
			}
		})
	}
}

// A failed write does not delay what is due at a time.
func TestAfterFailure(t *testing.T) {
	for wait, want := range map[time.Duration]time.Duration{
		0: 15 * time.Second, time.Second: time.Second, 15 * time.Second: 15 * time.Second, time.Hour: 15 * time.Second,
	} {
		if got := requeue.AfterFailure(wait).RequeueAfter; got != want {
			t.Errorf("AfterFailure(%s) = %s, want %s", wait, got, want)
		}
	}
}
