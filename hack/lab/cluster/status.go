package cluster

import (
	"context"
	"slices"
	"time"
)

// ComponentStatus is the status of one component.
type ComponentStatus struct {
	Name string
	// Running is true if the process exists, Ready if its readiness probe succeeds as well.
	Running, Ready bool
	PID            int
	Since          time.Time
	Log            string
	// Problem is why it is not ready; empty if it is.
	Problem string
}

// Status checks every component that should run: the control plane's, then any manager that was started.
func (c *Cluster) Status(ctx context.Context) []ComponentStatus {
	var names []string
	for _, cmd := range append(c.plan.core(), c.plan.controllers()...) {
		names = append(names, cmd.name)
	}
	c.mu.Lock()
	for _, p := range c.processes {
		if !slices.Contains(names, p.Name()) {
			names = append(names, p.Name())
		}
	}
	c.mu.Unlock()

	statuses := make([]ComponentStatus, 0, len(names))
	for _, name := range names {
		statuses = append(statuses, c.status(ctx, name))
	}
	return statuses
}

func (c *Cluster) status(ctx context.Context, name string) ComponentStatus {
	s := ComponentStatus{Name: name, Log: c.plan.log(name)}
	p := c.process(name)
	if p == nil {
		s.Problem = "not started"
		return s
	}
	s.PID, s.Since = p.PID(), p.Started
	if s.Running = p.Running(); !s.Running {
		s.Problem = "ended"
		return s
	}
	if err := c.prober.ready(ctx, p.Probe); err != nil {
		s.Problem = err.Error()
		return s
	}
	s.Ready = true
	return s
}
