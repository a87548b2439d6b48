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
	// static and dynamicMode are the suffixes of NodePools' names for the two modes.
	static      = b200 + ".s"
	dynamicMode = b200 + ".d"
)

// provisionedNode is a node that Karpenter provisioned for a team, with its NodeClaim c-<node>.
func provisionedNode(node, nodePool string, team *foundationv1alpha1.FoundationTeam, mods ...builder.NodeMod) []any {
	claim := builder.NodeClaim("c-"+node, nodePool, team, builder.Initialized(node))
	return []any{claim, builder.Node(node, append([]builder.NodeMod{builder.RegisteredFor(claim)}, mods...)...)}
}

// nodePoolOfSize is a NodePool with a number of replicas, none if -1, and a limit.
func nodePoolOfSize(nodePool string, team *foundationv1alpha1.FoundationTeam, replicas, limit int64) *karpenter.NodePool {
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

// describeWrites returns a line for each write of a plan.
func describeWrites(result Plan) []string {
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

// sizeOf describes the replicas and the limit of a NodePool.
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

// ofHanbit is the ownership metadata of a node of team hanbit.
const ofHanbit = "b200 hanbit/hanbit@hanbit-uid +team=hanbit"
