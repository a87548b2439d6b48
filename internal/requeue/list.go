package requeue

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"foundation.team/operator/internal/metrics"
)

// List lists what is to be requeued because a watched object changed, and reports whether it could. A handler of events
// cannot return an error, and a change that was dropped is told by nothing else, so a failure is logged and counted with the
// controller's failures.
func List(ctx context.Context, reader client.Reader, controller string, list client.ObjectList, opts ...client.ListOption) bool {
	err := reader.List(ctx, list, opts...)
	if err != nil {
		metrics.ReconcileFailures.WithLabelValues(controller).Inc()
		log.FromContext(ctx).Error(err, "a change of an object requeued nothing", "controller", controller)
	}
	return err == nil
}
