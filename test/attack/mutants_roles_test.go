package attack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// unheldRights are rights that no role has, or only some.
var unheldRights = []string{
	"pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers", "pods/resize", "pods/eviction", "pods/binding",
	"pods/proxy", "pods/status", "services/proxy", "services/status", "secrets", "serviceaccounts", "serviceaccounts/token", "bindings",
	"resourcequotas/status", "endpoints", "replicationcontrollers", "nodes", "persistentvolumes", "persistentvolumeclaims/status",
	"daemonsets.apps", "deployments/scale.apps", "statefulsets/scale.apps", "roles.rbac.authorization.k8s.io",
	"clusterrolebindings.rbac.authorization.k8s.io", "ingresses.networking.k8s.io", "endpointslices.discovery.k8s.io",
	"poddisruptionbudgets.policy", "leases.coordination.k8s.io", "resourceclaims/status.resource.k8s.io", "deviceclasses.resource.k8s.io",
	"horizontalpodautoscalers.autoscaling", "controllerrevisions.apps", "foundationteams.foundation.team", "foundationteams/status.foundation.team",
}

// roleMutants remove each right from each role, and add each right that it should not have.
func roleMutants(ctx context.Context) (map[string][]mutant, error) {
	r, err := newReviewer()
	if err != nil {
		return nil, err
	}
	herds := map[string][]mutant{}
	for role, who := range staff {
		live := &rbacv1.ClusterRole{}
		if err := masters.Get(ctx, client.ObjectKey{Name: "foundation-team-" + role}, live); err != nil {
			return nil, err
		}
		given := rightsOf(live)
		for _, what := range slices.Sorted(maps.Keys(given)) {
			has := sets.New(strings.Fields(given[what])...)
			for _, verb := range sets.List(has) {
				herds[role] = append(herds[role], r.roleMutant(live, who, what, fmt.Sprintf("cannot %s %s", verb, what), has.Clone().Delete(verb)))
			}
			for _, verb := range verbsOf(kindOf(what)) {
				if !has.Has(verb) {
					herds[role] = append(herds[role], r.roleMutant(live, who, what, fmt.Sprintf("can %s %s", verb, what), has.Clone().Insert(verb)))
				}
			}
		}
		for _, what := range unheldRights {
			if _, has := given[what]; !has {
				for _, verb := range []string{"get", "create", "update"} {
					herds[role] = append(herds[role], r.roleMutant(live, who, what, fmt.Sprintf("can %s %s", verb, what), sets.New(verb)))
				}
			}
		}
	}
	return herds, nil
}

// kindOf reads resource/sub.group.
func kindOf(what string) kind {
	name, group, _ := strings.Cut(what, ".")
	resource, sub, _ := strings.Cut(name, "/")
	return kind{group, resource, sub}
}

// roleMutant is a role with exactly these verbs on a resource.
func (r *reviewer) roleMutant(role *rbacv1.ClusterRole, who actor, what, name string, verbs sets.Set[string]) mutant {
	changed := rightsOf(role)
	changed[what] = strings.Join(sets.List(verbs), " ")
	short := strings.TrimPrefix(role.Name, "foundation-team-")
	set := func(rules []rbacv1.PolicyRule) func(context.Context) error {
		return func(ctx context.Context) error {
			return edit(ctx, role, func(o client.Object) { o.(*rbacv1.ClusterRole).Rules = rules }) //nolint:errcheck,forcetypeassert // it is
		}
	}
	return mutant{
		name: name, apply: set(changed.rules()), restore: set(role.Rules),
		checks: []check{{"access matrix, " + short + " at home", func(ctx context.Context) error {
			got, err := r.reach(ctx, who, train, kindOf(what))
			if err != nil {
				return err
			}
			want := rights{}
			if verbs, has := roleRights[short][what]; has {
				want[what] = verbs
			}
			if difference := cmp.Diff(want, got); difference != "" {
				return fmt.Errorf("rights (-want +got): %s", difference)
			}
			return nil
		}}},
	}
}

// rules returns the policy rules that give the rights.
func (r rights) rules() []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, what := range slices.Sorted(maps.Keys(r)) {
		k := kindOf(what)
		if r[what] != "" {
			rules = append(rules, rbacv1.PolicyRule{
				APIGroups: []string{k.group}, Resources: []string{strings.TrimSuffix(k.resource+"/"+k.sub, "/")}, Verbs: strings.Fields(r[what]),
			})
		}
	}
	return rules
}
