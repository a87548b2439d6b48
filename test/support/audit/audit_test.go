package audit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

func rule(groups, resources, verbs string) rbacv1.PolicyRule {
	split := func(s string) []string { return strings.Split(s, " ") }
	return rbacv1.PolicyRule{APIGroups: split(groups), Resources: split(resources), Verbs: split(verbs)}
}

func TestRights(t *testing.T) {
	got := Rights("operator", []rbacv1.PolicyRule{
		rule(" apps", "things things/status", "patch"), rule("", "nodes things", "patch get"),
	})
	want := []Right{
		{"operator", "nodes", "get"},
		{"operator", "nodes", "patch"},
		{"operator", "things", "get"},
		{"operator", "things", "patch"},
		{"operator", "things.apps", "patch"},
		{"operator", "things/status", "patch"},
		{"operator", "things/status.apps", "patch"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Whatever binds the ServiceAccount counts, and nothing that binds another.
func TestRightsOf(t *testing.T) {
	account := func(namespace, name string) []rbacv1.Subject {
		return []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: name}}
	}
	c := fake.NewClientBuilder().WithObjects(
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "wide"}, Rules: []rbacv1.PolicyRule{rule("", "nodes", "list")}},
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "staff"}, Rules: []rbacv1.PolicyRule{rule("", "secrets", "get")}},
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "shared"}, Rules: []rbacv1.PolicyRule{rule("", "pods", "get")}},
		&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "narrow"}, Rules: []rbacv1.PolicyRule{rule("", "events", "create")}},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "a"}, RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "wide"}, Subjects: account("system", "operator"),
		},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "b"}, RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "staff"}, Subjects: account("elsewhere", "operator"),
		},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "c"},
			RoleRef:    rbacv1.RoleRef{Kind: "Role", Name: "narrow"}, Subjects: account("system", "operator"),
		},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "d"},
			RoleRef:    rbacv1.RoleRef{Kind: "ClusterRole", Name: "shared"}, Subjects: account("system", "operator"),
		},
	).Build()
	got, err := RightsOf(t.Context(), c, "system", "operator")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Right{{"wide", "nodes", "list"}, {"narrow", "events", "create"}, {"shared", "pods", "get"}}, got); diff != "" {
		t.Error(diff)
	}
}

const (
	allowed  = `"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by ClusterRoleBinding \"b\" of ClusterRole \"operator\" to ServiceAccount \"operator/system\""`
	narrow   = `"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by RoleBinding \"b/system\" of Role \"leases\" to ServiceAccount \"operator/system\""`
	borrowed = `"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by ClusterRoleBinding \"x\" of ClusterRole \"view\" to Group \"system:serviceaccounts\""`
	denied   = `"authorization.k8s.io/decision":"forbid","authorization.k8s.io/reason":""`
)

// line is an event of an audit log.
func line(verb, ref, uri, status, annotations string) string {
	return `{"verb":"` + verb + `","requestURI":"` + uri + `","objectRef":{` + ref + `},"responseStatus":{` + status + `},"annotations":{` + annotations + `}}` + "\n"
}

func TestCompare(t *testing.T) {
	granted := []Right{
		{"operator", "nodes", "get"},
		{"operator", "nodes", "list"},
		{"operator", "nodes", "watch"},
		{"operator", "pods", "list"},
		{"operator", "pods", "watch"},
		{"operator", "pods/eviction", "create"},
		{"operator", "gpupools/status.foundation.team", "patch"},
		{"operator", "namespaces", "create"},
		{"operator", "namespaces", "patch"},
		{"operator", "limitranges", "create"},
		{"operator", "limitranges", "patch"},
		{"leases", "leases.coordination.k8s.io", "update"},
		{"operator", "leases.coordination.k8s.io", "update"},
	}
	const ok, created = `"code":200`, `"code":201`
	log := line("get", ``, "/apis", ok, borrowed) + // no resource
		line("watch", `"resource":"nodes","apiVersion":"v1"`, "/api/v1/nodes?sendInitialEvents=true&watch=true", ok, allowed) +
		line("watch", `"resource":"pods"`, "/api/v1/pods?watch=true", ok, allowed) +
		line("create", `"resource":"pods","subresource":"eviction"`, "", created, allowed) +
		line("create", `"resource":"pods","subresource":"eviction"`, "", `"code":429`, allowed) +
		line("patch", `"resource":"gpupools","apiGroup":"foundation.team","subresource":"status"`, "", ok, allowed) +
		line("patch", `"resource":"namespaces"`, "", created, allowed) +
		line("patch", `"resource":"limitranges"`, "", ok, allowed) +
		line("update", `"resource":"leases","apiGroup":"coordination.k8s.io","namespace":"system"`, "", ok, narrow) +
		line("get", `"resource":"configmaps"`, "", ok, borrowed) +
		line("get", `"resource":"nodes"`, "", `"code":403,"message":"no"`, denied) +
		// Admission refused it: the right was there.
		line("create", `"resource":"namespaces"`, "", `"code":403,"message":"is being terminated"`, allowed) +
		line("create", `"resource":"rolebindings"`, "", `"code":403,"message":"user is attempting to grant RBAC permissions not currently held"`, allowed)

	events, err := Read(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	got := Compare(granted, events)
	want := map[Right]int{
		{"operator", "nodes", "list"}:                            1,
		{"operator", "nodes", "watch"}:                           1,
		{"operator", "pods", "watch"}:                            1,
		{"operator", "pods/eviction", "create"}:                  2,
		{"operator", "gpupools/status.foundation.team", "patch"}: 1,
		{"operator", "namespaces", "create"}:                     2,
		{"operator", "namespaces", "patch"}:                      1,
		{"operator", "limitranges", "patch"}:                     1,
		{"leases", "leases.coordination.k8s.io", "update"}:       1,
	}
	if diff := cmp.Diff(want, got.Used); diff != "" {
		t.Errorf("used (-want +got): %s", diff)
	}
	unused := []Right{
		{"operator", "leases.coordination.k8s.io", "update"},
		{"operator", "limitranges", "create"},
		{"operator", "nodes", "get"},
		{"operator", "pods", "list"},
	}
	if diff := cmp.Diff(unused, got.Unused); diff != "" {
		t.Errorf("unused (-want +got): %s", diff)
	}
	if diff := cmp.Diff(map[Right]int{{"view", "configmaps", "get"}: 1}, got.Lent); diff != "" {
		t.Errorf("lent (-want +got): %s", diff)
	}
	var forbidden []string
	for _, event := range got.Forbidden {
		forbidden = append(forbidden, event.Verb+" "+event.resource())
	}
	if diff := cmp.Diff([]string{"get nodes", "create rolebindings"}, forbidden); diff != "" {
		t.Errorf("forbidden (-want +got): %s", diff)
	}
	if table := got.String(); !strings.Contains(table, "limitranges") || !strings.Contains(table, "create 0  patch 1") {
		t.Errorf("the table lacks a row:\n%s", table)
	}
	if _, err := Read(strings.NewReader(log + "{")); err == nil {
		t.Error("half a line is no event")
	}
}

func TestProblems(t *testing.T) {
	const role = "operator"
	plain, karpenter, bind := Right{role, "nodes", "list"}, Right{role, "nodepools.karpenter.sh", "get"}, Right{role, "clusterroles", "bind"}
	exceptions := []Exception{
		{Verbs: "get", Resource: karpenter.Resource, Used: Stories, Because: "there is no Karpenter"}, {Verbs: "bind", Resource: bind.Resource, Used: Nowhere, Because: "it is no request"},
	}
	used := func(rights ...Right) map[Right]int {
		all := map[Right]int{}
		for _, right := range rights {
			all[right] = 1
		}
		return all
	}
	tests := map[string]struct {
		suite  Suite
		report Report
		want   []string // in order
	}{
		"e2e uses every right but the exceptions":     {suite: E2E, report: Report{Used: used(plain), Unused: []Right{bind, karpenter}}},
		"stories use their exceptions":                {suite: Stories, report: Report{Used: used(karpenter), Unused: []Right{bind, plain}}},
		"stories may use what e2e uses":               {suite: Stories, report: Report{Used: used(karpenter, plain), Unused: []Right{bind}}},
		"a right that nothing needs":                  {suite: E2E, report: Report{Unused: []Right{bind, karpenter, plain}}, want: []string{"does not use: list nodes"}},
		"e2e uses an exception":                       {suite: E2E, report: Report{Used: used(plain, karpenter), Unused: []Right{bind}}, want: []string{"Take it out of audit.Exceptions"}},
		"stories do not use their exceptions":         {suite: Stories, report: Report{Used: used(plain), Unused: []Right{bind, karpenter}}, want: []string{"is said to use, and does not: get nodepools"}},
		"a right is used that no request should show": {suite: Stories, report: Report{Used: used(karpenter, bind)}, want: []string{"said not to be used there: bind clusterroles"}},
		"an exception without its right": {
			suite: E2E, report: Report{Used: used(plain), Unused: []Right{bind}}, want: []string{"does not have: get nodepools.karpenter.sh"},
		},
		"rights of another role and a forbidden request": {
			suite: E2E,
			report: Report{
				Used: used(plain), Unused: []Right{bind, karpenter}, Lent: map[Right]int{{"view", "secrets", "get"}: 3}, Forbidden: make([]Event, 1),
			},
			want: []string{"3 times the operator used a right that is not its own: get secrets, by the role view", "the operator may not"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tt.report.Problems(tt.suite, exceptions)
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for i := range got {
				if !strings.Contains(got[i], tt.want[i]) {
					t.Errorf("got %q, want %q", got[i], tt.want[i])
				}
			}
		})
	}
}
