// Package requeue decides when a reconcile that could not finish is requeued.
package requeue

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

const (
	// cacheDelay is how long a reconcile waits after a conflict or a stale read: the watch usually delivers the newer
	// version within it, without a back-off growing on what is no failure.
	cacheDelay = 200 * time.Millisecond
	// failureDelay is how long a reconcile waits at most after it failed. It does not grow: what is due at a time, such as
	// the end of somebody's access, must not wait for a back-off.
	failureDelay = 15 * time.Second
)

// failures counts reconciles that failed, by controller. controller-runtime's own counter stays at 0, because no error gets
// there.
var failures = func() *prometheus.CounterVec {
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "foundation_reconcile_failures_total", Help: "Reconciles that failed, by controller. They are tried again within 15 seconds.",
	}, []string{"controller"})
	metrics.Registry.MustRegister(counter)
	return counter
}()

// Settle returns what controller-runtime is told of a reconcile that came to a result and an error. The error is logged and
// counted, and not returned: controller-runtime's back-off grows to a quarter of an hour. The reconcile is tried again after
// failureDelay, or when the result says, if that is sooner; after a conflict, which is normal where others write too, as
// soon as the cache has caught up.
func Settle(ctx context.Context, controller string, result ctrl.Result, err error) (ctrl.Result, error) {
	switch {
	case err == nil:
		return result, nil
	case isConflict(err):
		return ForCache(), nil
	}
	failures.WithLabelValues(controller).Inc()
	result = afterFailure(result.RequeueAfter)
	log.FromContext(ctx).Error(err, "the reconcile failed", "againAfter", result.RequeueAfter.String())
	return result, nil
}

// isConflict reports whether an error is a conflict, and, if it is several joined ones, whether all are.
func isConflict(err error) bool {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return apierrors.IsConflict(err)
	}
	for _, one := range joined.Unwrap() {
		if !isConflict(one) {
			return false
		}
	}
	return true
}

// ForCache returns the result of a reconcile that waits for the cache to catch up.
func ForCache() ctrl.Result { return ctrl.Result{RequeueAfter: cacheDelay} }

// afterFailure returns the result of a reconcile that failed and that would otherwise be requeued after wait; 0 is never.
func afterFailure(wait time.Duration) ctrl.Result {
	if wait == 0 || wait > failureDelay {
		wait = failureDelay
	}
	return ctrl.Result{RequeueAfter: wait}
}
