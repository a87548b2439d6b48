// Command lab runs a real Kubernetes control plane with simulated GPU nodes on this machine, and the
// operator with it. It needs nothing but Go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
)

const usage = `usage: go run ./hack/lab <command> [flags]

  build   build the control plane's binaries
  up      start what does not run, and bring the operator up to date
  node    add a real node to a lab that runs: a kubelet with containers (Linux, as root)
  status  say what runs; fails unless all of it does
  down    stop everything and delete the data; the binaries stay

flags:
`

// errUsage is returned when usage was printed already; main exits with 2 and prints nothing more.
var errUsage = errors.New("usage")

// lab is one run of the command.
type lab struct {
	root  string
	dir   string
	nodes int
	// karpenter is true if Karpenter is started, too.
	karpenter bool
	// real is the number of real nodes.
	real int
	out  io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, errUsage) {
		os.Exit(2)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	root, err := binaries.Root(".")
	if err != nil {
		return err
	}
	command, l, err := parse(root, args, os.Getenv, stderr)
	if err != nil {
		return err
	}
	l.out = stdout
	switch command {
	case "build":
		return l.build(ctx)
	case "up":
		return l.up(ctx)
	case "node":
		return l.node(ctx)
	case "status":
		return l.status(ctx)
	default:
		return l.down(ctx)
	}
}

// parse reads the command line; the defaults of its flags come from getenv.
func parse(root string, args []string, getenv func(string) string, stderr io.Writer) (string, *lab, error) {
	l := &lab{root: root, nodes: cluster.DefaultNodes, karpenter: true}
	var err error
	if value := getenv("LAB_NODES"); value != "" {
		if l.nodes, err = strconv.Atoi(value); err != nil {
			return "", nil, fmt.Errorf("LAB_NODES=%q is not a number", value)
		}
	}
	if value := getenv("LAB_REAL_NODES"); value != "" {
		if l.real, err = strconv.Atoi(value); err != nil {
			return "", nil, fmt.Errorf("LAB_REAL_NODES=%q is not a number", value)
		}
	}
	if value := getenv("LAB_KARPENTER"); value != "" {
		if l.karpenter, err = strconv.ParseBool(value); err != nil {
			return "", nil, fmt.Errorf("LAB_KARPENTER=%q is neither 0 nor 1", value)
		}
	}
	flags := flag.NewFlagSet("lab", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	flags.IntVar(&l.nodes, "nodes", l.nodes, "number of GPU nodes (default from LAB_NODES)")
	flags.IntVar(&l.real, "real-nodes", l.real, "number of real nodes; node adds one if there are none (default from LAB_REAL_NODES)")
	flags.BoolVar(&l.karpenter, "karpenter", l.karpenter, "start Karpenter (default from LAB_KARPENTER)")
	flags.StringVar(&l.dir, "dir", filepath.Join(root, ".lab"), "directory of the cluster")
	if len(args) == 0 {
		flags.Usage()
		return "", nil, errUsage
	}
	command := args[0]
	if err := flags.Parse(args[1:]); err != nil {
		return "", nil, errUsage
	}
	switch command {
	case "build", "up", "node", "status", "down":
	default:
		flags.Usage()
		return "", nil, errUsage
	}
	if flags.NArg() > 0 {
		return "", nil, fmt.Errorf("unexpected argument %q after %s", flags.Arg(0), command)
	}
	if l.nodes < 0 || l.real < 0 {
		return "", nil, fmt.Errorf("the number of nodes cannot be %d", min(l.nodes, l.real))
	}
	return command, l, nil
}
