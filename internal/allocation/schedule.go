package allocation

import (
	"slices"
	"time"
)

// Schedule is a request with its known changes over time.
type Schedule struct {
	// Request is the present. Reclaimable is ignored: those nodes become free as Returns.
	Request
	// Changes are what the team demands from later moments on, in order of time. Of two at the same moment the later
	// one in the list counts. Changes that are not after now are skipped: the present demand is Demanded.
	Changes []Change
}

// Change is the number of nodes that a team demands from a moment on.
type Change struct {
	At       time.Time
	Demanded Nodes
}

// Changes returns the demand at each of the moments. They may be in any order and repeated; zero ones are skipped.
func Changes(moments []time.Time, demandedAt func(time.Time) Nodes) []Change {
	changes := make([]Change, 0, len(moments))
	for _, at := range slices.SortedFunc(slices.Values(moments), time.Time.Compare) {
		if !at.IsZero() && (len(changes) == 0 || !at.Equal(changes[len(changes)-1].At)) {
			changes = append(changes, Change{At: at, Demanded: demandedAt(at)})
		}
	}
	return changes
}

// Return is a number of nodes that become free at a moment at the latest.
type Return struct {
	At    time.Time
	Nodes Nodes
}
