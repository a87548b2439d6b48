package fault

import (
	"slices"
	"strings"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/manifest"
)

// nodes makes GPU nodes, with kubelets that kwok simulates, for a pool of the plan, and waits until pods can be on them.
func (p *plan) nodes(pool string, names ...string) {
	p.t.Helper()
	for _, name := range names {
		node := cluster.NewGPUNode(p.named(name), map[string]string{planLabel: p.name, manifest.PoolLabel: p.named(pool)})
		node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
		p.Expect(people.Create(p.t.Context(), node)).To(Succeed())
	}
	notReady := HaveField("Key", corev1.TaintNodeNotReady)
	p.Eventually(func(g Gomega) {
		list := &corev1.NodeList{}
		g.Expect(people.List(p.t.Context(), list, client.MatchingLabels{planLabel: p.name})).To(Succeed())
		g.Expect(list.Items).NotTo(ContainElement(HaveField("Spec.Taints", ContainElement(notReady))))
	}).WithTimeout(stepLimit).WithPolling(100 * time.Millisecond).Should(Succeed())
}

// waitHeld waits until teams hold so many nodes.
func (p *plan) waitHeld(count int) {
	p.t.Helper()
	p.Eventually(func(g Gomega) {
		list := &corev1.NodeList{}
		g.Expect(people.List(p.t.Context(), list, client.MatchingLabels{planLabel: p.name}, client.HasLabels{foundationv1alpha1.LabelNodeTeam})).To(Succeed())
		g.Expect(list.Items).To(HaveLen(count))
	}).WithTimeout(stepLimit).Should(Succeed())
}

// held returns the first node that a team holds.
func (p *plan) held() *corev1.Node {
	p.t.Helper()
	list := &corev1.NodeList{}
	p.Expect(people.List(p.t.Context(), list, client.MatchingLabels{planLabel: p.name}, client.HasLabels{foundationv1alpha1.LabelNodeTeam})).To(Succeed())
	p.Expect(list.Items).NotTo(BeEmpty())
	slices.SortFunc(list.Items, func(a, b corev1.Node) int { return strings.Compare(a.Name, b.Name) })
	return &list.Items[0]
}

// patchHeld merges JSON into a node that a team holds.
func (p *plan) patchHeld(json string) {
	p.t.Helper()
	p.Expect(people.Patch(p.t.Context(), p.held(), client.RawPatch(types.MergePatchType, []byte(json)))).To(Succeed())
}

// deleteHeld deletes a node that a team holds, as when its machine is gone.
func (p *plan) deleteHeld() {
	p.t.Helper()
	p.Expect(people.Delete(p.t.Context(), p.held())).To(Succeed())
}
