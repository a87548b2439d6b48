package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/look"
	"foundation.team/operator/test/support/manifest"
)

// poolOf labels nodes of the lab that no spec has had, and makes a GPUPool of them. extra is YAML for its spec.
func poolOf(ctx context.Context, name string, nodes int, extra ...string) {
	GinkgoHelper()
	var list corev1.NodeList
	Expect(k8s.List(ctx, &list, client.HasLabels{cluster.ModelLabel})).To(Succeed())
	free := slices.DeleteFunc(list.Items, func(n corev1.Node) bool { return n.Labels[manifest.PoolLabel] != "" })
	Expect(len(free)).To(BeNumerically(">=", nodes), "raise gpuNodes: the specs need more nodes than the lab has")
	for i := range free[:nodes] {
		before := free[i].DeepCopy()
		free[i].Labels[manifest.PoolLabel] = name
		Expect(k8s.Patch(ctx, &free[i], client.MergeFrom(before))).To(Succeed())
	}
	apply(ctx, manifest.StaticPool(name, extra...))
	DeferCleanup(func(ctx SpecContext) {
		// No node is used twice, so nobody waits for the pool to go.
		Expect(client.IgnoreNotFound(k8s.Delete(ctx, &foundationv1alpha1.GPUPool{ObjectMeta: metav1.ObjectMeta{Name: name}}))).To(Succeed())
	})
}

// teamOf makes, or changes, a FoundationTeam. lines are YAML for its spec.
func teamOf(ctx context.Context, name string, lines ...string) {
	GinkgoHelper()
	apply(ctx, manifest.Team(name, lines...))
	DeferCleanup(func(ctx SpecContext) {
		for _, pod := range pods(ctx, Default, name) {
			Expect(client.IgnoreNotFound(k8s.Delete(ctx, &pod, client.GracePeriodSeconds(0)))).To(Succeed())
		}
		Expect(client.IgnoreNotFound(k8s.Delete(ctx, &foundationv1alpha1.FoundationTeam{ObjectMeta: metav1.ObjectMeta{Name: name}}))).To(Succeed())
	})
}

// apply applies a manifest as an admin does.
func apply(ctx context.Context, yaml string) {
	GinkgoHelper()
	_, err := lab.Kubectl(ctx, "apply", "--server-side", "--force-conflicts", "-f", writeFile(yaml))
	Expect(err).NotTo(HaveOccurred(), yaml)
}

func writeFile(content string) string {
	GinkgoHelper()
	path := filepath.Join(GinkgoT().TempDir(), "manifest.yaml")
	Expect(os.WriteFile(path, []byte(content), 0o600)).To(Succeed())
	return path
}

func mustKubectl(ctx context.Context, args ...string) string {
	GinkgoHelper()
	output, err := lab.Kubectl(ctx, args...)
	Expect(err).NotTo(HaveOccurred(), "kubectl %s", strings.Join(args, " "))
	return output
}

// as is kubectl in the hands of a person.
func as(user string, groups ...string) func(ctx context.Context, args ...string) (string, error) {
	return func(ctx context.Context, args ...string) (string, error) {
		kubeconfig, err := lab.KubeconfigFor(user, groups...)
		if err != nil {
			return "", err
		}
		return lab.KubectlAs(ctx, kubeconfig, args...)
	}
}

// may asks the API server what a person may do, see look.May.
func may(ctx context.Context, user, verb, resource, namespace string) bool {
	GinkgoHelper()
	return look.May(ctx, Default, k8s, user, verb, resource, namespace)
}

func getTeam(ctx context.Context, g Gomega, name string) *foundationv1alpha1.FoundationTeam {
	GinkgoHelper()
	return look.Team(ctx, g, k8s, name)
}

func getPool(ctx context.Context, g Gomega, name string) *foundationv1alpha1.GPUPool {
	GinkgoHelper()
	return look.Pool(ctx, g, k8s, name)
}

func get[T client.Object](ctx context.Context, g Gomega, obj T, namespace, name string) T {
	GinkgoHelper()
	return look.Get(ctx, g, k8s, obj, namespace, name)
}

// eventuallyReady waits until a team's status is about its newest spec and Ready.
func eventuallyReady(ctx context.Context, names ...string) {
	GinkgoHelper()
	for _, name := range names {
		Eventually(func(g Gomega) { look.ExpectReady(g, getTeam(ctx, g, name)) }).WithContext(ctx).Should(Succeed())
	}
}

// eventuallyCondition waits until a team's condition has a reason and a message.
func eventuallyCondition(ctx context.Context, name, conditionType, reason, message string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		look.ExpectCondition(g, getTeam(ctx, g, name), conditionType, reason, message)
	}).WithContext(ctx).Should(Succeed())
}

func nodesOf(ctx context.Context, g Gomega, team string) []corev1.Node {
	GinkgoHelper()
	return look.NodesOf(ctx, g, k8s, team)
}

// gpuQuota is what a namespace's quota allows.
func gpuQuota(ctx context.Context, g Gomega, namespace string) int64 {
	GinkgoHelper()
	return look.GPUQuota(ctx, g, k8s, namespace)
}

// gpuPods are the pods that specs start.
var gpuPods = manifest.GPUPods

// pods are a team's pods, by label.
func pods(ctx context.Context, g Gomega, team string) []corev1.Pod {
	GinkgoHelper()
	return look.Pods(ctx, g, k8s, team)
}

func eventuallyRunning(ctx context.Context, team string, count int) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		running := slices.DeleteFunc(pods(ctx, g, team), func(p corev1.Pod) bool { return p.Status.Phase != corev1.PodRunning })
		g.Expect(running).To(HaveLen(count))
	}).WithContext(ctx).Should(Succeed())
}

// eventuallySettled waits until nothing of the pool is on its way.
func eventuallySettled(ctx context.Context, pool string) {
	GinkgoHelper()
	Eventually(func(g Gomega) { look.ExpectSettled(g, getPool(ctx, g, pool)) }).WithContext(ctx).Should(Succeed())
}
