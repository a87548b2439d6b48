package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

const intro = `# Rights, resource by resource

Generated from ` + "`config/rbac`" + ` by ` + "`make access-docs`" + `. What the roles are for, and what nobody may do, is in
[access.md](access.md); the [admission policies](admission.md) narrow some of these rights further.

"Read" is get, list and watch; "write" is create, update, patch and delete. Other verbs are named.

## Staff, in their team's namespaces

`

const operatorIntro = `
## The operator

`

// cleanupRole is what all but Viewers have in a retired namespace while something still runs there.
const cleanupRole = "foundation-team-cleanup"

// column is a role in a table.
type column struct {
	title string
	role  role
}

// render returns the page: a table of the staff's roles, and one of the operator's.
func render(staff, operator []role) (string, error) {
	staffColumns, err := columnsOfStaff(staff)
	if err != nil {
		return "", err
	}
	staffTable, err := table(staffColumns)
	if err != nil {
		return "", err
	}
	operatorTable, err := table(columnsOfOperator(operator))
	if err != nil {
		return "", err
	}
	return intro + staffTable + operatorIntro + operatorTable, nil
}

// columnsOfStaff returns the staff's roles with the names that they have in a FoundationTeam, those with the fewest
// rights first.
func columnsOfStaff(roles []role) ([]column, error) {
	var columns []column
	for _, name := range []foundationv1alpha1.StaffRole{
		foundationv1alpha1.RoleViewer, foundationv1alpha1.RoleDataSteward, foundationv1alpha1.RoleEngineer, foundationv1alpha1.RoleLead,
	} {
		i := slices.IndexFunc(roles, func(r role) bool { return staffName(r) == strings.ToLower(string(name)) })
		if i < 0 {
			return nil, fmt.Errorf("no ClusterRole is for the staff role %s", name)
		}
		columns = append(columns, column{string(name), roles[i]})
	}
	if i := slices.IndexFunc(roles, func(r role) bool { return r.name == cleanupRole }); i >= 0 {
		columns = append(columns, column{"In a retired namespace", roles[i]})
	}
	for _, r := range roles {
		if !slices.ContainsFunc(columns, func(c column) bool { return c.role.name == r.name }) {
			return nil, fmt.Errorf("%s is the role of no staff: the table has no column for it", r.name)
		}
	}
	return columns, nil
}

// staffName returns the StaffRole of a ClusterRole in lower case: datasteward for foundation-team-data-steward.
func staffName(r role) string {
	return strings.ReplaceAll(strings.TrimPrefix(r.name, "foundation-team-"), "-", "")
}

// columnsOfOperator returns the operator's own roles, without those that it ships for others; ClusterRoles come
// first.
func columnsOfOperator(roles []role) []column {
	var everywhere, somewhere []column
	for _, r := range roles {
		switch {
		case !strings.HasPrefix(r.name, "foundation-operator"):
		case r.namespace == "":
			everywhere = append(everywhere, column{"Everywhere", r})
		default:
			somewhere = append(somewhere, column{"In " + r.namespace, r})
		}
	}
	return append(everywhere, somewhere...)
}

// resource is a row of a table.
type resource struct{ group, name string }

// table returns a Markdown table with a row for each resource that a role names, and a column for each role.
func table(columns []column) (string, error) {
	rows := map[resource][]sets.Set[string]{}
	for i, c := range columns {
		for _, rule := range c.role.rules {
			if len(rule.NonResourceURLs) > 0 {
				return "", fmt.Errorf("%s is about URLs, for which the table has no rows: %q", c.role.name, rule.NonResourceURLs)
			}
			for _, r := range resources(rule) {
				if rows[r] == nil {
					rows[r] = make([]sets.Set[string], len(columns))
				}
				rows[r][i] = sets.New(rule.Verbs...).Union(rows[r][i])
			}
		}
	}
	var b strings.Builder
	b.WriteString("| Resource | API group |")
	for _, c := range columns {
		b.WriteString(" " + c.title + " |")
	}
	b.WriteString("\n|" + strings.Repeat("---|", 2+len(columns)) + "\n")
	for _, r := range slices.SortedFunc(maps.Keys(rows), func(a, b resource) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.name, b.name))
	}) {
		fmt.Fprintf(&b, "| %s | %s |", r.name, cmp.Or(r.group, "core"))
		for _, verbs := range rows[r] {
			b.WriteString(" " + words(verbs) + " |")
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}

// resources returns the resources of a rule, with the names of the objects if it is restricted to some.
func resources(rule rbacv1.PolicyRule) []resource {
	var all []resource
	for _, group := range rule.APIGroups {
		for _, name := range rule.Resources {
			if len(rule.ResourceNames) > 0 {
				name += ": " + strings.Join(rule.ResourceNames, ", ")
			}
			all = append(all, resource{group, name})
		}
	}
	return all
}

// words returns a list of verbs, in which read and write stand for their groups of verbs.
func words(verbs sets.Set[string]) string {
	if verbs.Len() == 0 {
		return "–"
	}
	rest := verbs.Clone()
	var all []string
	for _, short := range []struct {
		word  string
		verbs []string
	}{
		{"read", []string{"get", "list", "watch"}},
		{"write", []string{"create", "update", "patch", "delete"}},
	} {
		if verbs.HasAll(short.verbs...) {
			all = append(all, short.word)
			rest.Delete(short.verbs...)
		}
	}
	return strings.Join(append(all, sets.List(rest)...), ", ")
}
