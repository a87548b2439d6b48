package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// inNewNamespaces makes a command the first process of namespaces of its own: of mounts, processes, network devices, IPC and the host's
// name. What runs in them ends with it, and its mounts and network devices go with the last of that.
func inNewNamespaces(cmd *exec.Cmd) {
	cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS
}

// startInside starts a command in the namespaces of a process.
func startInside(pid int, cmd *exec.Cmd) error {
	result := make(chan error, 1)
	go func() {
		// Never unlocked: the thread that is in other namespaces ends with this goroutine.
		runtime.LockOSThread()
		if err := enterNamespaces(pid); err != nil {
			result <- err
			return
		}
		result <- cmd.Start()
	}()
	return <-result
}

// enterNamespaces moves the calling thread, and what it starts, into the namespaces of a process.
func enterNamespaces(pid int) error {
	// Threads that share a root and a working directory cannot change their mounts alone.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("stop sharing the working directory: %w", err)
	}
	for _, kind := range []string{"net", "ipc", "uts", "pid", "mnt"} {
		if err := enterNamespace(fmt.Sprintf("/proc/%d/ns/%s", pid, kind)); err != nil {
			return err
		}
	}
	return nil
}

func enterNamespace(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if err := unix.Setns(int(file.Fd()), 0); err != nil {
		return fmt.Errorf("enter %s: %w", path, err)
	}
	return nil
}
