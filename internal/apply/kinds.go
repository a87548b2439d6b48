package apply

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Object is a typed apply configuration: what the operator wants an object to be.
type Object interface {
	IsApplyConfiguration()
	GetKind() *string
	GetAPIVersion() *string
	GetName() *string
	GetNamespace() *string
}

// kind knows how to read objects of a kind and which of their fields the operator owns.
type kind struct {
	newObject func() client.Object
	owned     func(client.Object) (Object, error)
}

// kinds are the kinds that the operator applies.
var kinds = map[string]kind{
	"Namespace":             kindOf(func() *corev1.Namespace { return &corev1.Namespace{} }, corev1ac.ExtractNamespace),
	"ResourceQuota":         kindOf(func() *corev1.ResourceQuota { return &corev1.ResourceQuota{} }, corev1ac.ExtractResourceQuota),
	"LimitRange":            kindOf(func() *corev1.LimitRange { return &corev1.LimitRange{} }, corev1ac.ExtractLimitRange),
	"PersistentVolumeClaim": kindOf(func() *corev1.PersistentVolumeClaim { return &corev1.PersistentVolumeClaim{} }, corev1ac.ExtractPersistentVolumeClaim),
	"NetworkPolicy":         kindOf(func() *networkingv1.NetworkPolicy { return &networkingv1.NetworkPolicy{} }, networkingv1ac.ExtractNetworkPolicy),
	"RoleBinding":           kindOf(func() *rbacv1.RoleBinding { return &rbacv1.RoleBinding{} }, rbacv1ac.ExtractRoleBinding),
	"ClusterRole":           kindOf(func() *rbacv1.ClusterRole { return &rbacv1.ClusterRole{} }, rbacv1ac.ExtractClusterRole),
	"ClusterRoleBinding":    kindOf(func() *rbacv1.ClusterRoleBinding { return &rbacv1.ClusterRoleBinding{} }, rbacv1ac.ExtractClusterRoleBinding),
}

// kindOf adapts a generated ExtractX function, which takes and returns the kind's own types.
func kindOf[T client.Object, C Object](newObject func() T, extract func(T, string) (C, error)) kind {
	return kind{
		newObject: func() client.Object { return newObject() },
		owned: func(live client.Object) (Object, error) {
			typed, ok := live.(T)
			if !ok {
				return nil, fmt.Errorf("extract %T: not of the expected kind", live)
			}
			return extract(typed, foundationv1alpha1.FieldManager)
		},
	}
}
