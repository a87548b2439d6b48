package e2e

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

var _ = Describe("Deleting a team", func() {
	spec := func(pool string, more ...string) []string {
		return append([]string{
			manifest.Awards(manifest.Award("a", pool, 8)), manifest.Train,
			`volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: fast}]`,
			manifest.Staff(manifest.User("ida", "Lead", "ida@gone.example")),
		}, more...)
	}

	It("removes access and GPUs, keeps namespaces and data, and restores them for the same manifest alone", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("retain", 1, "reclaim: {gracePeriod: 720h}")
		s.ApplyTeam("kept", spec("retain")...)
		s.WaitReady("kept")
		s.RunPods("kept", "run", 1)
		namespace := dsl.Get(s, s, &corev1.Namespace{}, "", "kept-train")
		volume := dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, "kept-train", "data").Spec.VolumeName

		_, err := s.Admin().Kubectl("delete", "ft", "kept", "--wait=false")
		s.Expect(err).To(MatchError(ContainSubstring("FoundationTeam kept is InTerm: 8 GPUs, the access of 1 staff entry and all work in 1 namespace would end.")))
		s.Delete("ft", "kept", "--wait=false")
		s.WaitGone(&foundationv1alpha1.FoundationTeam{}, "", "kept")
		s.Expect(s.Can(s, "ida@gone.example", "get", "pods", "kept-train")).To(BeFalse(), "access ends first")
		s.Expect(s.Exists(s, &rbacv1.ClusterRole{}, "", "foundation-team:kept")).To(BeFalse())
		s.Expect(dsl.Get(s, s, &corev1.Namespace{}, "", "kept-train").Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelLocked, "true"))
		s.Expect(s.GetGPUQuota(s, "kept-train")).To(BeZero())
		s.Expect(s.ListPods(s, "kept")).To(HaveLen(1), "work has its grace")
		s.Expect(s.ListNodes(s, "kept")).To(HaveLen(1), "and its node")
		pv := dsl.Get(s, s, &corev1.PersistentVolume{}, "", volume)
		s.Expect(pv.Spec.PersistentVolumeReclaimPolicy).To(Equal(corev1.PersistentVolumeReclaimRetain))
		s.Expect(pv.Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelTeam, "kept"))

		By("applying the same manifest again")
		before := s.ListPods(s, "kept")[0]
		s.ApplyTeam("kept", spec("retain")...)
		s.WaitReady("kept")
		s.Expect(s.Can(s, "ida@gone.example", "get", "pods", "kept-train")).To(BeTrue())
		s.Expect(dsl.Get(s, s, &corev1.Namespace{}, "", "kept-train").UID).To(Equal(namespace.UID))
		s.Expect(dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, "kept-train", "data").Spec.VolumeName).To(Equal(volume))
		s.Expect(s.GetGPUQuota(s, "kept-train")).To(BeEquivalentTo(8))
		after := s.ListPods(s, "kept")[0]
		s.Expect(after.UID).To(Equal(before.UID))
		s.Expect(after.DeletionTimestamp).To(BeNil())
		s.Expect(s.GetTeam(s, "kept").Status.History).To(ContainElement(HaveField("To", "applied again")))

		By("refusing the data to another team of the same name, until an admin says so")
		s.DeletePod("kept-train", "run-0")
		s.Delete("ft", "kept")
		s.WaitNodes("kept", 0)
		s.ApplyTeam("kept", append(spec("retain")[:3], manifest.Staff(manifest.User("eve", "Lead", "eve@gone.example")))...)
		s.WaitCondition("kept", foundationv1alpha1.ConditionNamespacesReady, foundationv1alpha1.ReasonNameConflict, "belongs to an earlier team of this name")
		s.Expect(s.Can(s, "eve@gone.example", "get", "pods", "kept-train")).To(BeFalse())
		s.Kubectl("annotate", "ns", "kept-train", foundationv1alpha1.AnnotationAdopt+"=kept")
		s.WaitReady("kept")
		s.Expect(dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, "kept-train", "data").UID).NotTo(BeEmpty())
		s.Expect(s.Can(s, "eve@gone.example", "get", "pods", "kept-train")).To(BeTrue())
	})

	It("leaves no access behind, however young the team is", func(ctx SpecContext) {
		s := newStory(ctx)
		const teams = 20
		for i := range teams {
			name := fmt.Sprintf("young%d", i)
			s.Apply(manifest.Team(name, `namespaces: [{name: a}, {name: b}]`, manifest.Staff(manifest.User("ida", "Lead", "ida@young.example"))))
			s.Delete("ft", name, "--wait=false")
		}
		for i := range teams {
			name := fmt.Sprintf("young%d", i)
			s.WaitGone(&foundationv1alpha1.FoundationTeam{}, "", name)
			for _, kind := range []client.ObjectList{
				&rbacv1.RoleBindingList{}, &rbacv1.ClusterRoleBindingList{}, &rbacv1.ClusterRoleList{},
				&flowcontrolv1.FlowSchemaList{}, &flowcontrolv1.PriorityLevelConfigurationList{},
			} {
				s.Expect(s.ListNames(s, kind, s.OfTeam(name))).To(BeEmpty(), "%T of %s", kind, name)
			}
			open, err := labels.Parse(fmt.Sprintf("%s=%s,%s!=true", foundationv1alpha1.LabelTeam, name, foundationv1alpha1.LabelLocked))
			s.Expect(err).NotTo(HaveOccurred())
			s.Expect(s.ListNames(s, &corev1.NamespaceList{}, client.MatchingLabelsSelector{Selector: open})).To(BeEmpty(), "open namespaces of %s", name)
		}
	})

	It("locks what is left when finalizers are removed by hand while the operator is down", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("torn", 2)
		s.ApplyTeam("torn", spec("torn")...)
		s.WaitReady("torn")
		s.WaitReconciled("torn")
		s.Expect(s.ListPoolNodes(s, "torn")).To(HaveLen(2))
		s.Expect(lab.Operator.Stop(ctx)).To(Succeed())
		for _, kind := range []string{"ft", "gpool"} {
			s.Delete(kind, "torn", "--wait=false")
			s.Kubectl("patch", kind, "torn", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
		}
		s.Expect(s.Can(s, "ida@gone.example", "get", "pods", "torn-train")).To(BeTrue(), "nobody has closed it yet")

		s.Expect(lab.StartOperator(ctx)).To(Succeed())
		s.WaitUntil(func(g Gomega) {
			g.Expect(s.Can(g, "ida@gone.example", "get", "pods", "torn-train")).To(BeFalse())
			g.Expect(dsl.Get(s, g, &corev1.Namespace{}, "", "torn-train").Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelLocked, "true"))
			g.Expect(s.ListPoolNodes(g, "torn")).To(HaveLen(1), "the free node is nobody's again")
		})
		s.Expect(s.ListPoolNodes(s, "torn")[0].Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelNodeTeam, "torn"), "the team's keeps everybody else off")
	})

	It("deletes data only when that is asked for and confirmed", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("wipe", 1)
		s.ApplyProgram("wipe", "seats: 1", `decisions: [{teamName: wiped, outcome: Selected, reason: As published., decisionTime: "2026-01-05T00:00:00Z"}]`)
		s.ApplyTeam("wiped", spec("wipe", "programName: wipe", "deletionPolicy: Delete")...)
		s.WaitReady("wiped")
		s.Kubectl("annotate", "ft", "wiped", foundationv1alpha1.AnnotationHold+"=audit")
		s.Delete("ft", "wiped", "--wait=false")
		s.Kubectl("annotate", "ft", "wiped", foundationv1alpha1.AnnotationConfirmDeletion+"-")
		s.WaitCondition("wiped", foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonDeletionNotConfirmed, `remove the annotation foundation.team/hold ("audit")`)
		s.Kubectl("annotate", "ft", "wiped", foundationv1alpha1.AnnotationHold+"-")
		s.WaitCondition("wiped", foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonDeletionNotConfirmed, "confirm with the annotation foundation.team/confirm-deletion=wiped")
		dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, "wiped-train", "data")
		s.Kubectl("annotate", "ft", "wiped", foundationv1alpha1.AnnotationConfirmDeletion+"=wiped")
		s.WaitCondition("wiped", foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonDeletionNotConfirmed, "set spec.term.endTime: data is deleted only after a date")
		s.Kubectl("patch", "ft", "wiped", "--type=merge", "-p", `{"spec":{"term":{"endTime":"2099-01-01T00:00:00Z"}}}`)
		s.WaitCondition("wiped", foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonDeletionNotConfirmed, "the term lasts until 2099-01-01T00:00:00Z")
		dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, "wiped-train", "data")
		s.Kubectl("patch", "ft", "wiped", "--type=merge", "-p", `{"spec":{"term":{"endTime":"2026-01-01T00:00:00Z"},"retention":{"dataAccess":"0s","keep":"876000h"}}}`)
		s.WaitCondition("wiped", foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonDeletionNotConfirmed, "when the team's time was to go on without an end); wait, or shorten spec.retention.keep")
		volume := dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, "wiped-train", "data").Spec.VolumeName
		s.Kubectl("patch", "ft", "wiped", "--type=merge", "-p", `{"spec":{"retention":{"keep":"0s"}}}`)
		s.WaitCondition("wiped", foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonDeletionNotConfirmed, "for a keep of 2160h0m0s: wait, or take the annotation foundation.team/confirm-deletion off, and set it again")
		s.Kubectl("annotate", "ft", "wiped", foundationv1alpha1.AnnotationConfirmDeletion+"-")
		s.WaitCondition("wiped", foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonDeletionNotConfirmed, "confirm with the annotation foundation.team/confirm-deletion=wiped")
		s.Kubectl("annotate", "ft", "wiped", foundationv1alpha1.AnnotationConfirmDeletion+"=wiped")
		s.WaitGone(&foundationv1alpha1.FoundationTeam{}, "", "wiped")
		s.Expect(s.Exists(s, &corev1.Namespace{}, "", "wiped-train")).To(BeFalse())
		pv := &corev1.PersistentVolume{}
		if s.Exists(s, pv, "", volume) {
			s.Expect(pv.Spec.PersistentVolumeReclaimPolicy).To(Equal(corev1.PersistentVolumeReclaimDelete), "the volume may go, too, as its class says")
		}
	})
})
