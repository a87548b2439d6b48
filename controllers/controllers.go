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
	// Debounce is how long the awards of a pool's teams have to be unchanged before its GPUs are granted anew. The zero
	// value does not debounce; pool.DefaultDebounce suits most clusters.
	Debounce time.Duration
	// Fairness says what of the API server each team gets.
	Fairness team.Fairness
}

// Add registers every controller with the manager. The clock decides about terms, awards and grace periods; tests set it.
func Add(ctx context.Context, mgr manager.Manager, now clock.PassiveClock, o Options) error {
	if err := index.Register(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	// The checker compares with timestamps that API servers wrote, so it needs the real clock also where tests set another
	// one.
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
		Client:   mgr.GetClient(),
		Live:     mgr.GetAPIReader(),
		Applier:  applier,
		Events:   mgr.GetEventRecorder("foundation-operator"),
		Clock:    now,
		Guards:   checker,
		Fairness: o.Fairness,
	}
	if err := teams.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the team controller: %w", err)
	}
	return nil
}
