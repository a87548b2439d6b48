package team

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// volumeChange is a PersistentVolume before and after a patch.
type volumeChange struct {
	before, after *corev1.PersistentVolume
}

// buildPersistentVolumes labels the volumes of the team's PersistentVolumeClaims as its own and sets their reclaim policy
// to Retain, so that data outlives the PersistentVolumeClaims. When an admin has confirmed that data is to be deleted, they
// get back the policy that they had. Volumes whose PersistentVolumeClaim is gone carry the team's present UID too: a record
// that is lost must not make them nobody's.
func buildPersistentVolumes(m *Model) []volumeChange {
	var changes []volumeChange
	for _, name := range slices.Sorted(maps.Keys(m.PersistentVolumes)) {
		before := m.PersistentVolumes[name]
		if owner := before.Labels[foundationv1alpha1.LabelTeam]; owner != "" && owner != m.Team.Name {
			continue
		}
		after := takeVolume(m, before)
		original := cmp.Or(before.Annotations[foundationv1alpha1.AnnotationReclaimPolicy], string(before.Spec.PersistentVolumeReclaimPolicy))
		after.Annotations[foundationv1alpha1.AnnotationReclaimPolicy] = original
		after.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRetain
		if m.Deletion.Step == DeletingNamespaces {
			after.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimPolicy(original)
		}
		changes = append(changes, volumeChange{before: before, after: after})
	}
	for _, before := range m.LabelledVolumes {
		if m.PersistentVolumes[before.Name] == nil && m.Owner.Owns(before) {
			changes = append(changes, volumeChange{before: before, after: takeVolume(m, before)})
		}
	}
	return changes
}

// buildReleases builds the patches that free PersistentVolumes of a claim that is gone, for the PersistentVolumeClaim of the
// same namespace and name alone: the UID in the claimRef is what keeps that from being bound to it.
func buildReleases(m *Model, n teamNamespace) []volumeChange {
	declared := map[types.NamespacedName]bool{}
	for _, volume := range volumesIn(m, n) {
		declared[claimKey(m.Team, volume)] = true
	}
	var changes []volumeChange
	for key, data := range m.Data {
		claim := m.Claims[key]
		if key.Namespace != n.name || data.state != dataKept || claim == nil && !declared[key] {
			continue
		}
		after := takeVolume(m, data.volumes[0])
		after.Spec.ClaimRef.UID, after.Spec.ClaimRef.ResourceVersion = "", ""
		if claim != nil && claim.Status.Phase == corev1.ClaimLost {
			// It was bound before it was restored from a backup. The binder believes that again only if the UID is there.
			after.Spec.ClaimRef.UID = claim.UID
		}
		changes = append(changes, volumeChange{before: data.volumes[0], after: after})
	}
	slices.SortFunc(changes, func(a, b volumeChange) int { return cmp.Compare(a.before.Name, b.before.Name) })
	return changes
}

// takeVolume returns a volume with the team's label and present UID, and without an admin's consent to its adoption.
func takeVolume(m *Model, before *corev1.PersistentVolume) *corev1.PersistentVolume {
	after := before.DeepCopy()
	labels, annotations := m.ownerMetadata()
	after.Labels, after.Annotations = merged(after.Labels, labels), merged(after.Annotations, annotations)
	if after.Annotations[foundationv1alpha1.AnnotationAdopt] == m.Team.Name {
		delete(after.Annotations, foundationv1alpha1.AnnotationAdopt)
	}
	return after
}
