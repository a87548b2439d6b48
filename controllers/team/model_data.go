package team

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// dataState is what is known of the data that a PersistentVolumeClaim had before it was deleted, or has in a backup.
type dataState string

const (
	// noData: no PersistentVolume has data of it other than the one that it is bound to.
	noData dataState = ""
	// dataKept: exactly one PersistentVolume has its data, and nothing uses it: the PersistentVolumeClaim is bound to that.
	dataKept dataState = "Kept"
	// dataLeaving: the PersistentVolume with its data is not released yet, or is being deleted.
	dataLeaving dataState = "Leaving"
	// dataAmbiguous: several PersistentVolumes have data of it, and only a person knows which is wanted.
	dataAmbiguous dataState = "Ambiguous"
	// dataForeign: the PersistentVolume is for this PersistentVolumeClaim, but of an earlier team of this name.
	dataForeign dataState = "Foreign"
	// dataDisplaced: the PersistentVolumeClaim is bound to another PersistentVolume than the one that is kept for it.
	dataDisplaced dataState = "Displaced"
)

// claimData is where the data of a PersistentVolumeClaim is.
type claimData struct {
	state dataState
	// volumes are the PersistentVolumes that the state is about, the newest first; exactly one if it is dataKept.
	volumes []*corev1.PersistentVolume
}

// names returns the names of the PersistentVolumes.
func (d claimData) names() []string {
	names := make([]string, len(d.volumes))
	for i, volume := range d.volumes {
		names[i] = volume.Name
	}
	return names
}

// dataOf returns where the data of a PersistentVolumeClaim is. claim is the live one, nil if there is none; kept are the
// PersistentVolumes that are for its namespace and name, by their claimRef, and not bound to it.
func dataOf(owner apply.Owner, claim *corev1.PersistentVolumeClaim, kept []*corev1.PersistentVolume) claimData {
	var reserved, released, leaving, foreign []*corev1.PersistentVolume
	for _, volume := range kept {
		switch {
		case !owner.CanAdopt(volume):
			foreign = append(foreign, volume)
		case volume.Status.Phase == corev1.VolumeFailed: // its storage was to be deleted
		case !volume.DeletionTimestamp.IsZero():
			leaving = append(leaving, volume)
		case volume.Spec.ClaimRef.UID == "":
			reserved = append(reserved, volume)
		case isReleased(volume):
			released = append(released, volume)
		default:
			leaving = append(leaving, volume)
		}
	}
	// A claimRef without a UID was written for a PersistentVolumeClaim to come: by an admin, or with a backup.
	usable := reserved
	if len(usable) == 0 {
		usable = released
	}
	if claim != nil {
		return dataOfExisting(claim, slices.Concat(reserved, released), usable)
	}
	switch {
	case len(foreign) > 0:
		return claimData{dataForeign, foreign}
	case len(leaving) > 0:
		return claimData{dataLeaving, leaving}
	case len(usable) > 1:
		return claimData{dataAmbiguous, usable}
	case len(usable) == 1:
		return claimData{dataKept, usable}
	default:
		return claimData{}
	}
}

// dataOfExisting is dataOf for a PersistentVolumeClaim that exists, with all PersistentVolumes that are kept for it and those
// that come first. While it names one of them, or none, it is bound to that.
func dataOfExisting(claim *corev1.PersistentVolumeClaim, all, usable []*corev1.PersistentVolume) claimData {
	named := slices.IndexFunc(all, func(volume *corev1.PersistentVolume) bool { return volume.Name == claim.Spec.VolumeName })
	switch {
	case !claim.DeletionTimestamp.IsZero() || len(usable) == 0:
		return claimData{}
	case named >= 0:
		return claimData{dataKept, all[named : named+1]}
	case claim.Spec.VolumeName != "":
		return claimData{dataDisplaced, usable}
	case len(usable) > 1:
		return claimData{dataAmbiguous, usable}
	default:
		return claimData{dataKept, usable}
	}
}

// isReleased reports whether a PersistentVolume's claim is gone and its data is kept.
func isReleased(volume *corev1.PersistentVolume) bool {
	return volume.Status.Phase == corev1.VolumeReleased && volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRetain
}

// claimKey returns the namespace and name of a declared volume's PersistentVolumeClaim.
func claimKey(team *foundationv1alpha1.FoundationTeam, volume foundationv1alpha1.TeamVolume) types.NamespacedName {
	return types.NamespacedName{Namespace: foundationv1alpha1.NamespaceName(team.Name, volume.Namespace), Name: volume.Name}
}

// claimsOf returns the team's PersistentVolumeClaims by namespace and name, those included that the operator has not
// written yet.
func claimsOf(in Input) map[types.NamespacedName]*corev1.PersistentVolumeClaim {
	claims := map[types.NamespacedName]*corev1.PersistentVolumeClaim{}
	for _, list := range [][]*corev1.PersistentVolumeClaim{in.UnmanagedClaims, in.Volumes} {
		for _, claim := range list {
			claims[types.NamespacedName{Namespace: claim.Namespace, Name: claim.Name}] = claim
		}
	}
	return claims
}

// keptVolumes returns the PersistentVolumes with the team's label that no PersistentVolumeClaim is bound to, the newest
// first, by the namespace and name that they are kept for.
func keptVolumes(in Input, claims map[types.NamespacedName]*corev1.PersistentVolumeClaim) map[types.NamespacedName][]*corev1.PersistentVolume {
	kept := map[types.NamespacedName][]*corev1.PersistentVolume{}
	for _, volume := range in.LabelledVolumes {
		ref := volume.Spec.ClaimRef
		if ref == nil {
			continue
		}
		key := types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
		if claim := claims[key]; claim == nil || claim.UID != ref.UID {
			kept[key] = append(kept[key], volume)
		}
	}
	for _, volumes := range kept {
		slices.SortFunc(volumes, func(a, b *corev1.PersistentVolume) int {
			return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
		})
	}
	return kept
}

// dataOfClaims returns where the data of each declared volume and of each PersistentVolumeClaim of the team is, by namespace
// and name.
func dataOfClaims(m *Model) map[types.NamespacedName]claimData {
	data := map[types.NamespacedName]claimData{}
	for _, claim := range m.Volumes {
		key := types.NamespacedName{Namespace: claim.Namespace, Name: claim.Name}
		data[key] = dataOf(m.Owner, claim, m.Kept[key])
	}
	for _, volume := range m.Team.Spec.Volumes {
		key := claimKey(m.Team, volume)
		data[key] = dataOf(m.Owner, m.Claims[key], m.Kept[key])
	}
	return data
}

// ownerUID returns the UID of the team that an object carries.
func ownerUID(obj metav1.Object) string {
	return obj.GetAnnotations()[foundationv1alpha1.AnnotationTeamUID]
}
