// Command manager runs the operator, inside a cluster or outside of one.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"time"
	_ "time/tzdata" // a programme's time zone must be known whatever image this runs in

	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"foundation.team/operator/controllers"
	"foundation.team/operator/controllers/pool"
	"foundation.team/operator/controllers/team"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/internal/tracing"
)

// maxAPIShares catches typing errors: all of Kubernetes' own priority levels have 245 shares together.
const maxAPIShares = 10_000

// minLeaseDuration leaves a renewal, which is tried every 2/15 of it, time for its answer.
const minLeaseDuration = 3 * time.Second

// gcPercent is by how much of what is in use the heap grows until it is collected, unless GOGC says something else. By Go's 100 half of the
// process's memory is what nobody uses any more, and a process that mostly rests has processor time for twice as many collections.
const gcPercent = 50

// version is set at build time with -ldflags -X.
var version = "dev"

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if err := run(ctrl.SetupSignalHandler(), flag.CommandLine, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, flags *flag.FlagSet, args []string) error {
	// controller-runtime has registered --kubeconfig already.
	var options setup.Options
	flags.StringVar(&options.MetricsBindAddress, "metrics-bind-address", ":8080", "host:port of the metrics server; 0 turns it off")
	flags.StringVar(&options.HealthProbeBindAddress, "health-probe-bind-address", ":8081", "host:port of /healthz and /readyz; 0 turns them off")
	flags.StringVar(&options.PprofBindAddress, "pprof-bind-address", "0", "host:port of Go's profiles at /debug/pprof: best on loopback, to be forwarded; 0 turns them off")
	flags.BoolVar(&options.LeaderElect, "leader-elect", false, "work only while holding the lease foundation-operator; needed with more than one replica")
	flags.StringVar(&options.LeaderElectionNamespace, "leader-election-namespace", defaultNamespace(), "namespace of the lease")
	flags.DurationVar(&options.LeaseDuration, "leader-elect-lease-duration", setup.DefaultLeaseDuration, "for how long a replica that does not answer is waited for until another one takes the lease; whole seconds")
	var work controllers.Options
	flags.DurationVar(&work.Debounce, "debounce-requests", pool.DefaultDebounce, "for how long requests for GPUs have to be unchanged before they are decided together, so that the order in which they arrive decides nothing")
	fairness := bindFairness(flags)
	traces := bindTracing(flags)
	printVersion := flags.Bool("version", false, "print the version and exit")
	var logs zap.Options
	logs.BindFlags(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *printVersion {
		fmt.Println(version)
		return nil
	}
	if options.LeaseDuration < minLeaseDuration || options.LeaseDuration%time.Second != 0 {
		return fmt.Errorf("--leader-elect-lease-duration: %s must be whole seconds, and at least %s", options.LeaseDuration, minLeaseDuration)
	}
	traced, err := traces()
	if err != nil {
		return err
	}
	if work.Fairness, err = fairness(); err != nil {
		return err
	}
	logger := zap.New(zap.UseFlagOptions(&logs))
	log.SetLogger(logger)
	klog.SetLogger(logger)

	options.OnLost = func(why error) {
		logger.Error(why, "the process ends, so that whatever starts it again starts from what is true")
		os.Exit(1) //nolint:revive // nothing of this process may go on, deferred calls included
	}
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the API server (set --kubeconfig or KUBECONFIG): %w", err)
	}
	stopTracing, err := tracing.Start(ctx, cfg, traced)
	if err != nil {
		return err
	}
	mgr, err := setup.NewManager(cfg, options)
	if err != nil {
		return err
	}
	if err := setup.RegisterMetrics(mgr); err != nil {
		return err
	}
	if err := controllers.Add(ctx, mgr, clock.RealClock{}, work); err != nil {
		return err
	}
	logger.Info("starting", "version", version)
	defer stopTracing()
	return setup.Run(ctx, mgr, clock.RealClock{})
}

// bindFairness adds the flags of teams' shares of the API server. What it returns reads them once they are parsed.
func bindFairness(flags *flag.FlagSet) func() (team.Fairness, error) {
	shares := flags.Uint("team-api-shares", uint(team.DefaultFairness.Shares), "concurrency shares of a priority level that is a team's own: how many of the API server's seats it has")
	ownFrom := flags.Uint("team-api-level-from-gpus", uint(team.DefaultFairness.OwnFrom), "teams whose awards have at least so many GPUs together have a priority level of their own, the others share some; 0: every team has its own")
	onlyLarge := flags.Bool("only-large-teams-flow-schemas", false, "make no FlowSchemas for the others: their requests share the levels of all service accounts and users of the cluster, and every request is compared with fewer FlowSchemas")
	return func() (team.Fairness, error) {
		if *shares < 1 || *shares > maxAPIShares {
			return team.Fairness{}, fmt.Errorf("--team-api-shares: %d must be from 1 to %d: with 0 no team could ask for anything", *shares, maxAPIShares)
		}
		if *ownFrom > math.MaxInt32 {
			return team.Fairness{}, fmt.Errorf("--team-api-level-from-gpus: %d must be from 0 to %d", *ownFrom, math.MaxInt32)
		}
		return team.Fairness{Shares: int32(*shares), OwnFrom: int32(*ownFrom), OnlyLarge: *onlyLarge}, nil
	}
}

// bindTracing adds the flags of tracing. What it returns reads them once they are parsed.
func bindTracing(flags *flag.FlagSet) func() (tracing.Options, error) {
	endpoint := flags.String("tracing-endpoint", "", "host:port of an OpenTelemetry collector that takes OTLP by gRPC without TLS, on this node or in this pod; empty exports nothing")
	rate := flags.Uint("tracing-sampling-rate-per-million", tracing.All, "how many of a million reconciles are traced")
	return func() (tracing.Options, error) {
		if *rate > tracing.All {
			return tracing.Options{}, fmt.Errorf("--tracing-sampling-rate-per-million: %d must be from 0 to %d", *rate, tracing.All)
		}
		return tracing.Options{Endpoint: *endpoint, SamplingRatePerMillion: int32(*rate), Version: version}, nil
	}
}

// defaultNamespace returns the namespace that the operator runs in, which its Deployment sets in POD_NAMESPACE.
func defaultNamespace() string {
	if namespace := os.Getenv("POD_NAMESPACE"); namespace != "" {
		return namespace
	}
	return "foundation-system"
}
