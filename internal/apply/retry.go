package apply

import (
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
)

// conflictRetry is when a reconcile whose write met a newer version is tried again: by then the cache has it.
const conflictRetry = 200 * time.Millisecond

// Retry turns the everyday error of a write, that somebody else wrote first, into another try.
func Retry(result ctrl.Result, err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: conflictRetry}, nil
	}
	return result, err
}
