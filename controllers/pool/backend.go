package pool

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// backend is where a pool's nodes come from. Who gets how many, how long they are held and when they are let go is the
// same for all of them. Its methods are pure.
type backend interface {
	// nodes reads the nodes that the pool has, those on their way to it included.
	nodes(in Input) []*node
	// stock is how many nodes the pool has for its teams, and how many of those nobody has.
	stock(in Input, nodes []*node) (capacity, free int)
	// prepare asks nodes back that have to go whatever their team was granted.
	prepare(b *nodesBuilder)
	// supply gives a team more nodes.
	supply(b *nodesBuilder, p *part, missing int)
	// vacate does with a node that its team let go, and that is empty.
	vacate(b *nodesBuilder, n *node)
	// rest sees to nodes that nothing else happens to, and that nobody has.
	rest(b *nodesBuilder, n *node)
	// finish is for what follows from all of it.
	finish(b *nodesBuilder, grants Grants)
	// ready is the pool's Ready condition, as far as it depends on where nodes come from.
	ready(in Input, nodes []*node) metav1.Condition
}

func backendOf(pool *foundationv1alpha1.GPUPool) backend {
	if pool.Spec.Karpenter != nil {
		return karpenterBackend{}
	}
	return staticBackend{}
}
