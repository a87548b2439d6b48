package attack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Shorter names of what policies are made of.
type (
	validatingPolicy = admissionregistrationv1.ValidatingAdmissionPolicy
	mutatingPolicy   = admissionregistrationv1.MutatingAdmissionPolicy
	matchConditions  = []admissionregistrationv1.MatchCondition
	matchResources   = admissionregistrationv1.MatchResources
)

// nothingMatches is a resource that does not exist. It may stand beside "*", because it is a subresource.
const nothingMatches = "nothing/nothing"

// policyMutants returns the mutants of each policy, with the checks that should catch them.
func policyMutants(ctx context.Context) (map[string][]mutant, error) {
	var validating admissionregistrationv1.ValidatingAdmissionPolicyList
	if err := masters.List(ctx, &validating); err != nil {
		return nil, err
	}
	var mutating admissionregistrationv1.MutatingAdmissionPolicyList
	if err := masters.List(ctx, &mutating); err != nil {
		return nil, err
	}
	seen, err := tryAll(ctx)
	if err != nil {
		return nil, err
	}
	herds := map[string][]mutant{}
	for i := range validating.Items {
		p := &validating.Items[i]
		herds[p.Name] = seen.mutantsOf(p, p.Spec.MatchConstraints, validatingMutations(p))
	}
	for i := range mutating.Items {
		p := &mutating.Items[i]
		herds[p.Name] = seen.mutantsOf(p, p.Spec.MatchConstraints, mutatingMutations(p))
	}
	return herds, nil
}

// mutation is a change of a policy.
type mutation struct {
	name   string
	strict bool
	change func(policy client.Object)
}

// baselineResults are the answers to all attacks, controls and legitimate work while nothing is broken.
type baselineResults struct {
	stoppedBy map[string][]check // attacks, by policy
	passing   []passingRequest
}

// passingRequest is a request that is admitted, with the call that it makes.
type passingRequest struct {
	check
	call call
}

// tryAll sends every attack, control and legitimate request. It fails if one is not answered as it should be.
func tryAll(ctx context.Context) (*baselineResults, error) {
	seen := &baselineResults{stoppedBy: map[string][]check{}}
	all := attacks()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a := all[name]
		err := a.who.does(ctx, a.try)
		if wrong := a.judge(err, a.who); wrong != nil {
			return nil, fmt.Errorf("%s: %w", name, wrong)
		}
		if _, rest, found := strings.Cut(err.Error(), "AdmissionPolicy '"); found {
			policy, _, _ := strings.Cut(rest, "'")
			seen.stoppedBy[policy] = append(seen.stoppedBy[policy], check{name, func(ctx context.Context) error { return a.refusal(ctx, a.who) }})
		}
		by := a.by
		if by.name == "" {
			by = a.who
		}
		if err := seen.pass(ctx, name+" (control)", legitimateWork{by, a.control}); err != nil {
			return nil, err
		}
	}
	works := allWork()
	for _, name := range slices.Sorted(maps.Keys(works)) {
		if err := seen.pass(ctx, name, works[name]); err != nil {
			return nil, err
		}
	}
	for name, g := range guards() {
		seen.stoppedBy[name] = append(seen.stoppedBy[name], check{"guard " + name, func(ctx context.Context) error { return g.attack.refusal(ctx, g.attack.who) }})
	}
	for name, extra := range mutated() {
		seen.stoppedBy[name] = append(seen.stoppedBy[name], extra...)
	}
	return seen, nil
}

func (s *baselineResults) pass(ctx context.Context, name string, w legitimateWork) error {
	made := &calls{}
	if err := w.who.does(recordTo(ctx, made), w.try); err != nil {
		return fmt.Errorf("%s, by %s: %w", name, w.who.name, err)
	}
	c, _ := made.last()
	if !c.isReview {
		s.passing = append(s.passing, passingRequest{check{name, func(ctx context.Context) error { return w.who.does(ctx, w.try) }}, c})
	}
	return nil
}

// mutantsOf returns the mutants of a policy. Attacks catch those that refuse less, admitted requests those that refuse
// more.
func (s *baselineResults) mutantsOf(policy client.Object, matches *matchResources, mutations []mutation) []mutant {
	name := policy.GetName()
	var passes []check
	for _, p := range s.passing {
		if matched(matches, p.call) {
			passes = append(passes, p.check)
		}
	}
	herd := []mutant{unbound(policy, s.stoppedBy[name])}
	for _, change := range mutations {
		m := mutant{name: change.name, strict: change.strict, checks: s.stoppedBy[name]}
		if _, mutates := policy.(*mutatingPolicy); change.strict && mutates {
			m.checks = slices.Concat(m.checks, passes) // it may change more, instead
		} else if change.strict {
			m.checks = passes
		}
		m.apply = func(ctx context.Context) error { return edit(ctx, policy, change.change) }
		m.restore = func(ctx context.Context) error {
			return edit(ctx, policy, func(o client.Object) { setSpec(o, policy) })
		}
		herd = append(herd, m)
	}
	_, mutates := policy.(*mutatingPolicy)
	for i := range herd {
		herd[i].confuses = mutates
	}
	return herd
}

// matched reports whether a policy's rules match a call.
func matched(m *matchResources, c call) bool {
	resource := c.resource
	if c.sub != "" {
		resource += "/" + c.sub
	}
	for _, rule := range m.ResourceRules {
		all := slices.Contains(rule.Resources, "*/*") || c.sub == "" && slices.Contains(rule.Resources, "*") ||
			c.sub != "" && slices.Contains(rule.Resources, "*/"+c.sub)
		if (slices.Contains(rule.APIGroups, c.group) || slices.Contains(rule.APIGroups, "*")) && (all || slices.Contains(rule.Resources, resource)) {
			return true
		}
	}
	return false
}

// edit reads an object, changes it and updates it.
func edit(ctx context.Context, o client.Object, change func(client.Object)) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error { // controllers write status meanwhile
		live := clone(o)
		if err := masters.Get(ctx, client.ObjectKeyFromObject(o), live); err != nil {
			return err
		}
		change(live)
		return masters.Update(ctx, live)
	})
}

func setSpec(o, original client.Object) {
	switch p := o.(type) {
	case *validatingPolicy:
		p.Spec = *original.(*validatingPolicy).Spec.DeepCopy() //nolint:errcheck,forcetypeassert // of the same type
	case *mutatingPolicy:
		p.Spec = *original.(*mutatingPolicy).Spec.DeepCopy() //nolint:errcheck,forcetypeassert // of the same type
	}
}

// unbound is the mutant in which the policy has no binding.
func unbound(policy client.Object, checks []check) mutant {
	var binding client.Object = &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}
	if _, mutates := policy.(*mutatingPolicy); mutates {
		binding = &admissionregistrationv1.MutatingAdmissionPolicyBinding{}
	}
	binding.SetName(policy.GetName())
	return mutant{
		name: "not bound", checks: checks,
		apply: func(ctx context.Context) error {
			if err := masters.Get(ctx, client.ObjectKeyFromObject(binding), binding); err != nil {
				return err
			}
			return masters.Delete(ctx, clone(binding))
		},
		restore: func(ctx context.Context) error {
			binding.SetResourceVersion("")
			binding.SetUID("")
			if err := masters.Create(ctx, binding); !apierrors.IsAlreadyExists(err) {
				return err
			}
			return nil
		},
	}
}

func validatingMutations(p *validatingPolicy) []mutation {
	on := func(name string, strict bool, change func(*validatingPolicy)) mutation {
		return mutation{name, strict, func(o client.Object) { change(o.(*validatingPolicy)) }} //nolint:errcheck,forcetypeassert // it is
	}
	var all []mutation
	for i := range p.Spec.Validations {
		all = append(all, on(fmt.Sprintf("validation %d allows all", i), false, func(p *validatingPolicy) { p.Spec.Validations[i].Expression = "true" }))
	}
	for _, m := range matchMutations(p.Spec.MatchConstraints) {
		all = append(all, on(m.name, m.strict, func(p *validatingPolicy) { m.change(p.Spec.MatchConstraints) }))
	}
	for _, m := range conditionMutations(p.Spec.MatchConditions) {
		all = append(all, on(m.name, m.strict, func(p *validatingPolicy) { m.change(p.Spec.MatchConditions) }))
	}
	for i, v := range p.Spec.Variables {
		if strings.Contains(v.Expression, controllersOnly) {
			all = append(all, on("variable "+v.Name+" takes all for controllers", false, func(p *validatingPolicy) { everybody(&p.Spec.Variables[i].Expression) }))
		}
	}
	for i, v := range p.Spec.Validations {
		if strings.Contains(v.Expression, controllersOnly) {
			all = append(all, on(fmt.Sprintf("validation %d takes all for controllers", i), false, func(p *validatingPolicy) { everybody(&p.Spec.Validations[i].Expression) }))
		}
	}
	return all
}

// controllersOnly is the group by which policies recognise the cluster's controllers.
const controllersOnly = "'system:serviceaccounts:kube-system'"

// everybody replaces the controllers' group by all authenticated users.
func everybody(expression *string) {
	*expression = strings.ReplaceAll(*expression, controllersOnly, "'system:authenticated'")
}

func mutatingMutations(p *mutatingPolicy) []mutation {
	on := func(name string, strict bool, change func(*mutatingPolicy)) mutation {
		return mutation{name, strict, func(o client.Object) { change(o.(*mutatingPolicy)) }} //nolint:errcheck,forcetypeassert // it is
	}
	var all []mutation
	for i, m := range p.Spec.Mutations {
		if m.JSONPatch == nil {
			all = append(all, on(fmt.Sprintf("mutation %d changes nothing", i), false, func(p *mutatingPolicy) {
				p.Spec.Mutations[i].ApplyConfiguration.Expression = "Object{}"
			}))
			continue
		}
		parts := summands(m.JSONPatch.Expression)
		for j := range parts {
			without := slices.Clone(parts)
			without[j] = "[JSONPatch{op: 'test', path: '/kind', value: ''}].filter(p, false)" // a list of the right type
			all = append(all, on(fmt.Sprintf("mutation %d without its part %d", i, j), false, func(p *mutatingPolicy) {
				p.Spec.Mutations[i].JSONPatch.Expression = strings.Join(without, " + ")
			}))
		}
	}
	for _, m := range matchMutations(p.Spec.MatchConstraints) {
		all = append(all, on(m.name, m.strict, func(p *mutatingPolicy) { m.change(p.Spec.MatchConstraints) }))
	}
	for _, m := range conditionMutations(p.Spec.MatchConditions) {
		all = append(all, on(m.name, m.strict, func(p *mutatingPolicy) { m.change(p.Spec.MatchConditions) }))
	}
	return all
}

// partMutation changes a part of a policy.
type partMutation[T any] struct {
	name   string
	strict bool
	change func(T)
}

// matchMutations remove each resource and operation of each rule, and each restriction on namespaces.
func matchMutations(m *matchResources) []partMutation[*matchResources] {
	var all []partMutation[*matchResources]
	for i, rule := range m.ResourceRules {
		for j, resource := range rule.Resources {
			all = append(all, partMutation[*matchResources]{"without " + resource, false, func(m *matchResources) {
				m.ResourceRules[i].Resources[j] = nothingMatches
			}})
		}
		for j, operation := range rule.Operations {
			name := fmt.Sprintf("without %s of %s", operation, strings.Join(rule.Resources, ","))
			all = append(all, partMutation[*matchResources]{name, false, func(m *matchResources) {
				m.ResourceRules[i].Operations[j] = admissionregistrationv1.Connect
			}})
		}
	}
	if m.NamespaceSelector == nil {
		return all
	}
	for i, e := range m.NamespaceSelector.MatchExpressions {
		name := fmt.Sprintf("in namespaces without %s %s", e.Key, e.Operator)
		all = append(all, partMutation[*matchResources]{name, true, func(m *matchResources) {
			m.NamespaceSelector.MatchExpressions = slices.Delete(slices.Clone(m.NamespaceSelector.MatchExpressions), i, i+1)
		}})
	}
	return all
}

// conditionMutations make each match condition always true, always false, or true for too many.
func conditionMutations(conditions matchConditions) []partMutation[matchConditions] {
	var all []partMutation[matchConditions]
	for i, c := range conditions {
		to := func(name string, strict bool, expression string) {
			all = append(all, partMutation[matchConditions]{"condition " + c.Name + " " + name, strict, func(c matchConditions) { c[i].Expression = expression }})
		}
		to("always", true, "true")
		to("never", false, "false")
		if weaker := strings.ReplaceAll(c.Expression, "'foundation:admins'", "'foundation:admins', 'system:authenticated'"); weaker != c.Expression {
			to("exempts everybody", false, weaker)
		}
		if weaker := strings.ReplaceAll(c.Expression, controllersOnly, "'system:authenticated'"); weaker != c.Expression {
			to("takes all for controllers", false, weaker)
		}
	}
	return all
}
