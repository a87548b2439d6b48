// Package requeue is when a reconcile is tried again.
package requeue

import (
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
)

const (
	// forCache is how long a reconcile waits that met a newer version than it had read: by then the cache has it.
	forCache = 200 * time.Millisecond
	// afterFailure is how long a reconcile waits in which some writes failed. It does not grow: what time alone changes,
	// such as the end of somebody's access, must not wait for a back-off.
	afterFailure = 15 * time.Second
)

// OnConflict turns the everyday error of a write, that somebody else wrote first, into another try.
func OnConflict(result ctrl.Result, err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return ForCache(), nil
	}
	return result, err
}

// ForCache is the result of a reconcile that waits for the cache.
func ForCache() ctrl.Result { return ctrl.Result{RequeueAfter: forCache} }

// AfterFailure is the result of a reconcile that did what it could, and that would otherwise wait so long; 0 is for ever.
func AfterFailure(wait time.Duration) ctrl.Result {
	if wait == 0 || wait > afterFailure {
		wait = afterFailure
	}
	return ctrl.Result{RequeueAfter: wait}
}
