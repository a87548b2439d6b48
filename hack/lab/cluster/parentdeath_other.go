//go:build !linux

package cluster

import "os/exec"

// setParentDeathSignal does nothing where the kernel has no such signal: there a caller that is killed leaves its
// cluster running.
func setParentDeathSignal(*exec.Cmd) {}

func startWithParentDeathSignal(cmd *exec.Cmd) error { return cmd.Start() }
