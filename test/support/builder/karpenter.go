package builder

import (
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/karpenter"
)

// Karpenter makes it a pool of at most so many GPUs on nodes that Karpenter provisions, in mode Static.
func Karpenter(capacity int32) PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) {
		pool.Spec.Static = nil
		pool.Spec.Karpenter = &foundationv1alpha1.KarpenterNodes{
			Capacity:     &capacity,
			Mode:         foundationv1alpha1.KarpenterStatic,
			NodeClassRef: foundationv1alpha1.NodeClassReference{Group: "karpenter.kwok.sh", Kind: "KWOKNodeClass", Name: "default"},
			Requirements: []foundationv1alpha1.NodeRequirement{{
				Key: corev1.LabelInstanceTypeStable, Operator: corev1.NodeSelectorOpIn, Values: []string{"x1.8"},
			}},
		}
	}
}

// Dynamic makes it, after Karpenter, a pool whose nodes are provisioned while pods need them.
func Dynamic() PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) {
		pool.Spec.Karpenter.Mode = foundationv1alpha1.KarpenterDynamic
		pool.Spec.Karpenter.NodeResources = foundationv1alpha1.Quantities(shape("180", "1900Gi", "7Ti"))
	}
}

// NodeClaimMod changes a NodeClaim.
type NodeClaimMod = func(*karpenter.NodeClaim)

// NodeClaim is a team's NodeClaim that Karpenter created just now and has not launched. The NodePool is named without the
// team: b200.s.
func NodeClaim(name, nodePool string, team *foundationv1alpha1.FoundationTeam, mods ...NodeClaimMod) *karpenter.NodeClaim {
	meta := ownedBy(team, nodePool)
	meta.Labels[karpenter.LabelNodePool] = team.Name + "." + nodePool
	meta.Labels[foundationv1alpha1.LabelNodeTeam] = team.Name
	meta.Name, meta.UID, meta.CreationTimestamp = name, types.UID(name+"-uid"), metav1.NewTime(Now.Add(-time.Hour))
	return build(&karpenter.NodeClaim{ObjectMeta: meta}, mods)
}

// Condition sets a condition of the NodeClaim.
func Condition(kind string, status metav1.ConditionStatus, reason, message string) NodeClaimMod {
	return func(claim *karpenter.NodeClaim) {
		claim.Status.Conditions = append(claim.Status.Conditions, metav1.Condition{
			Type: kind, Status: status, Reason: reason, Message: message, LastTransitionTime: metav1.NewTime(Now),
		})
	}
}

// Launched sets that the NodeClaim's instance exists.
func Launched() NodeClaimMod {
	return Condition(karpenter.ConditionLaunched, metav1.ConditionTrue, karpenter.ConditionLaunched, "")
}

// Registered sets that the NodeClaim's instance is a node of the cluster.
func Registered(node string) NodeClaimMod {
	return func(claim *karpenter.NodeClaim) {
		claim.Status.NodeName = node
		build(claim, []NodeClaimMod{Launched(), Condition(karpenter.ConditionRegistered, metav1.ConditionTrue, karpenter.ConditionRegistered, "")})
	}
}

// Initialized sets that Karpenter has initialized the NodeClaim's node.
func Initialized(node string) NodeClaimMod {
	return func(claim *karpenter.NodeClaim) {
		build(claim, []NodeClaimMod{Registered(node), Condition(karpenter.ConditionInitialized, metav1.ConditionTrue, karpenter.ConditionInitialized, "")})
	}
}

// ClaimDeleted sets that the NodeClaim is being deleted.
func ClaimDeleted(at time.Time) NodeClaimMod {
	return func(claim *karpenter.NodeClaim) { claim.DeletionTimestamp = new(metav1.NewTime(at)) }
}

// RegisteredFor gives the node the labels and taints that Karpenter sets on the node of a NodeClaim when it registers.
func RegisteredFor(claim *karpenter.NodeClaim) NodeMod {
	return func(node *corev1.Node) {
		maps.Copy(node.Labels, claim.Labels)
		maps.Copy(node.Annotations, claim.Annotations)
		node.OwnerReferences = []metav1.OwnerReference{{APIVersion: karpenter.GroupVersion.String(), Kind: "NodeClaim", Name: claim.Name, UID: claim.UID}}
		Tainted(foundationv1alpha1.TaintTeam, claim.Labels[foundationv1alpha1.LabelTeam])(node)
	}
}

// Draining closes a team's node to new pods.
func Draining(since time.Time) NodeMod {
	return all(
		NodeAnnotated(foundationv1alpha1.AnnotationDrainingSince, since.UTC().Format(time.RFC3339)),
		Tainted(foundationv1alpha1.TaintDraining, ""),
	)
}

// NodePool is a team's NodePool with nothing but its owner's label and annotation. It is named without the team: b200.s.
func NodePool(nodePool string, team *foundationv1alpha1.FoundationTeam) *karpenter.NodePool {
	meta := ownedBy(team, nodePool)
	meta.Name = team.Name + "." + nodePool
	meta.UID = types.UID(meta.Name + "-" + string(team.UID))
	return &karpenter.NodePool{ObjectMeta: meta}
}

// ownedBy is the metadata of a team's NodePool and of its NodeClaims.
func ownedBy(team *foundationv1alpha1.FoundationTeam, nodePool string) metav1.ObjectMeta {
	meta := OwnedMeta(team, "", "")
	meta.Labels[foundationv1alpha1.LabelPool], _, _ = strings.Cut(nodePool, ".")
	return meta
}
