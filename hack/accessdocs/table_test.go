package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/sets"
)

const viewer = `
kind: ClusterRole
metadata: {name: foundation-team-viewer}
rules:
- {apiGroups: [""], resources: [pods, services], verbs: [get, list, watch]}
- {apiGroups: [apps], resources: [deployments], verbs: [get]}
- {apiGroups: [apps], resources: [deployments], verbs: [list]}
`

const others = `
kind: ClusterRole
metadata: {name: foundation-team-lead}
rules:
- {apiGroups: ["", events.k8s.io], resources: [events], verbs: [watch, list, get]}
- {apiGroups: [""], resources: [pods], verbs: [get, list, watch, create, update, patch, delete]}
---
kind: ClusterRoleBinding # is no role
metadata: {name: foundation-team-lead}
---
kind: ClusterRole
metadata: {name: foundation-team-engineer}
---
kind: ClusterRole
metadata: {name: foundation-team-data-steward}
rules:
- {apiGroups: [""], resources: [pods/exec], verbs: [create]}
---
kind: ClusterRole
metadata: {name: foundation-team-cleanup}
rules:
- {apiGroups: [""], resources: [pods], verbs: [delete]}
`

const operator = `
kind: Role
metadata: {name: foundation-operator-leader-election, namespace: foundation-system}
rules:
- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create, get, update]}
---
kind: ClusterRole
metadata: {name: foundation-operator}
rules:
- {apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [get, create]}
- {apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind], resourceNames: [one, two]}
---
kind: ClusterRole
metadata: {name: foundation-scrubber}
rules:
- {apiGroups: [foundation.team], resources: [gpupools], verbs: [scrub]}
`

const page = `| Resource | API group | Viewer | DataSteward | Engineer | Lead | In a retired namespace |
|---|---|---|---|---|---|---|
| events | core | – | – | – | read | – |
| pods | core | read | – | – | read, write | delete |
| pods/exec | core | – | create | – | – | – |
| services | core | read | – | – | – | – |
| deployments | apps | get, list | – | – | – | – |
| events | events.k8s.io | – | – | – | read | – |

## The operator

| Resource | API group | Everywhere | In foundation-system |
|---|---|---|---|
| leases | coordination.k8s.io | – | create, get, update |
| clusterroles | rbac.authorization.k8s.io | create, get | – |
| clusterroles: one, two | rbac.authorization.k8s.io | bind | – |
`

func TestRender(t *testing.T) {
	got, err := render(parse(t, viewer+"---"+others), parse(t, operator))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(intro+page, got); diff != "" {
		t.Error(diff)
	}
}

// A right that the table cannot show is an error: a page without it would imply that nobody has it.
func TestWhatCannotBeShown(t *testing.T) {
	tests := map[string]struct{ staff, operator, want string }{
		"a role is missing": {
			staff: viewer, operator: operator, want: "no ClusterRole is for the staff role DataSteward",
		},
		"a role that staff do not have": {
			staff:    viewer + "---" + others + "---\nkind: ClusterRole\nmetadata: {name: foundation-team-guest}\n",
			operator: operator, want: "foundation-team-guest is the role of no staff",
		},
		"URLs": {
			staff:    viewer + "---" + others,
			operator: operator + "---\nkind: ClusterRole\nmetadata: {name: foundation-operator-x}\nrules: [{nonResourceURLs: [/metrics], verbs: [get]}]\n",
			want:     `foundation-operator-x is about URLs`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := render(parse(t, tt.staff), parse(t, tt.operator)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := parseRoles([]byte("kind: ClusterRole\nmetadata: {name: all}\naggregationRule: {}\n")); err == nil ||
		!strings.Contains(err.Error(), "all aggregates other roles") {
		t.Errorf("a role that aggregates others: %v", err)
	}
	if _, err := readRoles(t.TempDir()); err == nil {
		t.Error("an empty folder gave an empty table")
	}
}

func TestWords(t *testing.T) {
	tests := map[string]string{
		"":                                   "–",
		"get list watch":                     "read",
		"get list":                           "get, list",
		"create delete patch update":         "write",
		"create delete get list patch watch": "read, create, delete, patch",
		"create get list patch watch update bind": "read, bind, create, patch, update",
		"*": "*",
	}
	for verbs, want := range tests {
		if got := words(sets.New(strings.Fields(verbs)...)); got != want {
			t.Errorf("%q is %q, want %q", verbs, got, want)
		}
	}
}

func parse(t *testing.T, manifests string) []role {
	t.Helper()
	roles, err := parseRoles([]byte(manifests))
	if err != nil {
		t.Fatal(err)
	}
	return roles
}
