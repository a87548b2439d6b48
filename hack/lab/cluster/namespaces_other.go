//go:build !linux

package cluster

import (
	"errors"
	"os/exec"
)

// inNewNamespaces does nothing: without namespaces there are no real nodes, and CanHaveRealNodes says so.
func inNewNamespaces(*exec.Cmd) {}

func startInside(int, *exec.Cmd) error { return errors.New("only Linux has namespaces") }
