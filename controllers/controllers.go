// Package controllers puts the operator's controllers together.
package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"foundation.team/operator/controllers/pool"
	"foundation.team/operator/controllers/program"
	"foundation.team/operator/controllers/team"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/index"
)

// Options are what a person who starts the operator chooses.
type Options struct {
	// Debounce is for how long requests for GPUs have to be unchanged before they are decided together; pool.DefaultDebounce
	// is good.
	Debounce time.Duration
	// TeamAPIShares are each team's shares of the API server's seats; team.DefaultAPIShares is good.
	TeamAPIShares int32
}

// Add adds every controller to a manager.
func Add(ctx context.Context, mgr manager.Manager, now clock.PassiveClock, o Options) error {
	if err := index.Register(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	// By a real clock whatever now is: API servers write the times that it compares.
	checker := &guards.ClusterChecker{Client: mgr.GetClient(), Clock: clock.RealClock{}}
	applier := apply.New(mgr.GetClient(), mgr.GetAPIReader())
	programs := &program.Reconciler{
		Client:  mgr.GetClient(),
		Live:    mgr.GetAPIReader(),
		Applier: applier,
		Events:  mgr.GetEventRecorder("foundation-operator"),
		Clock:   now,
	}
	if err := programs.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the programme controller: %w", err)
	}
	pools := &pool.Reconciler{
		Client:   mgr.GetClient(),
		Live:     mgr.GetAPIReader(),
		Applier:  applier,
		Events:   mgr.GetEventRecorder("foundation-operator"),
		Clock:    now,
		Guards:   checker,
		Debounce: o.Debounce,
	}
	if err := pools.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the pool controller: %w", err)
	}
	teams := &team.Reconciler{
		Client:    mgr.GetClient(),
		Live:      mgr.GetAPIReader(),
		Applier:   applier,
		Events:    mgr.GetEventRecorder("foundation-operator"),
		Clock:     now,
		Guards:    checker,
		APIShares: o.TeamAPIShares,
	}
	if err := teams.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the team controller: %w", err)
	}
	return nil
}
