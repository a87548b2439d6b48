package e2e

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/manifest"
)

var _ = Describe("Deleting a team", func() {
	spec := func(pool string, more ...string) []string {
		return append([]string{
			`gpus: [{name: a, poolName: ` + pool + `, count: 8}]`, `namespaces: [{name: train}]`,
			`volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: fast}]`,
			`staff: [{name: ida, role: Lead, subject: {kind: User, name: ida@gone.example}}]`,
		}, more...)
	}
	gone := func(ctx SpecContext, obj client.Object, name string) func() bool {
		return func() bool { return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Name: name}, obj)) }
	}

	It("takes access and GPUs, keeps namespaces and data, and gives them back to the same manifest alone", func(ctx SpecContext) {
		poolOf(ctx, "retain", 1, "reclaim: {gracePeriod: 720h}")
		teamOf(ctx, "kept", spec("retain")...)
		eventuallyReady(ctx, "kept")
		mustKubectl(ctx, "apply", "-f", writeFile(gpuPods("kept", "kept-train", "run", 1, 8)))
		eventuallyRunning(ctx, "kept", 1)
		namespace := get(ctx, Default, &corev1.Namespace{}, "", "kept-train")
		volume := get(ctx, Default, &corev1.PersistentVolumeClaim{}, "kept-train", "data").Spec.VolumeName

		mustKubectl(ctx, "delete", "ft", "kept", "--wait=false")
		Eventually(gone(ctx, &foundationv1alpha1.FoundationTeam{}, "kept")).WithContext(ctx).Should(BeTrue())
		Expect(may(ctx, "ida@gone.example", "get", "pods", "kept-train")).To(BeFalse(), "access ends first")
		Expect(gone(ctx, &rbacv1.ClusterRole{}, "foundation-team:kept")()).To(BeTrue())
		Expect(get(ctx, Default, &corev1.Namespace{}, "", "kept-train").Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelLocked, "true"))
		Expect(gpuQuota(ctx, Default, "kept-train")).To(BeZero())
		Expect(pods(ctx, Default, "kept")).To(HaveLen(1), "work has its grace")
		Expect(nodesOf(ctx, Default, "kept")).To(HaveLen(1), "and its node")
		pv := get(ctx, Default, &corev1.PersistentVolume{}, "", volume)
		Expect(pv.Spec.PersistentVolumeReclaimPolicy).To(Equal(corev1.PersistentVolumeReclaimRetain))
		Expect(pv.Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelTeam, "kept"))

		By("applying the same manifest again")
		before := pods(ctx, Default, "kept")[0]
		teamOf(ctx, "kept", spec("retain")...)
		eventuallyReady(ctx, "kept")
		Expect(may(ctx, "ida@gone.example", "get", "pods", "kept-train")).To(BeTrue())
		Expect(get(ctx, Default, &corev1.Namespace{}, "", "kept-train").UID).To(Equal(namespace.UID))
		Expect(get(ctx, Default, &corev1.PersistentVolumeClaim{}, "kept-train", "data").Spec.VolumeName).To(Equal(volume))
		Expect(gpuQuota(ctx, Default, "kept-train")).To(BeEquivalentTo(8))
		after := pods(ctx, Default, "kept")[0]
		Expect(after.UID).To(Equal(before.UID))
		Expect(after.DeletionTimestamp).To(BeNil())
		Expect(getTeam(ctx, Default, "kept").Status.History).To(ContainElement(HaveField("To", "applied again")))

		By("refusing the data to another team of the same name, until an admin says so")
		mustKubectl(ctx, "delete", "pod", "-n", "kept-train", "run-0", "--force", "--grace-period=0")
		mustKubectl(ctx, "delete", "ft", "kept")
		Eventually(func(g Gomega) { g.Expect(nodesOf(ctx, g, "kept")).To(BeEmpty()) }).WithContext(ctx).Should(Succeed())
		teamOf(ctx, "kept", append(spec("retain")[:3], `staff: [{name: eve, role: Lead, subject: {kind: User, name: eve@gone.example}}]`)...)
		eventuallyCondition(ctx, "kept", foundationv1alpha1.ConditionNamespacesReady, foundationv1alpha1.ReasonNameConflict, "belongs to an earlier team of this name")
		Expect(may(ctx, "eve@gone.example", "get", "pods", "kept-train")).To(BeFalse())
		mustKubectl(ctx, "annotate", "ns", "kept-train", foundationv1alpha1.AnnotationAdopt+"=kept")
		eventuallyReady(ctx, "kept")
		Expect(get(ctx, Default, &corev1.PersistentVolumeClaim{}, "kept-train", "data").UID).NotTo(BeEmpty())
		Expect(may(ctx, "eve@gone.example", "get", "pods", "kept-train")).To(BeTrue())
	})

	It("leaves no access behind, however young the team is", func(ctx SpecContext) {
		const teams = 20
		for i := range teams {
			name := fmt.Sprintf("young%d", i)
			apply(ctx, manifest.Team(name, `namespaces: [{name: a}, {name: b}]`, `staff: [{name: ida, role: Lead, subject: {kind: User, name: ida@young.example}}]`))
			mustKubectl(ctx, "delete", "ft", name, "--wait=false")
		}
		for i := range teams {
			name := fmt.Sprintf("young%d", i)
			Eventually(gone(ctx, &foundationv1alpha1.FoundationTeam{}, name)).WithContext(ctx).Should(BeTrue())
			for _, list := range []client.ObjectList{
				&rbacv1.RoleBindingList{}, &rbacv1.ClusterRoleBindingList{}, &rbacv1.ClusterRoleList{},
				&flowcontrolv1.FlowSchemaList{}, &flowcontrolv1.PriorityLevelConfigurationList{},
			} {
				Expect(k8s.List(ctx, list, client.MatchingLabels{foundationv1alpha1.LabelTeam: name})).To(Succeed())
				Expect(items(list)).To(BeEmpty(), name)
			}
			open, err := labels.Parse(fmt.Sprintf("%s=%s,%s!=true", foundationv1alpha1.LabelTeam, name, foundationv1alpha1.LabelLocked))
			Expect(err).NotTo(HaveOccurred())
			var namespaces corev1.NamespaceList
			Expect(k8s.List(ctx, &namespaces, client.MatchingLabelsSelector{Selector: open})).To(Succeed())
			Expect(namespaces.Items).To(BeEmpty(), name)
		}
	})

	It("closes what is left when finalizers are taken off by hand, and nobody was there to see it", func(ctx SpecContext) {
		poolOf(ctx, "torn", 2)
		teamOf(ctx, "torn", spec("torn")...)
		eventuallyReady(ctx, "torn")
		eventuallySettled(ctx, "torn")
		marked := func(g Gomega) []corev1.Node {
			var nodes corev1.NodeList
			g.Expect(k8s.List(ctx, &nodes, client.MatchingLabels{foundationv1alpha1.LabelPool: "torn"})).To(Succeed())
			return nodes.Items
		}
		Expect(marked(Default)).To(HaveLen(2))
		Expect(manager.Stop(ctx)).To(Succeed())
		for _, kind := range []string{"ft", "gpool"} {
			mustKubectl(ctx, "delete", kind, "torn", "--wait=false")
			mustKubectl(ctx, "patch", kind, "torn", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
		}
		Expect(may(ctx, "ida@gone.example", "get", "pods", "torn-train")).To(BeTrue(), "nobody has closed it yet")

		startManager(ctx)
		Eventually(func(g Gomega) {
			g.Expect(may(ctx, "ida@gone.example", "get", "pods", "torn-train")).To(BeFalse())
			g.Expect(get(ctx, g, &corev1.Namespace{}, "", "torn-train").Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelLocked, "true"))
			g.Expect(marked(g)).To(HaveLen(1), "the free node is nobody's again")
		}).WithContext(ctx).Should(Succeed())
		Expect(marked(Default)[0].Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelNodeTeam, "torn"), "the team's keeps everybody else off")
	})

	It("deletes data only when asked to and confirmed", func(ctx SpecContext) {
		poolOf(ctx, "wipe", 1)
		teamOf(ctx, "wiped", spec("wipe", "deletionPolicy: Delete")...)
		eventuallyReady(ctx, "wiped")
		mustKubectl(ctx, "annotate", "ft", "wiped", foundationv1alpha1.AnnotationHold+"=audit")
		mustKubectl(ctx, "delete", "ft", "wiped", "--wait=false")
		eventuallyCondition(ctx, "wiped", foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonDeletionNotConfirmed, `remove the annotation foundation.team/hold ("audit")`)
		mustKubectl(ctx, "annotate", "ft", "wiped", foundationv1alpha1.AnnotationHold+"-")
		eventuallyCondition(ctx, "wiped", foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonDeletionNotConfirmed, "confirm with the annotation foundation.team/confirm-deletion=wiped")
		get(ctx, Default, &corev1.PersistentVolumeClaim{}, "wiped-train", "data")
		mustKubectl(ctx, "annotate", "ft", "wiped", foundationv1alpha1.AnnotationConfirmDeletion+"=wiped")
		eventuallyCondition(ctx, "wiped", foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonDeletionNotConfirmed, "set spec.term.endTime: data is deleted only after a date")
		mustKubectl(ctx, "patch", "ft", "wiped", "--type=merge", "-p", `{"spec":{"term":{"endTime":"2099-01-01T00:00:00Z"}}}`)
		eventuallyCondition(ctx, "wiped", foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonDeletionNotConfirmed, "the term lasts until 2099-01-01T00:00:00Z")
		get(ctx, Default, &corev1.PersistentVolumeClaim{}, "wiped-train", "data")
		mustKubectl(ctx, "patch", "ft", "wiped", "--type=merge", "-p", `{"spec":{"term":{"endTime":"2026-01-01T00:00:00Z"},"retention":{"dataAccess":"0s","keep":"876000h"}}}`)
		eventuallyCondition(ctx, "wiped", foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonDeletionNotConfirmed, "data is kept until 2125-12-08T00:00:00Z; wait, or shorten spec.retention.keep")
		volume := get(ctx, Default, &corev1.PersistentVolumeClaim{}, "wiped-train", "data").Spec.VolumeName
		mustKubectl(ctx, "patch", "ft", "wiped", "--type=merge", "-p", `{"spec":{"retention":{"keep":"0s"}}}`)
		Eventually(gone(ctx, &foundationv1alpha1.FoundationTeam{}, "wiped")).WithContext(ctx).Should(BeTrue())
		Expect(gone(ctx, &corev1.Namespace{}, "wiped-train")()).To(BeTrue())
		pv := &corev1.PersistentVolume{}
		if err := k8s.Get(ctx, client.ObjectKey{Name: volume}, pv); !apierrors.IsNotFound(err) {
			Expect(err).NotTo(HaveOccurred())
			Expect(pv.Spec.PersistentVolumeReclaimPolicy).To(Equal(corev1.PersistentVolumeReclaimDelete), "the volume may go, too, as its class says")
		}
	})
})
