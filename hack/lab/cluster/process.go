package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"
)

const (
	// stopGrace is how long a component may take to end after SIGTERM.
	stopGrace = 10 * time.Second
	// killGrace is how long the kernel may take to end a process after SIGKILL.
	killGrace = 5 * time.Second
	// processPoll is how often a process is polled until it ends; only a child could be waited for.
	processPoll = 20 * time.Millisecond
	// logTailLines is how many lines of a log are included in an error.
	logTailLines = 15
)

// realClock is this package's only source of time.
var realClock clock.PassiveClock = clock.RealClock{}

// command is how to run a component.
type command struct {
	name   string
	binary string
	args   []string
	env    []string
	// probe is the URL that answers 200 once the component is ready.
	probe string
	// metrics is the address of the component's metrics server, if the lab chose it; else empty.
	metrics string
	// ownNamespaces makes the component the first process of namespaces of its own; inside is the id of such a process, whose namespaces it
	// shares. It ends with it.
	ownNamespaces bool
	inside        int
}

// record is the saved state of a process that was started: what another run of the lab needs to find it, check it and
// end it.
type record struct {
	Name     string    `json:"name"`
	PID      int       `json:"pid"`
	Identity string    `json:"identity"`
	Started  time.Time `json:"started"`
	Log      string    `json:"log"`
	Probe    string    `json:"probe"`
	Metrics  string    `json:"metrics,omitempty"`
	// Digest identifies the binary and its arguments. Only the operator has one, because its binary changes.
	Digest string `json:"digest,omitempty"`
}

// Process is a component of the lab, started by this process or by an earlier one.
type Process struct {
	record
	// exited is closed when the process, a child of this one, has ended; nil if another run started it.
	exited <-chan struct{}
}

// Name returns the component's name.
func (p *Process) Name() string { return p.record.Name }

// PID returns the process id.
func (p *Process) PID() int { return p.record.PID }

// Log returns the path of the file with the process's output.
func (p *Process) Log() string { return p.record.Log }

// MetricsAddress returns the host and port of a manager's metrics server.
func (p *Process) MetricsAddress() string { return p.Metrics }

// Running reports whether the process still runs.
func (p *Process) Running() bool {
	if p.exited != nil {
		select {
		case <-p.exited:
			return false
		default:
			return true
		}
	}
	return isRunning(p.record.PID, p.Identity)
}

// Stop ends the process with SIGTERM and, after stopGrace, with SIGKILL.
func (p *Process) Stop(ctx context.Context) error {
	if err := signalProcess(p.record.PID, p.Identity, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", p.Name(), err)
	}
	if p.awaitExit(ctx, stopGrace) {
		return nil
	}
	return p.Kill(ctx)
}

// Kill ends the process at once, as a crash would.
func (p *Process) Kill(ctx context.Context) error {
	if err := signalProcess(p.record.PID, p.Identity, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill %s: %w", p.Name(), err)
	}
	// Wait even if the caller's context has ended: after Kill the process must not run.
	if !p.awaitExit(context.WithoutCancel(ctx), killGrace) {
		return fmt.Errorf("%s (pid %d) is still there %s after it was killed", p.Name(), p.PID(), killGrace)
	}
	return nil
}

func (p *Process) awaitExit(ctx context.Context, limit time.Duration) bool {
	err := wait.PollUntilContextTimeout(ctx, processPoll, limit, true, func(context.Context) (bool, error) {
		return !p.Running(), nil
	})
	return err == nil
}

// launch starts a component with its output in a log file. A detached process outlives this one; on Linux the kernel
// kills any other when this process dies.
func launch(l layout, c command, detached bool) (*Process, error) {
	logPath := l.log(c.name)
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", c.name, err)
	}
	defer func() { _ = log.Close() }()

	cmd := exec.Command(c.binary, c.args...)
	cmd.Dir = l.dir
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stdout, cmd.Stderr = log, log
	// A session of its own: Ctrl-C on the terminal signals only the command, which stops the components in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	start := cmd.Start
	if c.ownNamespaces {
		inNewNamespaces(cmd)
	}
	switch {
	case c.inside != 0:
		start = func() error { return startInside(c.inside, cmd) }
	case !detached:
		setParentDeathSignal(cmd)
		start = func() error { return startWithParentDeathSignal(cmd) }
	}
	if err := start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	identity, identityErr := identityOf(cmd.Process.Pid)
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in the log
		close(exited)
	}()
	p := &Process{
		record: record{
			Name: c.name, PID: cmd.Process.Pid, Identity: identity,
			Started: realClock.Now().UTC().Truncate(time.Second), Log: logPath,
			Probe: c.probe, Metrics: c.metrics,
		},
		exited: exited,
	}
	if identityErr != nil && !errors.Is(identityErr, errProcessGone) {
		_ = cmd.Process.Kill()
		return nil, fmt.Errorf("identify %s: %w", c.name, identityErr)
	}
	return p, nil
}

// logTail returns the end of a log file, for an error message.
func logTail(path string) string {
	const window = 16 << 10
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err.Error()
	}
	from := max(0, info.Size()-window)
	tail := make([]byte, info.Size()-from)
	n, _ := f.ReadAt(tail, from)
	lines := strings.Split(strings.TrimSpace(string(tail[:n])), "\n")
	lines = lines[max(0, len(lines)-logTailLines):]
	return fmt.Sprintf("%s ends with:\n  %s", filepath.Base(path), strings.Join(lines, "\n  "))
}
