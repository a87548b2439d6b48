// Package controllers puts the operator's controllers together.
package controllers

import (
	"context"
	"fmt"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"foundation.team/operator/controllers/pool"
	"foundation.team/operator/controllers/team"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/index"
)

// Add adds every controller to a manager.
func Add(ctx context.Context, mgr manager.Manager, now clock.PassiveClock) error {
	if err := index.Register(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	applier := apply.New(mgr.GetClient(), mgr.GetAPIReader())
	pools := &pool.Reconciler{
		Client:  mgr.GetClient(),
		Live:    mgr.GetAPIReader(),
		Applier: applier,
		Events:  mgr.GetEventRecorder("foundation-operator"),
		Clock:   now,
	}
	if err := pools.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the pool controller: %w", err)
	}
	teams := &team.Reconciler{
		Client:  mgr.GetClient(),
		Live:    mgr.GetAPIReader(),
		Applier: applier,
		Events:  mgr.GetEventRecorder("foundation-operator"),
		Clock:   now,
	}
	if err := teams.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the team controller: %w", err)
	}
	return nil
}
