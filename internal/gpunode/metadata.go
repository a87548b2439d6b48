package gpunode

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Metadata is a node's ownership as written on the Node: the labels that scheduling and quotas rely on, the taints
// that repel other teams' pods, and annotations that only the pool controller reads.
type Metadata struct {
	Labels, Annotations map[string]string
	Taints              []corev1.Taint
}

// The keys that a pool writes on its nodes. All other keys are left unchanged.
var (
	labelKeys      = []string{foundationv1alpha1.LabelPool, foundationv1alpha1.LabelTeam, foundationv1alpha1.LabelNodeTeam}
	annotationKeys = []string{
		foundationv1alpha1.AnnotationTeamUID, foundationv1alpha1.AnnotationDrainingSince, foundationv1alpha1.AnnotationBrokenSince,
		foundationv1alpha1.AnnotationScrubRequest, foundationv1alpha1.AnnotationScrubbed,
	}
	taintKeys = []string{foundationv1alpha1.TaintTeam, foundationv1alpha1.TaintUnassigned, foundationv1alpha1.TaintDraining}
)

// MetadataOf returns the metadata of a Node, including keys that are not the pool's. It shares the Node's maps.
func MetadataOf(node *corev1.Node) Metadata {
	return Metadata{Labels: node.Labels, Annotations: node.Annotations, Taints: node.Spec.Taints}
}

// IsClosed reports whether the node is said to be closed to new pods. One of the keys that say so is enough, as for Classify.
func (m Metadata) IsClosed() bool {
	_, closed := m.closedSince(time.Time{})
	return closed
}

// Repels reports whether the node has the taint that keeps all new pods off, those of its own team too.
func (m Metadata) Repels() bool { return m.hasTaint(foundationv1alpha1.TaintDraining) }

// Metadata returns what a pool writes on a node in this state. On a Provisioning node Karpenter writes it, from the
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
	if o.isClosed() {
		m.Annotations[foundationv1alpha1.AnnotationDrainingSince] = o.Since.UTC().Format(time.RFC3339)
		m.taint(foundationv1alpha1.TaintDraining, "")
	}
	if !o.BrokenSince.IsZero() {
		m.Annotations[foundationv1alpha1.AnnotationBrokenSince] = o.BrokenSince.UTC().Format(time.RFC3339)
	}
	if o.ScrubRequest != "" {
		m.Annotations[foundationv1alpha1.AnnotationScrubRequest] = o.ScrubRequest
	}
	if o.ScrubAnswer != "" {
		m.Annotations[foundationv1alpha1.AnnotationScrubbed] = o.ScrubAnswer
	}
	return m
}

// isClosed reports whether new pods are repelled, the owner's too. A Terminating node stays closed, because its
// deletion may have to be retried.
func (o Ownership) isClosed() bool {
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

// AppliedTo returns a copy of the node with this and no other ownership metadata. The copy shares all other fields
// with the node: a pool may have thousands of nodes, and a deep copy of each would be slow.
func (m Metadata) AppliedTo(node *corev1.Node) *corev1.Node {
	after := *node
	after.Labels = replaceKeys(node.Labels, labelKeys, m.Labels)
	after.Annotations = replaceKeys(node.Annotations, annotationKeys, m.Annotations)
	after.Spec.Taints = slices.DeleteFunc(slices.Clone(node.Spec.Taints), isOwnershipTaint)
	after.Spec.Taints = append(after.Spec.Taints, m.Taints...)
	return &after
}

func replaceKeys(had map[string]string, keys []string, want map[string]string) map[string]string {
	has := maps.Clone(had)
	if has == nil && len(want) > 0 {
		has = map[string]string{}
	}
	maps.DeleteFunc(has, func(key, _ string) bool { return slices.Contains(keys, key) })
	maps.Copy(has, want)
	return has
}

func isOwnershipTaint(taint corev1.Taint) bool { return slices.Contains(taintKeys, taint.Key) }

// IsOn reports whether the node has this and no other ownership metadata. The order of taints does not matter.
func (m Metadata) IsOn(node *corev1.Node) bool {
	return hasExactly(node.Labels, labelKeys, m.Labels) && hasExactly(node.Annotations, annotationKeys, m.Annotations) && m.sameTaints(node)
}

func hasExactly(has map[string]string, keys []string, want map[string]string) bool {
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
