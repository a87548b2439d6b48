package team

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
	"foundation.team/operator/internal/timing"
)

// BuildStatus is a team's status: what it has, what is missing, and why. Finalized is nil unless the team is deleted, or its
// data is.
func BuildStatus(in Input, desired Desired, out *Outcome, tornDown *metav1.Condition) foundationv1alpha1.FoundationTeamStatus {
	staff := in.life().Staff(in.Now)
	status := foundationv1alpha1.FoundationTeamStatus{
		ObservedGeneration:  in.Team.Generation,
		State:               in.state(),
		StateTransitionTime: timing.Meta(in.life().StateSince(in.Now)),
		Program:             programStatus(in),
		Retention:           retentionStatus(in),
		Budget:              budgetStatus(in),
		History:             shown(in.Record),
		FormerUIDs:          in.Team.Status.FormerUIDs,
		NextTransitionTime:  timing.Meta(in.life().NextTransition(in.Now)),
		GPUs:                gpuStatus(in),
		Storage:             storage(in),
		Staff: &foundationv1alpha1.TeamStaffStatus{
			Active:         int32(len(staff)),
			NextExpiryTime: timing.Meta(lifecycle.NextStaffExpiry(staff)),
			Expiring:       lifecycle.Expiring(staff, in.Now),
		},
		Namespaces: namespaceStatus(in, desired, out),
		Volumes:    volumeStatus(in, desired),
	}
	areas := []metav1.Condition{
		activeCondition(in),
		in.Guards.Condition(),
		namespacesCondition(in, desired, out),
		quotaCondition(in, desired, out),
		accessCondition(in, out),
		volumesCondition(in, out),
		gpusCondition(in),
	}
	if in.Program != nil {
		areas = append(areas, ceilingsCondition(in))
	}
	ready := conditions.Ready(summary(in), areas...)
	if tornDown != nil {
		areas = append(areas, *tornDown)
	}
	if tornDown != nil && !in.Team.DeletionTimestamp.IsZero() {
		ready = conditions.False(foundationv1alpha1.ConditionReady, tornDown.Reason, tornDown.Message)
	}
	current := append([]metav1.Condition{ready}, areas...)
	// What is missing later is no reason not to be Ready today.
	current = append(current, awardsFitCondition(in))
	current = append(current, progress(areas)...)
	status.Conditions = conditions.Merge(in.Team.Status.Conditions, current, in.Team.Generation, in.Now)
	return status
}

// progress is Stalled where only a human can help, and Reconciling where something is on its way.
func progress(areas []metav1.Condition) []metav1.Condition {
	if stalled := conditions.Stalled(areas...); stalled != nil {
		return []metav1.Condition{*stalled}
	}
	for _, area := range areas {
		if area.Status != metav1.ConditionTrue && moving(area.Reason) {
			return []metav1.Condition{conditions.True(foundationv1alpha1.ConditionReconciling, area.Reason, area.Message)}
		}
	}
	return nil
}

func moving(reason string) bool {
	switch reason {
	case foundationv1alpha1.ReasonProgressing, foundationv1alpha1.ReasonPoliciesSettling, foundationv1alpha1.ReasonApplyFailed, foundationv1alpha1.ReasonTerminating,
		foundationv1alpha1.ReasonVolumesPending, foundationv1alpha1.ReasonNodesNotReady,
		foundationv1alpha1.ReasonWaitingForGPUs, foundationv1alpha1.ReasonWaitingForNamespaces:
		return true
	default:
		return false
	}
}

// summary is the message of a team that has all that it asked for.
func summary(in Input) string {
	gpus := "no GPUs awarded"
	if status := gpuStatus(in); status.Requested > 0 {
		gpus = fmt.Sprintf("%d GPUs", status.Granted)
	}
	sum := noted(in, gpus+", "+text.Count(len(in.Team.Spec.Namespaces), "namespace"))
	if fit := awardsFitCondition(in); fit.Status != metav1.ConditionTrue {
		sum += "; later: " + fit.Message
	}
	return sum
}

func storage(in Input) string {
	sum := resource.Quantity{Format: resource.BinarySI}
	for _, volume := range in.Team.Spec.Volumes {
		sum.Add(volume.Size)
	}
	return sum.String()
}

func namespaceStatus(in Input, desired Desired, out *Outcome) []foundationv1alpha1.TeamNamespaceStatus {
	var list []foundationv1alpha1.TeamNamespaceStatus
	for _, p := range desired.Places {
		entry := foundationv1alpha1.TeamNamespaceStatus{Name: p.name, State: p.state}
		live := in.Namespaces[p.name]
		switch {
		case live != nil && !in.owner().CanAdopt(live):
			entry.State = foundationv1alpha1.ResourceConflict
		case live == nil, out.has(foundationv1alpha1.ConditionNamespacesReady, p.name) && p.open():
			entry.State = foundationv1alpha1.ResourcePending
		}
		if quota := in.Quotas[p.name]; quota != nil {
			entry.Granted = in.gpusOf(quota.Spec.Hard)
			entry.Used = in.usedOf(quota.Status.Used)
		}
		list = append(list, entry)
	}
	return list
}

func volumeStatus(in Input, desired Desired) []foundationv1alpha1.TeamVolumeStatus {
	states := map[string]foundationv1alpha1.ResourceState{}
	for _, p := range desired.Places {
		states[p.name] = p.state
	}
	live := map[string]*corev1.PersistentVolumeClaim{}
	for _, claim := range in.Volumes {
		live[claim.Namespace+"/"+claim.Name] = claim
	}
	var list []foundationv1alpha1.TeamVolumeStatus
	for _, volume := range in.Team.Spec.Volumes {
		namespace := foundationv1alpha1.NamespaceName(in.Team.Name, volume.Namespace)
		entry := foundationv1alpha1.TeamVolumeStatus{Namespace: namespace, Name: volume.Name, State: states[namespace]}
		claim := live[namespace+"/"+volume.Name]
		delete(live, namespace+"/"+volume.Name)
		if claim == nil && entry.State == "" {
			continue
		}
		if !in.provisioned(volume, claim) && entry.State == foundationv1alpha1.ResourceActive {
			entry.State = foundationv1alpha1.ResourcePending
		}
		entry.Capacity = capacityOf(claim)
		list = append(list, entry)
	}
	for _, claim := range in.Volumes {
		if live[claim.Namespace+"/"+claim.Name] != nil {
			list = append(list, foundationv1alpha1.TeamVolumeStatus{
				Namespace: claim.Namespace, Name: claim.Name, State: foundationv1alpha1.ResourceRetired, Capacity: capacityOf(claim),
			})
		}
	}
	return list
}

func capacityOf(claim *corev1.PersistentVolumeClaim) string {
	if claim == nil {
		return ""
	}
	if capacity, ok := claim.Status.Capacity[corev1.ResourceStorage]; ok {
		return capacity.String()
	}
	return ""
}
