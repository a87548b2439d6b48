package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// driftDeadline is how long the operator may take to restore a deleted object.
const driftDeadline = 30 * time.Second

// restoration is how a deleted policy was restored.
type restoration struct {
	policy *networkingv1.NetworkPolicy
	took   time.Duration
	err    error
}

// showDrift deletes the NetworkPolicy that isolates a team, and shows that it is restored.
func (d *demo) showDrift(ctx context.Context) error {
	old, err := d.denyAll(ctx)
	if err != nil {
		return err
	}
	watchCtx, cancel := context.WithTimeout(ctx, driftDeadline)
	defer cancel()
	events, err := d.admin.client.Watch(watchCtx, &networkingv1.NetworkPolicyList{}, client.InNamespace(hanbitTrain))
	if err != nil {
		return fmt.Errorf("watch the network policies: %w", err)
	}
	watched := make(chan restoration, 1)
	go func() {
		defer events.Stop()
		watched <- awaitRestoration(watchCtx, events.ResultChan(), old)
	}()
	if err := d.run(ctx, d.admin, "delete", "networkpolicy", old.Name, "-n", hanbitTrain); err != nil {
		return err
	}
	back := <-watched
	if err := d.run(ctx, d.admin, "get", "networkpolicy", "-n", hanbitTrain); err != nil {
		return err
	}
	if back.err == nil && !equality.Semantic.DeepEqual(old.Spec, back.policy.Spec) {
		back.err = fmt.Errorf("it came back as %+v", back.policy.Spec)
	}
	text := "the policy is back, the same as before"
	if back.err == nil {
		text = fmt.Sprintf("the policy was back %s after it was gone, the same as before", back.took.Round(time.Millisecond))
	}
	d.screen.check(text, back.err)
	return nil
}

// denyAll returns the NetworkPolicy of a team's namespace that denies all ingress and egress.
func (d *demo) denyAll(ctx context.Context) (*networkingv1.NetworkPolicy, error) {
	policies := &networkingv1.NetworkPolicyList{}
	if err := d.admin.client.List(ctx, policies, client.InNamespace(hanbitTrain)); err != nil {
		return nil, fmt.Errorf("list the network policies: %w", err)
	}
	at := slices.IndexFunc(policies.Items, func(p networkingv1.NetworkPolicy) bool {
		return len(p.Spec.Ingress) == 0 && len(p.Spec.Egress) == 0 && len(p.Spec.PolicyTypes) == 2
	})
	if at < 0 {
		return nil, fmt.Errorf("%s has no policy that denies everything", hanbitTrain)
	}
	return &policies.Items[at], nil
}

// awaitRestoration measures the time from the deletion of a policy until one of the same name is added.
func awaitRestoration(ctx context.Context, events <-chan watch.Event, old *networkingv1.NetworkPolicy) restoration {
	var gone time.Time
	for {
		select {
		case <-ctx.Done():
			return restoration{err: fmt.Errorf("it is not back after %s: %w", driftDeadline, ctx.Err())}
		case event, open := <-events:
			if !open {
				return restoration{err: errors.New("it is not back, and the watch ended")}
			}
			policy, ok := event.Object.(*networkingv1.NetworkPolicy)
			switch {
			case !ok || policy.Name != old.Name:
			case event.Type == watch.Deleted:
				gone = time.Now()
			case event.Type == watch.Added && policy.UID != old.UID:
				return restoration{policy: policy, took: time.Since(gone)}
			}
		}
	}
}
