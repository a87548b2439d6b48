package guards

import (
	"context"
	"fmt"
	"sync"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Checker reports whether the guards are in place.
type Checker interface {
	Check(ctx context.Context) (Result, error)
}

// ClusterChecker checks the guards of a cluster.
type ClusterChecker struct {
	// Client reads from the cache.
	Client client.Reader
	// Clock is a real one: it is compared with the times that API servers write.
	Clock clock.PassiveClock

	mu sync.Mutex
	// asShipped is since when the guards are seen as shipped; zero while they are not.
	asShipped time.Time
}

// Check reports whether the guards are in place. It reads the cache alone.
func (c *ClusterChecker) Check(ctx context.Context) (Result, error) {
	want, err := Shipped()
	if err != nil {
		return Result{}, err
	}
	live, err := c.list(ctx)
	if err != nil {
		return Result{}, err
	}
	now := c.Clock.Now()
	result, err := compare(want, live, now)
	if err != nil {
		return Result{}, err
	}
	return c.settled(result, now), nil
}

// settled ends the waiting, too, when the clocks of the cluster are ahead of ours.
func (c *ClusterChecker) settled(result Result, now time.Time) Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !result.OK() && !result.settling():
		c.asShipped = time.Time{}
	case c.asShipped.IsZero():
		c.asShipped = now
	case result.settling() && now.Sub(c.asShipped) >= settle:
		return Result{}
	}
	return result
}

func (c *ClusterChecker) list(ctx context.Context) ([]client.Object, error) {
	var policies admissionregistrationv1.ValidatingAdmissionPolicyList
	var bindings admissionregistrationv1.ValidatingAdmissionPolicyBindingList
	var mutations admissionregistrationv1.MutatingAdmissionPolicyList
	var mutationBindings admissionregistrationv1.MutatingAdmissionPolicyBindingList
	for _, list := range []client.ObjectList{&policies, &bindings, &mutations, &mutationBindings} {
		if err := c.Client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("list admission policies: %w", err)
		}
	}
	var objects []client.Object
	objects = collect(objects, policies.Items)
	objects = collect(objects, bindings.Items)
	objects = collect(objects, mutations.Items)
	return collect(objects, mutationBindings.Items), nil
}

func collect[T any, P interface {
	*T
	client.Object
}](objects []client.Object, items []T) []client.Object {
	for i := range items {
		objects = append(objects, P(&items[i]))
	}
	return objects
}
