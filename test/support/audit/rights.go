// Package audit compares the operator's rights with those that it used, by the API server's audit log. A right that nothing
// needs helps only whoever steals the operator's token.
package audit

import (
	"cmp"
	"context"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Right is a verb on a resource that a role gives.
type Right struct {
	// Role gives it.
	Role string
	// Resource is written pods/eviction or gpupools/status.foundation.team.
	Resource string
	Verb     string
}

// RightsOf are the rights that a ServiceAccount was given by roles of its own. What everybody who has signed in may do is
// not among them.
func RightsOf(ctx context.Context, c client.Reader, namespace, name string) ([]Right, error) {
	is := func(s rbacv1.Subject) bool {
		return s.Kind == rbacv1.ServiceAccountKind && s.Namespace == namespace && s.Name == name
	}
	var everywhere rbacv1.ClusterRoleBindingList
	if err := c.List(ctx, &everywhere); err != nil {
		return nil, err
	}
	var somewhere rbacv1.RoleBindingList
	if err := c.List(ctx, &somewhere); err != nil {
		return nil, err
	}
	var rights []Right
	add := func(ref rbacv1.RoleRef, namespace string) error {
		var rules []rbacv1.PolicyRule
		if ref.Kind == "ClusterRole" {
			var role rbacv1.ClusterRole
			if err := c.Get(ctx, client.ObjectKey{Name: ref.Name}, &role); err != nil {
				return err
			}
			rules = role.Rules
		} else {
			var role rbacv1.Role
			if err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, &role); err != nil {
				return err
			}
			rules = role.Rules
		}
		rights = append(rights, Rights(ref.Name, rules)...)
		return nil
	}
	for i := range everywhere.Items {
		if b := &everywhere.Items[i]; slices.ContainsFunc(b.Subjects, is) {
			if err := add(b.RoleRef, ""); err != nil {
				return nil, err
			}
		}
	}
	for i := range somewhere.Items {
		if b := &somewhere.Items[i]; slices.ContainsFunc(b.Subjects, is) {
			if err := add(b.RoleRef, b.Namespace); err != nil {
				return nil, err
			}
		}
	}
	return rights, nil
}

// Rights are what a role's rules give, each right once, in order.
func Rights(role string, rules []rbacv1.PolicyRule) []Right {
	var rights []Right
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					rights = append(rights, Right{role, qualified(resource, group), verb})
				}
			}
		}
	}
	slices.SortFunc(rights, Right.compare)
	return slices.Compact(rights)
}

func (r Right) compare(other Right) int {
	return cmp.Or(cmp.Compare(r.Role, other.Role), cmp.Compare(r.Resource, other.Resource), cmp.Compare(r.Verb, other.Verb))
}

// String is as in the list of exceptions.
func (r Right) String() string { return r.Verb + " " + r.Resource }

func qualified(resource, group string) string { return strings.TrimSuffix(resource+"."+group, ".") }
