package cluster

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// tether makes the kernel kill the command when this process dies, whatever it dies of.
func tether(cmd *exec.Cmd) {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}

// starter runs functions on one thread that lives as long as this process. The kernel's "parent died"
// means the thread that started the child, and the runtime may end any other.
var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// startTethered starts a command that was given to tether.
func startTethered(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	starter() <- func() { result <- cmd.Start() }
	return <-result
}
