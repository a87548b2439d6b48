package team

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

// volumesCondition reports whether the PersistentVolumeClaims are bound and as large as declared.
func volumesCondition(m *Model, out *Outcome) metav1.Condition {
	const area = foundationv1alpha1.ConditionVolumesReady
	if condition := out.problem(area); condition != nil {
		return *condition
	}
	if !m.State.HoldsAwards() {
		return conditions.True(area, foundationv1alpha1.ReasonNotActive, text.Count(len(m.Volumes), "volume")+" kept")
	}
	if len(m.Team.Spec.Volumes) == 0 {
		return conditions.True(area, foundationv1alpha1.ReasonNothingDeclared, "no volumes")
	}
	live := map[string]*corev1.PersistentVolumeClaim{}
	for _, claim := range m.Volumes {
		live[claim.Namespace+"/"+claim.Name] = claim
	}
	var pending []string
	for _, volume := range m.Team.Spec.Volumes {
		claim := live[foundationv1alpha1.NamespaceName(m.Team.Name, volume.Namespace)+"/"+volume.Name]
		if claim == nil && !hasClass(m, volume) {
			return conditions.False(area, foundationv1alpha1.ReasonStorageClassNotFound,
				fmt.Sprintf("%s: StorageClass %s does not exist: create it, or take the volume out of spec.volumes and add it again with another class", volume.Name, *volume.StorageClassName))
		}
		if claim != nil && claim.Status.Phase == corev1.ClaimLost {
			return conditions.False(area, foundationv1alpha1.ReasonVolumeLost,
				volume.Name+": its PersistentVolume is gone: restore it, or take the volume out of spec.volumes and add one of another name")
		}
		if !provisioned(m, volume, claim) {
			pending = append(pending, volume.Name)
		}
	}
	if len(pending) > 0 && !m.Guards.OK() {
		return conditions.False(area, m.Guards.Reason,
			fmt.Sprintf("%d of %d volumes wait: %s", len(pending), len(m.Team.Spec.Volumes), m.Guards.Message))
	}
	if len(pending) > 0 {
		return conditions.False(area, foundationv1alpha1.ReasonVolumesPending,
			fmt.Sprintf("%d of %d volumes wait for storage: %s", len(pending), len(m.Team.Spec.Volumes), strings.Join(pending, ", ")))
	}
	return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, text.Count(len(m.Team.Spec.Volumes), "volume"))
}

// provisioned reports whether a PersistentVolumeClaim is as large as declared and bound, or will be bound as soon as a pod
// uses it.
func provisioned(m *Model, volume foundationv1alpha1.TeamVolume, claim *corev1.PersistentVolumeClaim) bool {
	switch {
	case claim == nil || !claim.DeletionTimestamp.IsZero():
		return false
	case claim.Status.Phase == corev1.ClaimBound:
		capacity := claim.Status.Capacity[corev1.ResourceStorage]
		return capacity.Cmp(volume.Size) >= 0
	case claim.Status.Phase == corev1.ClaimPending && claim.Spec.StorageClassName != nil:
		class := m.StorageClasses[*claim.Spec.StorageClassName]
		return class != nil && class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
	default:
		return false
	}
}

// volumeStatus returns the team's PersistentVolumeClaims, retired ones last.
func volumeStatus(m *Model) []foundationv1alpha1.TeamVolumeStatus {
	states := map[string]foundationv1alpha1.ResourceState{}
	for _, n := range m.Namespaces {
		states[n.name] = n.state
	}
	live := map[string]*corev1.PersistentVolumeClaim{}
	for _, claim := range m.Volumes {
		live[claim.Namespace+"/"+claim.Name] = claim
	}
	var list []foundationv1alpha1.TeamVolumeStatus
	for _, volume := range m.Team.Spec.Volumes {
		namespace := foundationv1alpha1.NamespaceName(m.Team.Name, volume.Namespace)
		entry := foundationv1alpha1.TeamVolumeStatus{Namespace: namespace, Name: volume.Name, State: states[namespace]}
		claim := live[namespace+"/"+volume.Name]
		delete(live, namespace+"/"+volume.Name)
		if claim == nil && entry.State == "" {
			continue
		}
		if !provisioned(m, volume, claim) && entry.State == foundationv1alpha1.ResourceActive {
			entry.State = foundationv1alpha1.ResourcePending
		}
		entry.Capacity = capacityOf(claim)
		list = append(list, entry)
	}
	for _, claim := range m.Volumes {
		if live[claim.Namespace+"/"+claim.Name] != nil {
			list = append(list, foundationv1alpha1.TeamVolumeStatus{
				Namespace: claim.Namespace, Name: claim.Name, State: foundationv1alpha1.ResourceRetired, Capacity: capacityOf(claim),
			})
		}
	}
	return list
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
		sum.Add(volume.Size)
	}
	return sum.String()
}
