package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/builder"
)

const odd = "2027-01-01T00:00:00z" // RFC 3339 allows a lower-case z, Go does not

// unreadableStory is an operator on an API server whose CRDs somebody loosened.
type unreadableStory struct {
	*WithT
	ctx    context.Context //nolint:containedctx // of one test
	config *rest.Config
	k8s    client.Client
}

// loosen takes all rules out of the operator's CRDs, as an older version of them would have none. It returns what puts them back.
func (s unreadableStory) loosen() (tighten func()) {
	scheme := runtime.NewScheme()
	s.Expect(apiextensionsv1.AddToScheme(scheme)).To(Succeed())
	admin, err := client.New(s.config, client.Options{Scheme: scheme})
	s.Expect(err).NotTo(HaveOccurred())
	var shipped apiextensionsv1.CustomResourceDefinitionList
	s.Expect(admin.List(s.ctx, &shipped)).To(Succeed())
	set := func(change func(*apiextensionsv1.CustomResourceDefinition)) {
		for _, crd := range shipped.Items {
			if crd.Spec.Group != foundationv1alpha1.GroupVersion.Group {
				continue
			}
			live := crd.DeepCopy()
			s.Expect(admin.Get(s.ctx, client.ObjectKeyFromObject(live), live)).To(Succeed())
			live.Spec = *crd.Spec.DeepCopy()
			change(live)
			s.Expect(admin.Update(s.ctx, live)).To(Succeed())
		}
	}
	set(func(crd *apiextensionsv1.CustomResourceDefinition) {
		for v := range crd.Spec.Versions {
			withoutRules(crd.Spec.Versions[v].Schema.OpenAPIV3Schema)
		}
	})
	return func() { set(func(*apiextensionsv1.CustomResourceDefinition) {}) }
}

func withoutRules(schema *apiextensionsv1.JSONSchemaProps) {
	schema.XValidations = nil
	for name, property := range schema.Properties {
		withoutRules(&property)
		schema.Properties[name] = property
	}
	if schema.Items != nil {
		withoutRules(schema.Items.Schema)
	}
	if schema.AdditionalProperties != nil {
		withoutRules(schema.AdditionalProperties.Schema)
	}
}

func (s unreadableStory) patch(kind, name, patch string) {
	obj := &unstructured.Unstructured{}
	obj.SetGroupVersionKind(foundationv1alpha1.GroupVersion.WithKind(kind))
	obj.SetName(name)
	s.Eventually(func() error { return s.k8s.Patch(s.ctx, obj, client.RawPatch(types.MergePatchType, []byte(patch))) }).Should(Succeed())
}

// ready returns the Ready condition of an object, which need not be readable.
func (s unreadableStory) ready(kind, name string) func() *metav1.Condition {
	return func() *metav1.Condition {
		obj := &unstructured.Unstructured{}
		obj.SetGroupVersionKind(foundationv1alpha1.GroupVersion.WithKind(kind))
		if s.k8s.Get(s.ctx, client.ObjectKey{Name: name}, obj) != nil {
			return nil
		}
		raw, _, _ := unstructured.NestedSlice(obj.Object, "status", "conditions")
		asJSON, err := json.Marshal(raw)
		s.Expect(err).NotTo(HaveOccurred())
		var list []metav1.Condition
		s.Expect(json.Unmarshal(asJSON, &list)).To(Succeed())
		return meta.FindStatusCondition(list, foundationv1alpha1.ConditionReady)
	}
}

func beUnreadable(value string) OmegaMatcher {
	return And(HaveField("Status", metav1.ConditionFalse), HaveField("Reason", foundationv1alpha1.ReasonUnreadable), HaveField("Message", ContainSubstring(value)))
}

// people returns who is bound in a namespace.
func (s unreadableStory) people(namespace string) func() []string {
	return func() []string {
		var bindings rbacv1.RoleBindingList
		s.Expect(s.k8s.List(s.ctx, &bindings, client.InNamespace(namespace))).To(Succeed())
		names := []string{}
		for _, binding := range bindings.Items {
			for _, subject := range binding.Subjects {
				names = append(names, subject.Name)
			}
		}
		return names
	}
}

func (s unreadableStory) namespace(name string) func() error {
	return func() error { return s.k8s.Get(s.ctx, client.ObjectKey{Name: name}, &corev1.Namespace{}) }
}

// unreadableObjects returns the metric, by kind.
func (s unreadableStory) unreadableObjects() map[string]float64 {
	families, err := metrics.Registry.Gather()
	s.Expect(err).NotTo(HaveOccurred())
	found := map[string]float64{}
	for _, family := range families {
		if family.GetName() == "foundation_unreadable_objects" {
			for _, metric := range family.GetMetric() {
				found[metric.GetLabel()[0].GetValue()] = metric.GetGauge().GetValue()
			}
		}
	}
	return found
}

// One object that cannot be read has a condition; the operator goes on with all others, and a restart becomes ready.
func TestUnreadableTime(t *testing.T) {
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	s := unreadableStory{WithT: g, ctx: t.Context()}
	s.config, s.k8s = startOperator(t, g)
	in := clock.RealClock{}.Now().Add(20 * time.Second).UTC().Format(time.RFC3339)

	program := builder.Program("nation")
	pool := builder.Pool("b200")
	team := builder.Team("hanbit", builder.Namespace("train", 1))
	for _, name := range []string{"kim", "lee", "park"} {
		team.Spec.Staff = append(team.Spec.Staff, foundationv1alpha1.StaffMember{
			Name: name, Role: foundationv1alpha1.RoleViewer, Subject: foundationv1alpha1.StaffSubject{Kind: foundationv1alpha1.SubjectUser, Name: name},
		})
	}
	create(s.ctx, g, s.k8s, program, pool, team)
	s.Eventually(s.people("hanbit-train")).Should(ConsistOf("kim", "lee", "park"))

	_ = s.loosen()
	s.patch("GPUPool", "b200", fmt.Sprintf(`{"spec": {"availability": {"endTime": %q}}}`, odd))
	s.patch("FoundationProgram", "nation", fmt.Sprintf(`{"spec": {"stages": [{"name": "one", "startTime": %q, "endTime": "2027-02-30T00:00:00Z"}]}}`, odd))
	s.patch("FoundationTeam", "hanbit", fmt.Sprintf(`{"spec": {"namespaces": [{"name": "train", "gpuWeight": 1, "quota": {"pods": "1e1.5"}}, {"name": "more", "gpuWeight": 1}], "staff": [
		{"name": "kim", "role": "Viewer", "subject": {"kind": "User", "name": "kim"}, "endTime": %q},
		{"name": "lee", "role": "Viewer", "subject": {"kind": "User", "name": "lee"}, "endTime": %q},
		{"name": "park", "role": "Viewer", "subject": {"kind": "User", "name": "park"}},
		{"name": "choi", "role": "Viewer", "subject": {"kind": "User", "name": "choi"}}]}}`, odd, in))

	s.Eventually(s.ready("GPUPool", "b200")).Should(beUnreadable(`spec.availability.endTime: "` + odd + `" cannot be read`))
	s.Eventually(s.ready("FoundationProgram", "nation")).Should(beUnreadable("spec.stages[0].endTime"))
	s.Eventually(s.ready("FoundationTeam", "hanbit")).Should(beUnreadable(`spec.namespaces[0].quota[pods]: "1e1.5" cannot be read`))
	s.Expect(s.unreadableObjects()).To(And(HaveKeyWithValue("GPUPool", 1.0), HaveKeyWithValue("FoundationProgram", 1.0), HaveKeyWithValue("FoundationTeam", 1.0)))
	s.Eventually(s.people("hanbit-train")).Should(ConsistOf("park"), "whose end cannot be read, and who is over, has no access; who is new gets none")
	s.Expect(apierrors.IsNotFound(s.namespace("hanbit-more")())).To(BeTrue(), "nothing new is provisioned")
	s.Expect(s.namespace("hanbit-train")()).To(Succeed())

	create(s.ctx, g, s.k8s, builder.Team("onnuri", builder.Namespace("train", 1)))
	s.Eventually(s.namespace("onnuri-train")).Should(Succeed(), "the others go on")

	again, err := setup.NewManager(s.config, setup.Options{MetricsBindAddress: "0", HealthProbeBindAddress: "0"}, func(o *manager.Options) {
		o.Controller.SkipNameValidation = new(true)
	})
	s.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan error, 1)
	go func() { done <- again.Start(ctx) }()
	var teams foundationv1alpha1.FoundationTeamList
	_, err = again.GetCache().GetInformer(s.ctx, &foundationv1alpha1.FoundationTeam{})
	s.Expect(err).NotTo(HaveOccurred())
	s.Expect(again.GetCache().WaitForCacheSync(s.ctx)).To(BeTrue(), "a restart becomes ready")
	s.Expect(again.GetClient().List(s.ctx, &teams)).To(Succeed())
	s.Expect(teams.Items).To(HaveLen(2))
	cancel()
	s.Expect(<-done).NotTo(HaveOccurred())

	s.patch("FoundationTeam", "hanbit", `{"spec": {"namespaces": [{"name": "train", "gpuWeight": 1}], "staff": [{"name": "park", "role": "Viewer", "subject": {"kind": "User", "name": "park"}},
		{"name": "choi", "role": "Viewer", "subject": {"kind": "User", "name": "choi"}}]}}`)
	s.Eventually(s.people("hanbit-train")).Should(ConsistOf("park", "choi"), "corrected, it is as it says")
	s.Eventually(s.ready("FoundationTeam", "hanbit")).ShouldNot(HaveField("Reason", foundationv1alpha1.ReasonUnreadable))

	for _, kind := range []string{"FoundationProgram/nation", "GPUPool/b200"} {
		s.deletes(kind)
	}
	s.patch("FoundationTeam", "onnuri", fmt.Sprintf(`{"spec": {"term": {"endTime": %q}}}`, odd))
	s.Eventually(s.ready("FoundationTeam", "onnuri")).Should(beUnreadable("spec.term.endTime"))
	s.deletes("FoundationTeam/onnuri")
	s.Expect(s.namespace("onnuri-train")()).To(Succeed(), "its namespace is kept")
}

func (s unreadableStory) deletes(what string) {
	obj := &unstructured.Unstructured{}
	kind, name, _ := strings.Cut(what, "/")
	obj.SetGroupVersionKind(foundationv1alpha1.GroupVersion.WithKind(kind))
	obj.SetName(name)
	s.patch(kind, name, fmt.Sprintf(`{"metadata": {"annotations": {%q: %q}}}`, foundationv1alpha1.AnnotationConfirmDeletion, name))
	s.Expect(s.k8s.Delete(s.ctx, obj)).To(Succeed())
	s.Eventually(func() bool { return apierrors.IsNotFound(s.k8s.Get(s.ctx, client.ObjectKey{Name: name}, obj)) }).Should(BeTrue(), what)
}

// What an older version accepted, and this one does not, is reported on and can be deleted.
func TestInvalidObjectsCanBeDeleted(t *testing.T) {
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	s := unreadableStory{WithT: g, ctx: t.Context()}
	s.config, s.k8s = startOperator(t, g)
	create(s.ctx, g, s.k8s, builder.Program("nation"), builder.Pool("b200"), builder.Team("hanbit", builder.Namespace("train", 1)))
	s.Eventually(s.namespace("hanbit-train")).Should(Succeed())

	const backwards = `{"startTime": "2027-01-01T00:00:00Z", "endTime": "2026-01-01T00:00:00Z"}`
	invalid := []struct{ kind, name, spec string }{
		{"GPUPool", "b200", `{"availability": ` + backwards + `}`},
		{"FoundationProgram", "nation", `{"stages": [{"name": "one", "startTime": "2027-01-01T00:00:00Z", "endTime": "2026-01-01T00:00:00Z"}]}`},
		{"FoundationTeam", "hanbit", `{"term": ` + backwards + `}`},
	}
	tighten := s.loosen()
	for _, object := range invalid {
		s.patch(object.kind, object.name, `{"spec": `+object.spec+`}`)
	}
	tighten()
	for _, object := range invalid {
		s.Eventually(s.touch(object.kind, object.name, object.spec)).Should(Satisfy(apierrors.IsInvalid), "the rules are back")
		s.deletes(object.kind + "/" + object.name)
	}
}

// touch gives an object a spec that is invalid in another way.
func (s unreadableStory) touch(kind, name, spec string) func() error {
	return func() error {
		obj := &unstructured.Unstructured{}
		obj.SetGroupVersionKind(foundationv1alpha1.GroupVersion.WithKind(kind))
		obj.SetName(name)
		spec := strings.ReplaceAll(spec, "2026", "2025")
		return s.k8s.Patch(s.ctx, obj, client.RawPatch(types.MergePatchType, []byte(`{"spec": `+spec+`}`)), client.DryRunAll)
	}
}
