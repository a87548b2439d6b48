package node

import (
	"fmt"
	"io"
	"sync"
	"testing"
)

// tally counts the checks of the suite.
type tally struct {
	mu             sync.Mutex
	passed, failed int
}

var counted tally

// counts has a test, or a part of one, count as a check.
func counts(t *testing.T) {
	t.Helper()
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

// print writes what came of them.
func (c *tally) print(w io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = fmt.Fprintf(w, "node: %d checks, %d passed, %d failed\n", c.passed+c.failed, c.passed, c.failed)
}
