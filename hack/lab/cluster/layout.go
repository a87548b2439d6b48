package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// The folders of a cluster's directory.
const (
	etcdFolder   = "etcd"
	cacheFolder  = "cache"
	pkiFolder    = "pki"
	configFolder = "config"
	logsFolder   = "logs"
	usersFolder  = "users"
	nodesFolder  = "nodes"
)

// layout has the paths of a cluster's files below its directory.
type layout struct{ dir string }

func (l layout) lock() string       { return filepath.Join(l.dir, "lock") }
func (l layout) state() string      { return filepath.Join(l.dir, "state.json") }
func (l layout) kubeconfig() string { return filepath.Join(l.dir, "kubeconfig") }
func (l layout) etcdData() string   { return filepath.Join(l.dir, etcdFolder) }
func (l layout) cache() string      { return filepath.Join(l.dir, cacheFolder) }

func (l layout) pki(name string) string    { return filepath.Join(l.dir, pkiFolder, name) }
func (l layout) config(name string) string { return filepath.Join(l.dir, configFolder, name) }
func (l layout) log(component string) string {
	return filepath.Join(l.dir, logsFolder, component+".log")
}

// user returns the path of a user's kubeconfig. The same name with other groups is another file, so that a kubeconfig
// in use keeps its groups.
func (l layout) user(name string, groups []string) string {
	file := url.PathEscape(name)
	if len(groups) > 0 {
		sum := sha256.Sum256([]byte(strings.Join(groups, "\n")))
		file += "-" + hex.EncodeToString(sum[:4])
	}
	return filepath.Join(l.dir, usersFolder, file+".kubeconfig")
}

// folders returns the directories that Start creates and Remove deletes. Nothing else in the directory is deleted: it
// may also have the lab's binaries.
func (l layout) folders() []string {
	names := []string{etcdFolder, cacheFolder, pkiFolder, configFolder, logsFolder, usersFolder, nodesFolder}
	for i, name := range names {
		names[i] = filepath.Join(l.dir, name)
	}
	return names
}

func (l layout) create() error {
	for _, dir := range l.folders() {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("create the cluster's directory: %w", err)
		}
	}
	return nil
}

func (l layout) remove() error {
	for _, path := range append(l.folders(), l.kubeconfig(), l.state()) {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("delete the cluster's data: %w", err)
		}
	}
	return nil
}
