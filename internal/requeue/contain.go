package requeue

import (
	"context"
	"fmt"
	"runtime/debug"

	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Contain runs a step of a reconcile and returns a panic in it as an error. The stack is logged. So a panic ends neither the
// process nor what the reconcile can still do, and the object's status tells of it.
func Contain(ctx context.Context, step func() error) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("a bug of the operator, please report it with the stack in its log: panic: %v", panicked)
			log.FromContext(ctx).Error(err, "a reconcile panicked", "stack", string(debug.Stack()))
		}
	}()
	return step()
}
