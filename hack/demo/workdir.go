package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"foundation.team/operator/hack/lab/cluster"
)

// tailLines is how many lines of the operator's log are shown when the demo failed.
const tailLines = 20

// workDir is the directory of the demo's cluster.
type workDir struct{ dir string }

// lockPath returns the path of the file that a demo locks while it runs.
func (p workDir) lockPath() string { return p.dir + ".lock" }

// savedLogs returns the path of the logs of the last demo that failed.
func (p workDir) savedLogs() string { return p.dir + "-logs" }

func (p workDir) logs() string { return filepath.Join(p.dir, "logs") }

// lock keeps a second demo from deleting the cluster of the first. The kernel releases it when the process dies.
func (p workDir) lock() (release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(p.lockPath()), 0o755); err != nil {
		return nil, fmt.Errorf("create the lab's directory: %w", err)
	}
	f, err := os.OpenFile(p.lockPath(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the demo's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another demo runs in %s: wait for it, or end it", p.dir)
		}
		return nil, fmt.Errorf("take the demo's lock: %w", err)
	}
	return func() { _ = f.Close() }, nil
}

// clear stops and deletes the cluster of an earlier demo that was killed, or was run with --keep.
func (p workDir) clear(ctx context.Context) error {
	c, err := cluster.Load(p.dir)
	switch {
	case errors.Is(err, cluster.ErrNotStarted):
	case err != nil:
		return err
	default:
		if err := c.Stop(ctx); err != nil {
			return fmt.Errorf("stop the cluster that an earlier demo left: %w", err)
		}
	}
	if err := os.RemoveAll(p.dir); err != nil {
		return fmt.Errorf("delete what an earlier demo left: %w", err)
	}
	return nil
}

// operatorWarnings returns the last lines of the operator's log above the level info.
func (p workDir) operatorWarnings() (string, error) {
	log, err := os.ReadFile(filepath.Join(p.logs(), cluster.DefaultManagerName+".log"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the operator's log: %w", err)
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(log)), "\n"), func(line string) bool {
		entry := struct{ Level string }{}
		return line == "" || json.Unmarshal([]byte(line), &entry) == nil && (entry.Level == "info" || entry.Level == "debug")
	})
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n"), nil
}

// saveLogs moves the logs out of the directory that is about to be deleted.
func (p workDir) saveLogs() error {
	if err := os.Rename(p.logs(), p.savedLogs()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the logs: %w", err)
	}
	return nil
}

// dropLogs deletes the logs of an earlier demo that failed.
func (p workDir) dropLogs() error {
	if err := os.RemoveAll(p.savedLogs()); err != nil {
		return fmt.Errorf("delete the logs of an earlier demo: %w", err)
	}
	return nil
}

// clean stops the cluster and deletes its data. If the demo failed, the logs are kept and the operator's warnings are
// shown.
func (d *demo) clean(ctx context.Context, failed bool) error {
	if missing(d.workDir.dir) {
		return nil
	}
	// Read before the stop: what the operator logs while it is stopped is not why the demo failed.
	complaints, readErr := d.workDir.operatorWarnings()
	d.screen.say("\nStopping the cluster and deleting its data.")
	if d.cluster != nil {
		if err := d.cluster.Stop(ctx); err != nil {
			return fmt.Errorf("stop the demo's cluster: %w", err)
		}
	}
	if !failed {
		return d.workDir.clear(ctx)
	}
	if complaints != "" {
		d.screen.say("\nWhat the operator complained of:\n%s", complaints)
	}
	saveErr := d.workDir.saveLogs()
	if saveErr == nil {
		d.screen.say("\nThe logs are kept in %s.", d.workDir.savedLogs())
	}
	return errors.Join(readErr, saveErr, d.workDir.clear(ctx))
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}
