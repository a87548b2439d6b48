package team

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// kindOf is the kind of an object that was read through a typed list, which leaves TypeMeta empty.
func kindOf(obj client.Object) string {
	switch obj.(type) {
	case *corev1.ResourceQuota:
		return "ResourceQuota"
	case *corev1.LimitRange:
		return "LimitRange"
	case *networkingv1.NetworkPolicy:
		return "NetworkPolicy"
	case *rbacv1.RoleBinding:
		return "RoleBinding"
	case *rbacv1.ClusterRole:
		return "ClusterRole"
	case *rbacv1.ClusterRoleBinding:
		return "ClusterRoleBinding"
	default:
		return ""
	}
}

func isAccess(kind string) bool {
	return kind == "RoleBinding" || kind == "ClusterRole" || kind == "ClusterRoleBinding"
}
