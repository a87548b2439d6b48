package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// removeCgroups removes what is left of a real node's control groups when all its processes have ended: the kernel keeps them, empty.
func removeCgroups(name string) error {
	found, err := filepath.Glob(filepath.Join("/sys/fs/cgroup", "*", name))
	if err != nil {
		return err
	}
	found = append(found, filepath.Join("/sys/fs/cgroup", name))
	var failures []error
	for _, root := range found {
		failures = append(failures, removeFolders(root))
	}
	return errors.Join(failures...)
}

// removeFolders removes a folder and the folders in it, the innermost first. The files of a control group are not removed: they go with it.
func removeFolders(root string) error {
	var folders []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			folders = append(folders, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("list %s: %w", root, err)
	}
	for _, folder := range slices.Backward(folders) {
		if err := os.Remove(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a control group: %w", err)
		}
	}
	return nil
}
