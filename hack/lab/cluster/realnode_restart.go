package cluster

import (
	"context"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/util/wait"
)

// RealNodeName returns the name of a real node; the first has index 0.
func RealNodeName(index int) string { return realNode{index: index}.name() }

// NodeKubeconfig returns the path of the kubeconfig with a real node's own credentials.
func (c *Cluster) NodeKubeconfig(index int) string {
	return realNode{plan: c.plan, index: index}.file(kubeletKubeconfig)
}

// KillKubelet ends the kubelet of a real node, as a crash would. The node's containers go on without it until StartRealNode.
func (c *Cluster) KillKubelet(ctx context.Context, index int) error {
	return c.process(realNode{plan: c.plan, index: index}.component(partKubelet)).Kill(ctx)
}

// CutPower ends all processes of a real node at once, its containers' too. Its disk stays; StartRealNode starts it again.
func (c *Cluster) CutPower(ctx context.Context, index int) error {
	n := realNode{plan: c.plan, index: index}
	if err := c.process(n.name()).Kill(ctx); err != nil {
		return err
	}
	for _, cmd := range n.components() {
		if p := c.process(cmd.name); !p.awaitExit(ctx, killGrace) {
			return fmt.Errorf("%s (pid %d) is still there without its node", p.Name(), p.PID())
		}
	}
	return c.awaitUnplugged(ctx, n)
}

// awaitUnplugged waits until a node's network device is gone, which the kernel removes some time after the last process.
func (c *Cluster) awaitUnplugged(ctx context.Context, n realNode) error {
	devices := fmt.Sprintf("/proc/%d/net/dev", c.process(componentFabric).PID())
	err := wait.PollUntilContextTimeout(ctx, processPoll, stopGrace, true, func(context.Context) (bool, error) {
		content, err := os.ReadFile(devices)
		return !strings.Contains(string(content), nodePort(n.index)+":"), err
	})
	if err != nil {
		return fmt.Errorf("the network device of %s is still there: %w", n.name(), err)
	}
	return nil
}

// StartRealNode starts what of a real node does not run, and waits until it is ready.
func (c *Cluster) StartRealNode(ctx context.Context, index int) error {
	release, err := lockCluster(c.plan.layout)
	if err != nil {
		return err
	}
	defer release()
	return c.ensureRealNode(ctx, realNode{plan: c.plan, index: index})
}
