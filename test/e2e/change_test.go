package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

var _ = Describe("A change of the spec", func() {
	It("is applied to every object", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("change", 4)
		s.ApplyTeam("change", s.GPUs("change", 16),
			`namespaces: [{name: train, gpuWeight: 3}, {name: eval, gpuWeight: 1}]`,
			`volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: fast}]`,
			manifest.Staff(manifest.User("ida", "Engineer", "ida@change.example"), manifest.User("vera", "Viewer", "vera@change.example")))
		s.WaitReady("change")
		s.Expect(s.Can(s, "ida@change.example", "create", "pods", "change-train")).To(BeTrue())
		s.Expect(s.Can(s, "vera@change.example", "create", "pods", "change-train")).To(BeFalse())
		s.Expect(s.Can(s, "vera@change.example", "get", "pods", "change-train")).To(BeTrue())

		s.ApplyTeam("change", s.GPUs("change", 32),
			`namespaces: [{name: train, gpuWeight: 1}, {name: eval, gpuWeight: 3, quota: {pods: "9"}}, {name: extra, gpuWeight: 4}]`,
			`volumes: [{name: data, namespace: train, size: 2Ti, storageClassName: fast}, {name: more, namespace: extra, size: 1Ti, storageClassName: fast}]`,
			manifest.Staff(manifest.User("vera", "Engineer", "vera@change.example")))
		s.WaitReady("change")
		for namespace, want := range map[string]int{"change-train": 4, "change-eval": 12, "change-extra": 16} {
			s.Expect(s.GetGPUQuota(s, namespace)).To(BeEquivalentTo(want), namespace)
		}
		eval := dsl.Get(s, s, &corev1.ResourceQuota{}, "change-eval", "foundation-team")
		s.Expect(eval.Spec.Hard.Pods().Value()).To(BeEquivalentTo(9))
		data := dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, "change-train", "data")
		s.Expect(data.Status.Capacity.Storage().Cmp(resource.MustParse("2Ti"))).To(BeZero(), "the volume grew")
		s.Expect(s.Can(s, "ida@change.example", "get", "pods", "change-train")).To(BeFalse(), "ida left")
		s.Expect(s.Can(s, "vera@change.example", "create", "pods", "change-extra")).To(BeTrue(), "vera's role changed")
		s.Expect(s.ListNodes(s, "change")).To(HaveLen(4))
	})

	It("retires a namespace and a volume, and never deletes them", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("retire", 2)
		full := []string{
			s.GPUs("retire", 16),
			`namespaces: [{name: train}, {name: old}]`,
			`volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: fast}, {name: past, namespace: old, size: 1Ti, storageClassName: fast}]`,
			manifest.Staff(manifest.User("ida", "Engineer", "ida@retire.example")),
		}
		s.ApplyTeam("retire", full...)
		s.WaitReady("retire")
		uid := dsl.Get(s, s, &corev1.Namespace{}, "", "retire-old").UID
		claim := dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, "retire-old", "past").UID
		ida := s.As("ida@retire.example")
		s.Expect(ida.Apply(manifest.GPUPods("retire", "retire-old", "left", 1, 8))).To(Succeed())
		s.WaitRunning("retire", 1)

		s.ApplyTeam("retire", full[0], manifest.Train, full[3])
		s.WaitCondition("retire", foundationv1alpha1.ConditionQuotaReady, foundationv1alpha1.ReasonGPUsInUse, "8 GPUs are still used in retire-old (retired)")
		s.Expect(s.GetGPUQuota(s, "retire-train")).To(BeEquivalentTo(8), "what is in use is not given to others")
		s.Expect(s.Can(s, "ida@retire.example", "create", "pods", "retire-old")).To(BeFalse())
		_, err := ida.Kubectl("delete", "pod", "left-0", "-n", "retire-old", "--force", "--grace-period=0")
		s.Expect(err).NotTo(HaveOccurred())
		s.WaitReady("retire")
		old := dsl.Get(s, s, &corev1.Namespace{}, "", "retire-old")
		s.Expect(old.UID).To(Equal(uid))
		s.Expect(old.Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelRetired, "true"))
		s.Expect(s.GetGPUQuota(s, "retire-old")).To(BeZero())
		s.Expect(s.GetGPUQuota(s, "retire-train")).To(BeEquivalentTo(16), "the share goes to the others")
		s.Expect(s.Can(s, "ida@retire.example", "get", "pods", "retire-old")).To(BeFalse(), "locked")
		past := dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, "retire-old", "past")
		s.Expect(past.UID).To(Equal(claim))
		s.Expect(past.DeletionTimestamp).To(BeNil())
		s.Expect(past.Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelRetired, "true"))
		status := s.GetTeam(s, "retire").Status
		s.Expect(status.Namespaces).To(ContainElement(HaveField("State", foundationv1alpha1.ResourceRetired)))
		s.Expect(status.Volumes).To(HaveLen(2))
		s.Expect(status.Volumes).To(HaveEach(HaveField("State", foundationv1alpha1.ResourceRetired)))

		s.ApplyTeam("retire", full...)
		s.WaitReady("retire")
		s.Expect(dsl.Get(s, s, &corev1.Namespace{}, "", "retire-old").Labels).NotTo(HaveKey(foundationv1alpha1.LabelRetired))
		s.Expect(dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, "retire-old", "past").Labels).NotTo(HaveKey(foundationv1alpha1.LabelRetired))
		s.Expect(s.Can(s, "ida@retire.example", "get", "pods", "retire-old")).To(BeTrue())
	})

	It("suspends and resumes with the same numbers", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("suspend", 2)
		spec := []string{
			s.GPUs("suspend", 16), `namespaces: [{name: train, gpuWeight: 3}, {name: eval}]`,
			manifest.Staff(manifest.User("ida", "Engineer", "ida@suspend.example")),
		}
		s.ApplyTeam("suspend", spec...)
		s.WaitReady("suspend")
		ida := s.As("ida@suspend.example")
		s.Expect(ida.Apply(manifest.GPUPods("suspend", "suspend-train", "run", 1, 8))).To(Succeed())
		s.WaitRunning("suspend", 1)
		nodes := dsl.NamesOf(s.ListNodes(s, "suspend"))

		s.ApplyTeam("suspend", append(spec, "suspend: true")...)
		s.WaitCondition("suspend", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateSuspended), "set spec.suspend to false")
		s.WaitCondition("suspend", foundationv1alpha1.ConditionQuotaReady, foundationv1alpha1.ReasonAsDeclared, "")
		s.Expect(s.Can(s, "ida@suspend.example", "create", "pods", "suspend-train")).To(BeFalse())
		s.Expect(s.Can(s, "ida@suspend.example", "get", "pods", "suspend-train")).To(BeTrue(), "people read only")
		s.Expect(s.Admin().Apply(manifest.GPUPods("suspend", "suspend-train", "new", 1, 1))).To(MatchError(ContainSubstring("exceeded quota")), "nothing new starts, whoever asks")
		s.Expect(s.ListPods(s, "suspend")).To(HaveLen(1), "what runs goes on")
		s.Expect(s.GetTeam(s, "suspend").Status.GPUs.Granted).To(BeEquivalentTo(16), "numbers are kept")

		s.ApplyTeam("suspend", append(spec, "suspend: false")...)
		s.WaitReady("suspend")
		s.Expect(s.GetGPUQuota(s, "suspend-train")).To(BeEquivalentTo(12))
		s.Expect(dsl.NamesOf(s.ListNodes(s, "suspend"))).To(Equal(nodes))
		s.Expect(s.Can(s, "ida@suspend.example", "create", "pods", "suspend-train")).To(BeTrue())
	})

	It("follows the clock: nothing before the term, access while in date, data access after the end, then a lock", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("term", 2, "reclaim: {gracePeriod: 0s}")
		stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
		start := time.Now().Add(8 * time.Second)
		declare := func(leave, end time.Time) {
			GinkgoHelper()
			s.ApplyTeam("term",
				fmt.Sprintf("term: {startTime: %q, endTime: %q}", stamp(start), stamp(end)), "retention: {dataAccess: 15s}",
				s.GPUs("term", 16), manifest.Train,
				`volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: fast}]`,
				manifest.Staff(manifest.User("ida", "Engineer", "ida@term.example"),
					manifest.User("tom", "Engineer", "tom@term.example", fmt.Sprintf("endTime: %q", stamp(leave)))))
		}
		declare(start.Add(time.Hour), start.Add(time.Hour))
		s.WaitCondition("term", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateNotStarted), "the term starts "+stamp(start))
		s.Expect(s.Exists(s, &corev1.Namespace{}, "", "term-train")).To(BeFalse(), "nothing before the term")

		s.WaitReady("term")
		s.Expect(s.Can(s, "tom@term.example", "create", "pods", "term-train")).To(BeTrue())

		By("letting the rest happen by itself, however long it took to be ready")
		leave := time.Now().Add(8 * time.Second)
		end := leave.Add(10 * time.Second)
		declare(leave, end)
		s.Eventually(func() bool { return s.Can(s, "tom@term.example", "create", "pods", "term-train") }).Should(BeFalse())
		s.Expect(time.Now()).To(BeTemporally(">=", leave.Truncate(time.Second)))

		s.WaitCondition("term", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateEnded), "staff may read and copy data until "+stamp(end.Add(15*time.Second)))
		s.Eventually(func() bool { return s.Can(s, "ida@term.example", "create", "persistentvolumeclaims", "term-train") }).Should(BeTrue(), "as a data steward")
		s.Expect(s.Can(s, "ida@term.example", "create", "deployments.apps", "term-train")).To(BeFalse(), "and no engineer any more")
		s.Expect(s.GetGPUQuota(s, "term-train")).To(BeZero())
		s.WaitCondition("term", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateEnded), "data is locked and kept at least until ")
		s.Eventually(func() bool { return s.Can(s, "ida@term.example", "get", "pods", "term-train") }).Should(BeFalse())
		s.WaitNodes("term", 0)
		s.Expect(dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, "term-train", "data").Status.Phase).To(Equal(corev1.ClaimBound), "data is kept")
	})
})
