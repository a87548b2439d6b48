package attack

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Priority classes: ordinary is for everybody, earned was given to the team and to one account of its rival, urgent to
// nobody but the namespace where everything of that kind was allowed.
func priorityFixtures() []client.Object {
	class := func(name string, value int32) client.Object {
		return &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Value: value}
	}
	use := func(name string, classes []string, subjects ...rbacv1.Subject) []client.Object {
		return []client.Object{
			&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: []rbacv1.PolicyRule{{
				APIGroups: []string{schedulingv1.GroupName}, Resources: []string{"priorityclasses"}, ResourceNames: classes, Verbs: []string{"use"},
			}}},
			&rbacv1.ClusterRoleBinding{
				ObjectMeta: metav1.ObjectMeta{Name: name},
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
				Subjects:   subjects,
			},
		}
	}
	accountsOf := func(namespace string) rbacv1.Subject {
		return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "system:serviceaccounts:" + namespace}
	}
	objects := []client.Object{class("ordinary", 0), class("earned", 100), class("urgent", 1000)}
	objects = append(objects, use("earned", []string{"earned"}, accountsOf(train),
		rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: rivalTrain, Name: "bot"})...)
	return append(objects, use("any-priority", nil, accountsOf(audited))...)
}

func priorityAttacks() map[string]attack {
	const urgent = "spec.priorityClassName: urgent would push the pods of others aside"
	running := func(account string) podOption {
		return func(p *corev1.Pod) { p.Spec.ServiceAccountName = account }
	}
	return map[string]attack{
		"be more urgent than others": podAttack(urgent, prioritised("urgent"), prioritised("earned")),
		"be more urgent through a Job": {
			who: jobs, try: create(pod(train, prioritised("urgent"))), refused: urgent, control: create(pod(train, prioritised("earned"))),
		},
		"be more urgent with all rights": {
			who: ops, try: create(pod(train, prioritised("urgent"))), refused: urgent, control: create(pod(plain, prioritised("urgent"))),
		},
		"be more urgent than others in a rival's namespace": {
			who: rivalLead, try: create(pod(rivalTrain, prioritised("earned"))),
			refused: "the verb use on priorityclasses earned to the group system:serviceaccounts:saebom-train, or to service account default",
			control: create(pod(rivalTrain, prioritised("earned"), running("bot"))),
		},
		"be more urgent with another account": {
			who: rivalLead, try: create(pod(rivalTrain, prioritised("earned"), running("default"))), refused: "or to service account default",
			control: create(pod(rivalTrain, prioritised("ordinary"), running("default"))),
		},
		"be critical where every class is allowed": {
			who: engineer, try: create(pod(audited, prioritised("system-node-critical"))), refused: "spec.priorityClassName: system-node-critical",
			control: create(pod(audited, prioritised("urgent"))),
		},
	}
}
