// Command devices serves devices on the lab's real nodes, as a vendor's DaemonSet does: GPUs and RDMA adapters that a kubelet counts and hands
// out, without the hardware. What a container gets of a device is its environment and a character device that is backed by /dev/null.
//
//	devices run nvidia.com/gpu rdma/hca            serves both by the kubelet's device plugin API
//	devices run gpu.nvidia.com rdma/hca            the GPUs by a DRA driver, the adapters by the device plugin API
//	devices health nvidia.com/gpu 3 unhealthy      breaks a device of this node; healthy mends it
//	devices list                                   prints the node's devices and their health
//
// A node's GPUs are served in one of both ways, never in both: nobody would see that the other way has handed one out.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sync/errgroup"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// faultsFolder is on the node, so that a broken device stays broken when the pod is replaced, as hardware does.
const faultsFolder = "/var/lib/lab-devices"

func main() {
	if err := command(context.Background(), os.Args[1:], os.Getenv("NODE_NAME"), os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "devices:", err)
		os.Exit(1)
	}
}

// command does what the arguments say, on the node of that name.
func command(ctx context.Context, args []string, node string, out io.Writer) error {
	if node == "" {
		return errors.New("NODE_NAME is not set")
	}
	broken := faults{dir: faultsFolder}
	switch {
	case len(args) > 1 && args[0] == "run":
		return run(ctx, args[1:], node, broken)
	case len(args) == 4 && args[0] == "health":
		return setHealth(broken, node, args[1], args[2], args[3])
	case len(args) == 1 && args[0] == "list":
		return list(broken, node, out)
	default:
		return errors.New("usage: devices run <resource or driver>... | health <resource> <index> healthy|unhealthy | list")
	}
}

// run serves until the context ends or one of them fails; then the kubelet starts the container again.
func run(ctx context.Context, names []string, node string, broken faults) error {
	if err := checkNames(names); err != nil {
		return err
	}
	if err := os.MkdirAll(broken.dir, 0o755); err != nil {
		return fmt.Errorf("create the directory of broken devices: %w", err)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	for _, name := range names {
		if name == driverName {
			group.Go(func() error { return runDriver(ctx, node, broken) })
			continue
		}
		p := plugin{kind: kinds[slices.IndexFunc(kinds, named(name))], node: node, faults: broken, dir: pluginapi.DevicePluginPath}
		group.Go(func() error { return p.run(ctx) })
	}
	return group.Wait()
}

// checkNames refuses what is not served, and GPUs that would be served twice.
func checkNames(names []string) error {
	for _, name := range names {
		if name != driverName && !slices.ContainsFunc(kinds, named(name)) {
			return fmt.Errorf("%s is neither a resource nor the driver %s", name, driverName)
		}
	}
	if slices.Contains(names, driverName) && slices.Contains(names, gpus.resource) {
		return fmt.Errorf("%s and %s are the same GPUs: serve one of them on a node", driverName, gpus.resource)
	}
	return nil
}

// setHealth breaks or mends a device.
func setHealth(broken faults, node, resource, index, health string) error {
	at := slices.IndexFunc(kinds, named(resource))
	number, err := strconv.Atoi(index)
	switch {
	case at < 0:
		return fmt.Errorf("%s is no resource of this node", resource)
	case err != nil || number < 0 || number >= kinds[at].count:
		return fmt.Errorf("%s has the devices 0 to %d, not %s", resource, kinds[at].count-1, index)
	case health != "healthy" && health != "unhealthy":
		return fmt.Errorf("a device is healthy or unhealthy, not %s", health)
	}
	return broken.set(kinds[at].devices(node)[number], health == "healthy")
}

// list prints a line for each device of the node.
func list(broken faults, node string, out io.Writer) error {
	for _, k := range kinds {
		for _, d := range k.devices(node) {
			health := "healthy"
			if broken.has(d) {
				health = "unhealthy"
			}
			if _, err := fmt.Fprintln(out, k.resource, d.index, d.id, health); err != nil {
				return err
			}
		}
	}
	return nil
}
