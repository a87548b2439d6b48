package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
)

const (
	// componentDeadline is how long a component may take to become ready: seconds normally, much longer on a busy
	// machine.
	componentDeadline = 2 * time.Minute
	// nodesDeadline is how long all nodes together may take to become ready.
	nodesDeadline = 3 * time.Minute
	nodesPoll     = 200 * time.Millisecond
)

// start starts what does not run, in the order in which components depend on each other.
func (c *Cluster) start(ctx context.Context) error {
	begin := realClock.Now()
	if err := c.prepare(ctx); err != nil {
		return err
	}
	started := 0
	for _, cmd := range c.plan.core() {
		p, fresh, err := c.ensureRunning(cmd)
		if err != nil {
			return err
		}
		if err := c.awaitReady(ctx, p); err != nil {
			return err
		}
		started += fresh
	}
	// Before the controllers: the garbage collector discovers new kinds only every 30 s.
	if err := c.installKarpenter(ctx); err != nil {
		return fmt.Errorf("install Karpenter: %w", err)
	}
	controllers := make([]*Process, 0, len(c.plan.controllers()))
	for _, cmd := range c.plan.controllers() {
		p, fresh, err := c.ensureRunning(cmd)
		if err != nil {
			return err
		}
		controllers = append(controllers, p)
		started += fresh
	}
	if err := c.createObjects(ctx); err != nil {
		return err
	}
	for _, p := range controllers {
		if err := c.awaitReady(ctx, p); err != nil {
			return err
		}
	}
	if started == 0 {
		return nil
	}
	c.say("control plane ready after %s", since(begin))
	return c.awaitNodes(ctx, begin)
}

// prepare writes the files that the components read, and chooses their ports.
func (c *Cluster) prepare(ctx context.Context) error {
	if err := c.plan.create(); err != nil {
		return err
	}
	if err := ensurePKI(c.plan.layout); err != nil {
		return err
	}
	if !c.coreRunning() {
		// Another program may use a port of a component that has died: stop the rest, choose ports again and keep the
		// data.
		if err := c.stopAll(ctx); err != nil {
			return err
		}
		var err error
		if c.plan.ports, err = choosePorts(c.plan.ports); err != nil {
			return err
		}
	}
	ca, err := loadAuthority(c.plan.layout)
	if err != nil {
		return err
	}
	if err := writeKubeconfigs(c.plan.layout, ca, c.plan.apiServerURL()); err != nil {
		return err
	}
	return errors.Join(
		writePrivate(c.plan.config(schedulerConfigFile), []byte(c.plan.schedulerConfig())),
		writePrivate(c.plan.config(kwokConfigFile), kwokConfig),
		writePrivate(c.plan.config(auditPolicyFile), []byte(auditPolicy)),
	)
}

func (c *Cluster) coreRunning() bool {
	for _, cmd := range c.plan.core() {
		if p := c.process(cmd.name); p == nil || !p.Running() {
			return false
		}
	}
	return true
}

// ensureRunning starts a component unless it runs; fresh is 1 if it was started, else 0.
func (c *Cluster) ensureRunning(cmd command) (p *Process, fresh int, err error) {
	if p := c.process(cmd.name); p != nil && p.Running() {
		return p, 0, nil
	}
	c.say("starting %s", cmd.name)
	p, err = c.run(cmd, "")
	return p, 1, err
}

// awaitReady waits until a component's readiness probe succeeds. An error includes the end of its log.
func (c *Cluster) awaitReady(ctx context.Context, p *Process) error {
	var last error
	ended := fmt.Errorf("%s ended while starting", p.Name())
	err := wait.PollUntilContextTimeout(ctx, readyPoll, componentDeadline, true, func(ctx context.Context) (bool, error) {
		if !p.Running() {
			return false, ended
		}
		last = c.prober.ready(ctx, p.Probe)
		return last == nil, nil
	})
	if err == nil {
		return nil
	}
	if !errors.Is(err, ended) {
		err = fmt.Errorf("%s is not ready: %w", p.Name(), errors.Join(err, last))
	}
	return fmt.Errorf("%w\n%s", err, logTail(p.Log()))
}

// createObjects creates the nodes and the storage classes.
func (c *Cluster) createObjects(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := createNodes(ctx, client, buildNodes(c.nodes)); err != nil {
		return err
	}
	return c.apply(ctx, storageManifest)
}

// awaitNodes waits until pods can be created in the default namespace and every node is ready.
func (c *Cluster) awaitNodes(ctx context.Context, begin time.Time) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	want, ready := c.nodes+CPUNodes, 0
	err = wait.PollUntilContextTimeout(ctx, nodesPoll, nodesDeadline, true, func(ctx context.Context) (bool, error) {
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err != nil {
			return false, err
		}
		ready = countReady(nodes.Items)
		return ready+countBroken(nodes.Items) >= want && canCreatePods(ctx, client), nil
	})
	if err != nil {
		return fmt.Errorf("%d of %d nodes ready after %s: %w\n%s", ready, want, since(begin), err,
			logTail(c.plan.log(componentKwok)))
	}
	c.say("%d nodes ready after %s", ready, since(begin))
	return nil
}

// canCreatePods reports whether the controller manager has given the default namespace what its pods need.
func canCreatePods(ctx context.Context, client kubernetes.Interface) bool {
	const name = "default"
	_, saErr := client.CoreV1().ServiceAccounts(name).Get(ctx, name, metav1.GetOptions{})
	_, caErr := client.CoreV1().ConfigMaps(name).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
	return saErr == nil && caErr == nil
}
