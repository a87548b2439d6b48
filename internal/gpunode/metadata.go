package gpunode

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Metadata is what is written on a Node about whose it is: the labels that scheduling and quotas rely on, the taints that
// keep pods off, and annotations with what only the pool needs.
type Metadata struct {
	Labels, Annotations map[string]string
	Taints              []corev1.Taint
}

// Keys that a pool writes on its nodes. Nobody else's are touched.
var (
	labelKeys      = []string{foundationv1alpha1.LabelPool, foundationv1alpha1.LabelTeam, foundationv1alpha1.LabelNodeTeam}
	annotationKeys = []string{
		foundationv1alpha1.AnnotationTeamUID, foundationv1alpha1.AnnotationDrainingSince,
		foundationv1alpha1.AnnotationScrubRequest, foundationv1alpha1.AnnotationScrubbed,
	}
	taintKeys = []string{foundationv1alpha1.TaintTeam, foundationv1alpha1.TaintUnassigned, foundationv1alpha1.TaintDraining}
)

// MetadataOf is what a Node carries, other people's keys included. It shares the Node's maps.
func MetadataOf(node *corev1.Node) Metadata {
	return Metadata{Labels: node.Labels, Annotations: node.Annotations, Taints: node.Spec.Taints}
}

// Metadata is what a pool writes on a node in this state. What a Provisioning node carries Karpenter writes, from the
// template of its NodePool.
func (o Ownership) Metadata(pool string) Metadata {
	m := Metadata{Labels: map[string]string{}, Annotations: map[string]string{}}
	if o.State == Outside {
		return m
	}
	m.Labels[foundationv1alpha1.LabelPool] = pool
	if o.State.Owned() {
		m.Labels[foundationv1alpha1.LabelTeam] = o.Owner.Name
		m.Labels[foundationv1alpha1.LabelNodeTeam] = o.Owner.Name
		m.Annotations[foundationv1alpha1.AnnotationTeamUID] = string(o.Owner.UID)
		m.taint(foundationv1alpha1.TaintTeam, o.Owner.Name)
	} else {
		m.taint(foundationv1alpha1.TaintUnassigned, "")
	}
	if o.closed() {
		m.Annotations[foundationv1alpha1.AnnotationDrainingSince] = o.Since.UTC().Format(time.RFC3339)
		m.taint(foundationv1alpha1.TaintDraining, "")
	}
	if o.ScrubRequest != "" {
		m.Annotations[foundationv1alpha1.AnnotationScrubRequest] = o.ScrubRequest
	}
	if o.ScrubAnswer != "" {
		m.Annotations[foundationv1alpha1.AnnotationScrubbed] = o.ScrubAnswer
	}
	return m
}

// closed reports whether also the owner's new pods are kept off. A node stays so while it is terminated: its deletion may
// have to be tried again.
func (o Ownership) closed() bool {
	switch o.State {
	case Entering, AwaitingScrub, Draining, Terminating:
		return true
	default:
		return false
	}
}

func (m *Metadata) taint(key, value string) {
	m.Taints = append(m.Taints, corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffectNoSchedule})
}

// WrittenOn is a copy of the node that carries this and no other ownership metadata. It shares everything else: most
// nodes need no change, and a pool may have thousands.
func (m Metadata) WrittenOn(node *corev1.Node) *corev1.Node {
	after := *node
	after.Labels = replaced(node.Labels, labelKeys, m.Labels)
	after.Annotations = replaced(node.Annotations, annotationKeys, m.Annotations)
	after.Spec.Taints = slices.DeleteFunc(slices.Clone(node.Spec.Taints), isOwnershipTaint)
	after.Spec.Taints = append(after.Spec.Taints, m.Taints...)
	return &after
}

func replaced(had map[string]string, keys []string, want map[string]string) map[string]string {
	has := maps.Clone(had)
	if has == nil && len(want) > 0 {
		has = map[string]string{}
	}
	maps.DeleteFunc(has, func(key, _ string) bool { return slices.Contains(keys, key) })
	maps.Copy(has, want)
	return has
}

func isOwnershipTaint(taint corev1.Taint) bool { return slices.Contains(taintKeys, taint.Key) }

// IsOn reports whether the node carries this and no other ownership metadata. The order of taints does not matter.
func (m Metadata) IsOn(node *corev1.Node) bool {
	return holds(node.Labels, labelKeys, m.Labels) && holds(node.Annotations, annotationKeys, m.Annotations) && m.sameTaints(node)
}

func holds(has map[string]string, keys []string, want map[string]string) bool {
	for _, key := range keys {
		got, there := has[key]
		wanted, needed := want[key]
		if there != needed || got != wanted {
			return false
		}
	}
	return true
}

func (m Metadata) sameTaints(node *corev1.Node) bool {
	there := 0
	for _, taint := range node.Spec.Taints {
		if !isOwnershipTaint(taint) {
			continue
		}
		there++
		taint.TimeAdded = nil
		if !slices.Contains(m.Taints, taint) {
			return false
		}
	}
	return there == len(m.Taints)
}
