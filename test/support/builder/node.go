package builder

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// NodeMod changes a Node.
type NodeMod = func(*corev1.Node)

// Node is a Ready node with 8 GPUs that no pool has seen and no pool's selector matches.
func Node(name string, mods ...NodeMod) *corev1.Node {
	allocatable := shape("192", "2048Gi", "8Ti")
	allocatable[GPU] = *resource.NewQuantity(PerNode, resource.DecimalSI)
	return build(&corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, UID: types.UID(name + "-uid"), Labels: map[string]string{}, Annotations: map[string]string{},
		},
		Status: corev1.NodeStatus{
			Allocatable: allocatable,
			Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}, mods)
}

// Matching makes the selector of a pool match the node.
func Matching(pool string) NodeMod { return Labelled(ModelLabel, pool) }

// Labelled puts a label on the node.
func Labelled(key, value string) NodeMod {
	return func(node *corev1.Node) { node.Labels[key] = value }
}

// Unlabelled takes labels off.
func Unlabelled(keys ...string) NodeMod {
	return func(node *corev1.Node) {
		for _, key := range keys {
			delete(node.Labels, key)
		}
	}
}

// NodeAnnotated puts an annotation on the node.
func NodeAnnotated(key, value string) NodeMod {
	return func(node *corev1.Node) { node.Annotations[key] = value }
}

// Tainted puts a NoSchedule taint on the node.
func Tainted(key, value string) NodeMod { return TaintedAs(key, value, corev1.TaintEffectNoSchedule) }

// TaintedAs puts a taint on the node.
func TaintedAs(key, value string, effect corev1.TaintEffect) NodeMod {
	return func(node *corev1.Node) {
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: key, Value: value, Effect: effect})
	}
}

// FreeIn makes it a node of the pool that is known to be empty.
func FreeIn(pool string) NodeMod {
	return all(Matching(pool), Labelled(foundationv1alpha1.LabelPool, pool), Tainted(foundationv1alpha1.TaintUnassigned, ""))
}

// EnteringIn makes it a node that entered the pool and is not known to be empty.
func EnteringIn(pool string, since time.Time) NodeMod {
	return all(
		FreeIn(pool),
		NodeAnnotated(foundationv1alpha1.AnnotationDrainingSince, since.UTC().Format(time.RFC3339)),
		Tainted(foundationv1alpha1.TaintDraining, ""),
	)
}

// HeldIn makes it a node of the pool that is a team's to use.
func HeldIn(pool string, team *foundationv1alpha1.FoundationTeam) NodeMod {
	return all(
		Matching(pool),
		Labelled(foundationv1alpha1.LabelPool, pool),
		Labelled(foundationv1alpha1.LabelTeam, team.Name),
		Labelled(foundationv1alpha1.LabelNodeTeam, team.Name),
		NodeAnnotated(foundationv1alpha1.AnnotationTeamUID, string(team.UID)),
		Tainted(foundationv1alpha1.TaintTeam, team.Name),
	)
}

// DrainingIn makes it a node of the team that drains.
func DrainingIn(pool string, team *foundationv1alpha1.FoundationTeam, since time.Time) NodeMod {
	return all(
		HeldIn(pool, team),
		NodeAnnotated(foundationv1alpha1.AnnotationDrainingSince, since.UTC().Format(time.RFC3339)),
		Tainted(foundationv1alpha1.TaintDraining, ""),
	)
}

// NotReady makes the node unable to run pods.
func NotReady() NodeMod {
	return func(node *corev1.Node) { node.Status.Conditions[0].Status = corev1.ConditionUnknown }
}

// NotReadySince makes the node unable to run pods since a time that its condition tells.
func NotReadySince(since time.Time) NodeMod {
	return func(node *corev1.Node) {
		NotReady()(node)
		node.Status.Conditions[0].LastTransitionTime = metav1.NewTime(since)
	}
}

// BrokenSince is written on a node of a team that is broken in a way that its conditions do not date.
func BrokenSince(since time.Time) NodeMod {
	return NodeAnnotated(foundationv1alpha1.AnnotationBrokenSince, since.UTC().Format(time.RFC3339))
}

// Cordoned closes the node to new pods.
func Cordoned() NodeMod {
	return func(node *corev1.Node) { node.Spec.Unschedulable = true }
}

// NodeDeleted sets that the node is being deleted.
func NodeDeleted() NodeMod {
	return func(node *corev1.Node) { node.DeletionTimestamp = new(metav1.NewTime(Now)) }
}

// Offers sets the node's allocatable resources.
func Offers(gpus int64, cpu, memory, ephemeral string) NodeMod {
	return func(node *corev1.Node) {
		node.Status.Allocatable = shape(cpu, memory, ephemeral)
		node.Status.Allocatable[GPU] = *resource.NewQuantity(gpus, resource.DecimalSI)
	}
}

// WithoutGPUs removes the GPUs from the node's allocatable resources, as without a device plugin.
func WithoutGPUs() NodeMod {
	return func(node *corev1.Node) { delete(node.Status.Allocatable, GPU) }
}

func all(mods ...NodeMod) NodeMod {
	return func(node *corev1.Node) { build(node, mods) }
}

// Pod is a pod of a namespace.
func Pod(namespace, name string, created time.Time) corev1.Pod {
	return corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID(namespace + "-" + name), CreationTimestamp: metav1.NewTime(created),
	}}
}
