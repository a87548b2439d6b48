package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// errProcessGone is returned when a process id names no running process.
var errProcessGone = errors.New("no such process")

// identityOf returns an identity of the process that a pid names now: if the pid is reused, or after a reboot, it
// differs. A zombie counts as gone.
func identityOf(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil {
		boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
		if err != nil {
			return "", fmt.Errorf("read the boot id: %w", err)
		}
		return identityFromStat(string(stat), string(boot))
	}
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		return "", errProcessGone
	}
	out, err := exec.Command("ps", "-o", "stat=,lstart=,command=", "-p", strconv.Itoa(pid)).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", errProcessGone
	}
	if err != nil {
		return "", fmt.Errorf("look at process %d: %w", pid, err)
	}
	return identityFromPS(string(out))
}

// identityFromStat derives the identity from /proc/<pid>/stat: the boot id and the start time.
func identityFromStat(stat, boot string) (string, error) {
	// The command's name is in parentheses and may itself hold spaces and parentheses.
	_, rest, found := cutLast(stat, ")")
	fields := strings.Fields(rest)
	const state, startTime = 0, 19 // fields 3 and 22 of the whole line
	if !found || len(fields) <= startTime {
		return "", fmt.Errorf("unexpected process status %q", stat)
	}
	if fields[state] == "Z" || fields[state] == "X" {
		return "", errProcessGone
	}
	return strings.TrimSpace(boot) + "/" + fields[startTime], nil
}

// identityFromPS derives the identity from a line of ps: state, start time, command line.
func identityFromPS(line string) (string, error) {
	fields := strings.Fields(line)
	if len(fields) == 0 || strings.HasPrefix(fields[0], "Z") {
		return "", errProcessGone
	}
	// The state changes while a process lives; the rest does not.
	return strings.Join(fields[1:], " "), nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// isRunning reports whether pid still names the process with this identity.
func isRunning(pid int, identity string) bool {
	now, err := identityOf(pid)
	return err == nil && now == identity
}

// signalProcess sends a signal to the process with this identity and to no other. A process that is
// gone is no error.
func signalProcess(pid int, identity string, signal syscall.Signal) error {
	// Taken before the check: where the kernel has process handles (pidfd), the handle cannot refer to another
	// process that reuses the pid in between.
	handle, err := os.FindProcess(pid)
	if err != nil {
		return fmt.Errorf("find process %d: %w", pid, err)
	}
	defer func() { _ = handle.Release() }()
	if !isRunning(pid, identity) {
		return nil
	}
	if err := handle.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %s to process %d: %w", signal, pid, err)
	}
	return nil
}
