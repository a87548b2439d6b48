package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ErrNotStarted is returned when there is no cluster in a directory.
var ErrNotStarted = errors.New("no cluster was started here")

// state is the saved state of a cluster, from which another process can resume it.
type state struct {
	BinDir    string   `json:"binDir"`
	Nodes     int      `json:"nodes"`
	Karpenter bool     `json:"karpenter"`
	Audit     bool     `json:"audit,omitempty"`
	Detached  bool     `json:"detached,omitempty"`
	Fabric    fabric   `json:"fabric,omitempty"`
	Ports     ports    `json:"ports"`
	Processes []record `json:"processes"`
}

func readState(l layout) (*state, error) {
	content, err := os.ReadFile(l.state())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", l.dir, ErrNotStarted)
	}
	if err != nil {
		return nil, fmt.Errorf("read the cluster's state: %w", err)
	}
	s := &state{}
	if err := json.Unmarshal(content, s); err != nil {
		return nil, fmt.Errorf("read the cluster's state %s: %w", l.state(), err)
	}
	return s, nil
}

// save writes the state to its file; the caller must hold c.mu.
func (c *Cluster) save() error {
	s := state{
		BinDir: c.plan.bin, Nodes: c.nodes, Karpenter: c.plan.withKarpenter, Audit: c.plan.withAudit, Detached: c.detached,
		Fabric: c.plan.fabric, Ports: c.plan.ports,
	}
	for _, p := range c.processes {
		s.Processes = append(s.Processes, p.record)
	}
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the cluster's state: %w", err)
	}
	return writePrivate(c.plan.layout.state(), append(content, '\n'))
}

// lockCluster keeps two processes from starting or stopping the same cluster at once. The kernel releases the lock
// when its holder dies.
func lockCluster(l layout) (release func(), err error) {
	f, err := os.OpenFile(l.lock(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the cluster's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("another process is starting or stopping the cluster in %s, try again when it is done: %w", l.dir, err)
	}
	return func() { _ = f.Close() }, nil
}
