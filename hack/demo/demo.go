package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
)

// stepDeadline bounds each step; steps take seconds, but longer on a busy machine.
const stepDeadline = 2 * time.Minute

// demo is one run of the command.
type demo struct {
	root    string
	opts    options
	screen  *screen
	workDir workDir
	begin   time.Time

	cluster *cluster.Cluster
	// shown is the last progress that was printed, by team.
	shown map[string]string
	// admin is the platform's admin, office the programme's; ida is an engineer of hanbit, jun one of naru.
	admin, office, ida, jun *person
}

// step shows one thing that the operator does.
type step struct {
	title string
	show  func(context.Context) error
}

func newDemo(root string, opts options, screen *screen) *demo {
	return &demo{
		root: root, opts: opts, screen: screen,
		workDir: workDir{dir: filepath.Join(root, ".lab", "demo")},
		shown:   map[string]string{},
		begin:   time.Now(),
	}
}

func (d *demo) steps() []step {
	return []step{
		{"Five teams, two pools: who has which GPUs", d.showAwards},
		{"What a team finds: namespaces, quota, access, nodes", d.showTeam},
		{"An engineer starts a training run and names no node", d.showRun},
		{"One GPU beyond the quota", d.showQuota},
		{"A rival tries", d.showRival},
		{"Somebody deletes what isolates a team", d.showDrift},
		{"A slip in a manifest", d.showTypo},
		{"A stage ends: who passed it is awarded more", d.showStage},
		{"A team is eliminated", d.showElimination},
	}
}

// perform runs the whole demo, then stops and deletes the cluster, unless --keep is set.
func (d *demo) perform(ctx context.Context) error {
	release, err := d.workDir.lock()
	if err != nil {
		return err
	}
	defer release()

	err = d.runSteps(ctx)
	interrupted := ctx.Err() != nil
	if err == nil {
		err = d.summarize()
		d.awaitInterrupt(ctx)
	}
	d.screen.endProgress()
	if d.opts.keep && d.cluster != nil && !interrupted {
		d.screen.say("\nThe cluster is left running, as --keep says. `go run ./hack/lab down --dir=.lab/demo` ends it.")
		return err
	}
	if interrupted {
		err = errors.New("interrupted")
	}
	if cleanErr := d.clean(context.WithoutCancel(ctx), err != nil && !interrupted); cleanErr != nil {
		return errors.Join(err, cleanErr)
	}
	return err
}

// runSteps starts the cluster and runs the steps. A step that returns an error counts as a failed check, and the next
// one runs nevertheless.
func (d *demo) runSteps(ctx context.Context) error {
	if err := d.start(ctx); err != nil {
		return err
	}
	// All later steps depend on these, so an error ends the demo.
	for _, show := range []func(context.Context) error{d.showApplications, d.showSelection} {
		if err := show(ctx); err != nil {
			return err
		}
	}
	for _, step := range d.steps() {
		d.screen.title(step.title)
		stepCtx, cancel := context.WithTimeout(ctx, stepDeadline)
		err := step.show(stepCtx)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			d.screen.check("this could be shown", err)
		}
	}
	return nil
}

// start starts a cluster of the demo's own, with the operator.
func (d *demo) start(ctx context.Context) error {
	manager := filepath.Join(d.root, "bin", "manager")
	if missing(manager) {
		return errors.New("bin/manager is missing: `make demo` builds it, and so does `make build`")
	}
	if err := errors.Join(d.workDir.clear(ctx), d.workDir.dropLogs()); err != nil {
		return err
	}
	bin, err := binaries.Ensure(ctx, d.root, &headed{screen: d.screen, heading: "Building the control plane; the first time takes minutes."})
	if err != nil {
		return err
	}
	d.screen.say("Starting a control plane of its own with %d GPU nodes in %s.", d.opts.nodes, d.workDir.dir)
	d.cluster, err = cluster.Start(ctx, cluster.Options{
		Dir: d.workDir.dir, BinDir: bin, Nodes: d.opts.nodes, Detached: d.opts.keep, Progress: d.screen,
	})
	if err != nil {
		return err
	}
	d.screen.progress("installing the operator", "installing the operator")
	if err := d.cluster.InstallOperator(ctx, d.root); err != nil {
		return err
	}
	if _, err := d.cluster.StartManager(ctx, cluster.ManagerOptions{Path: manager}); err != nil {
		return err
	}
	d.screen.say("The control plane, its nodes and the operator run, %s after the start.", d.elapsed())
	if d.admin, err = newPerson("admin", d.cluster.Kubeconfig()); err != nil {
		return err
	}
	if d.office, err = d.newUser("office@programme.example", "programme-office"); err != nil {
		return err
	}
	if d.ida, err = d.newUser("ida@hanbit.example", "hanbit-engineers"); err != nil {
		return err
	}
	d.jun, err = d.newUser("jun@naru.example", "naru-engineers")
	return err
}

// summarize prints how many checks held, and returns an error if any did not.
func (d *demo) summarize() error {
	checks := d.screen.passed + d.screen.failed
	if d.screen.failed > 0 {
		d.screen.say("\n%s", d.screen.in(red, fmt.Sprintf("%d of %d checks failed. It took %s.", d.screen.failed, checks, d.elapsed())))
		return fmt.Errorf("%d of %d checks failed", d.screen.failed, checks)
	}
	d.screen.say("\n%s", d.screen.in(green, fmt.Sprintf("All %d checks passed. It took %s.", checks, d.elapsed())))
	return nil
}

func (d *demo) elapsed() time.Duration { return time.Since(d.begin).Round(time.Second) }
