package allocation

import (
	"cmp"
	"slices"
	"time"

	"foundation.team/operator/internal/gpunode"
)

// Request is how many nodes a team demands of a pool, with what it was granted.
type Request struct {
	Team gpunode.Owner
	// Priority, Created and the team's name are the order in which increases are served: the higher priority first, then the
	// older team, then the name.
	Priority int32
	Created  time.Time
	// Granted is the team's previous grant, Demanded what its awards add up to.
	Granted, Demanded Nodes
	// Reclaimable are nodes that the team still holds beyond what it keeps: they can be granted to it again without
	// any other node being free.
	Reclaimable Nodes
}

// Kept returns what the team keeps of its previous grant.
func (r Request) Kept() Nodes { return min(r.Granted, r.Demanded) }

// Compare orders requests in the order of serving.
func Compare(a, b Request) int {
	return cmp.Or(
		cmp.Compare(b.Priority, a.Priority),
		a.Created.Compare(b.Created),
		cmp.Compare(a.Team.Name, b.Team.Name),
		cmp.Compare(a.Team.UID, b.Team.UID),
	)
}

// Grant decides how many nodes each team is granted. A team keeps its previous grant as far as it still demands it.
// Increases are served in order, each with what is left: free nodes, and the team's reclaimable ones. No increase
// lets the sum exceed the capacity.
func Grant(requests []Request, free, capacity Nodes) map[gpunode.Owner]Nodes {
	inOrder := slices.SortedFunc(slices.Values(requests), Compare)
	nodes := serve(inOrder, free, capacity)
	granted := make(map[gpunode.Owner]Nodes, len(requests))
	for i, request := range inOrder {
		granted[request.Team] = nodes[i]
	}
	return granted
}

// serve is Grant for requests that are sorted already.
func serve(requests []Request, free, capacity Nodes) []Nodes {
	granted := make([]Nodes, len(requests))
	headroom := capacity
	for i, request := range requests {
		granted[i] = request.Kept()
		headroom -= granted[i]
	}
	for i, request := range requests {
		missing := min(request.Demanded-granted[i], max(headroom, 0))
		reclaimed := min(missing, request.Reclaimable)
		increase := reclaimed + min(missing-reclaimed, max(free, 0))
		free -= increase - reclaimed
		headroom -= increase
		granted[i] += increase
	}
	return granted
}
