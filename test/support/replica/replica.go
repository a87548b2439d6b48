// Package replica runs the operator's real binary several times on one API server, and stops, continues and kills its processes.
package replica

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Replica is one process of the operator.
type Replica struct {
	Name string
	// Exited is closed when the process has ended.
	Exited <-chan struct{}

	cmd *exec.Cmd
	log string
}

// Start starts a replica that works only while it holds the lease. Its log is in dir. The caller ends it with Kill.
func Start(ctx context.Context, binary, dir, name string, kubeconfig []byte, args ...string) (*Replica, error) {
	config := filepath.Join(dir, name+".kubeconfig")
	if err := os.WriteFile(config, kubeconfig, 0o600); err != nil {
		return nil, err
	}
	r := &Replica{Name: name, log: filepath.Join(dir, name+".log")}
	log, err := os.OpenFile(r.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has its own
	args = append([]string{"--kubeconfig", config, "--leader-elect", "--metrics-bind-address=0", "--health-probe-bind-address=0"}, args...)
	r.cmd = exec.CommandContext(context.WithoutCancel(ctx), binary, args...)
	r.cmd.Stdout, r.cmd.Stderr = log, log
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start replica %s: %w", name, err)
	}
	exited := make(chan struct{})
	r.Exited = exited
	go func() {
		_ = r.cmd.Wait() // how it ended is in ExitCode
		close(exited)
	}()
	return r, nil
}

// Pause stops the process without its knowing, as a machine that is frozen or starved of CPU does. Continue lets it go on.
func (r *Replica) Pause() error { return r.signal(syscall.SIGSTOP) }

// Continue lets a paused process go on.
func (r *Replica) Continue() error { return r.signal(syscall.SIGCONT) }

// Kill ends the process at once and waits until it has. One that has ended is no error.
func (r *Replica) Kill() error {
	if err := r.signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-r.Exited
	return nil
}

func (r *Replica) signal(s syscall.Signal) error {
	if err := r.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("send %s to replica %s: %w", s, r.Name, err)
	}
	return nil
}

// ExitCode returns the exit code of a process that has ended.
func (r *Replica) ExitCode() int { return r.cmd.ProcessState.ExitCode() }

// Log returns what the process has written.
func (r *Replica) Log() string {
	written, err := os.ReadFile(r.log)
	if err != nil {
		return err.Error()
	}
	return string(written)
}
