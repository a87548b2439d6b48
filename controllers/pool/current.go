package pool

import (
	"context"
	"fmt"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// compared remembers, by pool, what the cache has to show before anything is written: the versions that the API server had when the
// operator began to decide, and when it lost the answer to a write. There is none for a pool that is still to be compared, and an
// empty one for a pool whose cache has shown them.
type compared struct {
	mu    sync.Mutex
	pools map[string]versions
}

// versions are the resourceVersions of a pool and, by name, of the nodes that carry its label.
type versions struct {
	pool  string
	nodes map[string]string
}

func (c *compared) of(pool string) (wanted versions, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wanted, known = c.pools[pool]
	return wanted, known
}

func (c *compared) set(pool string, wanted versions) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pools == nil {
		c.pools = map[string]versions{}
	}
	c.pools[pool] = wanted
}

// forget makes the pool be compared anew.
func (c *compared) forget(pool string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pools, pool)
}

// isCurrent reports whether the cache shows everything that was written of a pool and its nodes. What was given or taken a moment
// ago would else count as not done, and another team's grant be raised over it. The operator knows its own writes, unless an answer
// was lost or an earlier leader wrote: then the cache is compared with the API server, once, before anything is written.
func (r *Reconciler) isCurrent(ctx context.Context, in Input, writes bool) (bool, error) {
	if slices.ContainsFunc(in.Nodes, func(node *corev1.Node) bool { return r.Applier.SavedStale(node) }) {
		return false, nil
	}
	wanted, known := r.compared.of(in.Pool.Name)
	if !writes || known && wanted.pool == "" {
		return true, nil
	}
	if !known {
		var err error
		if wanted, err = r.liveVersions(ctx, in.Pool); err != nil {
			return false, client.IgnoreNotFound(err) // the cache will show that the pool is gone
		}
		r.compared.set(in.Pool.Name, wanted)
	}
	shown, same := wanted.shownBy(in)
	switch {
	case !same:
		r.compared.forget(in.Pool.Name)
	case shown:
		r.compared.set(in.Pool.Name, versions{})
	}
	return same && shown, nil
}

// liveVersions asks the API server for the versions of a pool and its nodes.
func (r *Reconciler) liveVersions(ctx context.Context, pool *foundationv1alpha1.GPUPool) (versions, error) {
	live := &metav1.PartialObjectMetadata{}
	live.SetGroupVersionKind(foundationv1alpha1.GroupVersion.WithKind("GPUPool"))
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(pool), live); err != nil {
		return versions{}, fmt.Errorf("compare pool %s with the cache: %w", pool.Name, err)
	}
	nodes := &metav1.PartialObjectMetadataList{}
	nodes.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NodeList"))
	if err := r.Live.List(ctx, nodes, client.MatchingLabels{foundationv1alpha1.LabelPool: pool.Name}); err != nil {
		return versions{}, fmt.Errorf("compare the nodes of pool %s with the cache: %w", pool.Name, err)
	}
	wanted := versions{pool: live.ResourceVersion, nodes: make(map[string]string, len(nodes.Items))}
	for i := range nodes.Items {
		wanted.nodes[nodes.Items[i].Name] = nodes.Items[i].ResourceVersion
	}
	return wanted, nil
}

// shownBy reports whether the cache shows these versions or newer ones, and whether it has the same nodes with the pool's label. If not,
// nodes came or went since, or the cache is far behind: waiting for these versions may be in vain.
func (v versions) shownBy(in Input) (shown, same bool) {
	shown, same = !isOlder(in.Pool, v.pool), true
	found := 0
	for _, node := range in.Nodes {
		version, wanted := v.nodes[node.Name]
		if wanted {
			found++
			shown = shown && !isOlder(node, version)
		} else if node.Labels[foundationv1alpha1.LabelPool] == in.Pool.Name {
			same = false
		}
	}
	return shown, same && found == len(v.nodes)
}

// isOlder reports whether an object is older than a version.
func isOlder(obj metav1.Object, version string) bool {
	order, err := resourceversion.CompareResourceVersion(obj.GetResourceVersion(), version)
	return err == nil && order < 0
}
