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

// compared remembers of which pools the cache was compared with the API server since the operator began to decide, and since a write
// of which it does not know whether it was done.
type compared struct {
	mu    sync.Mutex
	pools map[string]bool
}

func (c *compared) has(pool string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pools[pool]
}

func (c *compared) set(pool string, is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pools == nil {
		c.pools = map[string]bool{}
	}
	if c.pools[pool] = is; !is {
		delete(c.pools, pool)
	}
}

// isCurrent reports whether the cache shows everything that was written of a pool and its nodes. What was given or taken a moment
// ago would else count as not done, and another team's grant be raised over it. The operator knows its own writes, unless an answer
// was lost or an earlier leader wrote: then the cache is compared with the API server, once, before anything is written.
func (r *Reconciler) isCurrent(ctx context.Context, in Input, writes bool) (bool, error) {
	if slices.ContainsFunc(in.Nodes, func(node *corev1.Node) bool { return r.Applier.SavedStale(node) }) {
		return false, nil
	}
	if !writes || r.compared.has(in.Pool.Name) {
		return true, nil
	}
	live := &metav1.PartialObjectMetadata{}
	live.SetGroupVersionKind(foundationv1alpha1.GroupVersion.WithKind("GPUPool"))
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(in.Pool), live); err != nil {
		return false, fmt.Errorf("compare pool %s with the cache: %w", in.Pool.Name, err)
	}
	nodes := &metav1.PartialObjectMetadataList{}
	nodes.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NodeList"))
	if err := r.Live.List(ctx, nodes, client.MatchingLabels{foundationv1alpha1.LabelPool: in.Pool.Name}); err != nil {
		return false, fmt.Errorf("compare the nodes of pool %s with the cache: %w", in.Pool.Name, err)
	}
	current := !isOlder(in.Pool, live) && showsAll(in, nodes.Items)
	r.compared.set(in.Pool.Name, current)
	return current, nil
}

// showsAll reports whether the nodes that carry the pool's label are the same in the cache and on the API server, or newer in the
// cache.
func showsAll(in Input, live []metav1.PartialObjectMetadata) bool {
	missing := map[string]*corev1.Node{}
	labelled := 0
	for _, node := range in.Nodes {
		missing[node.Name] = node
		if node.Labels[foundationv1alpha1.LabelPool] == in.Pool.Name {
			labelled++
		}
	}
	for i := range live {
		cached := missing[live[i].Name]
		if cached == nil || isOlder(cached, &live[i]) {
			return false
		}
	}
	return labelled <= len(live)
}

// isOlder reports whether a cached object is older than a live one.
func isOlder(cached, live metav1.Object) bool {
	order, err := resourceversion.CompareResourceVersion(cached.GetResourceVersion(), live.GetResourceVersion())
	return err == nil && order < 0
}
