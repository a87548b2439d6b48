package team

import (
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// buildVolumes are the claims of a namespace: the declared ones, and retired ones as they are. New ones are made only
// while the place is open, and only when their StorageClass exists: a claim's class can never be corrected.
func buildVolumes(in Input, p place) []apply.Object {
	var claims []apply.Object
	live := map[string]*corev1.PersistentVolumeClaim{}
	for _, claim := range in.Volumes {
		if claim.Namespace == p.name {
			live[claim.Name] = claim
		}
	}
	for _, volume := range in.Team.Spec.Volumes {
		if foundationv1alpha1.NamespaceName(in.Team.Name, volume.Namespace) != p.name {
			continue
		}
		claim := live[volume.Name]
		delete(live, volume.Name)
		// In a place that is not open claims stay as they are, whatever the spec says.
		if p.open() && (claim != nil || in.hasClass(volume)) {
			claims = append(claims, buildVolume(in, p, volume))
		}
	}
	for _, claim := range in.Volumes {
		if live[claim.Name] == claim {
			if retired := retire(claim); retired != nil {
				claims = append(claims, retired)
			}
		}
	}
	return claims
}

func buildVolume(in Input, p place, volume foundationv1alpha1.TeamVolume) apply.Object {
	labels, annotations := marks(in)
	spec := corev1ac.PersistentVolumeClaimSpec().
		WithAccessModes(volume.AccessModes...).
		WithResources(corev1ac.VolumeResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceStorage: volume.Size}))
	if volume.StorageClassName != nil {
		spec.WithStorageClassName(*volume.StorageClassName)
	}
	return corev1ac.PersistentVolumeClaim(volume.Name, p.name).WithLabels(labels).WithAnnotations(annotations).WithSpec(spec)
}

// retire marks a claim that the spec has no more and leaves the rest of it as it is.
func retire(claim *corev1.PersistentVolumeClaim) apply.Object {
	owned, err := corev1ac.ExtractPersistentVolumeClaim(claim, foundationv1alpha1.FieldManager)
	if err != nil || owned.Spec == nil {
		return nil
	}
	return owned.WithLabels(map[string]string{foundationv1alpha1.LabelRetired: "true"})
}

func (in Input) hasClass(volume foundationv1alpha1.TeamVolume) bool {
	return volume.StorageClassName == nil || in.StorageClasses[*volume.StorageClassName] != nil
}
