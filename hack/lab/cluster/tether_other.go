//go:build !linux

package cluster

import "os/exec"

// tether does nothing where the kernel cannot tie a child's life to its parent's: there a caller that is
// killed leaves its cluster behind.
func tether(*exec.Cmd) {}

func startTethered(cmd *exec.Cmd) error { return cmd.Start() }
