package team

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// podSecurity enforces the restricted Pod Security Standard.
var podSecurity = map[string]string{
	"pod-security.kubernetes.io/enforce":         "restricted",
	"pod-security.kubernetes.io/enforce-version": "latest",
	"pod-security.kubernetes.io/warn":            "restricted",
	"pod-security.kubernetes.io/warn-version":    "latest",
	"pod-security.kubernetes.io/audit":           "restricted",
	"pod-security.kubernetes.io/audit-version":   "latest",
}

func buildNamespace(m *Model, n teamNamespace) *corev1ac.NamespaceApplyConfiguration {
	labels, annotations := m.ownerMetadata()
	namespace := corev1ac.Namespace(n.name).WithLabels(labels).WithLabels(podSecurity).WithAnnotations(annotations)
	if classes := claimableClasses(m, n); len(classes) > 0 {
		namespace.WithAnnotations(map[string]string{foundationv1alpha1.AnnotationDeviceClasses: strings.Join(classes, ",")})
	}
	if limits := defaultLimits(n); len(limits) > 0 {
		namespace.WithAnnotations(map[string]string{foundationv1alpha1.AnnotationDefaultLimits: strings.Join(limits, ",")})
	}
	if staff := delegatesIn(m, n); len(staff) > 0 {
		namespace.WithAnnotations(map[string]string{foundationv1alpha1.AnnotationStaff: strings.Join(staff, "\n")})
	}
	if !n.accessible() {
		namespace.WithLabels(map[string]string{foundationv1alpha1.LabelLocked: "true"})
	}
	if n.state == foundationv1alpha1.ResourceRetired {
		namespace.WithLabels(map[string]string{foundationv1alpha1.LabelRetired: "true"})
	}
	return namespace
}

// defaultLimits returns the resources of which the namespace's quota counts limits: the API server refuses containers that
// set none, so the policy foundation-pod-defaults gives them one.
func defaultLimits(n teamNamespace) []string {
	var limits []string
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		if _, counted := overridesOf(n)["limits."+name]; counted {
			limits = append(limits, string(name))
		}
	}
	return limits
}

// claimableClasses returns the DeviceClasses for which ResourceClaims may be created in a namespace now.
func claimableClasses(m *Model, n teamNamespace) []string {
	quota := m.Quotas[n.name]
	if m.Served != foundationv1alpha1.StateInTerm || quota == nil {
		return nil
	}
	return m.Devices.ClaimableClasses(n.name, quota.Status.Hard)
}
