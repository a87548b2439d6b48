package guards

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Checker checks whether the admission policies are installed as shipped.
type Checker interface {
	Check(ctx context.Context) (Result, error)
}

// ClusterChecker checks the admission policies of a cluster.
type ClusterChecker struct {
	// Client reads from the cache only.
	Client client.Reader
	// Clock must be a real one: it is compared with the times that API servers write.
	Clock clock.PassiveClock

	mu sync.Mutex
	// compared is the outcome for the policies of comparedVersions: to compare them all takes longer than the rest of a reconcile.
	compared         comparison
	comparedVersions []string
	// installedSince is when this process first saw the policies as shipped; zero while they are not.
	installedSince time.Time
}

// Check compares the policies in the cache with those that this build ships.
func (c *ClusterChecker) Check(ctx context.Context) (Result, error) {
	want, err := Shipped()
	if err != nil {
		return Result{}, err
	}
	live, err := c.list(ctx)
	if err != nil {
		return Result{}, err
	}
	found, err := c.compare(want, live)
	if err != nil {
		return Result{}, err
	}
	now := c.Clock.Now()
	return c.limitSettling(found.result(now), now), nil
}

// compare compares the policies if they are not those of the last time. The cache lists them in any order.
func (c *ClusterChecker) compare(shipped, live []client.Object) (comparison, error) {
	versions := make([]string, len(live))
	for i, object := range live {
		versions[i] = string(object.GetUID()) + " " + object.GetResourceVersion()
	}
	slices.Sort(versions)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(versions) > 0 && slices.Equal(versions, c.comparedVersions) {
		return c.compared, nil
	}
	found, err := compare(shipped, live)
	if err == nil {
		c.compared, c.comparedVersions = found, versions
	}
	return found, err
}

// limitSettling ends the settling after settlePeriod by this process's clock: if the API servers' clocks are ahead,
// the times of their writes would keep the policies settling for as long as the difference.
func (c *ClusterChecker) limitSettling(result Result, now time.Time) Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !result.OK() && !result.isSettling():
		c.installedSince = time.Time{}
	case c.installedSince.IsZero():
		c.installedSince = now
	case result.isSettling() && now.Sub(c.installedSince) >= settlePeriod:
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
