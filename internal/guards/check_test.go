package guards

import (
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

const policy = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: pods}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  validations:
  - {expression: "false", message: no}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: pods}
spec: {policyName: pods, validationActions: [Deny]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: placement}
spec:
  reinvocationPolicy: IfNeeded
  matchConstraints:
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  mutations:
  - {patchType: JSONPatch, jsonPatch: {expression: "[]"}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: placement}
spec: {policyName: placement}
`

func load(t *testing.T) []client.Object {
	t.Helper()
	objects, err := parse(fstest.MapFS{
		"pods.yaml":          {Data: []byte(policy[1:])},
		"kustomization.yaml": {Data: []byte("resources: [pods.yaml]")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		object.SetCreationTimestamp(metav1.NewTime(now.Add(-time.Hour)))
	}
	return objects
}

func TestCheck(t *testing.T) {
	const (
		wayOut  = "nothing new is provisioned until all admission policies of this version are applied (kubectl apply --server-side -k config/admission)"
		changed = " is not what this version of the operator ships: " + wayOut
	)
	edit := func(change func(*admissionregistrationv1.ValidatingAdmissionPolicy)) func([]client.Object) []client.Object {
		return func(live []client.Object) []client.Object {
			change(live[0].(*admissionregistrationv1.ValidatingAdmissionPolicy)) //nolint:errcheck,forcetypeassert // see above
			return live
		}
	}
	written := func(at time.Time, subresource string) func([]client.Object) []client.Object {
		return func(live []client.Object) []client.Object {
			live[1].SetManagedFields([]metav1.ManagedFieldsEntry{{Time: new(metav1.NewTime(at)), Subresource: subresource}})
			return live
		}
	}
	settling := Result{
		Reason: foundationv1alpha1.ReasonPoliciesSettling, Wait: 4 * time.Second,
		Message: "admission policies were written just now: what is new waits until every API server enforces them",
	}
	for name, test := range map[string]struct {
		live func([]client.Object) []client.Object
		want Result
	}{
		"as shipped": {live: func(live []client.Object) []client.Object { return live }},
		"as the API server fills it in": {live: edit(func(p *admissionregistrationv1.ValidatingAdmissionPolicy) {
			p.Spec.FailurePolicy = new(admissionregistrationv1.Fail)
			match := p.Spec.MatchConstraints
			match.MatchPolicy, match.NamespaceSelector, match.ObjectSelector = new(admissionregistrationv1.Equivalent), &metav1.LabelSelector{}, &metav1.LabelSelector{}
			match.ResourceRules[0].Scope = new(admissionregistrationv1.AllScopes)
		})},
		"with policies of others beside it": {live: func(live []client.Object) []client.Object {
			return append(live, &admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "others"}})
		}},
		"with labels, annotations and a status": {live: edit(func(p *admissionregistrationv1.ValidatingAdmissionPolicy) {
			p.Labels, p.Annotations = map[string]string{"argocd.argoproj.io/instance": "x"}, map[string]string{"a": "b"}
			p.Status.ObservedGeneration = 1
		})},
		"with other white space": {live: edit(func(p *admissionregistrationv1.ValidatingAdmissionPolicy) {
			p.Spec.Validations[0].Expression = " false\n\n"
		})},
		"nothing is there": {
			live: func([]client.Object) []client.Object { return nil },
			want: Result{Reason: foundationv1alpha1.ReasonPolicyMissing, Message: "ValidatingAdmissionPolicy pods (and 3 more) is missing: " + wayOut},
		},
		"a policy without its binding": {
			live: func(live []client.Object) []client.Object { return live[:3] },
			want: Result{Reason: foundationv1alpha1.ReasonPolicyMissing, Message: "MutatingAdmissionPolicyBinding placement is missing: " + wayOut},
		},
		"a policy that goes": {
			live: func(live []client.Object) []client.Object {
				live[2].SetDeletionTimestamp(new(metav1.NewTime(now)))
				return live
			},
			want: Result{Reason: foundationv1alpha1.ReasonPolicyMissing, Message: "MutatingAdmissionPolicy placement is missing: " + wayOut},
		},
		"a rule that lets pass": {
			live: edit(func(p *admissionregistrationv1.ValidatingAdmissionPolicy) { p.Spec.Validations[0].Expression = "true" }),
			want: Result{Reason: foundationv1alpha1.ReasonPolicyChanged, Message: "ValidatingAdmissionPolicy pods (spec.validations)" + changed},
		},
		"an exemption, and open on failure": {
			live: edit(func(p *admissionregistrationv1.ValidatingAdmissionPolicy) {
				p.Spec.FailurePolicy = new(admissionregistrationv1.Ignore)
				p.Spec.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "x", Expression: "false"}}
			}),
			want: Result{Reason: foundationv1alpha1.ReasonPolicyChanged, Message: "ValidatingAdmissionPolicy pods (spec.failurePolicy, spec.matchConditions)" + changed},
		},
		"a match that excludes": {
			live: edit(func(p *admissionregistrationv1.ValidatingAdmissionPolicy) {
				p.Spec.MatchConstraints.ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}}
			}),
			want: Result{Reason: foundationv1alpha1.ReasonPolicyChanged, Message: "ValidatingAdmissionPolicy pods (spec.matchConstraints)" + changed},
		},
		"a binding that only warns": {
			live: func(live []client.Object) []client.Object {
				binding := live[1].(*admissionregistrationv1.ValidatingAdmissionPolicyBinding) //nolint:errcheck,forcetypeassert // see above
				binding.Spec.ValidationActions = []admissionregistrationv1.ValidationAction{admissionregistrationv1.Warn}
				return live
			},
			want: Result{Reason: foundationv1alpha1.ReasonPolicyChanged, Message: "ValidatingAdmissionPolicyBinding pods (spec.validationActions)" + changed},
		},
		"a binding of some namespaces": {
			live: func(live []client.Object) []client.Object {
				binding := live[3].(*admissionregistrationv1.MutatingAdmissionPolicyBinding) //nolint:errcheck,forcetypeassert // see above
				binding.Spec.MatchResources = &admissionregistrationv1.MatchResources{}
				return live
			},
			want: Result{Reason: foundationv1alpha1.ReasonPolicyChanged, Message: "MutatingAdmissionPolicyBinding placement (spec.matchResources)" + changed},
		},
		"made just now": {
			live: func(live []client.Object) []client.Object {
				live[3].SetCreationTimestamp(metav1.NewTime(now.Add(-time.Second)))
				return live
			},
			want: settling,
		},
		"put back just now":        {live: written(now.Add(-time.Second), ""), want: settling},
		"put back a while ago":     {live: written(now.Add(-settlePeriod), "")},
		"checked just now":         {live: written(now, "status")},
		"by a clock that is ahead": {live: written(now.Add(time.Hour), ""), want: Result{Reason: settling.Reason, Message: settling.Message, Wait: settlePeriod}},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := compare(load(t), test.live(load(t)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, found.result(now)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Policies are compared once in each of their versions.
func TestPoliciesAreComparedOnce(t *testing.T) {
	g := gomega.NewWithT(t)
	c := &ClusterChecker{}
	live := load(t)
	for _, object := range live {
		object.SetUID(types.UID(nameOf(object)))
	}
	missing := func() []string {
		found, err := c.compare(load(t), live)
		g.Expect(err).NotTo(gomega.HaveOccurred())
		return found.missing
	}
	g.Expect(missing()).To(gomega.BeEmpty())
	live[1].SetDeletionTimestamp(new(metav1.NewTime(now)))
	g.Expect(missing()).To(gomega.BeEmpty(), "is compared again although no version is another one")
	slices.Reverse(live)
	g.Expect(missing()).To(gomega.BeEmpty(), "is compared again although the cache lists the same in another order")
	slices.Reverse(live)
	live[1].SetResourceVersion("2")
	g.Expect(missing()).To(gomega.ConsistOf("ValidatingAdmissionPolicyBinding pods"))
	live = live[:2]
	g.Expect(missing()).To(gomega.HaveLen(3))
	live = nil
	g.Expect(missing()).To(gomega.HaveLen(4))
}

// A clock of the cluster that is ahead delays nothing for longer than the policies take to settle, and each change of
// a policy starts a new settling period.
func TestClocksAheadHoldNothingUp(t *testing.T) {
	g := gomega.NewWithT(t)
	settling, missing := Result{Reason: foundationv1alpha1.ReasonPoliciesSettling, Wait: settlePeriod}, Result{Reason: foundationv1alpha1.ReasonPolicyMissing}
	w := &ClusterChecker{}
	g.Expect(w.limitSettling(settling, now)).To(gomega.Equal(settling))
	g.Expect(w.limitSettling(settling, now.Add(settlePeriod-1))).To(gomega.Equal(settling))
	g.Expect(w.limitSettling(settling, now.Add(settlePeriod)).OK()).To(gomega.BeTrue())
	g.Expect(w.limitSettling(missing, now.Add(settlePeriod))).To(gomega.Equal(missing))
	g.Expect(w.limitSettling(settling, now.Add(settlePeriod+1))).To(gomega.Equal(settling))
}

func TestShipped(t *testing.T) {
	g := gomega.NewWithT(t)
	objects, err := Shipped()
	g.Expect(err).NotTo(gomega.HaveOccurred())
	policies, bindings := map[string]bool{}, map[string]bool{}
	for _, object := range objects {
		switch object.(type) {
		case *admissionregistrationv1.ValidatingAdmissionPolicy, *admissionregistrationv1.MutatingAdmissionPolicy:
			policies[object.GetName()] = true
		default:
			bindings[object.GetName()] = true
		}
	}
	g.Expect(policies).To(gomega.HaveKey("foundation-pods"))
	g.Expect(bindings).To(gomega.Equal(policies))
}

func TestOnlyGuardsAreParsed(t *testing.T) {
	for name, content := range map[string]string{
		"another kind":  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
		"a wrong field": "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicyBinding\nmetadata: {name: x}\nspec: {polcyName: x}\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parse(fstest.MapFS{"x.yaml": {Data: []byte(content)}}); err == nil {
				t.Error("is parsed")
			}
		})
	}
}
