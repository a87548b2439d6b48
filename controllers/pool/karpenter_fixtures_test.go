package pool

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/test/support/builder"
)

const (
	// static and dynamicMode are what the NodePools of the two modes are called after their team.
	static      = b200 + ".s"
	dynamicMode = b200 + ".d"
)

// made is a node that Karpenter made for a team, and its NodeClaim, which is called c-<node>.
func made(node, nodePool string, team *foundationv1alpha1.FoundationTeam, mods ...builder.NodeMod) []any {
	claim := builder.NodeClaim("c-"+node, nodePool, team, builder.Initialized(node))
	return []any{claim, builder.Node(node, append([]builder.NodeMod{builder.MadeFor(claim)}, mods...)...)}
}

// sized is a NodePool: its replicas, or -1 for one that has none, and its limit are as given.
func sized(nodePool string, team *foundationv1alpha1.FoundationTeam, replicas, limit int64) *karpenter.NodePool {
	pool := builder.NodePool(nodePool, team)
	name := resourceNodes
	if replicas < 0 {
		name = builder.GPU
	} else {
		pool.Spec.Replicas = &replicas
	}
	pool.Spec.Limits = corev1.ResourceList{name: quantity(int(limit))}
	return pool
}

func quantity(n int) resource.Quantity { return *resource.NewQuantity(int64(n), resource.DecimalSI) }

// outcome says in a line each what is written.
func outcome(result Plan) []string {
	var lines []string
	for _, config := range result.NodePools {
		lines = append(lines, "NodePool "+*config.Name+sizeOf(config.Spec))
	}
	for _, transition := range result.Transitions {
		lines = append(lines, transition.After.Name+": "+describe(transition.After))
	}
	for _, claim := range result.NodeClaimDeletions {
		lines = append(lines, claim.Name+" is ended")
	}
	for _, nodePool := range result.NodePoolDeletions {
		lines = append(lines, "NodePool "+nodePool.Name+" is ended")
	}
	slices.Sort(lines)
	return lines
}

// sizeOf is how many nodes a NodePool keeps, and how many it may make at the most.
func sizeOf(spec *karpenter.NodePoolSpec) string {
	var words []string
	if spec.Replicas != nil {
		words = append(words, fmt.Sprintf(" keeps %d", *spec.Replicas))
	}
	for name, limit := range spec.Limits {
		words = append(words, fmt.Sprintf(" of %s %s", limit.String(), name))
	}
	return strings.Join(words, "")
}

// ofHanbit is what a node of hanbit's carries.
const ofHanbit = "b200 hanbit/hanbit@hanbit-uid +team=hanbit"
