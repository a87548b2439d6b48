package attack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The policies that change objects instead of refusing them.
const (
	placement       = "foundation-team-placement"
	podDefaults     = "foundation-pod-defaults"
	accountDefaults = "foundation-service-account-defaults"
	bindingStamps   = "foundation-binding-stamps"
)

// guard is the attack that proves a policy is needed, because no other guard stops it.
type guard struct {
	binding client.Object
	attack  attack
	// without is the answer to the attack when the policy is gone; empty if it then succeeds.
	without string
}

// guards are all policies, by name.
func guards() map[string]guard {
	all := map[string]guard{
		placement: {
			binding: &admissionregistrationv1.MutatingAdmissionPolicyBinding{},
			// Here the attack is a pod that is placed nowhere. Without the policy the pod is refused, not misplaced.
			attack:  attack{who: engineer, try: admittedUnplaced(pod(train, asksFor(gpu, "8"))), refused: "was placed"},
			without: "MutatingAdmissionPolicy foundation-team-placement sets: tell an admin that it did not",
		},
		podDefaults: {
			binding: &admissionregistrationv1.MutatingAdmissionPolicyBinding{},
			attack:  attack{who: engineer, try: admittedUnpulled(pod(train, cached)), refused: "is pulled"},
			without: "MutatingAdmissionPolicy foundation-pod-defaults sets: tell an admin that it did not",
		},
		accountDefaults: {
			binding: &admissionregistrationv1.MutatingAdmissionPolicyBinding{},
			attack:  attack{who: accounts, try: mountsToken(serviceAccountIn(train)), refused: "mounts no token"},
		},
		bindingStamps: {
			binding: &admissionregistrationv1.MutatingAdmissionPolicyBinding{},
			attack:  stampAttacks()["bind without stamps"],
			without: "MutatingAdmissionPolicy foundation-binding-stamps sets them: tell an admin that it did not",
		},
	}
	for policy, name := range map[string]string{
		"foundation-pods":           "tolerate every taint",
		"foundation-pod-neighbours": "be critical to a node",
		"foundation-outsiders":      "tolerate a team's nodes from outside",
		"foundation-bindings":       "bind a pod with all rights",
		"foundation-claims":         "claim devices of a class that was not granted",
		"foundation-deletions":      "delete a team in term",
		"foundation-volume-sizes":   "shrink a volume below what it has",
		"foundation-kinds":          "delete a kind with all its objects",
		"foundation-owned":          "delete the team's volume",
		"foundation-namespaces":     "join a rival",
		"foundation-nodes":          "a kubelet joins a team",
		"foundation-nodepools":      "delete a team's NodePool",
		"foundation-nodeclaims":     "delete a team's NodeClaim",
		"foundation-volumes":        "claim a volume by name",
		"foundation-services":       "take an external address",
		"foundation-secrets":        "get a token that never expires as the engineer",
		"foundation-teams":          "write a team's status",
		"foundation-records":        "pass for a team that was",

		"foundation-persistent-volumes": "move data to a rival",
		"foundation-identity":           "label a config map",
		"foundation-staff-bindings":     "bind a rival",
		"foundation-network-policies":   "make an allow-all policy",
		"foundation-operator":           "bind a lead in the system",
	} {
		attack, known := attacks()[name]
		if !known {
			panic("no attack is called " + name)
		}
		all[policy] = guard{binding: &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}, attack: attack}
	}
	for name, guard := range all {
		guard.binding.SetName(name)
	}
	return all
}

// admittedUnplaced succeeds if a pod is admitted without being bound to its team's nodes.
func admittedUnplaced(p *corev1.Pod) request {
	return func(ctx context.Context, c client.Client) error {
		admitted := clone(p)
		if err := c.Create(ctx, admitted, client.DryRunAll); err != nil {
			return err
		}
		if admitted.Spec.NodeSelector[nodeTeam] != "" {
			return errors.New("was placed")
		}
		return nil
	}
}

func (g guard) expectHeld(ctx context.Context, gm gomega.Gomega) { g.attack.expectRefused(ctx, gm) }

func (g guard) expectOpen(ctx context.Context, gm gomega.Gomega) {
	err := g.attack.who.does(ctx, g.attack.try)
	if g.without == "" {
		gm.Expect(err).NotTo(gomega.HaveOccurred())
		return
	}
	gm.Expect(err).To(gomega.MatchError(gomega.ContainSubstring(g.without)))
}

// TestEachPolicyIsNeeded deletes each policy's binding in turn and creates it again. It runs before the parallel tests.
func TestEachPolicyIsNeeded(t *testing.T) {
	for policy, guard := range guards() {
		t.Run(policy, func(t *testing.T) {
			// Without what a mutating policy sets others refuse for another reason: those run before all that are parallel.
			if _, mutates := guard.binding.(*admissionregistrationv1.MutatingAdmissionPolicyBinding); !mutates {
				t.Parallel()
			}
			g := gomega.NewWithT(t)
			ctx := t.Context()
			guard.expectHeld(ctx, g)

			binding := guard.binding
			g.Expect(masters.Get(ctx, client.ObjectKeyFromObject(binding), binding)).To(gomega.Succeed())
			g.Expect(masters.Delete(ctx, clone(binding))).To(gomega.Succeed())
			g.Eventually(func(g gomega.Gomega) { guard.expectOpen(ctx, g) }).
				WithTimeout(activeWithin).WithPolling(pollInterval).Should(gomega.Succeed())

			binding.SetResourceVersion("")
			binding.SetUID("")
			g.Expect(masters.Create(ctx, binding)).To(gomega.Succeed())
			g.Eventually(func(g gomega.Gomega) { guard.expectHeld(ctx, g) }).
				WithTimeout(activeWithin).WithPolling(pollInterval).Should(gomega.Succeed())
		})
	}
}

// TestEachRuleIsNeeded makes each rule of each policy in turn allow everything: an attack from the tables must succeed
// then.
func TestEachRuleIsNeeded(t *testing.T) {
	stoppedBy := map[string][]attack{}
	for _, attack := range attacks() {
		err := attack.who.does(t.Context(), attack.try)
		for policy := range guards() {
			if err != nil && strings.Contains(err.Error(), "ValidatingAdmissionPolicy '"+policy+"'") {
				stoppedBy[policy] = append(stoppedBy[policy], attack)
			}
		}
	}
	for name, stopped := range stoppedBy {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gomega.NewWithT(t)
			ctx := t.Context()
			policy := &admissionregistrationv1.ValidatingAdmissionPolicy{}
			g.Expect(masters.Get(ctx, client.ObjectKey{Name: name}, policy)).To(gomega.Succeed())
			for i, rule := range policy.Spec.Validations {
				if strings.Contains(rule.MessageExpression, "MutatingAdmissionPolicy ") {
					continue // it stands in for that policy, and TestEachPolicyIsNeeded sees it do so
				}
				disable := fmt.Sprintf(`[{"op":"replace","path":"/spec/validations/%d/expression","value":"true"}]`, i)
				g.Expect(masters.Patch(ctx, clone(policy), client.RawPatch(types.JSONPatchType, []byte(disable)))).To(gomega.Succeed())
				opened := -1
				g.Eventually(func() int {
					opened = slices.IndexFunc(stopped, func(a attack) bool { return a.who.does(ctx, a.try) == nil })
					return opened
				}).WithTimeout(activeWithin).WithPolling(pollInterval).Should(gomega.BeNumerically(">=", 0), "no attack needs %s", rule.Expression)

				restore, err := json.Marshal(rule.Expression)
				g.Expect(err).NotTo(gomega.HaveOccurred())
				enable := strings.Replace(disable, `"true"`, string(restore), 1)
				g.Expect(masters.Patch(ctx, clone(policy), client.RawPatch(types.JSONPatchType, []byte(enable)))).To(gomega.Succeed())
				g.Eventually(func(g gomega.Gomega) { stopped[opened].expectRefused(ctx, g) }).
					WithTimeout(activeWithin).WithPolling(pollInterval).Should(gomega.Succeed())
			}
		})
	}
}

// TestEachPolicyHasAGuard checks that guards lists every policy, and that all policies have in common what they should.
func TestEachPolicyHasAGuard(t *testing.T) { // not parallel: other tests add policies of their own
	g := gomega.NewWithT(t)
	known := guards()
	var validating admissionregistrationv1.ValidatingAdmissionPolicyList
	g.Expect(masters.List(t.Context(), &validating)).To(gomega.Succeed())
	var mutating admissionregistrationv1.MutatingAdmissionPolicyList
	g.Expect(masters.List(t.Context(), &mutating)).To(gomega.Succeed())

	shipped, devices := map[string]error{}, sets.New[string]()
	look := func(variables []admissionregistrationv1.Variable) {
		for _, v := range variables {
			if v.Name == "asksForDevices" {
				devices.Insert(v.Expression)
			}
		}
	}
	for i := range validating.Items {
		policy := &validating.Items[i]
		look(policy.Spec.Variables)
		shipped[policy.Name] = houseRules(policy.Spec.FailurePolicy, policy.Spec.ParamKind, policy.Spec.MatchConditions)
	}
	for i := range mutating.Items {
		policy := &mutating.Items[i]
		look(policy.Spec.Variables)
		shipped[policy.Name] = houseRules(policy.Spec.FailurePolicy, policy.Spec.ParamKind, policy.Spec.MatchConditions)
	}
	for name, err := range shipped {
		g.Expect(err).NotTo(gomega.HaveOccurred(), name)
		g.Expect(known).To(gomega.HaveKey(name), "a policy without a named attack")
	}
	g.Expect(shipped).To(gomega.HaveLen(len(known)))
	g.Expect(devices).To(gomega.HaveLen(1), "what is placed and what must be placed differ")

	for name, guard := range known {
		g.Expect(masters.Get(t.Context(), client.ObjectKey{Name: name}, guard.binding)).To(gomega.Succeed())
		if binding, ok := guard.binding.(*admissionregistrationv1.ValidatingAdmissionPolicyBinding); ok {
			g.Expect(binding.Spec.ValidationActions).To(gomega.Equal([]admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny}), name)
			g.Expect(binding.Spec.MatchResources).To(gomega.BeNil(), name)
		}
	}
}

// exempt is the match condition, identical in most policies, that lets the operator and admins pass.
const exempt = "request.userInfo.username != 'system:serviceaccount:foundation-system:foundation-operator' && " +
	"!request.userInfo.?groups.orValue([]).exists(g, g in ['system:masters', 'foundation:admins'])"

func houseRules(
	onFailure *admissionregistrationv1.FailurePolicyType, params *admissionregistrationv1.ParamKind,
	conditions []admissionregistrationv1.MatchCondition,
) error {
	if onFailure == nil || *onFailure != admissionregistrationv1.Fail {
		return errors.New("does not fail closed")
	}
	if params != nil {
		return errors.New("takes parameters")
	}
	for _, condition := range conditions {
		if condition.Name == "not-the-operator-or-an-admin" && condition.Expression != exempt {
			return fmt.Errorf("exempts others: %s", condition.Expression)
		}
	}
	return nil
}
