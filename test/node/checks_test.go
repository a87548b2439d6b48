package node

import (
	"fmt"
	"io"
	"os"
	"sync"
	"testing"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/test/support"
)

// tally counts the checks of the suite.
type tally struct {
	mu             sync.Mutex
	passed, failed int
}

var counted tally

// full reports whether all is tried, not a sample: make test-node does.
func full() bool { return os.Getenv("FULL") != "" }

// long leaves a test that takes long to make test-node.
func long(t *testing.T) {
	t.Helper()
	if !full() {
		t.Skip("make test-node runs it")
	}
}

// counts has a test, or a part of one, count as a check. It depends on all that the operator and the programs on the node are made from.
func counts(t *testing.T) {
	t.Helper()
	support.DependOnSources(t)
	if err := dependOnPrograms(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		counted.mu.Lock()
		defer counted.mu.Unlock()
		if t.Failed() {
			counted.failed++
		} else {
			counted.passed++
		}
	})
}

var dependOnPrograms = sync.OnceValue(func() error {
	root, err := binaries.Root(".")
	if err != nil {
		return err
	}
	return support.DependOn(root, "Dockerfile", "hack/lab", "test/node/agent")
})

// print writes what came of them.
func (c *tally) print(w io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = fmt.Fprintf(w, "node: %d checks, %d passed, %d failed\n", c.passed+c.failed, c.passed, c.failed)
}
