package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
	"k8s.io/klog/v2"
)

// faults are the broken devices of a node: a file for each, in a directory.
type faults struct {
	dir string
}

func (f faults) file(d device) string {
	return filepath.Join(f.dir, fmt.Sprintf("%s-%d", strings.ReplaceAll(d.resource, "/", "_"), d.index))
}

// has reports whether a device is broken.
func (f faults) has(d device) bool {
	_, err := os.Stat(f.file(d))
	return err == nil
}

// set mends or breaks a device.
func (f faults) set(d device, healthy bool) error {
	if !healthy {
		return os.WriteFile(f.file(d), nil, 0o600)
	}
	if err := os.Remove(f.file(d)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// watch returns a channel that has a value when a device may have broken or been mended since the last was taken. It is closed when the
// context ends.
func (f faults) watch(ctx context.Context) (<-chan struct{}, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch for broken devices: %w", err)
	}
	if err := watcher.Add(f.dir); err != nil {
		return nil, errors.Join(fmt.Errorf("watch for broken devices: %w", err), watcher.Close())
	}
	changes := make(chan struct{}, 1)
	go func() {
		defer func() { _ = watcher.Close() }()
		defer close(changes)
		for {
			select {
			case <-ctx.Done():
				return
			case err := <-watcher.Errors: // events may be lost
				klog.ErrorS(err, "Watching for broken devices")
			case <-watcher.Events:
			}
			select {
			case changes <- struct{}{}:
			default: // one that nobody has taken yet tells it, too
			}
		}
	}()
	return changes, nil
}
