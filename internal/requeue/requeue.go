// Package requeue decides when a reconcile that could not finish is requeued.
package requeue

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"foundation.team/operator/internal/metrics"
)

const (
	// firstCacheDelay is how long a reconcile waits after a stale read: the watch usually delivers the newer version within it.
	// Each further one in a row waits twice as long, at most cacheDelay.
	firstCacheDelay = 10 * time.Millisecond
	// cacheDelay is also how long the first retry waits after a failure or a conflict.
	cacheDelay = 200 * time.Millisecond
	// failureDelay is how long a retry waits at most, after seven failures in a row. What is due at a time, such as the end of
	// somebody's access, must not wait for a back-off that grows any longer.
	failureDelay = 15 * time.Second
)

// Backoff is how often in a row each object's reconcile has failed in one controller. The zero value is ready for use.
type Backoff struct {
	once          sync.Once
	failed, stale workqueue.TypedRateLimiter[string]
}

func (b *Backoff) init() {
	b.once.Do(func() {
		b.failed = workqueue.NewTypedItemExponentialFailureRateLimiter[string](cacheDelay, failureDelay)
		b.stale = workqueue.NewTypedItemExponentialFailureRateLimiter[string](firstCacheDelay, cacheDelay)
	})
}

// Settle returns what controller-runtime is told of an object's reconcile that came to a result and an error. The error is
// logged and counted, and not returned: controller-runtime's own back-off grows to a quarter of an hour. The reconcile is
// tried again after 200 ms, after twice that and so on up to 15 s, or when the result says, if that is sooner. A conflict,
// which is normal where others write too, is neither logged nor counted. A result of ForCache comes again after 10 ms at first.
func (b *Backoff) Settle(ctx context.Context, controller, name string, result ctrl.Result, err error) (ctrl.Result, error) {
	b.init()
	if err == nil {
		b.failed.Forget(name)
		if result.RequeueAfter == cacheDelay {
			result.RequeueAfter = b.stale.When(name)
		} else {
			b.stale.Forget(name)
		}
		return result, nil
	}
	result = sooner(result.RequeueAfter, b.failed.When(name))
	if isConflict(err) {
		return result, nil
	}
	metrics.ReconcileFailures.WithLabelValues(controller).Inc()
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

// ForCache returns the result of a reconcile that waits for the cache to catch up; Settle shortens the wait.
func ForCache() ctrl.Result { return ctrl.Result{RequeueAfter: cacheDelay} }

// sooner returns the result of a reconcile that is tried again, and that would otherwise be requeued after wait; 0 is never.
func sooner(wait, retry time.Duration) ctrl.Result {
	if wait == 0 || wait > retry {
		wait = retry
	}
	return ctrl.Result{RequeueAfter: wait}
}
