package install

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

const (
	team, train, pool = "hanbit", "hanbit-train", "b200"
	person            = "ida@hanbit.example"
)

var spec = []string{
	manifest.Awards(manifest.Award("a", pool, 8)), manifest.Train,
	`volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: fast}]`,
	manifest.Staff(manifest.User("ida", "Engineer", person)),
}

// story is one that removes and installs parts of config/.
type story struct {
	*dsl.Story
	config string
}

func newStory(t *testing.T) *story {
	t.Helper()
	root, err := binaries.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	return &story{
		Story:  dsl.New(t, lab, dsl.Options{Timeout: 90 * time.Second, Polling: 200 * time.Millisecond, UseKubectl: true}),
		config: filepath.Join(root, "config"),
	}
}

// apply and remove are what the guide says.
func (s *story) apply(part string) {
	s.Helper()
	s.Kubectl("apply", "--server-side", "-k", filepath.Join(s.config, part))
}

func (s *story) remove(part string) error {
	s.Helper()
	_, err := s.Admin().Kubectl("delete", "-k", filepath.Join(s.config, part), "--ignore-not-found", "--timeout=60s")
	return err
}

// facts are what must be the same after the operator was removed and installed again.
func (s *story) facts(g Gomega) map[string]string {
	facts := map[string]string{}
	for _, list := range []client.ObjectList{
		&foundationv1alpha1.FoundationTeamList{}, &foundationv1alpha1.GPUPoolList{}, &foundationv1alpha1.TeamRecordList{},
	} {
		objects, err := support.List(s.Context(), s.Client, list)
		g.Expect(err).NotTo(HaveOccurred())
		for _, object := range objects {
			facts[fmt.Sprintf("%T %s", object, object.GetName())] = fmt.Sprint(object.GetUID(), object.GetDeletionTimestamp())
		}
	}
	for _, list := range []client.ObjectList{
		&corev1.NamespaceList{}, &corev1.ResourceQuotaList{}, &corev1.PersistentVolumeClaimList{}, &corev1.PersistentVolumeList{}, &rbacv1.RoleBindingList{},
	} {
		objects, err := support.List(s.Context(), s.Client, list, s.OfTeam(team))
		g.Expect(err).NotTo(HaveOccurred())
		for _, object := range objects {
			facts[fmt.Sprintf("%T %s/%s", object, object.GetNamespace(), object.GetName())] = fmt.Sprint(object.GetUID(), object.GetLabels(), object.GetDeletionTimestamp())
		}
	}
	for _, node := range s.ListPoolNodes(g, pool) {
		facts["node "+node.Name] = fmt.Sprint(node.Labels, node.Spec.Taints)
	}
	for _, pod := range s.ListPods(g, team) {
		facts["pod "+pod.Name] = fmt.Sprint(pod.UID, pod.Spec.NodeName, pod.Status.Phase, pod.DeletionTimestamp)
	}
	facts["quota"] = fmt.Sprint(s.GetGPUQuota(g, train))
	facts["access"] = fmt.Sprint(s.Can(g, person, "create", "pods", train))
	return facts
}

// expectGuarded expects that policies place and judge pods.
func (s *story) expectGuarded(g Gomega) {
	s.Helper()
	thief := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: "thief"}}
	thief.Spec.Containers = []corev1.Container{{Name: "a", Image: "a.example/a:1"}}
	thief.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	g.Expect(s.Client.Create(s.Context(), thief, client.DryRunAll)).To(MatchError(ContainSubstring("foundation-pods")))
}

func TestUninstallAndReinstall(t *testing.T) {
	s := newStory(t)
	s.apply("cluster")
	s.ApplyPool(pool, 2)
	s.ApplyTeam(team, spec...)
	s.WaitReady(team)
	s.RunPods(team, "run", 1)
	s.WaitReconciled(pool)
	before := s.facts(s)
	s.Expect(len(before)).To(BeNumerically(">", 10))

	// The operator goes, and nothing of the teams does.
	s.Expect(s.remove("default")).To(Succeed())
	s.Expect(lab.Operator.Stop(s.Context())).To(Succeed())
	s.Expect(s.Exists(s, &corev1.Namespace{}, "", "foundation-system")).To(BeFalse())
	s.Expect(s.facts(s)).To(Equal(before))
	s.expectGuarded(s)
	_, err := s.Admin().Kubectl("delete", "ft", team)
	s.Expect(err).To(MatchError(ContainSubstring("FoundationTeam hanbit is InTerm")))
	s.Expect(s.remove("crd")).To(MatchError(And(
		ContainSubstring("CustomResourceDefinition foundationteams.foundation.team takes every FoundationTeam of the cluster with it"),
		ContainSubstring("CustomResourceDefinition teamrecords.foundation.team takes every TeamRecord"))))
	s.Expect(s.facts(s)).To(Equal(before))

	// Whoever deletes the rest all the same gets it back, with everything in it.
	s.Expect(s.remove("cluster")).To(MatchError(ContainSubstring("takes every FoundationTeam of the cluster with it")))
	s.Expect(s.Kubectl("get", "crd", "foundationteams.foundation.team", "-o", "jsonpath={.metadata.deletionTimestamp}")).To(BeEmpty())

	s.apply("cluster")
	s.apply("default")
	s.Expect(lab.StartOperator(s.Context())).To(Succeed())
	s.WaitCondition(team, foundationv1alpha1.ConditionPoliciesInstalled, foundationv1alpha1.ReasonAsShipped, "")
	s.WaitReady(team)
	s.WaitReconciled(pool)
	// The policies are new ones, which the API server enforces a while after they were written.
	s.Eventually(func(g Gomega) {
		g.Expect(s.facts(g)).To(Equal(before))
		s.expectGuarded(g)
	}).Should(Succeed())

	s.removeAll()
}

// removeAll removes everything in the order of the guide: teams and pools, while the operator runs, the operator, the
// kinds, and last the policies. Data stays.
func (s *story) removeAll() {
	s.Helper()
	s.DeletePod(train, "run-0")
	s.Delete("ft", team)
	s.Delete("gpool", pool)
	s.Expect(s.remove("default")).To(Succeed())
	s.Expect(lab.Operator.Stop(s.Context())).To(Succeed())
	for _, kind := range []string{"foundationprograms", "foundationteams", "gpupools", "teamrecords"} {
		name := kind + "." + foundationv1alpha1.GroupVersion.Group
		s.Kubectl("annotate", "crd", name, foundationv1alpha1.AnnotationConfirmDeletion+"="+name)
	}
	s.Expect(s.remove("crd")).To(Succeed())
	s.expectGuarded(s)
	s.Expect(s.remove("cluster")).To(Succeed())
	s.Expect(s.ListNames(s, &admissionregistrationv1.ValidatingAdmissionPolicyList{})).To(BeEmpty())
	volume := dsl.Get(s.Story, s, &corev1.PersistentVolumeClaim{}, train, "data").Spec.VolumeName
	s.Expect(dsl.Get(s.Story, s, &corev1.PersistentVolume{}, "", volume).Spec.PersistentVolumeReclaimPolicy).To(Equal(corev1.PersistentVolumeReclaimRetain))
}
