package cluster

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// setParentDeathSignal makes the kernel kill the command when this process dies, for whatever reason.
func setParentDeathSignal(cmd *exec.Cmd) {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}

// childStarter runs functions on one thread that lives as long as this process. The kernel sends the signal when the
// thread that started the child ends, and the Go runtime may end any thread that is not locked.
var childStarter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go startChildren(work)
	return work
})

func startChildren(work <-chan func()) {
	runtime.LockOSThread()
	for f := range work {
		f()
	}
}

// startWithParentDeathSignal starts a command that was given to setParentDeathSignal.
func startWithParentDeathSignal(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	childStarter() <- func() { result <- cmd.Start() }
	return <-result
}
