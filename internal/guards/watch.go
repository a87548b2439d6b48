package guards

import (
	"context"
	"fmt"
	"sync"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Looker says whether the guards stand.
type Looker interface {
	Look(ctx context.Context) (Verdict, error)
}

// Watch looks at the guards in a cluster.
type Watch struct {
	// Client reads from the cache.
	Client client.Reader
	// Clock is a real one: it is compared with the times that API servers write.
	Clock clock.PassiveClock

	mu sync.Mutex
	// asShipped is since when the guards are seen as shipped; zero while they are not.
	asShipped time.Time
}

// Look says whether the guards stand. It reads the cache alone.
func (w *Watch) Look(ctx context.Context) (Verdict, error) {
	want, err := Shipped()
	if err != nil {
		return Verdict{}, err
	}
	live, err := w.list(ctx)
	if err != nil {
		return Verdict{}, err
	}
	now := w.Clock.Now()
	verdict, err := Check(want, live, now)
	if err != nil {
		return Verdict{}, err
	}
	return w.settled(verdict, now), nil
}

// settled ends the waiting, too, when the clocks of the cluster are ahead of ours.
func (w *Watch) settled(verdict Verdict, now time.Time) Verdict {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case verdict.Reason != "" && verdict.Reason != foundationv1alpha1.ReasonPoliciesSettling:
		w.asShipped = time.Time{}
	case w.asShipped.IsZero():
		w.asShipped = now
	case verdict.Reason != "" && now.Sub(w.asShipped) >= settle:
		return Verdict{}
	}
	return verdict
}

func (w *Watch) list(ctx context.Context) ([]client.Object, error) {
	var policies admissionregistrationv1.ValidatingAdmissionPolicyList
	var bindings admissionregistrationv1.ValidatingAdmissionPolicyBindingList
	var mutations admissionregistrationv1.MutatingAdmissionPolicyList
	var mutationBindings admissionregistrationv1.MutatingAdmissionPolicyBindingList
	for _, list := range []client.ObjectList{&policies, &bindings, &mutations, &mutationBindings} {
		if err := w.Client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
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
