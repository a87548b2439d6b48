package allocation

import (
	"slices"
	"time"
)

// Schedule is a request over time.
type Schedule struct {
	// Request is what is true now. Reclaimable is not looked at: those nodes come back as Returns do.
	Request
	// Changes are what the team demands from later moments on, in order of time; of two at one moment the later one in the
	// list counts. Those that are not after now are skipped: what is demanded now is Demanded.
	Changes []Change
}

// Change is how many nodes are demanded from a moment on.
type Change struct {
	At       time.Time
	Demanded Nodes
}

// Changes asks at each of the moments what is demanded then. The moments may be in any order, repeated, and zero, which is
// none.
func Changes(moments []time.Time, demandedAt func(time.Time) Nodes) []Change {
	changes := make([]Change, 0, len(moments))
	for _, at := range slices.SortedFunc(slices.Values(moments), time.Time.Compare) {
		if !at.IsZero() && (len(changes) == 0 || !at.Equal(changes[len(changes)-1].At)) {
			changes = append(changes, Change{At: at, Demanded: demandedAt(at)})
		}
	}
	return changes
}

// Return is a number of nodes that come free at a moment at the latest.
type Return struct {
	At    time.Time
	Nodes Nodes
}
