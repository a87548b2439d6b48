package team

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

func activeCondition(in Input) metav1.Condition {
	state, message := in.state(), in.life().Message(in.Now)
	reason := string(state)
	if state == foundationv1alpha1.StateInTerm {
		return conditions.True(foundationv1alpha1.ConditionActive, reason, message)
	}
	return conditions.False(foundationv1alpha1.ConditionActive, reason, message)
}

// problem is the condition that tells of an area's first problem, and counts the others; nil if there is none.
func problem(area string, out *Outcome) *metav1.Condition {
	problems := out.Problems[area]
	if len(problems) == 0 {
		return nil
	}
	messages := make([]string, len(problems))
	for i, p := range problems {
		messages[i] = p.Message
	}
	return new(conditions.False(area, problems[0].Reason, text.AndMore(messages)))
}

func namespacesCondition(in Input, desired Desired, out *Outcome) metav1.Condition {
	const area = foundationv1alpha1.ConditionNamespacesReady
	if condition := problem(area, out); condition != nil {
		return *condition
	}
	var open, data, locked, retired int
	for _, p := range desired.Places {
		switch {
		case p.open():
			open++
		case p.accessible():
			data++
		case p.state == foundationv1alpha1.ResourceRetired:
			retired++
		default:
			locked++
		}
	}
	var parts []string
	for _, part := range []struct {
		count int
		what  string
	}{{open, "active"}, {data, "open for data access"}, {locked, "locked"}, {retired, "retired"}} {
		if part.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.count, part.what))
		}
	}
	if len(parts) == 0 {
		return conditions.True(area, nothing(in), "no namespaces")
	}
	return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, strings.Join(parts, ", "))
}

// nothing is why there is nothing to be had of an area.
func nothing(in Input) string {
	if !in.holds() {
		return foundationv1alpha1.ReasonNotActive
	}
	return foundationv1alpha1.ReasonNothingDeclared
}

func quotaCondition(in Input, desired Desired, out *Outcome) metav1.Condition {
	const area = foundationv1alpha1.ConditionQuotaReady
	if condition := problem(area, out); condition != nil {
		return *condition
	}
	for _, p := range desired.Places {
		if !in.Guards.OK() && !enforced(in.Quotas[p.name], *p.Quota.Spec.Hard) {
			return conditions.False(area, in.Guards.Reason, p.name+": "+in.Guards.Message)
		}
		if !enforced(in.Quotas[p.name], *p.Quota.Spec.Hard) {
			return conditions.False(area, foundationv1alpha1.ReasonProgressing, p.name+": waits until the cluster enforces the new quota")
		}
	}
	if len(desired.Places) == 0 {
		return conditions.True(area, nothing(in), "no namespaces")
	}
	return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, text.Count(len(desired.Places), "namespace"))
}

func accessCondition(in Input, out *Outcome) metav1.Condition {
	const area = foundationv1alpha1.ConditionAccessReady
	if condition := problem(area, out); condition != nil {
		return *condition
	}
	staff := in.life().Staff(in.Now)
	if waiting := in.unbound(); waiting > 0 && !in.Guards.OK() {
		return conditions.False(area, in.Guards.Reason,
			fmt.Sprintf("%d of %d staff entries in date wait for access: %s", waiting, len(staff), in.Guards.Message))
	}
	switch {
	case len(staff) == 0 && !in.holds():
		return conditions.True(area, foundationv1alpha1.ReasonNotActive, "nobody has access")
	case len(staff) == 0:
		return conditions.True(area, foundationv1alpha1.ReasonNothingDeclared, "no staff in date: nobody has access")
	case len(out.Problems[foundationv1alpha1.ConditionNamespacesReady])+len(out.Problems[foundationv1alpha1.ConditionQuotaReady]) > 0:
		return conditions.False(area, foundationv1alpha1.ReasonProgressing, "access waits for isolation and quota")
	default:
		return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, fmt.Sprintf("%d of %d staff entries in date", len(staff), len(in.Team.Spec.Staff)))
	}
}

func volumesCondition(in Input, out *Outcome) metav1.Condition {
	const area = foundationv1alpha1.ConditionVolumesReady
	if condition := problem(area, out); condition != nil {
		return *condition
	}
	if !in.holds() {
		return conditions.True(area, foundationv1alpha1.ReasonNotActive, text.Count(len(in.Volumes), "volume")+" kept")
	}
	if len(in.Team.Spec.Volumes) == 0 {
		return conditions.True(area, foundationv1alpha1.ReasonNothingDeclared, "no volumes")
	}
	live := map[string]*corev1.PersistentVolumeClaim{}
	for _, claim := range in.Volumes {
		live[claim.Namespace+"/"+claim.Name] = claim
	}
	var pending []string
	for _, volume := range in.Team.Spec.Volumes {
		claim := live[foundationv1alpha1.NamespaceName(in.Team.Name, volume.Namespace)+"/"+volume.Name]
		if claim == nil && !in.hasClass(volume) {
			return conditions.False(area, foundationv1alpha1.ReasonStorageClassNotFound,
				fmt.Sprintf("%s: StorageClass %s does not exist: create it, or take the volume out of spec.volumes and add it again with another class", volume.Name, *volume.StorageClassName))
		}
		if claim != nil && claim.Status.Phase == corev1.ClaimLost {
			return conditions.False(area, foundationv1alpha1.ReasonVolumeLost,
				volume.Name+": its PersistentVolume is gone: restore it, or take the volume out of spec.volumes and add one of another name")
		}
		if !in.provisioned(volume, claim) {
			pending = append(pending, volume.Name)
		}
	}
	if len(pending) > 0 && !in.Guards.OK() {
		return conditions.False(area, in.Guards.Reason,
			fmt.Sprintf("%d of %d volumes wait: %s", len(pending), len(in.Team.Spec.Volumes), in.Guards.Message))
	}
	if len(pending) > 0 {
		return conditions.False(area, foundationv1alpha1.ReasonVolumesPending,
			fmt.Sprintf("%d of %d volumes wait for storage: %s", len(pending), len(in.Team.Spec.Volumes), strings.Join(pending, ", ")))
	}
	return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, text.Count(len(in.Team.Spec.Volumes), "volume"))
}

// provisioned says whether a claim is as large as declared and bound, or will be as soon as a pod uses it.
func (in Input) provisioned(volume foundationv1alpha1.TeamVolume, claim *corev1.PersistentVolumeClaim) bool {
	switch {
	case claim == nil || !claim.DeletionTimestamp.IsZero():
		return false
	case claim.Status.Phase == corev1.ClaimBound:
		capacity := claim.Status.Capacity[corev1.ResourceStorage]
		return capacity.Cmp(volume.Size) >= 0
	case claim.Status.Phase == corev1.ClaimPending && claim.Spec.StorageClassName != nil:
		class := in.StorageClasses[*claim.Spec.StorageClassName]
		return class != nil && class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
	default:
		return false
	}
}

func (in Input) when(t *metav1.Time) string { return in.life().When(t.Time) }
