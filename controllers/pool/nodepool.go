package pool

import (
	"regexp"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
)

// ownNodePool is how the operator calls NodePools: <team>.<pool>.<mode>, no part of which has a dot.
var ownNodePool = regexp.MustCompile(`^([a-z][-a-z0-9]*)\.([a-z0-9][-a-z0-9]*)\.[sd]$`)

// teamOfNodePool is the team that a NodePool of the pool is for, whatever somebody wrote on it; false if it has not the name
// of one.
func teamOfNodePool(name string, pool *foundationv1alpha1.GPUPool) (team string, ok bool) {
	parts := ownNodePool.FindStringSubmatch(name)
	if parts == nil || parts[2] != pool.Name {
		return "", false
	}
	return parts[1], true
}

// nodePoolName is the name of a team's NodePool. A NodePool cannot change its mode, so each mode has one of its own.
func nodePoolName(team string, pool *foundationv1alpha1.GPUPool) string {
	mode := ".s"
	if dynamic(pool) {
		mode = ".d"
	}
	return team + "." + pool.Name + mode
}

func dynamic(pool *foundationv1alpha1.GPUPool) bool {
	return pool.Spec.Karpenter != nil && pool.Spec.Karpenter.Mode == foundationv1alpha1.KarpenterDynamic
}

// provisionedForTeam reports whether Karpenter provisioned a node for a team.
func provisionedForTeam(obj metav1.Object) bool {
	return ownNodePool.MatchString(obj.GetLabels()[karpenter.LabelNodePool])
}

// deleting reports whether somebody deleted a NodePool: it has to be gone before it can be made anew.
func deleting(live *karpenter.NodePool) bool { return live != nil && !live.DeletionTimestamp.IsZero() }

// resourceNodes is what Karpenter calls the number of nodes in limits.
const resourceNodes corev1.ResourceName = "nodes"

// nodeLimit is how many nodes a NodePool may have at the most.
func nodeLimit(live *karpenter.NodePool, pool *foundationv1alpha1.GPUPool) allocation.Nodes {
	if live == nil {
		return 0
	}
	if limit, ok := live.Spec.Limits[resourceNodes]; ok {
		return allocation.Nodes(limit.Value())
	}
	limit := live.Spec.Limits[corev1.ResourceName(pool.Spec.ResourceName)]
	return allocation.Nodes(limit.Value() / int64(pool.Spec.GPUsPerNode))
}

func ownerOfNodePool(team string, nodePool *karpenter.NodePool) gpunode.Owner {
	return newOwner(team, nodePool.Annotations[foundationv1alpha1.AnnotationTeamUID])
}
