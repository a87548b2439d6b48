package team

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

// maxNamedNamespaces is how many namespaces a message names.
const maxNamedNamespaces = 3

// quotaCondition reports whether the cluster enforces the desired quotas.
func quotaCondition(m *Model, desired Desired, out *Outcome) metav1.Condition {
	const area = foundationv1alpha1.ConditionQuotaReady
	if condition := out.problem(area); condition != nil {
		return *condition
	}
	for _, n := range desired.Namespaces {
		if !m.Hold.None() && !enforced(m.Quotas[n.name], n.hard()) {
			return conditions.False(area, m.Hold.Reason, n.name+": "+m.Hold.Message)
		}
		if !enforced(m.Quotas[n.name], n.hard()) {
			return conditions.False(area, foundationv1alpha1.ReasonProgressing, n.name+": waits until the cluster enforces the new quota")
		}
	}
	if waiting := usedBeyondShare(m); waiting != "" {
		return conditions.False(area, foundationv1alpha1.ReasonGPUsInUse, waiting)
	}
	if len(desired.Namespaces) == 0 {
		return conditions.True(area, nothingReason(m), "no namespaces")
	}
	message := text.Count(len(desired.Namespaces), "namespace")
	var notes []string
	for _, n := range desired.Namespaces {
		for _, note := range quotaNotes(m.Quotas[n.name], n) {
			notes = append(notes, n.name+": "+note)
		}
	}
	if len(notes) > 0 {
		message += "; " + text.AndMore(notes)
	}
	return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, message)
}

// keysOfFinished are the quota keys that count finished objects, with the objects that they count.
var keysOfFinished = []struct {
	key  corev1.ResourceName
	what string
}{
	{countPods, "pods"},
	{"count/jobs.batch", "Jobs"},
}

// quotaNotes says what of an enforced quota a person should know: entries that count nothing, entries of somebody else, and
// that finished work is about to use it up.
func quotaNotes(live *corev1.ResourceQuota, n DesiredNamespace) []string {
	var notes []string
	for _, key := range slices.Sorted(maps.Keys(overridesOf(n.teamNamespace))) {
		if _, counted := live.Status.Used[key]; !counted && n.active() && strings.HasPrefix(string(key), "count/") {
			notes = append(notes, fmt.Sprintf("quota %s counts nothing, the cluster has no such resource: correct it in spec.namespaces, or take it out", key))
		}
	}
	for _, key := range foreignKeys(live, n.hard()) {
		notes = append(notes, fmt.Sprintf("%s in ResourceQuota %s is not the operator's and restricts the team further: take it out if nobody means it", key, live.Name))
	}
	for _, finished := range keysOfFinished {
		hard, used := live.Status.Hard[finished.key], live.Status.Used[finished.key]
		if n.active() && used.Value() > 0 && used.Value() >= hard.Value()/10*9 {
			notes = append(notes, fmt.Sprintf("%d of %d %s, finished ones included: delete finished Jobs, or give Jobs a ttlSecondsAfterFinished",
				used.Value(), hard.Value(), finished.what))
		}
	}
	return notes
}

// foreignKeys returns the entries of a quota that are neither desired nor the operator's own from before.
func foreignKeys(live *corev1.ResourceQuota, hard corev1.ResourceList) []corev1.ResourceName {
	var foreign []corev1.ResourceName
	for _, key := range slices.Sorted(maps.Keys(live.Spec.Hard)) {
		if _, desired := hard[key]; !desired {
			foreign = append(foreign, key)
		}
	}
	if len(foreign) == 0 {
		return nil
	}
	owned, err := corev1ac.ExtractResourceQuota(live, foundationv1alpha1.FieldManager)
	if err != nil || owned.Spec == nil || owned.Spec.Hard == nil {
		return foreign
	}
	return slices.DeleteFunc(foreign, func(key corev1.ResourceName) bool { _, ours := (*owned.Spec.Hard)[key]; return ours })
}

// usedBeyondShare says whose GPUs other namespaces of the team wait for: those that pods in retired namespaces still use, or
// in others more than their share. It is empty if all have what their weight gives them.
func usedBeyondShare(m *Model) string {
	var users, waiting []string
	for _, n := range m.Namespaces {
		share := m.Devices.Shares[n.name]
		var used int64
		if quota := m.Quotas[n.name]; quota != nil {
			used = int64(m.Devices.Used(quota.Status.Used))
		}
		switch {
		case used > share.Weighted && n.state == foundationv1alpha1.ResourceRetired:
			users = append(users, fmt.Sprintf("%d GPUs are still used in %s (retired): end its pods", used, n.name))
		case used > share.Weighted:
			users = append(users, fmt.Sprintf("%d GPUs are used in %s, whose share is %d: end some of its pods", used, n.name, share.Weighted))
		case share.GPUs < share.Weighted:
			waiting = append(waiting, fmt.Sprintf("%s has %d of %d", n.name, share.GPUs, share.Weighted))
		}
	}
	if m.Served != foundationv1alpha1.StateInTerm || len(waiting) == 0 {
		return ""
	}
	return text.First(users, maxNamedNamespaces) + "; until then " + text.First(waiting, maxNamedNamespaces)
}
