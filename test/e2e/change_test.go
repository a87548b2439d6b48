package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

var _ = Describe("A change of the spec", func() {
	It("reaches every object", func(ctx SpecContext) {
		poolOf(ctx, "change", 4)
		gpus := func(count int) string { return fmt.Sprintf("gpus: [{name: a, poolName: change, count: %d}]", count) }
		teamOf(ctx, "change", gpus(16),
			`namespaces: [{name: train, gpuWeight: 3}, {name: eval, gpuWeight: 1}]`,
			`volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: fast}]`,
			`staff:`,
			`- {name: ida, role: Engineer, subject: {kind: User, name: ida@change.example}}`,
			`- {name: vera, role: Viewer, subject: {kind: User, name: vera@change.example}}`)
		eventuallyReady(ctx, "change")
		Expect(may(ctx, "ida@change.example", "create", "pods", "change-train")).To(BeTrue())
		Expect(may(ctx, "vera@change.example", "create", "pods", "change-train")).To(BeFalse())
		Expect(may(ctx, "vera@change.example", "get", "pods", "change-train")).To(BeTrue())

		teamOf(ctx, "change", gpus(32),
			`namespaces: [{name: train, gpuWeight: 1}, {name: eval, gpuWeight: 3, quota: {pods: "9"}}, {name: extra, gpuWeight: 4}]`,
			`volumes: [{name: data, namespace: train, size: 2Ti, storageClassName: fast}, {name: more, namespace: extra, size: 1Ti, storageClassName: fast}]`,
			`staff: [{name: vera, role: Engineer, subject: {kind: User, name: vera@change.example}}]`)
		eventuallyReady(ctx, "change")
		for namespace, want := range map[string]int{"change-train": 4, "change-eval": 12, "change-extra": 16} {
			Expect(gpuQuota(ctx, Default, namespace)).To(BeEquivalentTo(want), namespace)
		}
		eval := get(ctx, Default, &corev1.ResourceQuota{}, "change-eval", "foundation-team")
		Expect(eval.Spec.Hard.Pods().Value()).To(BeEquivalentTo(9))
		data := get(ctx, Default, &corev1.PersistentVolumeClaim{}, "change-train", "data")
		Expect(data.Status.Capacity.Storage().Cmp(resource.MustParse("2Ti"))).To(BeZero(), "the volume grew")
		Expect(may(ctx, "ida@change.example", "get", "pods", "change-train")).To(BeFalse(), "ida left")
		Expect(may(ctx, "vera@change.example", "create", "pods", "change-extra")).To(BeTrue(), "vera's role changed")
		Expect(nodesOf(ctx, Default, "change")).To(HaveLen(4))
	})

	It("retires a namespace and a volume, and never deletes them", func(ctx SpecContext) {
		poolOf(ctx, "retire", 2)
		full := []string{
			`gpus: [{name: a, poolName: retire, count: 16}]`,
			`namespaces: [{name: train}, {name: old}]`,
			`volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: fast}, {name: past, namespace: old, size: 1Ti, storageClassName: fast}]`,
			`staff: [{name: ida, role: Engineer, subject: {kind: User, name: ida@retire.example}}]`,
		}
		teamOf(ctx, "retire", full...)
		eventuallyReady(ctx, "retire")
		uid := get(ctx, Default, &corev1.Namespace{}, "", "retire-old").UID
		claim := get(ctx, Default, &corev1.PersistentVolumeClaim{}, "retire-old", "past").UID

		teamOf(ctx, "retire", full[0], `namespaces: [{name: train}]`, full[3])
		eventuallyReady(ctx, "retire")
		old := get(ctx, Default, &corev1.Namespace{}, "", "retire-old")
		Expect(old.UID).To(Equal(uid))
		Expect(old.Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelRetired, "true"))
		Expect(gpuQuota(ctx, Default, "retire-old")).To(BeZero())
		Expect(gpuQuota(ctx, Default, "retire-train")).To(BeEquivalentTo(16), "the share goes to the others")
		Expect(may(ctx, "ida@retire.example", "get", "pods", "retire-old")).To(BeFalse(), "locked")
		past := get(ctx, Default, &corev1.PersistentVolumeClaim{}, "retire-old", "past")
		Expect(past.UID).To(Equal(claim))
		Expect(past.DeletionTimestamp).To(BeNil())
		Expect(past.Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelRetired, "true"))
		status := getTeam(ctx, Default, "retire").Status
		Expect(status.Namespaces).To(ContainElement(HaveField("State", foundationv1alpha1.ResourceRetired)))
		Expect(status.Volumes).To(HaveLen(2))
		Expect(status.Volumes).To(HaveEach(HaveField("State", foundationv1alpha1.ResourceRetired)))

		teamOf(ctx, "retire", full...)
		eventuallyReady(ctx, "retire")
		Expect(get(ctx, Default, &corev1.Namespace{}, "", "retire-old").Labels).NotTo(HaveKey(foundationv1alpha1.LabelRetired))
		Expect(get(ctx, Default, &corev1.PersistentVolumeClaim{}, "retire-old", "past").Labels).NotTo(HaveKey(foundationv1alpha1.LabelRetired))
		Expect(may(ctx, "ida@retire.example", "get", "pods", "retire-old")).To(BeTrue())
	})

	It("suspends and resumes with the same numbers", func(ctx SpecContext) {
		poolOf(ctx, "suspend", 2)
		spec := []string{
			`gpus: [{name: a, poolName: suspend, count: 16}]`, `namespaces: [{name: train, gpuWeight: 3}, {name: eval}]`,
			`staff: [{name: ida, role: Engineer, subject: {kind: User, name: ida@suspend.example}}]`,
		}
		teamOf(ctx, "suspend", spec...)
		eventuallyReady(ctx, "suspend")
		ida := as("ida@suspend.example")
		_, err := ida(ctx, "apply", "-f", writeFile(gpuPods("suspend", "suspend-train", "run", 1, 8)))
		Expect(err).NotTo(HaveOccurred())
		eventuallyRunning(ctx, "suspend", 1)
		nodes := nodeNames(nodesOf(ctx, Default, "suspend"))

		teamOf(ctx, "suspend", append(spec, "suspend: true")...)
		eventuallyCondition(ctx, "suspend", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateSuspended), "set spec.suspend to false")
		eventuallyCondition(ctx, "suspend", foundationv1alpha1.ConditionQuotaReady, foundationv1alpha1.ReasonAsDeclared, "")
		Expect(may(ctx, "ida@suspend.example", "create", "pods", "suspend-train")).To(BeFalse())
		Expect(may(ctx, "ida@suspend.example", "get", "pods", "suspend-train")).To(BeTrue(), "people read only")
		_, err = lab.Kubectl(ctx, "apply", "-f", writeFile(gpuPods("suspend", "suspend-train", "new", 1, 1)))
		Expect(err).To(MatchError(ContainSubstring("exceeded quota")), "nothing new starts, whoever asks")
		Expect(pods(ctx, Default, "suspend")).To(HaveLen(1), "what runs goes on")
		Expect(getTeam(ctx, Default, "suspend").Status.GPUs.Granted).To(BeEquivalentTo(16), "numbers are kept")

		teamOf(ctx, "suspend", append(spec, "suspend: false")...)
		eventuallyReady(ctx, "suspend")
		Expect(gpuQuota(ctx, Default, "suspend-train")).To(BeEquivalentTo(12))
		Expect(nodeNames(nodesOf(ctx, Default, "suspend"))).To(Equal(nodes))
		Expect(may(ctx, "ida@suspend.example", "create", "pods", "suspend-train")).To(BeTrue())
	})

	It("follows the clock: nothing before the term, access in date, data for a while after the end, then nothing", func(ctx SpecContext) {
		poolOf(ctx, "term", 2, "reclaim: {gracePeriod: 0s}")
		stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
		start := time.Now().Add(8 * time.Second)
		declare := func(leave, end time.Time) {
			GinkgoHelper()
			teamOf(ctx, "term",
				fmt.Sprintf("term: {startTime: %q, endTime: %q}", stamp(start), stamp(end)), "retention: {dataAccess: 15s}",
				`gpus: [{name: a, poolName: term, count: 16}]`, `namespaces: [{name: train}]`,
				`volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: fast}]`,
				`staff:`,
				`- {name: ida, role: Engineer, subject: {kind: User, name: ida@term.example}}`,
				fmt.Sprintf(`- {name: tom, role: Engineer, subject: {kind: User, name: tom@term.example}, endTime: %q}`, stamp(leave)))
		}
		declare(start.Add(time.Hour), start.Add(time.Hour))
		eventuallyCondition(ctx, "term", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateNotStarted), "the term starts "+stamp(start))
		Expect(apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Name: "term-train"}, &corev1.Namespace{}))).To(BeTrue(), "nothing before the term")

		eventuallyReady(ctx, "term")
		Expect(may(ctx, "tom@term.example", "create", "pods", "term-train")).To(BeTrue())

		By("letting the rest happen by itself, however long it took to be ready")
		leave := time.Now().Add(8 * time.Second)
		end := leave.Add(10 * time.Second)
		declare(leave, end)
		Eventually(func() bool { return may(ctx, "tom@term.example", "create", "pods", "term-train") }).WithContext(ctx).Should(BeFalse())
		Expect(time.Now()).To(BeTemporally(">=", leave.Truncate(time.Second)))

		eventuallyCondition(ctx, "term", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateEnded), "staff may read and copy data until "+stamp(end.Add(15*time.Second)))
		Eventually(func() bool { return may(ctx, "ida@term.example", "create", "persistentvolumeclaims", "term-train") }).WithContext(ctx).Should(BeTrue(), "as a data steward")
		Expect(may(ctx, "ida@term.example", "create", "deployments.apps", "term-train")).To(BeFalse(), "and no engineer any more")
		Expect(gpuQuota(ctx, Default, "term-train")).To(BeZero())
		eventuallyCondition(ctx, "term", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateEnded), "data is locked and kept at least until ")
		Eventually(func() bool { return may(ctx, "ida@term.example", "get", "pods", "term-train") }).WithContext(ctx).Should(BeFalse())
		Eventually(func(g Gomega) { g.Expect(nodesOf(ctx, g, "term")).To(BeEmpty()) }).WithContext(ctx).Should(Succeed())
		Expect(get(ctx, Default, &corev1.PersistentVolumeClaim{}, "term-train", "data").Status.Phase).To(Equal(corev1.ClaimBound), "data is kept")
	})
})

var _ = Describe("Drift", func() {
	It("is mended at once", func(ctx SpecContext) {
		poolOf(ctx, "drift", 2)
		teamOf(ctx, "drift", `gpus: [{name: a, poolName: drift, count: 16}]`, `namespaces: [{name: train}]`,
			`staff: [{name: ida, role: Engineer, subject: {kind: User, name: ida@drift.example}}]`)
		eventuallyReady(ctx, "drift")
		eventuallySettled(ctx, "drift")
		const namespace = "drift-train"
		for what, drift := range map[string]struct {
			args   []string
			mended func(g Gomega)
		}{
			"a deleted network policy": {
				[]string{"delete", "netpol", "foundation-team-default-deny", "-n", namespace},
				func(g Gomega) { get(ctx, g, &networkingv1.NetworkPolicy{}, namespace, "foundation-team-default-deny") },
			},
			"an opened network policy": {
				[]string{"patch", "netpol", "foundation-team-default-deny", "-n", namespace, "--type=merge", "-p", `{"spec":{"policyTypes":["Ingress"]}}`},
				func(g Gomega) {
					g.Expect(get(ctx, g, &networkingv1.NetworkPolicy{}, namespace, "foundation-team-default-deny").Spec.PolicyTypes).To(HaveLen(2))
				},
			},
			"a raised quota": {
				[]string{"patch", "quota", "foundation-team", "-n", namespace, "--type=merge", "-p", `{"spec":{"hard":{"requests.nvidia.com/gpu":"99"}}}`},
				func(g Gomega) { g.Expect(gpuQuota(ctx, g, namespace)).To(BeEquivalentTo(16)) },
			},
			"an extra subject": {
				[]string{
					"patch", "rolebinding", "foundation-team-engineer", "-n", namespace, "--type=json", "-p",
					`[{"op":"add","path":"/subjects/-","value":{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"eve@rival.example"}}]`,
				},
				func(g Gomega) {
					g.Expect(get(ctx, g, &rbacv1.RoleBinding{}, namespace, "foundation-team-engineer").Subjects).To(HaveLen(1))
				},
			},
			"a deleted flow schema": {
				[]string{"delete", "flowschema", "foundation-team.drift"},
				func(g Gomega) { get(ctx, g, &flowcontrolv1.FlowSchema{}, "", "foundation-team.drift") },
			},
			"a raised share of the API server": {
				[]string{"patch", "prioritylevelconfiguration", "foundation-team.drift", "--type=merge", "-p", `{"spec":{"limited":{"borrowingLimitPercent":900}}}`},
				func(g Gomega) {
					level := get(ctx, g, &flowcontrolv1.PriorityLevelConfiguration{}, "", "foundation-team.drift")
					g.Expect(level.Spec.Limited.BorrowingLimitPercent).To(HaveValue(BeZero()))
				},
			},
			"a lowered pod security level": {
				[]string{"label", "ns", namespace, "pod-security.kubernetes.io/enforce=privileged", "--overwrite"},
				func(g Gomega) {
					g.Expect(get(ctx, g, &corev1.Namespace{}, "", namespace).Labels).To(HaveKeyWithValue("pod-security.kubernetes.io/enforce", "restricted"))
				},
			},
			"a lost team label on a policy": {
				[]string{"label", "netpol", "foundation-team-default-deny", "-n", namespace, foundationv1alpha1.LabelTeam + "-"},
				func(g Gomega) {
					g.Expect(get(ctx, g, &networkingv1.NetworkPolicy{}, namespace, "foundation-team-default-deny").Labels).To(HaveKey(foundationv1alpha1.LabelTeam))
				},
			},
			"a lost team label on a namespace": {
				[]string{"label", "ns", namespace, foundationv1alpha1.LabelTeam + "-"},
				func(g Gomega) {
					g.Expect(get(ctx, g, &corev1.Namespace{}, "", namespace).Labels).To(HaveKey(foundationv1alpha1.LabelTeam))
				},
			},
			"a lost team label on a node": {
				[]string{"label", "node", nodesOf(ctx, Default, "drift")[0].Name, foundationv1alpha1.LabelTeam + "-"},
				func(g Gomega) { g.Expect(nodesOf(ctx, g, "drift")).To(HaveLen(2)) },
			},
			"a lost taint": {
				[]string{"taint", "node", nodesOf(ctx, Default, "drift")[1].Name, foundationv1alpha1.TaintTeam + "-"},
				func(g Gomega) {
					for _, node := range nodesOf(ctx, g, "drift") {
						g.Expect(node.Spec.Taints).To(ContainElement(HaveField("Key", foundationv1alpha1.TaintTeam)))
					}
				},
			},
		} {
			By(what)
			mustKubectl(ctx, drift.args...)
			Eventually(drift.mended).WithContext(ctx).WithTimeout(10*time.Second).Should(Succeed(), what)
		}
		By("an object of the team's that is none of its own is pruned, one without its label is not")
		strays := []client.Object{&rbacv1.RoleBinding{}, &networkingv1.NetworkPolicy{}, &corev1.LimitRange{}, &corev1.ResourceQuota{}}
		mustKubectl(ctx, "create", "rolebinding", "stray", "-n", namespace, "--clusterrole=view", "--user=eve@rival.example")
		mustKubectl(ctx, "create", "rolebinding", "admins-own", "-n", namespace, "--clusterrole=view", "--user=audit@example.org")
		mustKubectl(ctx, "create", "quota", "stray", "-n", namespace, "--hard=pods=1")
		apply(ctx, fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: stray, namespace: %[1]s}
spec: {podSelector: {}, ingress: [{}]}
---
apiVersion: v1
kind: LimitRange
metadata: {name: stray, namespace: %[1]s}
spec: {limits: [{type: Pod, max: {cpu: 1m}}]}
`, namespace))
		mustKubectl(ctx, "label", "rolebinding,networkpolicy,limitrange,quota", "stray", "-n", namespace, foundationv1alpha1.LabelTeam+"=drift")
		for _, stray := range strays {
			Eventually(func() bool {
				return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "stray"}, stray))
			}).WithContext(ctx).Should(BeTrue(), "%T", stray)
		}
		get(ctx, Default, &rbacv1.RoleBinding{}, namespace, "admins-own")
		eventuallyReady(ctx, "drift")
	})

	It("does not take a namespace that is somebody else's, until its admin hands it over", func(ctx SpecContext) {
		mustKubectl(ctx, "create", "namespace", "taken-train")
		mustKubectl(ctx, "create", "configmap", "theirs", "-n", "taken-train")
		DeferCleanup(func(ctx SpecContext) { mustKubectl(ctx, "delete", "ns", "taken-train", "--wait=false") })
		before := get(ctx, Default, &corev1.Namespace{}, "", "taken-train").ResourceVersion
		teamOf(ctx, "taken", `namespaces: [{name: train}, {name: eval}]`)
		eventuallyCondition(ctx, "taken", foundationv1alpha1.ConditionNamespacesReady, foundationv1alpha1.ReasonNameConflict,
			"annotate it foundation.team/adopt=taken")
		eventuallyCondition(ctx, "taken", foundationv1alpha1.ConditionStalled, foundationv1alpha1.ReasonNameConflict, "taken-train")
		get(ctx, Default, &corev1.ResourceQuota{}, "taken-eval", "foundation-team")
		Consistently(func(g Gomega) {
			g.Expect(get(ctx, g, &corev1.Namespace{}, "", "taken-train").ResourceVersion).To(Equal(before))
			var quotas corev1.ResourceQuotaList
			g.Expect(k8s.List(ctx, &quotas, client.InNamespace("taken-train"))).To(Succeed())
			g.Expect(quotas.Items).To(BeEmpty())
		}).WithContext(ctx).Should(Succeed())

		mustKubectl(ctx, "annotate", "ns", "taken-train", foundationv1alpha1.AnnotationAdopt+"=taken")
		eventuallyReady(ctx, "taken")
		Eventually(func(g Gomega) {
			g.Expect(get(ctx, g, &corev1.Namespace{}, "", "taken-train").Annotations).NotTo(HaveKey(foundationv1alpha1.AnnotationAdopt), "consent is for one team, once")
		}).WithContext(ctx).Should(Succeed())
		get(ctx, Default, &corev1.ConfigMap{}, "taken-train", "theirs")
	})
})

func nodeNames(nodes []corev1.Node) []string {
	names := make([]string, len(nodes))
	for i, node := range nodes {
		names[i] = node.Name
	}
	return names
}
