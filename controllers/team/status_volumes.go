package team

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

const (
	// maxNamedVolumes is how many volumes a message names.
	maxNamedVolumes = 3
	// maxNamedPending is how many volumes that wait for storage a message names.
	maxNamedPending = 8
	// maxShownReleased is how many PersistentVolumeClaims that are gone status shows, maxShownKept how many PersistentVolumes
	// of each; the CRD's maxItems. The label foundation.team/team finds them all.
	maxShownReleased, maxShownKept = 64, 4
)

// volumesCondition reports whether the PersistentVolumeClaims are bound, as large as declared, and have their data.
func volumesCondition(m *Model, out *Outcome) metav1.Condition {
	const area = foundationv1alpha1.ConditionVolumesReady
	if condition := out.problem(area); condition != nil {
		return *condition
	}
	if !m.Served.HoldsAwards() {
		return conditions.True(area, foundationv1alpha1.ReasonNotActive, text.Count(len(m.Volumes), "volume")+" kept"+releasedNote(m))
	}
	if len(m.Team.Spec.Volumes) == 0 {
		return conditions.True(area, foundationv1alpha1.ReasonNothingDeclared, "no volumes"+releasedNote(m))
	}
	var pending []string
	for _, volume := range m.Team.Spec.Volumes {
		if problem := volumeProblem(m, volume); problem != nil {
			return *problem
		}
		if !provisioned(m, volume, m.Claims[claimKey(m.Team, volume)]) {
			pending = append(pending, volume.Name+pendingNote(m, volume))
		}
	}
	if len(pending) > 0 && !m.Hold.None() {
		return conditions.False(area, m.Hold.Reason,
			fmt.Sprintf("%d of %d volumes wait: %s", len(pending), len(m.Team.Spec.Volumes), m.Hold.Message))
	}
	if len(pending) > 0 {
		return conditions.False(area, foundationv1alpha1.ReasonVolumesPending,
			fmt.Sprintf("%d of %d volumes wait for storage: %s", len(pending), len(m.Team.Spec.Volumes), text.First(pending, maxNamedPending)))
	}
	return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, text.Count(len(m.Team.Spec.Volumes), "volume")+releasedNote(m))
}

// pendingNote says what a volume waits for, if that is known.
func pendingNote(m *Model, volume foundationv1alpha1.TeamVolume) string {
	key := claimKey(m.Team, volume)
	claim, data := m.Claims[key], m.Data[key]
	switch {
	case data.state == dataLeaving:
		return fmt.Sprintf(" (PersistentVolume %s is being released)", text.First(data.names(), maxNamedVolumes))
	case claim != nil && !claim.DeletionTimestamp.IsZero():
		return fmt.Sprintf(" (claim %s is being deleted)", key)
	case claim != nil && data.state == dataKept:
		return fmt.Sprintf(" (is being bound to PersistentVolume %s)", data.volumes[0].Name)
	case claim != nil && claim.Status.Phase == corev1.ClaimBound:
		return fmt.Sprintf(" (has %s of %s)", capacityOf(claim), volume.Size.String())
	default:
		return ""
	}
}

// volumeProblem returns what only a person can mend of a declared volume; nil if there is nothing.
func volumeProblem(m *Model, volume foundationv1alpha1.TeamVolume) *metav1.Condition {
	problem := func(reason, format string, args ...any) *metav1.Condition {
		return new(conditions.False(foundationv1alpha1.ConditionVolumesReady, reason, volume.Name+": "+fmt.Sprintf(format, args...)))
	}
	key := claimKey(m.Team, volume)
	claim, data := m.Claims[key], m.Data[key]
	names := text.First(data.names(), maxNamedVolumes)
	switch {
	case data.state == dataForeign:
		reason, whose := foundationv1alpha1.ReasonNameConflict, "an earlier team of this name ("+m.Owner.Earlier[ownerUID(data.volumes[0])]+")"
		if m.Owner.Earlier[ownerUID(data.volumes[0])] == "" {
			reason, whose = foundationv1alpha1.ReasonRecordMissing, "a team of this name, and no TeamRecord says of which: restore the record from the backup"
		}
		return problem(reason, "PersistentVolume %s has data of %s; annotate it %s=%s to hand it over, or take its label %s off for a new volume",
			names, whose, foundationv1alpha1.AnnotationAdopt, m.Team.Name, foundationv1alpha1.LabelTeam)
	case data.state == dataAmbiguous:
		return problem(foundationv1alpha1.ReasonVolumeChoice,
			"PersistentVolumes %s have data of claim %s: take the label %s off all but one (kubectl label pv <name> %s-), that one is bound",
			names, key, foundationv1alpha1.LabelTeam, foundationv1alpha1.LabelTeam)
	case data.state == dataDisplaced:
		return problem(foundationv1alpha1.ReasonVolumeChoice,
			"claim %s is bound to PersistentVolume %s, and %s has data of it, too: delete the claim to choose (both volumes are kept), or give %s up: kubectl label pv %s %s-",
			key, claim.Spec.VolumeName, names, names, data.volumes[0].Name, foundationv1alpha1.LabelTeam)
	case claim == nil && data.state == noData && !hasClass(m, volume):
		return problem(foundationv1alpha1.ReasonStorageClassNotFound,
			"StorageClass %s does not exist: create it, or take the volume out of spec.volumes and add it again with another class", *volume.StorageClassName)
	case claim != nil && claim.Status.Phase == corev1.ClaimLost && data.state != dataKept && m.PersistentVolumes[claim.Spec.VolumeName] == nil:
		return problem(foundationv1alpha1.ReasonVolumeLost,
			"its PersistentVolume is gone: restore it, or take the volume out of spec.volumes and add one of another name")
	case claim != nil && cannotGrow(m, volume, claim):
		return problem(foundationv1alpha1.ReasonVolumeNotExpandable,
			"StorageClass %s cannot expand volumes: ask for %s as before, or add a larger volume of another name and move the data",
			*claim.Spec.StorageClassName, capacityOf(claim))
	default:
		return nil
	}
}

// cannotGrow reports whether a volume asks for more than it has, and its StorageClass cannot expand it.
func cannotGrow(m *Model, volume foundationv1alpha1.TeamVolume, claim *corev1.PersistentVolumeClaim) bool {
	return claim.Status.Phase == corev1.ClaimBound && !isExpandable(m, claim) && exceeds(volume.Size.Quantity, claim.Status.Capacity[corev1.ResourceStorage])
}

// releasedNote says which PersistentVolumes keep data of PersistentVolumeClaims that are gone; empty if there are none.
func releasedNote(m *Model) string {
	var notes []string
	for _, entry := range releasedVolumes(m) {
		notes = append(notes, fmt.Sprintf("%s/%s in PersistentVolume %s", entry.Namespace, entry.Name, text.First(entry.PersistentVolumeNames, maxNamedVolumes)))
	}
	if len(notes) == 0 {
		return ""
	}
	return "; without a claim, but kept: " + text.First(notes, maxNamedVolumes)
}

// provisioned reports whether a PersistentVolumeClaim is as large as declared and bound, or will be bound as soon as a pod
// uses it.
func provisioned(m *Model, volume foundationv1alpha1.TeamVolume, claim *corev1.PersistentVolumeClaim) bool {
	switch {
	case claim == nil || !claim.DeletionTimestamp.IsZero():
		return false
	case claim.Status.Phase == corev1.ClaimBound:
		capacity := claim.Status.Capacity[corev1.ResourceStorage]
		return capacity.Cmp(volume.Size.Quantity) >= 0
	case claim.Status.Phase == corev1.ClaimPending && claim.Spec.StorageClassName != nil:
		class := m.StorageClasses[*claim.Spec.StorageClassName]
		return class != nil && class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
	default:
		return false
	}
}

// volumeStatus returns the team's PersistentVolumeClaims, retired ones after the others, and those that are gone last.
func volumeStatus(m *Model) []foundationv1alpha1.TeamVolumeStatus {
	states := map[string]foundationv1alpha1.ResourceState{}
	for _, n := range m.Namespaces {
		states[n.name] = n.state
	}
	var list []foundationv1alpha1.TeamVolumeStatus
	for _, volume := range m.Team.Spec.Volumes {
		key := claimKey(m.Team, volume)
		claim, state := m.Claims[key], states[key.Namespace]
		if claim == nil && state != foundationv1alpha1.ResourceActive && (state == "" || len(ownKept(m, key)) > 0) {
			continue
		}
		if !provisioned(m, volume, claim) && state == foundationv1alpha1.ResourceActive {
			state = foundationv1alpha1.ResourcePending
		}
		list = append(list, foundationv1alpha1.TeamVolumeStatus{Namespace: key.Namespace, Name: key.Name, State: state, Capacity: capacityOf(claim)})
	}
	for _, claim := range m.Volumes {
		if !isDeclared(m, claim) {
			list = append(list, foundationv1alpha1.TeamVolumeStatus{
				Namespace: claim.Namespace, Name: claim.Name, State: foundationv1alpha1.ResourceRetired, Capacity: capacityOf(claim),
			})
		}
	}
	return append(list, releasedVolumes(m)...)
}

// releasedVolumes returns the PersistentVolumeClaims that are gone, and stay so, with the PersistentVolumes that keep their
// data, sorted.
func releasedVolumes(m *Model) []foundationv1alpha1.TeamVolumeStatus {
	active := map[types.NamespacedName]bool{}
	for _, n := range m.Namespaces {
		for _, volume := range volumesIn(m, n) {
			active[claimKey(m.Team, volume)] = true
		}
	}
	var list []foundationv1alpha1.TeamVolumeStatus
	for key := range m.Kept {
		kept := ownKept(m, key)
		if m.Claims[key] != nil || active[key] || len(kept) == 0 {
			continue
		}
		capacity := kept[0].Spec.Capacity[corev1.ResourceStorage]
		list = append(list, foundationv1alpha1.TeamVolumeStatus{
			Namespace: key.Namespace, Name: key.Name, State: foundationv1alpha1.ResourceReleased, Capacity: capacity.String(),
			PersistentVolumeNames: claimData{volumes: kept[:min(len(kept), maxShownKept)]}.names(),
		})
	}
	slices.SortFunc(list, func(a, b foundationv1alpha1.TeamVolumeStatus) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return list[:min(len(list), maxShownReleased)]
}

// ownKept returns the PersistentVolumes with the team's own data that are kept for a PersistentVolumeClaim.
func ownKept(m *Model, key types.NamespacedName) []*corev1.PersistentVolume {
	return slices.DeleteFunc(slices.Clone(m.Kept[key]), func(volume *corev1.PersistentVolume) bool {
		return !m.Owner.Owns(volume) || volume.Status.Phase == corev1.VolumeFailed
	})
}

// capacityOf returns the capacity of a PersistentVolumeClaim; empty while nothing is provisioned.
func capacityOf(claim *corev1.PersistentVolumeClaim) string {
	if claim == nil {
		return ""
	}
	if capacity, ok := claim.Status.Capacity[corev1.ResourceStorage]; ok {
		return capacity.String()
	}
	return ""
}

// declaredStorage returns the sum of the declared volumes' sizes.
func declaredStorage(m *Model) string {
	sum := resource.Quantity{Format: resource.BinarySI}
	for _, volume := range m.Team.Spec.Volumes {
		sum.Add(volume.Size.Quantity)
	}
	return sum.String()
}
