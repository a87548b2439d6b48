package team

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// What counts as closed keeps nobody from finalizing a team, so a forged lock label must not close what gives access.
func TestIsOpen(t *testing.T) {
	locked := metav1.ObjectMeta{Labels: map[string]string{foundationv1alpha1.LabelLocked: "true"}}
	tests := map[string]struct {
		obj  client.Object
		want bool
	}{
		"a namespace":                          {&corev1.Namespace{}, true},
		"a locked namespace":                   {&corev1.Namespace{ObjectMeta: locked}, false},
		"a role binding":                       {&rbacv1.RoleBinding{}, true},
		"a role binding with the lock label":   {&rbacv1.RoleBinding{ObjectMeta: locked}, true},
		"a cluster-wide binding with the same": {&rbacv1.ClusterRoleBinding{ObjectMeta: locked}, true},
		"a quota, which gives no access":       {&corev1.ResourceQuota{}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := isOpen(apply.KindOf(tt.obj), tt.obj); got != tt.want {
				t.Errorf("isOpen = %t, want %t", got, tt.want)
			}
		})
	}
}
