// Package requeue decides when a reconcile that could not finish is requeued.
package requeue

import (
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
)

const (
	// cacheDelay is how long a reconcile waits after a conflict or a stale read: the watch usually delivers the newer
	// version within it, without a back-off growing on what is no failure.
	cacheDelay = 200 * time.Millisecond
	// failureDelay is how long a reconcile waits after some of its writes failed. It does not grow: what is due at a
	// time, such as the end of somebody's access, must not wait for a back-off.
	failureDelay = 15 * time.Second
)

// OnConflict replaces a conflict, which is normal where others write too, by a requeue without an error.
func OnConflict(result ctrl.Result, err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return ForCache(), nil
	}
	return result, err
}

// ForCache returns the result of a reconcile that waits for the cache to catch up.
func ForCache() ctrl.Result { return ctrl.Result{RequeueAfter: cacheDelay} }

// AfterFailure returns the result of a reconcile in which some writes failed and that would otherwise be requeued
// after wait; 0 is never.
func AfterFailure(wait time.Duration) ctrl.Result {
	if wait == 0 || wait > failureDelay {
		wait = failureDelay
	}
	return ctrl.Result{RequeueAfter: wait}
}
