package controllers_test

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// Deleting or weakening a policy stops provisioning, while access and awards still end; restoring it resumes provisioning.
func TestNothingNewWithoutGuards(t *testing.T) {
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	ctx := t.Context()
	_, k8s := startOperator(t, g)
	condition := func(name, conditionType string) func(Gomega) metav1.Condition {
		return func(g Gomega) metav1.Condition {
			team := &foundationv1alpha1.FoundationTeam{}
			g.Expect(k8s.Get(ctx, client.ObjectKey{Name: name}, team)).To(Succeed())
			found := meta.FindStatusCondition(team.Status.Conditions, conditionType)
			g.Expect(found).NotTo(BeNil())
			return *found
		}
	}
	guarded := func(name, reason string) {
		t.Helper()
		g.Eventually(condition(name, foundationv1alpha1.ConditionPoliciesInstalled)).Should(HaveField("Reason", reason))
	}
	before := builder.Team("before", builder.Namespace("train", 1),
		builder.Staff("stays", foundationv1alpha1.RoleLead), builder.Staff("leaves", foundationv1alpha1.RoleEngineer))
	create(ctx, g, k8s, before)
	guarded("before", foundationv1alpha1.ReasonAsShipped)
	bindings := func(g Gomega) []string { return bindingsIn(ctx, g, k8s, "before-train") }
	g.Eventually(bindings).Should(ConsistOf("foundation-team-lead", "foundation-team-engineer"))

	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}
	g.Expect(k8s.Get(ctx, client.ObjectKey{Name: "foundation-pods"}, binding)).To(Succeed())
	g.Expect(k8s.Delete(ctx, binding)).To(Succeed())
	guarded("before", foundationv1alpha1.ReasonPolicyMissing)
	g.Expect(condition("before", foundationv1alpha1.ConditionReady)(g)).To(HaveField("Message",
		HavePrefix("ValidatingAdmissionPolicyBinding foundation-pods is missing: nothing new is provisioned until")))

	create(ctx, g, k8s, builder.Team("after", builder.Namespace("train", 1)))
	g.Eventually(condition("after", foundationv1alpha1.ConditionNamespacesReady)).Should(HaveField("Reason", foundationv1alpha1.ReasonPolicyMissing))
	g.Expect(k8s.Get(ctx, client.ObjectKey{Name: "after-train"}, &corev1.Namespace{})).To(MatchError(apierrors.IsNotFound, "is not there"))
	g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(before), before)).To(Succeed())
	before.Spec.Staff = before.Spec.Staff[:1]
	g.Expect(k8s.Update(ctx, before)).To(Succeed())
	g.Eventually(bindings).Should(ConsistOf("foundation-team-lead"))

	binding.ResourceVersion, binding.UID = "", ""
	g.Expect(k8s.Create(ctx, binding)).To(Succeed())
	guarded("before", foundationv1alpha1.ReasonAsShipped)
	g.Eventually(func() error { return k8s.Get(ctx, client.ObjectKey{Name: "after-train"}, &corev1.Namespace{}) }).Should(Succeed())

	policy := &admissionregistrationv1.MutatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "foundation-team-placement"}}
	weaken := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"failurePolicy":"Ignore"}}`))
	g.Expect(k8s.Patch(ctx, policy, weaken)).To(Succeed())
	g.Eventually(condition("after", foundationv1alpha1.ConditionPoliciesInstalled)).Should(And(
		HaveField("Reason", foundationv1alpha1.ReasonPolicyChanged),
		HaveField("Message", HavePrefix("MutatingAdmissionPolicy foundation-team-placement (spec.failurePolicy) is not what"))))
}

func bindingsIn(ctx context.Context, g Gomega, k8s client.Client, namespace string) []string {
	var list rbacv1.RoleBindingList
	g.Expect(k8s.List(ctx, &list, client.InNamespace(namespace))).To(Succeed())
	names := make([]string, 0, len(list.Items))
	for i := range list.Items {
		names = append(names, list.Items[i].Name)
	}
	return names
}
