package pool

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
)

// closedNodes remembers when the operator first saw that nodes repel new pods. What is written on a node does not tell that: it is
// the time of the decision, and the write may come late. Its memory is lost on a restart; then every closed node waits once more for
// gpunode.PodBindDelay.
type closedNodes struct {
	mu    sync.Mutex
	pools map[string]map[types.UID]closure
}

// closure is one time that a node was closed.
type closure struct {
	// since is the node's draining-since, which tells two closures of a node apart.
	since string
	seen  time.Time
}

// see returns, by name, when the closed ones among a pool's nodes were first seen so. One that is said to be closed and repels
// nobody, because it lost its taint, was seen closed at no time before now.
func (c *closedNodes) see(pool string, nodes []*corev1.Node, now time.Time) map[string]time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, current, seen := c.pools[pool], map[types.UID]closure{}, map[string]time.Time{}
	for _, node := range nodes {
		metadata := gpunode.MetadataOf(node)
		if !metadata.IsClosed() {
			continue
		}
		seen[node.Name] = now
		if !metadata.Repels() {
			continue
		}
		closed, ok := known[node.UID]
		if since := node.Annotations[foundationv1alpha1.AnnotationDrainingSince]; !ok || closed.since != since {
			closed = closure{since: since, seen: now}
		}
		current[node.UID], seen[node.Name] = closed, closed.seen
	}
	if c.pools == nil {
		c.pools = map[string]map[types.UID]closure{}
	}
	c.pools[pool] = current
	return seen
}

func (c *closedNodes) forget(pool string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pools, pool)
}
