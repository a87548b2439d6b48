package team

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// volumeChange is a PersistentVolume before and after a patch.
type volumeChange struct {
	before, after *corev1.PersistentVolume
}

// buildPersistentVolumes labels the volumes of the team's PersistentVolumeClaims as its own and sets their reclaim policy
// to Retain, so that data outlives the PersistentVolumeClaims. When an admin has confirmed that data is to be deleted, they
// get back the policy that they had.
func buildPersistentVolumes(m *Model) []volumeChange {
	var changes []volumeChange
	for _, name := range slices.Sorted(maps.Keys(m.PersistentVolumes)) {
		before := m.PersistentVolumes[name]
		if owner := before.Labels[foundationv1alpha1.LabelTeam]; owner != "" && owner != m.Team.Name {
			continue
		}
		after := before.DeepCopy()
		labels, annotations := m.ownerMetadata()
		after.Labels, after.Annotations = merged(after.Labels, labels), merged(after.Annotations, annotations)
		original := cmp.Or(before.Annotations[foundationv1alpha1.AnnotationReclaimPolicy], string(before.Spec.PersistentVolumeReclaimPolicy))
		after.Annotations[foundationv1alpha1.AnnotationReclaimPolicy] = original
		after.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRetain
		if m.Deletion.Step == DeletingNamespaces {
			after.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimPolicy(original)
		}
		changes = append(changes, volumeChange{before: before, after: after})
	}
	return changes
}
