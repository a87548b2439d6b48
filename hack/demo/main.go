// Command demo shows the operator at work: it starts a real control plane with simulated GPU nodes on this machine,
// goes through a made-up programme from the call to an elimination, and checks before your eyes what the operator promises.
// Every command that it prints is run, every output is the cluster's, and every statement is checked against its objects.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
)

const usage = `usage: go run ./hack/demo [flags]

On a terminal the cluster stays up after the last step, until Ctrl-C. Otherwise the demo ends by itself, and fails
unless every check passed.

flags:
`

// errUsage is returned when usage was printed already; main exits with 2 and prints nothing more.
var errUsage = errors.New("usage")

// The programme awards 512 GPUs to each of five teams, of two pools with half of the nodes each. With fewer nodes
// than minNodes other teams would wait too, with more than maxNodes none would.
const (
	minNodes = 256
	maxNodes = 382
)

// options are the command line's flags.
type options struct {
	nodes int
	keep  bool
}

func main() {
	// The clients' logs would clutter the screen; their errors are returned and shown.
	log.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	// Closing the terminal (SIGHUP) stops the cluster, as Ctrl-C does.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// If the reader of the output exits, SIGPIPE must not kill the demo and leave its cluster running: a handled
	// signal makes the write fail instead.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	err := run(ctx, os.Args[1:])
	stop()
	if errors.Is(err, errUsage) {
		os.Exit(2)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	opts, err := parse(args, os.Getenv("LAB_NODES"), os.Stderr)
	if err != nil {
		return err
	}
	root, err := binaries.Root(".")
	if err != nil {
		return err
	}
	return newDemo(root, opts, newScreen(os.Stdout)).perform(ctx)
}

// parse reads the command line. defaultNodes is the number of nodes from the environment, or empty.
func parse(args []string, defaultNodes string, stderr io.Writer) (options, error) {
	opts := options{nodes: cluster.DefaultNodes}
	if defaultNodes != "" {
		n, err := strconv.Atoi(defaultNodes)
		if err != nil {
			return opts, fmt.Errorf("LAB_NODES=%q is not a number", defaultNodes)
		}
		opts.nodes = n
	}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	flags.IntVar(&opts.nodes, "nodes", opts.nodes, "number of GPU nodes (default from LAB_NODES)")
	flags.BoolVar(&opts.keep, "keep", false, "leave the cluster running at the end, with the terminal or without")
	if err := flags.Parse(args); err != nil {
		return opts, errUsage
	}
	if flags.NArg() > 0 {
		return opts, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if opts.nodes < minNodes || opts.nodes > maxNodes {
		return opts, fmt.Errorf("the programme needs %d to %d GPU nodes for one of five teams to wait, not %d",
			minNodes, maxNodes, opts.nodes)
	}
	return opts, nil
}
