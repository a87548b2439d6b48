package team

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

const dnsPort = 53

// buildNetworkPolicies builds policies that deny all traffic, and allow traffic between the team's own namespaces and DNS.
func buildNetworkPolicies(m *Model, n teamNamespace) []apply.Object {
	policy := func(name string, spec *networkingv1ac.NetworkPolicySpecApplyConfiguration) apply.Object {
		labels, annotations := m.ownerMetadata()
		return networkingv1ac.NetworkPolicy(name, n.name).WithLabels(labels).WithAnnotations(annotations).
			WithSpec(spec.WithPodSelector(metav1ac.LabelSelector()))
	}
	spec := networkingv1ac.NetworkPolicySpec
	ownTeam := networkingv1ac.NetworkPolicyPeer().WithNamespaceSelector(
		metav1ac.LabelSelector().WithMatchLabels(map[string]string{foundationv1alpha1.LabelTeam: m.Team.Name}))
	dns := networkingv1ac.NetworkPolicyPeer().
		WithNamespaceSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{corev1.LabelMetadataName: "kube-system"})).
		WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{"k8s-app": "kube-dns"}))
	port := func(protocol corev1.Protocol) *networkingv1ac.NetworkPolicyPortApplyConfiguration {
		return networkingv1ac.NetworkPolicyPort().WithProtocol(protocol).WithPort(intstr.FromInt32(dnsPort))
	}
	return []apply.Object{
		policy(objectName+"-default-deny", spec().
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)),
		policy(objectName+"-allow-same-team", spec().
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
			WithIngress(networkingv1ac.NetworkPolicyIngressRule().WithFrom(ownTeam)).
			WithEgress(networkingv1ac.NetworkPolicyEgressRule().WithTo(ownTeam))),
		policy(objectName+"-allow-dns", spec().
			WithPolicyTypes(networkingv1.PolicyTypeEgress).
			WithEgress(networkingv1ac.NetworkPolicyEgressRule().WithTo(dns).
				WithPorts(port(corev1.ProtocolUDP), port(corev1.ProtocolTCP)))),
	}
}
