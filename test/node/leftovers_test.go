package node

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
)

// A lab with a real node that is stopped leaves no process, mount, network device or control group behind.
func TestALabLeavesNothingBehind(t *testing.T) {
	devices := deviceNames(t)
	other, err := support.StartLab(t.Context(), cluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := other.Dir
	if err := other.EnsureRealNodes(t.Context(), 1); err != nil {
		t.Error(err)
	}
	added := deviceNames(t)
	for name := range devices {
		delete(added, name)
	}
	if len(added) != 1 {
		t.Errorf("the lab added the network devices %v, want one", added)
	}
	if err := other.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name := range deviceNames(t) {
		if added[name] {
			t.Errorf("network device %s is left", name)
		}
	}
	for name := range added {
		groups, err := filepath.Glob("/sys/fs/cgroup/*/foundation-" + name + "-*")
		if err != nil || len(groups) > 0 {
			t.Errorf("control groups %q are left, error %v", groups, err)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil || strings.Contains(string(mounts), dir) {
		t.Errorf("mounts of %s are left, error %v", dir, err)
	}
	for _, process := range processesOf(t, dir) {
		t.Errorf("a process is left: %s", process)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", dir, err)
	}
}

func deviceNames(t *testing.T) map[string]bool {
	t.Helper()
	devices, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, device := range devices {
		if strings.HasPrefix(device.Name, "lab-") {
			names[device.Name] = true
		}
	}
	return names
}

// processesOf returns the command lines of processes that name a directory.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && strings.Contains(string(line), dir) {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
