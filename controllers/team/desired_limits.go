package team

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// buildLimitRange gives containers without requests small default ones, and default limits where the namespace's quota
// counts limits: a quota rejects pods that do not set what it counts.
func buildLimitRange(m *Model, n teamNamespace) *corev1ac.LimitRangeApplyConfiguration {
	item := corev1ac.LimitRangeItem().WithType(corev1.LimitTypeContainer).WithDefaultRequest(defaultRequests)
	limits := corev1.ResourceList{}
	for name, quantity := range defaultRequests {
		if _, counted := overridesOf(n)["limits."+name]; counted {
			limits[name] = quantity
		}
	}
	if len(limits) > 0 {
		item.WithDefault(limits)
	}
	labels, annotations := m.ownerMetadata()
	return corev1ac.LimitRange(objectName, n.name).WithLabels(labels).WithAnnotations(annotations).
		WithSpec(corev1ac.LimitRangeSpec().WithLimits(item))
}

// defaultRequests are those of a container that sets none.
var defaultRequests = corev1.ResourceList{
	corev1.ResourceCPU:              resource.MustParse("500m"),
	corev1.ResourceMemory:           resource.MustParse("1Gi"),
	corev1.ResourceEphemeralStorage: resource.MustParse("1Gi"),
}

// overridesOf returns the quota entries that the spec sets for a namespace.
func overridesOf(n teamNamespace) corev1.ResourceList {
	if n.spec == nil {
		return nil
	}
	return foundationv1alpha1.ResourceList(n.spec.Quota)
}
