// Package cluster runs a real Kubernetes control plane on loopback: etcd, the API server, the controller manager, the
// scheduler, kwok, which simulates the kubelets and the storage, and optionally Karpenter. The command line, the
// end-to-end tests and the demo all use it.
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

// Options describe the cluster to start.
type Options struct {
	// Dir has the cluster's files: certificates, data, logs, kubeconfigs.
	Dir string
	// BinDir has the binaries: the result of binaries.Ensure.
	BinDir string
	// Nodes is the number of GPU nodes; CPUNodes nodes without GPUs are added to them.
	Nodes int
	// Karpenter starts Karpenter, which provisions further nodes for NodePools. It runs as a
	// ServiceAccount with rights of its own, as in a cluster that users have.
	Karpenter bool
	// Audit makes the API server log the operator's requests: see AuditLog.
	Audit bool
	// APIServerArgs are appended to the API server's arguments.
	APIServerArgs []string
	// NodeLease is how long nodes' leases last; a node that does not renew its own is not ready after five eighths of that. 0 means 160 s, so
	// that hundreds of simulated nodes cost little.
	NodeLease time.Duration
	// Detached processes outlive the one that starts them. Others are ended by Stop and, on Linux, when the process
	// that started them dies without calling it.
	Detached bool
	// Progress receives a line for each step; nil discards them.
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

// Start starts the cluster in opts.Dir and returns when it is ready. Components that run already are left alone and
// ones that have died are restarted, so Start may be called on a running cluster.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	c, err := open(opts)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.plan.dir, 0o755); err != nil {
		return nil, fmt.Errorf("create the cluster's directory: %w", err)
	}
	release, err := lockCluster(c.plan.layout)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := c.resume(); err != nil {
		return nil, err
	}
	before := len(c.running())
	if err := c.start(ctx); err != nil {
		// A cluster that ran before is kept for debugging.
		if before == 0 {
			err = errors.Join(err, c.stopAll(context.WithoutCancel(ctx)))
		}
		return nil, err
	}
	return c, nil
}

// Load returns the cluster that was started in dir, whether its components still run or not. If there is none the
// error is ErrNotStarted.
func Load(dir string) (*Cluster, error) {
	c, err := open(Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	s, err := readState(c.plan.layout)
	if err != nil {
		return nil, err
	}
	c.loadState(s)
	c.nodes, c.detached, c.plan.bin, c.plan.withKarpenter, c.plan.withAudit = s.Nodes, s.Detached, s.BinDir, s.Karpenter, s.Audit
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
			nodeLease: opts.NodeLease,
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

// resume loads the processes that an earlier run started in the same directory.
func (c *Cluster) resume() error {
	s, err := readState(c.plan.layout)
	if errors.Is(err, ErrNotStarted) {
		return nil
	}
	if err != nil {
		return err
	}
	c.loadState(s)
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

func (c *Cluster) loadState(s *state) {
	c.plan.ports, c.plan.fabric = s.Ports, s.Fabric
	for _, r := range s.Processes {
		c.processes = append(c.processes, &Process{record: r})
	}
}

// Stop ends every process of the cluster, and no other. It keeps the data; Remove deletes them.
func (c *Cluster) Stop(ctx context.Context) error {
	release, err := lockCluster(c.plan.layout)
	if err != nil {
		return err
	}
	defer release()
	return c.stopAll(ctx)
}

// Remove deletes the cluster's files. Stop it first.
func (c *Cluster) Remove() error {
	if running := c.running(); len(running) > 0 {
		return fmt.Errorf("%s (pid %d) of the cluster in %s still runs: stop it first",
			running[0].Name(), running[0].PID(), c.plan.dir)
	}
	return c.plan.remove()
}

// stopAll ends the processes, each before those that it depends on.
func (c *Cluster) stopAll(ctx context.Context) error {
	var clients []*Process
	for _, p := range c.running() {
		if p.Name() != componentEtcd && p.Name() != componentAPIServer {
			clients = append(clients, p)
		}
	}
	failures := []error{stopTogether(ctx, clients)}
	c.prober.disconnect()
	for _, name := range []string{componentAPIServer, componentEtcd} {
		if p := c.process(name); p != nil {
			failures = append(failures, p.Stop(ctx))
		}
	}
	if c.plan.fabric != 0 {
		for i := range maxRealNodes {
			failures = append(failures, removeCgroups(realNode{plan: c.plan, index: i}.cgroup()))
		}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.processes = nil
	if _, err := os.Stat(c.plan.state()); errors.Is(err, fs.ErrNotExist) {
		return nil // no state was saved yet, or Remove has deleted it
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

// run starts a component, replaces an ended one of the same name in the list of processes, and saves the state.
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

// AuditLog returns the path of the API server's audit log: a line of JSON for each request of the operator, without
// request and response bodies. It exists only with Options.Audit.
func (c *Cluster) AuditLog() string { return c.plan.log(auditLogName) }

// RESTConfig returns the admin's client configuration, without a client-side rate limit.
func (c *Cluster) RESTConfig() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("read the admin's kubeconfig: %w", err)
	}
	config.QPS, config.DisableCompression = -1, true
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

// since returns the time since begin, rounded for messages.
func since(begin time.Time) time.Duration {
	return realClock.Since(begin).Round(100 * time.Millisecond)
}
