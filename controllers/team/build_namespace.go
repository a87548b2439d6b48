package team

import (
	"strings"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// podSecurity holds a team's pods to the restricted Pod Security Standard.
// See https://kubernetes.io/docs/concepts/security/pod-security-standards/.
var podSecurity = map[string]string{
	"pod-security.kubernetes.io/enforce":         "restricted",
	"pod-security.kubernetes.io/enforce-version": "latest",
	"pod-security.kubernetes.io/warn":            "restricted",
	"pod-security.kubernetes.io/warn-version":    "latest",
	"pod-security.kubernetes.io/audit":           "restricted",
	"pod-security.kubernetes.io/audit-version":   "latest",
}

func buildNamespace(in Input, p place, shares map[string]share) *corev1ac.NamespaceApplyConfiguration {
	labels, annotations := marks(in)
	namespace := corev1ac.Namespace(p.name).WithLabels(labels).WithLabels(podSecurity).WithAnnotations(annotations)
	if classes := in.claimable(p, shares[p.name]); classes != "" {
		namespace.WithAnnotations(map[string]string{foundationv1alpha1.AnnotationDeviceClasses: classes})
	}
	if staff := in.delegates(p); len(staff) > 0 {
		namespace.WithAnnotations(map[string]string{foundationv1alpha1.AnnotationStaff: strings.Join(staff, "\n")})
	}
	if !p.accessible() {
		namespace.WithLabels(map[string]string{foundationv1alpha1.LabelLocked: "true"})
	}
	if p.state == foundationv1alpha1.ResourceRetired {
		namespace.WithLabels(map[string]string{foundationv1alpha1.LabelRetired: "true"})
	}
	return namespace
}
