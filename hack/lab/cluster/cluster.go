// Package cluster runs a real Kubernetes control plane on loopback: etcd, the API server, the controller
// manager, the scheduler, kwok in the part of the kubelets and of the storage, and Karpenter if wanted. The
// command line, the end-to-end tests and the demo all use it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Options say what cluster to start.
type Options struct {
	// Dir holds all that belongs to the cluster: certificates, data, logs, kubeconfigs.
	Dir string
	// BinDir holds the binaries, as binaries.Ensure returns it.
	BinDir string
	// Nodes is the number of GPU nodes; CPUNodes nodes without GPUs are added to them.
	Nodes int
	// Karpenter adds Karpenter, which makes further nodes for NodePools. It runs as a ServiceAccount with
	// the rights that it has elsewhere.
	Karpenter bool
	// Audit has the API server write down what the operator asks of it: see AuditLog.
	Audit bool
	// APIServerArgs come after those that the lab gives the API server when it starts it.
	APIServerArgs []string
	// Detached processes outlive the one that starts them. The others are stopped by Stop and, where
	// the kernel can do that, when their starter dies without it.
	Detached bool
	// Progress is told what happens; nil means nobody is.
	Progress io.Writer
}

// Cluster is a control plane with its nodes.
type Cluster struct {
	plan     plan
	nodes    int
	detached bool
	progress io.Writer
	prober   *prober

	mu        sync.Mutex
	processes []*Process // at most one of each name
}

// Start makes the cluster in opts.Dir run and returns when it is ready for work. What of it runs already
// is left alone and what has died is started again, so Start may be called on a running cluster.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	c, err := open(opts)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.plan.dir, 0o755); err != nil {
		return nil, fmt.Errorf("create the cluster's directory: %w", err)
	}
	release, err := claim(c.plan.layout)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := c.resume(); err != nil {
		return nil, err
	}
	before := len(c.running())
	if err := c.start(ctx); err != nil {
		// A cluster that was there before is worth keeping for a look at it.
		if before == 0 {
			err = errors.Join(err, c.stopAll(context.WithoutCancel(ctx)))
		}
		return nil, err
	}
	return c, nil
}

// Load returns the cluster that was started in dir, whatever of it still runs. If there is none the error
// is ErrNotStarted. What is started through the result is not detached.
func Load(dir string) (*Cluster, error) {
	c, err := open(Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	s, err := readState(c.plan.layout)
	if err != nil {
		return nil, err
	}
	c.adopt(s)
	c.nodes, c.plan.bin, c.plan.withKarpenter, c.plan.withAudit = s.Nodes, s.BinDir, s.Karpenter, s.Audit
	return c, nil
}

func open(opts Options) (*Cluster, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", opts.Dir, err)
	}
	if opts.Dir == "" || opts.Nodes < 0 {
		return nil, fmt.Errorf("a cluster needs a directory and no negative number of nodes, got %q and %d", opts.Dir, opts.Nodes)
	}
	c := &Cluster{
		plan: plan{
			layout: layout{dir: dir}, bin: opts.BinDir, withKarpenter: opts.Karpenter, withAudit: opts.Audit, apiServerArgs: opts.APIServerArgs,
		},
		nodes:    opts.Nodes,
		detached: opts.Detached,
		progress: opts.Progress,
	}
	if c.progress == nil {
		c.progress = io.Discard
	}
	c.prober = &prober{layout: c.plan.layout}
	return c, nil
}

// resume takes over what an earlier run started in the same directory.
func (c *Cluster) resume() error {
	s, err := readState(c.plan.layout)
	if errors.Is(err, ErrNotStarted) {
		return nil
	}
	if err != nil {
		return err
	}
	c.adopt(s)
	if len(c.running()) == 0 {
		return nil
	}
	if s.Nodes != c.nodes {
		return fmt.Errorf("the cluster in %s runs with %d GPU nodes, not %d: stop it first", c.plan.dir, s.Nodes, c.nodes)
	}
	if s.Karpenter != c.plan.withKarpenter {
		return fmt.Errorf("the cluster in %s runs %s Karpenter, not %s it: stop it first", c.plan.dir,
			withOrWithout(s.Karpenter), withOrWithout(c.plan.withKarpenter))
	}
	if s.Audit != c.plan.withAudit {
		return fmt.Errorf("the cluster in %s runs %s an audit log, not %s it: stop it first", c.plan.dir,
			withOrWithout(s.Audit), withOrWithout(c.plan.withAudit))
	}
	return nil
}

func withOrWithout(with bool) string {
	if with {
		return "with"
	}
	return "without"
}

func (c *Cluster) adopt(s *state) {
	c.plan.ports = s.Ports
	for _, r := range s.Processes {
		c.processes = append(c.processes, &Process{record: r})
	}
}

// Stop ends every process of the cluster, and only those. The data stay; Remove deletes them.
func (c *Cluster) Stop(ctx context.Context) error {
	release, err := claim(c.plan.layout)
	if err != nil {
		return err
	}
	defer release()
	return c.stopAll(ctx)
}

// Remove deletes what the cluster left in its directory. Stop it first.
func (c *Cluster) Remove() error {
	if running := c.running(); len(running) > 0 {
		return fmt.Errorf("%s (pid %d) of the cluster in %s still runs: stop it first",
			running[0].Name(), running[0].PID(), c.plan.dir)
	}
	return c.plan.remove()
}

// stopAll ends the processes against the order in which they need each other.
func (c *Cluster) stopAll(ctx context.Context) error {
	var clients []*Process
	for _, p := range c.running() {
		if p.Name() != componentEtcd && p.Name() != componentAPIServer {
			clients = append(clients, p)
		}
	}
	failures := []error{stopTogether(ctx, clients)}
	for _, name := range []string{componentAPIServer, componentEtcd} {
		if p := c.process(name); p != nil {
			failures = append(failures, p.Stop(ctx))
		}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.processes = nil
	if _, err := os.Stat(c.plan.state()); errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was written down yet, or all of it was removed
	}
	return c.save()
}

func stopTogether(ctx context.Context, processes []*Process) error {
	failures := make([]error, len(processes))
	var group sync.WaitGroup
	for i, p := range processes {
		group.Go(func() { failures[i] = p.Stop(ctx) })
	}
	group.Wait()
	return errors.Join(failures...)
}

// run starts a component in place of one of the same name that ended, and writes that down.
func (c *Cluster) run(cmd command, digest string) (*Process, error) {
	p, err := launch(c.plan.layout, cmd, c.detached)
	if err != nil {
		return nil, err
	}
	p.Digest = digest
	c.mu.Lock()
	defer c.mu.Unlock()
	c.processes = slices.DeleteFunc(c.processes, func(other *Process) bool { return other.Name() == p.Name() })
	c.processes = append(c.processes, p)
	return p, c.save()
}

// process returns the process of that name, running or not, or nil.
func (c *Cluster) process(name string) *Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.processes {
		if p.Name() == name {
			return p
		}
	}
	return nil
}

func (c *Cluster) running() []*Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	var running []*Process
	for _, p := range c.processes {
		if p.Running() {
			running = append(running, p)
		}
	}
	return running
}

// AuditLog is the path of the API server's audit log: a line of JSON for each request of the operator, without what
// was sent or answered. There is none unless Options.Audit asked for it.
func (c *Cluster) AuditLog() string { return c.plan.log(auditLogName) }

// RESTConfig is the admin's client configuration, without a client-side rate limit.
func (c *Cluster) RESTConfig() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("read the admin's kubeconfig: %w", err)
	}
	config.QPS = -1
	return config, nil
}

func (c *Cluster) client() (kubernetes.Interface, error) {
	config, err := c.RESTConfig()
	if err != nil {
		return nil, err
	}
	config.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	return client, nil
}

func (c *Cluster) say(format string, args ...any) {
	_, _ = fmt.Fprintf(c.progress, "lab: "+format+"\n", args...)
}

// since is a duration for people.
func since(begin time.Time) time.Duration {
	return realClock.Since(begin).Round(100 * time.Millisecond)
}
