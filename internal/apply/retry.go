package apply

import (
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
)

const (
	// conflictRetry is when a reconcile that met a newer version than it had read is tried again: by then the cache
	// has it.
	conflictRetry = 200 * time.Millisecond
	// failureRetry is when a reconcile is tried again in which some writes failed. It does not grow: what time alone
	// changes, such as somebody's access, must not wait for it.
	failureRetry = 15 * time.Second
)

// Retry turns the everyday error of a write, that somebody else wrote first, into another try.
func Retry(result ctrl.Result, err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return CacheBehind(), nil
	}
	return result, err
}

// CacheBehind is the result of a reconcile that waits for the cache.
func CacheBehind() ctrl.Result { return ctrl.Result{RequeueAfter: conflictRetry} }

// Failed is the result of a reconcile that did what it could and would otherwise wait: 0 is for ever.
func Failed(wait time.Duration) ctrl.Result {
	if wait == 0 || wait > failureRetry {
		wait = failureRetry
	}
	return ctrl.Result{RequeueAfter: wait}
}
