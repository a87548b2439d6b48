package team

import (
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// buildVolumes builds the PersistentVolumeClaims of a namespace: the declared ones, and retired ones as they are. New ones
// are built only while the namespace is active and their StorageClass exists: the class of a PersistentVolumeClaim can
// never be corrected.
func buildVolumes(m *Model, n teamNamespace) []apply.Object {
	var claims []apply.Object
	live := map[string]*corev1.PersistentVolumeClaim{}
	for _, claim := range m.Volumes {
		if claim.Namespace == n.name {
			live[claim.Name] = claim
		}
	}
	for _, volume := range m.Team.Spec.Volumes {
		if foundationv1alpha1.NamespaceName(m.Team.Name, volume.Namespace) != n.name {
			continue
		}
		claim := live[volume.Name]
		delete(live, volume.Name)
		// In a namespace that is not active PersistentVolumeClaims stay as they are, whatever the spec says.
		if n.active() && (claim != nil || hasClass(m, volume)) {
			claims = append(claims, buildVolume(m, n, volume))
		}
	}
	for _, claim := range m.Volumes {
		if live[claim.Name] == claim {
			if retired := retire(claim); retired != nil {
				claims = append(claims, retired)
			}
		}
	}
	return claims
}

func buildVolume(m *Model, n teamNamespace, volume foundationv1alpha1.TeamVolume) apply.Object {
	labels, annotations := m.ownerMetadata()
	spec := corev1ac.PersistentVolumeClaimSpec().
		WithAccessModes(volume.AccessModes...).
		WithResources(corev1ac.VolumeResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceStorage: volume.Size}))
	if volume.StorageClassName != nil {
		spec.WithStorageClassName(*volume.StorageClassName)
	}
	return corev1ac.PersistentVolumeClaim(volume.Name, n.name).WithLabels(labels).WithAnnotations(annotations).WithSpec(spec)
}

// retire labels a PersistentVolumeClaim that is no longer in the spec and leaves everything else as it is.
func retire(claim *corev1.PersistentVolumeClaim) apply.Object {
	owned, err := corev1ac.ExtractPersistentVolumeClaim(claim, foundationv1alpha1.FieldManager)
	if err != nil || owned.Spec == nil {
		return nil
	}
	return owned.WithLabels(map[string]string{foundationv1alpha1.LabelRetired: "true"})
}

// hasClass reports whether the StorageClass that a volume names exists.
func hasClass(m *Model, volume foundationv1alpha1.TeamVolume) bool {
	return volume.StorageClassName == nil || m.StorageClasses[*volume.StorageClassName] != nil
}
