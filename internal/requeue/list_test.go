package requeue_test

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"foundation.team/operator/internal/requeue"
)

// A change that could requeue nothing is counted as a failure of the controller.
func TestList(t *testing.T) {
	failing := true
	reader := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if failing {
				return errors.New("no informer")
			}
			return c.List(ctx, list, opts...)
		},
	}).Build()
	const controller = "lists-in-handlers"
	if requeue.List(t.Context(), reader, controller, &corev1.NodeList{}) {
		t.Error("a list that failed is said to have been made")
	}
	if got := failuresOf(t, controller); got != 1 {
		t.Errorf("%v failures counted, want 1", got)
	}
	failing = false
	if !requeue.List(t.Context(), reader, controller, &corev1.NodeList{}) || failuresOf(t, controller) != 1 {
		t.Error("a list that was made is said to have failed")
	}
}

// failuresOf returns how many failures of a controller were counted.
func failuresOf(t *testing.T, controller string) float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "foundation_reconcile_failures_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			if metric.GetLabel()[0].GetValue() == controller {
				return metric.GetCounter().GetValue()
			}
		}
	}
	return 0
}
