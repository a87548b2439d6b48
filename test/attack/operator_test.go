package attack

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/yaml"
)

// Whoever takes over the operator has these rights and no others. test/e2e shows that the operator needs each of them.
func TestTheOperatorsRights(t *testing.T) {
	t.Parallel()
	g := gomega.NewWithT(t)
	roles := slices.Concat(manifests[rbacv1.ClusterRole](t, "rbac", "ClusterRole"), manifests[rbacv1.ClusterRole](t, "rbac/team", "ClusterRole"))
	binds := sets.New[string]()
	staff := sets.New[string]()
	for _, role := range slices.Concat(roles, manifests[rbacv1.ClusterRole](t, "rbac", "Role")) { // a Role has the same rules
		if strings.HasPrefix(role.Name, "foundation-team-") {
			staff.Insert(role.Name)
		}
		g.Expect(role.AggregationRule).To(gomega.BeNil(), role.Name)
		for _, rule := range role.Rules {
			g.Expect(rule.NonResourceURLs).To(gomega.BeEmpty(), role.Name)
			for _, name := range slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs) {
				g.Expect(name).NotTo(gomega.ContainSubstring("*"), role.Name)
				g.Expect(name).NotTo(gomega.BeElementOf("escalate", "impersonate", "approve", "sign"), role.Name)
			}
			if slices.Contains(rule.Verbs, "bind") {
				g.Expect(role.Name).To(gomega.Equal("foundation-operator"))
				if slices.Equal(rule.Resources, []string{"roles"}) {
					continue // the policy foundation-operator limits it to bindings that staff made
				}
				g.Expect(rule.Resources).To(gomega.Equal([]string{"clusterroles"}))
				g.Expect(rule.ResourceNames).NotTo(gomega.BeEmpty(), "without names any ClusterRole can be bound")
				binds.Insert(rule.ResourceNames...)
			}
			if strings.HasPrefix(role.Name, "foundation-operator") {
				for _, resource := range rule.Resources {
					g.Expect(resource).NotTo(gomega.BeElementOf(
						"secrets", "configmaps", "serviceaccounts", "serviceaccounts/token", "pods/exec", "pods/attach",
						"pods/proxy", "services/proxy", "nodes/proxy", "certificatesigningrequests",
					), role.Name)
				}
			}
		}
	}
	g.Expect(staff).To(gomega.HaveLen(5))
	g.Expect(binds).To(gomega.Equal(staff), "the operator binds what staff have, and nothing else")

	for _, binding := range slices.Concat(
		manifests[rbacv1.ClusterRoleBinding](t, "rbac", "ClusterRoleBinding"), manifests[rbacv1.ClusterRoleBinding](t, "rbac", "RoleBinding"),
	) {
		g.Expect(binding.Subjects).To(gomega.Equal([]rbacv1.Subject{
			{Kind: "ServiceAccount", Name: "foundation-operator", Namespace: "foundation-system"},
		}), binding.Name)
		g.Expect(binding.RoleRef.Name).To(gomega.HavePrefix("foundation-operator"), binding.Name)
	}
}

// The namespace enforces the restricted level; this checks what goes beyond it.
func TestTheManagersPodIsConfined(t *testing.T) {
	t.Parallel()
	g := gomega.NewWithT(t)
	pod := managersPod(t).Spec
	g.Expect(pod.HostNetwork || pod.HostPID || pod.HostIPC).To(gomega.BeFalse())
	g.Expect(pod.Volumes).To(gomega.BeEmpty(), "nothing is mounted but the token of its ServiceAccount")
	g.Expect(pod.ServiceAccountName).To(gomega.Equal("foundation-operator"))
	g.Expect(pod.SecurityContext.RunAsNonRoot).To(gomega.HaveValue(gomega.BeTrue()))
	g.Expect(pod.SecurityContext.SeccompProfile.Type).To(gomega.Equal(corev1.SeccompProfileTypeRuntimeDefault))
	g.Expect(slices.Concat(pod.InitContainers, pod.Containers)).To(gomega.HaveLen(1))
	container := pod.Containers[0]
	g.Expect(container.SecurityContext).To(gomega.Equal(&corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false),
		ReadOnlyRootFilesystem:   new(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}), "nothing else, such as another user or privileges")
	g.Expect(container.EnvFrom).To(gomega.BeEmpty())
	for _, variable := range container.Env {
		g.Expect(variable.ValueFrom == nil || variable.ValueFrom.SecretKeyRef == nil).To(gomega.BeTrue(), variable.Name)
	}
	for _, port := range container.Ports {
		g.Expect(port.HostPort).To(gomega.BeZero(), port.Name)
	}
	g.Expect(container.Command).To(gomega.BeEmpty(), "the image has no shell")

	for _, account := range manifests[corev1.ServiceAccount](t, "rbac", "ServiceAccount") {
		g.Expect(account.AutomountServiceAccountToken).To(gomega.HaveValue(gomega.BeFalse()), "other pods of the namespace do not get the token by mistake")
	}
}

// Objects that others make grow its caches: the Go runtime knows the limit and collects before the kernel kills it.
func TestTheManagersMemoryHasALimit(t *testing.T) {
	t.Parallel()
	g := gomega.NewWithT(t)
	container := managersPod(t).Spec.Containers[0]
	limit := container.Resources.Limits.Memory().Value()
	g.Expect(limit).To(gomega.BeNumerically(">", 0))
	i := slices.IndexFunc(container.Env, func(variable corev1.EnvVar) bool { return variable.Name == "GOMEMLIMIT" })
	g.Expect(i).NotTo(gomega.Equal(-1))
	soft, err := resource.ParseQuantity(strings.TrimSuffix(container.Env[i].Value, "B"))
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(float64(soft.Value()) / float64(limit)).To(gomega.BeNumerically("~", 0.9, 0.01))
}

// managersPod is a pod as the operator's Deployment creates it.
func managersPod(t *testing.T) *corev1.Pod {
	t.Helper()
	deployments := manifests[appsv1.Deployment](t, "manager", "Deployment")
	gomega.NewWithT(t).Expect(deployments).To(gomega.HaveLen(1))
	template := deployments[0].Spec.Template
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Name, pod.Namespace = "manager", deployments[0].Namespace
	return pod
}

// manifests are the objects of a kind that a folder of config/ makes.
func manifests[T any](t *testing.T, folder, kind string) []T {
	t.Helper()
	g := gomega.NewWithT(t)
	built, err := kubectl(t.Context(), "kustomize", filepath.Join(configDir, folder))
	g.Expect(err).NotTo(gomega.HaveOccurred())
	var found []T
	for document := range strings.SplitSeq(built, "\n---\n") {
		if strings.Contains("\n"+document, "\nkind: "+kind+"\n") {
			var object T
			g.Expect(yaml.UnmarshalStrict([]byte(document), &object)).To(gomega.Succeed())
			found = append(found, object)
		}
	}
	g.Expect(found).NotTo(gomega.BeEmpty(), "%s has no %s", folder, kind)
	return found
}
