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

// tailLines is how many complaints of the operator are shown when the demo failed.
const tailLines = 20

// place is where the demo has its cluster, and the files beside it.
type place struct{ dir string }

// lock is held for as long as a demo runs.
func (p place) lock() string { return p.dir + ".lock" }

// savedLogs is where the logs of a demo that failed are kept.
func (p place) savedLogs() string { return p.dir + "-logs" }

func (p place) logs() string { return filepath.Join(p.dir, "logs") }

// claim keeps a second demo from taking the first one's cluster away. The kernel lets go when we die.
func (p place) claim() (release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(p.lock()), 0o755); err != nil {
		return nil, fmt.Errorf("create the lab's directory: %w", err)
	}
	f, err := os.OpenFile(p.lock(), os.O_CREATE|os.O_RDWR, 0o600)
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

// clear removes what an earlier demo left: one that was killed, or was told to keep its cluster.
func (p place) clear(ctx context.Context) error {
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

// complaints are the last lines of the operator's log that are no mere information.
func (p place) complaints() (string, error) {
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

// saveLogs keeps the logs of a cluster that is about to go.
func (p place) saveLogs() error {
	if err := os.Rename(p.logs(), p.savedLogs()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the logs: %w", err)
	}
	return nil
}

// dropLogs deletes the logs of an earlier demo that failed.
func (p place) dropLogs() error {
	if err := os.RemoveAll(p.savedLogs()); err != nil {
		return fmt.Errorf("delete the logs of an earlier demo: %w", err)
	}
	return nil
}

// clean ends the cluster and deletes it. If the demo failed the logs are kept, and the operator's complaints are shown.
func (d *demo) clean(ctx context.Context, failed bool) error {
	if missing(d.place.dir) {
		return nil
	}
	// What the operator says while it is stopped is not why the demo failed.
	complaints, readErr := d.place.complaints()
	d.screen.say("\nStopping the cluster and deleting its data.")
	if d.cluster != nil {
		if err := d.cluster.Stop(ctx); err != nil {
			return fmt.Errorf("stop the demo's cluster: %w", err)
		}
	}
	if !failed {
		return d.place.clear(ctx)
	}
	if complaints != "" {
		d.screen.say("\nWhat the operator complained of:\n%s", complaints)
	}
	saveErr := d.place.saveLogs()
	if saveErr == nil {
		d.screen.say("\nThe logs are kept in %s.", d.place.savedLogs())
	}
	return errors.Join(readErr, saveErr, d.place.clear(ctx))
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}
