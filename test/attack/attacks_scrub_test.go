package attack

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

const scrubberRole = "foundation-scrubber"

var (
	// scrubber scrubs GPUs of every pool.
	scrubber = serviceAccount("scrub-system", "scrubber")
	// poolScrubber may patch nodes and scrub the pool of the nodes here alone, otherScrubber the pool h100.
	poolScrubber  = serviceAccount("scrub-system", "b200")
	otherScrubber = serviceAccount("scrub-system", "h100")
	// nodeKeeper may patch nodes and nothing else.
	nodeKeeper = serviceAccount("scrub-system", "keeper")
)

// scrubbedNode is free, was scrubbed once and is to be scrubbed again.
var scrubbedNode = func() *corev1.Node {
	n := node("node-scrubbed", "")
	n.Annotations = map[string]string{foundationv1alpha1.AnnotationScrubbed: "first", foundationv1alpha1.AnnotationScrubRequest: "second"}
	return n
}()

func scrubFixtures() []client.Object {
	patches := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: []string{"get", "patch", "create"}}
	scrubs := func(pool string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{
			APIGroups: []string{foundationv1alpha1.GroupVersion.Group}, Resources: []string{"gpupools"}, ResourceNames: []string{pool}, Verbs: []string{"scrub"},
		}
	}
	objects := []client.Object{
		scrubbedNode,
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "node-keeper"}, Rules: []rbacv1.PolicyRule{patches}},
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "b200-scrubber"}, Rules: []rbacv1.PolicyRule{patches, scrubs("b200")}},
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "h100-scrubber"}, Rules: []rbacv1.PolicyRule{patches, scrubs("h100")}},
	}
	for role, who := range map[string]actor{
		scrubberRole: scrubber, "node-keeper": nodeKeeper, "b200-scrubber": poolScrubber, "h100-scrubber": otherScrubber,
	} {
		objects = append(objects, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: role},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{user(who)},
		})
	}
	return objects
}

// says annotates and labels a node in one patch.
func says(annotations, labels string) string {
	return `{"metadata":{"annotations":{` + annotations + `},"labels":{` + labels + `}}}`
}

const (
	scrubbed = `"foundation.team/scrubbed":"second"`
	requests = `"foundation.team/scrub-request":"third"`
)

func scrubAttacks() map[string]attack {
	const forOperator = " is for the operator and admins to set on node "
	notFor := func(who actor, value, node string) string {
		return "metadata.annotations: foundation.team/scrubbed: " + value + " is not for " + who.name + " to set on node " + node +
			": leave it as it was, or have an admin bind the ClusterRole foundation-scrubber"
	}
	done := merge(scrubbedNode, says(scrubbed, ""))
	by := func(who actor, refused string, try request) attack {
		return attack{who: who, try: try, refused: refused, control: done, by: scrubber}
	}
	fresh := node("node-new", "")
	fresh.Labels = nil
	registers := create(fresh)
	claimed := clone(fresh)
	claimed.Annotations = map[string]string{foundationv1alpha1.AnnotationScrubbed: "second"}
	return map[string]attack{
		"say that a node was scrubbed":                   by(nodeKeeper, notFor(nodeKeeper, "second", "node-scrubbed"), done),
		"say that a node was not scrubbed":               by(nodeKeeper, notFor(nodeKeeper, "(removed)", "node-scrubbed"), merge(scrubbedNode, says(`"foundation.team/scrubbed":null`, ""))),
		"a kubelet says that it was scrubbed":            by(kubelet, notFor(kubelet, "second", "node-scrubbed"), done),
		"a kubelet says so through status":               by(kubelet, notFor(kubelet, "second", "node-scrubbed"), patchSub("status", scrubbedNode, types.MergePatchType, says(scrubbed, ""))),
		"Karpenter says that a node was scrubbed":        {who: karpenter, try: merge(madeNode, says(`"foundation.team/scrub-request":"x"`, "")), refused: "foundation.team/scrub-request: x" + forOperator, control: merge(madeNode, harmless)},
		"scrub another pool's nodes":                     by(otherScrubber, notFor(otherScrubber, "second", "node-scrubbed"), done),
		"scrub another pool's nodes by moving them":      by(otherScrubber, "metadata.labels: foundation.team/pool: h100"+forOperator, merge(scrubbedNode, says(scrubbed, `"foundation.team/pool":"h100"`))),
		"scrub a node that is in no pool":                {who: scrubber, try: merge(bareNode, says(scrubbed, "")), refused: notFor(scrubber, "second", "node-bare"), control: merge(bareNode, harmless)},
		"register as scrubbed":                           {who: ops, try: create(claimed), refused: notFor(ops, "second", "node-new"), control: registers},
		"ask for a scrub":                                by(scrubber, "metadata.annotations: foundation.team/scrub-request: third"+forOperator, merge(scrubbedNode, says(requests, ""))),
		"ask for another scrub than was done":            by(scrubber, "metadata.annotations: foundation.team/scrub-request: third"+forOperator, merge(scrubbedNode, says(scrubbed+","+requests, ""))),
		"forge an owner while scrubbing":                 by(scrubber, "foundation.team/team-uid: x"+forOperator, merge(scrubbedNode, says(scrubbed+`,"foundation.team/team-uid":"x"`, ""))),
		"give a node to a team while scrubbing":          by(scrubber, "metadata.labels: foundation.team/team: hanbit"+forOperator, merge(scrubbedNode, says(scrubbed, `"foundation.team/team":"hanbit"`))),
		"open a node while scrubbing":                    by(scrubber, "spec.taints: [] instead of [foundation.team/unassigned=:NoSchedule]", merge(scrubbedNode, `{"metadata":{"annotations":{`+scrubbed+`}},"spec":{"taints":null}}`)),
		"pass a node off as Karpenter's while scrubbing": by(scrubber, "metadata.labels: karpenter.sh/nodepool: hanbit.burst.s is for Karpenter", merge(scrubbedNode, says(scrubbed, `"karpenter.sh/nodepool":"hanbit.burst.s"`))),
		"delete a node while scrubbing":                  by(scrubber, `cannot delete resource "nodes"`, remove(scrubbedNode)),
		"scrub as the lead":                              by(lead, `cannot patch resource "nodes"`, done),
	}
}

// scrubWork is what agents that scrub nodes have to be allowed.
func scrubWork() map[string]legitimateWork {
	return map[string]legitimateWork{
		"done":                        {scrubber, merge(scrubbedNode, says(scrubbed, ""))},
		"done for the first time":     {scrubber, merge(looseNode, says(scrubbed, ""))},
		"not done after all":          {scrubber, merge(scrubbedNode, says(`"foundation.team/scrubbed":null`, ""))},
		"done, with a note":           {scrubber, merge(scrubbedNode, says(scrubbed+`,"example.com/note":"x"`, ""))},
		"done, in the own pool":       {poolScrubber, merge(scrubbedNode, says(scrubbed, ""))},
		"done, by whoever may all":    {ops, merge(scrubbedNode, says(scrubbed, ""))},
		"asked for, by the operator":  {operator, merge(scrubbedNode, says(requests, ""))},
		"asked for, by an admin":      {admin, merge(scrubbedNode, says(requests, ""))},
		"a note of another on a node": {nodeKeeper, merge(scrubbedNode, harmless)},
	}
}

func TestTheScrubberHasExactlyTheseRights(t *testing.T) {
	t.Parallel()
	g := gomega.NewWithT(t)
	role := &rbacv1.ClusterRole{}
	g.Expect(masters.Get(t.Context(), client.ObjectKey{Name: scrubberRole}, role)).To(gomega.Succeed())
	want := rights{"nodes": "get list patch watch", "gpupools.foundation.team": "scrub"}
	g.Expect(cmp.Diff(want, rightsOf(role))).To(gomega.BeEmpty(), "rights changed (-want +got): change docs/access.md too")
	g.Expect(role.Labels).To(gomega.Equal(map[string]string{"app.kubernetes.io/name": "foundation-operator"}))
}
