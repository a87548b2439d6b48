package attack

import (
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
)

// threat is a class of threats.
type threat string

// The classes of threats.
const (
	names   threat = "Names and identity"
	access  threat = "Access"
	theft   threat = "GPU theft"
	storage threat = "Pods and storage"
	load    threat = "Network and load"
	faults  threat = "Faults"
)

// classes are all of them, in the order in which they are reported.
var classes = []threat{names, access, theft, storage, load, faults}

// attackTable is the attacks of one class.
type attackTable struct {
	threat
	attacks map[string]attack
	// onlyByActor is true for attacks that make sense for their own actor alone: other guards stop everybody else.
	onlyByActor bool
}

// tally counts requests and outcomes by class of threat.
type tally struct {
	mu    sync.Mutex
	tried map[threat]*[2]int // passed, failed
}

var tallied = tally{tried: map[threat]*[2]int{}}

// count counts one request.
func (t *tally) count(c threat, passed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tried[c] == nil {
		t.tried[c] = new([2]int)
	}
	if passed {
		t.tried[c][0]++
	} else {
		t.tried[c][1]++
	}
}

// print writes a table of the classes, with the sums in the last line.
func (t *tally) print(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(out, "class\trequests\tpassed\tfailed\t")
	tried, passed, failed := 0, 0, 0
	for _, c := range classes {
		counts := t.tried[c]
		if counts == nil {
			continue
		}
		_, _ = fmt.Fprintf(out, "%s\t%d\t%d\t%d\t\n", c, counts[0]+counts[1], counts[0], counts[1])
		tried++
		passed += counts[0]
		failed += counts[1]
	}
	_ = out.Flush()
	_, _ = fmt.Fprintf(w, "attacks: %d classes, %d requests, %d passed, %d failed\n", tried, passed+failed, passed, failed)
}
