package cluster

import (
	"context"
	"fmt"
	"slices"
)

// The components that Restart may take down.
const (
	Etcd      = componentEtcd
	APIServer = componentAPIServer
)

// Restart kills components of the control plane's core, Etcd or APIServer, as a crash would, and starts them again on the same
// ports. between is called while they are down; it may be nil.
func (c *Cluster) Restart(ctx context.Context, between func() error, names ...string) error {
	for _, name := range names {
		if err := c.process(name).Kill(ctx); err != nil {
			return err
		}
	}
	if between != nil {
		if err := between(); err != nil {
			return fmt.Errorf("while %v were down: %w", names, err)
		}
	}
	for _, cmd := range c.plan.core() {
		if !slices.Contains(names, cmd.name) {
			continue
		}
		p, _, err := c.ensureRunning(cmd)
		if err != nil {
			return err
		}
		if err := c.awaitReady(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// EtcdData returns the directory with etcd's data. It may be copied, and replaced by a copy, while etcd is down.
func (c *Cluster) EtcdData() string { return c.plan.etcdData() }
