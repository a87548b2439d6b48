package team

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// buildVolumes builds the declared PersistentVolumeClaims of a namespace. One that does not exist yet is bound to the
// PersistentVolume that has its data, if there is one. Otherwise it is built only while its StorageClass exists, because the
// class of a PersistentVolumeClaim can never be corrected, and while no PersistentVolume may have its data. In a namespace
// that is not active PersistentVolumeClaims stay as they are, whatever the spec says.
func buildVolumes(m *Model, n teamNamespace) []apply.Object {
	var claims []apply.Object
	for _, volume := range volumesIn(m, n) {
		key := claimKey(m.Team, volume)
		data := m.Data[key]
		switch claim := m.Claims[key]; {
		case claim != nil:
			claims = append(claims, buildVolume(m, volume, appliedVolumeName(claim)))
		case data.state == dataKept:
			claims = append(claims, buildVolume(m, volume, data.volumes[0].Name))
		case data.state == noData && hasClass(m, volume):
			claims = append(claims, buildVolume(m, volume, ""))
		}
	}
	return claims
}

// buildVolume builds a PersistentVolumeClaim, bound to a PersistentVolume or, if that is empty, to a new one.
func buildVolume(m *Model, volume foundationv1alpha1.TeamVolume, persistentVolume string) apply.Object {
	labels, annotations := m.ownerMetadata()
	spec := corev1ac.PersistentVolumeClaimSpec().
		WithAccessModes(volume.AccessModes...).
		WithResources(corev1ac.VolumeResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceStorage: requestedSize(m, volume)}))
	if volume.StorageClassName != nil {
		spec.WithStorageClassName(*volume.StorageClassName)
	}
	if persistentVolume != "" {
		spec.WithVolumeName(persistentVolume)
	}
	key := claimKey(m.Team, volume)
	return corev1ac.PersistentVolumeClaim(key.Name, key.Namespace).WithLabels(labels).WithAnnotations(annotations).WithSpec(spec)
}

// requestedSize returns what a volume's PersistentVolumeClaim asks for: the declared size, or what it asks for already where
// the API server would refuse to change that. It expands no volume whose StorageClass does not allow it, and takes an
// expansion back to more than what there is, not to as much.
func requestedSize(m *Model, volume foundationv1alpha1.TeamVolume) resource.Quantity {
	claim, declared := m.Claims[claimKey(m.Team, volume)], volume.Size.Quantity
	if claim == nil || claim.Status.Phase != corev1.ClaimBound {
		return declared
	}
	requested, capacity := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
	isTakenBack := exceeds(requested, declared) && !exceeds(declared, capacity)
	if isTakenBack || exceeds(declared, requested) && !isExpandable(m, claim) {
		return requested
	}
	return declared
}

// isExpandable reports whether a PersistentVolumeClaim's StorageClass allows it to grow, as far as is known.
func isExpandable(m *Model, claim *corev1.PersistentVolumeClaim) bool {
	class := m.StorageClasses[ptr.Deref(claim.Spec.StorageClassName, "")]
	return class == nil || ptr.Deref(class.AllowVolumeExpansion, false)
}

// appliedVolumeName returns the PersistentVolume that a PersistentVolumeClaim was created for. It is applied for as long as
// the PersistentVolumeClaim exists: left out, it would be removed, and that is refused.
func appliedVolumeName(claim *corev1.PersistentVolumeClaim) string {
	owned, err := corev1ac.ExtractPersistentVolumeClaim(claim, foundationv1alpha1.FieldManager)
	if err != nil || owned.Spec == nil {
		return ""
	}
	return ptr.Deref(owned.Spec.VolumeName, "")
}

// buildRetired builds the PersistentVolumeClaims in a namespace that the spec does not have any more, as they are.
func buildRetired(m *Model, n teamNamespace) []apply.Object {
	var claims []apply.Object
	for _, claim := range m.Volumes {
		if claim.Namespace != n.name || !claim.DeletionTimestamp.IsZero() || isDeclared(m, claim) {
			continue
		}
		if retired := retire(claim); retired != nil {
			claims = append(claims, retired)
		}
	}
	return claims
}

// volumesIn returns the volumes that the spec has for a namespace that is active.
func volumesIn(m *Model, n teamNamespace) []foundationv1alpha1.TeamVolume {
	if !n.active() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(m.Team.Spec.Volumes), func(volume foundationv1alpha1.TeamVolume) bool {
		return claimKey(m.Team, volume).Namespace != n.name
	})
}

// isDeclared reports whether the spec has a PersistentVolumeClaim's volume.
func isDeclared(m *Model, claim *corev1.PersistentVolumeClaim) bool {
	return slices.ContainsFunc(m.Team.Spec.Volumes, func(volume foundationv1alpha1.TeamVolume) bool {
		return claimKey(m.Team, volume) == types.NamespacedName{Namespace: claim.Namespace, Name: claim.Name}
	})
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
