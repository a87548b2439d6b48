package attack

import (
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// accessAttacks are refused by the roles alone. TestRolesReachNothingElse has all that exists; these are the ones
// with a story.
func accessAttacks() map[string]attack {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: "default"}}
	wildcard := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: "wildcard"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}},
	}
	grant := roleBinding(train, "lead", rivalLead)
	grant.Labels, grant.Name, grant.RoleRef.Name = nil, "grant", "cluster-admin"
	sees := canI("list", "", "pods", "", train)
	all := map[string]attack{
		"give oneself all rights": {
			who: lead, try: create(grant), refused: "attempting to grant RBAC permissions not currently held", control: canI("list", rbacv1.GroupName, "rolebindings", "", train),
		},
		"make a role of all rights": {
			who: lead, try: create(wildcard), refused: "attempting to grant RBAC permissions not currently held", control: canI("list", rbacv1.GroupName, "rolebindings", "", train),
		},
		"get a service account's token": {
			who: lead, try: createSub("token", account, &authenticationv1.TokenRequest{}), refused: `cannot create resource "serviceaccounts/token"`,
			control: canI("get", "", "serviceaccounts", "", train),
		},
		"evict a pod": {
			who: engineer, try: createSub("eviction", running, &policyv1.Eviction{}), refused: `cannot create resource "pods/eviction"`,
			control: remove(running),
		},
		"block drains": {
			who: engineer, try: create(&policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: "x"}}),
			refused: `cannot create resource "poddisruptionbudgets"`, control: create(pod(train)),
		},
		"run pods as the viewer": {
			who: viewer, try: create(pod(train)), refused: `cannot create resource "pods"`, control: sees,
		},
		"read secrets as the viewer": {
			who: viewer, try: canI("list", "", "secrets", "", train), refused: "cannot list secrets", control: canI("list", "", "configmaps", "", train),
		},
		"enter pods as the viewer": {
			who: viewer, try: canI("get", "", "pods", "exec", train), refused: "cannot get pods/exec", control: canI("get", "", "pods", "log", train),
		},
		"enter pods as the data steward": {
			who: steward, try: canI("create", "", "pods", "exec", train), refused: "cannot create pods/exec", control: canI("create", "", "pods", "exec", train), by: engineer,
		},
		"run a service as the data steward": {
			who: steward, try: canI("create", "apps", "deployments", "", train), refused: "cannot create deployments", control: canI("create", "batch", "jobs", "", train),
		},
		"impersonate a service account": {
			who: lead, try: canI("impersonate", "", "serviceaccounts", "", train), refused: "cannot impersonate", control: sees,
		},
		"impersonate an admin": {
			who: lead, try: canI("impersonate", "", "groups", "", ""), refused: "cannot impersonate", control: sees,
		},
		"run on every node": {
			who: lead, try: canI("create", "apps", "daemonsets", "", train), refused: "cannot create daemonsets", control: canI("create", "apps", "deployments", "", train),
		},
		"publish beyond the cluster": {
			who: lead, try: canI("create", "networking.k8s.io", "ingresses", "", train), refused: "cannot create ingresses", control: canI("create", "", "services", "", train),
		},
		"point a service elsewhere": {
			who: lead, try: canI("update", "discovery.k8s.io", "endpointslices", "", train), refused: "cannot update", control: canI("update", "", "services", "", train),
		},
	}
	for role, who := range staff {
		all["read a rival's pods as "+role] = attack{
			who: who, try: canI("list", "", "pods", "", rivalTrain), refused: "cannot list pods", control: sees,
		}
		all["read all pods as "+role] = attack{who: who, try: canI("list", "", "pods", "", ""), refused: "cannot list pods", control: sees}
		all["read a rival's namespace as "+role] = attack{
			who: who, try: canI("get", "", "namespaces", "", rivalTrain), refused: "cannot get namespaces", control: canI("get", "", "namespaces", "", train),
		}
		all["debug a running pod as "+role] = attack{
			who: who, try: canI("patch", "", "pods", "ephemeralcontainers", train), refused: "cannot patch pods/ephemeralcontainers", control: sees,
		}
		all["resize a running pod as "+role] = attack{
			who: who, try: canI("patch", "", "pods", "resize", train), refused: "cannot patch pods/resize", control: sees,
		}
	}
	return all
}
