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

// nodePoolNamePattern matches the names of the operator's NodePools, <team>.<pool>.<mode>. None of the three can contain a
// dot.
var nodePoolNamePattern = regexp.MustCompile(`^([a-z][-a-z0-9]*)\.([a-z0-9][-a-z0-9]*)\.[sd]$`)

// teamOfNodePool returns the team that a NodePool of the pool is for. It reads the name alone, because anybody who may edit
// a NodePool can change its labels. It returns false for a NodePool that is not the operator's.
func teamOfNodePool(name string, pool *foundationv1alpha1.GPUPool) (team string, ok bool) {
	parts := nodePoolNamePattern.FindStringSubmatch(name)
	if parts == nil || parts[2] != pool.Name {
		return "", false
	}
	return parts[1], true
}

// nodePoolName returns the name of a team's NodePool. A NodePool cannot change between static and dynamic, so each mode has
// its own.
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
	return nodePoolNamePattern.MatchString(obj.GetLabels()[karpenter.LabelNodePool])
}

// deleting reports whether a NodePool is being deleted: it can be created again only when it is gone.
func deleting(live *karpenter.NodePool) bool { return live != nil && !live.DeletionTimestamp.IsZero() }

// resourceNodes is the key of spec.limits that bounds the number of nodes.
const resourceNodes corev1.ResourceName = "nodes"

// nodeLimit returns how many nodes a NodePool may have.
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
