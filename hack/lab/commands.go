package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
)

// build builds the control plane's binaries and, if real nodes are asked for and this machine can have them, theirs.
func (l *lab) build(ctx context.Context) error {
	dir, err := binaries.Ensure(ctx, l.root, l.out)
	if err != nil {
		return err
	}
	if l.real > 0 {
		if why := cluster.CanHaveRealNodes(); why != nil {
			l.say("no real nodes: %v", why)
		} else if _, err := binaries.EnsureNode(ctx, l.root, l.out); err != nil {
			return err
		}
	}
	l.say("binaries are in %s", dir)
	return nil
}

// up starts the cluster, installs the operator's CRDs and policies if config/lab exists, and starts the manager if it
// was built.
func (l *lab) up(ctx context.Context) error {
	bin, err := binaries.Ensure(ctx, l.root, l.out)
	if err != nil {
		return err
	}
	l.say("starting the cluster in %s with %d GPU nodes", l.dir, l.nodes)
	c, err := cluster.Start(ctx, cluster.Options{
		Dir: l.dir, BinDir: bin, Nodes: l.nodes, Karpenter: l.karpenter, Detached: true, Progress: l.out,
	})
	if err != nil {
		return err
	}
	if err := l.startRealNodes(ctx, c, l.real); err != nil {
		return err
	}
	if err := l.startOperator(ctx, c); err != nil {
		return err
	}
	l.printNextSteps(c)
	return nil
}

// node adds real nodes to the cluster that runs.
func (l *lab) node(ctx context.Context) error {
	c, err := l.load()
	if err != nil {
		return err
	}
	if err := l.startRealNodes(ctx, c, max(l.real, 1)); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(l.out, "\nIts containers are real, and its images come from the lab's registry: %s/<name>:<tag>.\n", cluster.Registry)
	return nil
}

// startRealNodes starts real nodes until there are so many.
func (l *lab) startRealNodes(ctx context.Context, c *cluster.Cluster, count int) error {
	if count == 0 {
		return nil
	}
	if err := cluster.CanHaveRealNodes(); err != nil {
		return err
	}
	if _, err := binaries.EnsureNode(ctx, l.root, l.out); err != nil {
		return err
	}
	return c.EnsureRealNodes(ctx, count)
}

// load returns the cluster that was started.
func (l *lab) load() (*cluster.Cluster, error) {
	c, err := cluster.Load(l.dir)
	if errors.Is(err, cluster.ErrNotStarted) {
		return nil, fmt.Errorf("%w: start one with `go run ./hack/lab up`", err)
	}
	return c, err
}

// startOperator installs the operator from config/lab and runs bin/manager.
func (l *lab) startOperator(ctx context.Context, c *cluster.Cluster) error {
	if missing(filepath.Join(l.root, "config", "lab")) {
		l.say("no config/lab: the operator is not installed")
		return nil
	}
	if err := c.InstallOperator(ctx, l.root); err != nil {
		return err
	}
	l.say("the operator's kinds and policies are up to date")
	manager := filepath.Join(l.root, "bin", "manager")
	if missing(manager) {
		l.say("no bin/manager: the operator does not run; `make build`, then `up` again")
		return nil
	}
	p, err := c.StartManager(ctx, cluster.ManagerOptions{Path: manager})
	if err != nil {
		return err
	}
	l.say("the operator runs (pid %d)", p.PID())
	return nil
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func (l *lab) printNextSteps(c *cluster.Cluster) {
	karpenter := ""
	if l.karpenter {
		karpenter = fmt.Sprintf("  kubectl get nodepools,nodeclaims           # Karpenter makes nodes of the types %s and %s\n",
			cluster.GPUInstanceType, cluster.CPUInstanceType)
	}
	_, _ = fmt.Fprintf(l.out, `
The lab is up. Talk to it as its admin:

  export KUBECONFIG=%[1]s
  export PATH=%[2]s:$PATH
  kubectl get nodes -L %[3]s,%[4]s,%[5]s
  kubectl apply -k config/samples
  kubectl get ft,gpool
%[8]s  kubectl label node b200-000 %[6]s=true     # break a node; take the label off to mend it

Logs are in %[7]s. `+"`go run ./hack/lab status` says what runs, `go run ./hack/lab down` ends it.\n",
		c.Kubeconfig(), filepath.Join(l.root, ".lab", "bin"),
		cluster.ModelLabel, cluster.SpineLabel, cluster.RackLabel, cluster.BrokenLabel,
		filepath.Join(l.dir, "logs"), karpenter)
}

// status prints a line for each component.
func (l *lab) status(ctx context.Context) error {
	c, err := l.load()
	if err != nil {
		return err
	}
	down := 0
	for _, s := range c.Status(ctx) {
		state := "ready"
		switch {
		case !s.Running:
			state = "down"
		case !s.Ready:
			state = "not ready"
		}
		if !s.Ready {
			down++
		}
		_, _ = fmt.Fprintf(l.out, "%-24s %-10s pid %-8s since %-20s %s", s.Name, state,
			number(s.PID), moment(s.Since), s.Log)
		if s.Problem != "" {
			_, _ = fmt.Fprintf(l.out, "  (%s)", s.Problem)
		}
		_, _ = fmt.Fprintln(l.out)
	}
	if down > 0 {
		return fmt.Errorf("%d of the lab's components are not up: `go run ./hack/lab up` starts them", down)
	}
	return nil
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(time.DateTime)
}

// down stops what the lab started and deletes its data.
func (l *lab) down(ctx context.Context) error {
	c, err := cluster.Load(l.dir)
	if errors.Is(err, cluster.ErrNotStarted) {
		l.say("nothing runs in %s", l.dir)
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.Stop(ctx); err != nil {
		return err
	}
	if err := c.Remove(); err != nil {
		return err
	}
	l.say("stopped and deleted; the binaries stay in %s", filepath.Join(l.root, ".lab", "bin"))
	return nil
}

func (l *lab) say(format string, args ...any) {
	_, _ = fmt.Fprintf(l.out, "lab: "+format+"\n", args...)
}
