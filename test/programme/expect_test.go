package programme

import (
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/dsl"
)

// GetProgram reads the story's programme.
func (s *story) GetProgram(g Gomega) *foundationv1alpha1.FoundationProgram {
	s.Helper()
	return s.Story.GetProgram(g, models)
}

// listRecords lists the TeamRecords of a team's name.
func (s *story) listRecords(g Gomega, team string) []foundationv1alpha1.TeamRecord {
	s.Helper()
	var list foundationv1alpha1.TeamRecordList
	s.List(g, &list, s.OfTeam(team))
	return list.Items
}

// WaitProgramCondition waits until a condition of the story's programme has a reason and a message.
func (s *story) WaitProgramCondition(conditionType, reason, message string) {
	s.Helper()
	s.Story.WaitProgramCondition(models, conditionType, reason, message)
}

// expectNothing expects that a team has nothing: no namespace, no access, no GPUs.
func (s *story) expectNothing(g Gomega, team string, pools ...string) {
	s.Helper()
	for _, list := range []client.ObjectList{
		&corev1.NamespaceList{}, &rbacv1.RoleBindingList{}, &rbacv1.ClusterRoleBindingList{}, &corev1.NodeList{}, &corev1.PersistentVolumeClaimList{},
		&flowcontrolv1.FlowSchemaList{}, &flowcontrolv1.PriorityLevelConfigurationList{},
	} {
		g.Expect(s.ListNames(g, list, s.OfTeam(team))).To(BeEmpty(), "%T of %s", list, team)
	}
	for _, pool := range pools {
		g.Expect(s.GetGrant(g, team, pool).Granted).To(BeZero(), "granted to %s", team)
	}
	g.Expect(s.Can(g, s.person(team, "lead"), "get", "foundationteams.foundation.team/"+s.Named(team), "")).To(BeFalse(), "access of %s", team)
}

// expectAccess expects what staff of a team can do in its namespace now: work as their role allows, read, or nothing.
func (s *story) expectAccess(g Gomega, team string, want map[string]string) {
	s.Helper()
	namespace := s.Train(team)
	got := map[string]string{}
	for name := range want {
		person := s.person(team, name)
		can := "nothing"
		for _, step := range []struct{ verb, resource, what string }{
			{"list", "pods", "read"}, {"create", "pods", "load"}, {"create", "pods/exec", "work"},
		} {
			if s.Can(g, person, step.verb, step.resource, namespace) {
				can = step.what
			}
		}
		got[name] = can
	}
	g.Expect(got).To(Equal(want), "what people of %s can do", team)
}

// waitAccess waits until staff of a team can do so much in its namespace.
func (s *story) waitAccess(team string, want map[string]string) {
	s.Helper()
	s.WaitUntil(func(g Gomega) { s.expectAccess(g, team, want) }, team)
}

// What staff can do: in term, while everybody can only read, while data can be copied, and when the namespace is locked.
// Whoever works can exec into pods; whoever copies data can only create them.
var (
	working = map[string]string{"lead": "work", "engineer": "work", "steward": "load", "viewer": "read"}
	reading = map[string]string{"lead": "read", "engineer": "read", "steward": "read", "viewer": "read"}
	copying = map[string]string{"lead": "load", "engineer": "load", "steward": "load", "viewer": "read"}
	locked  = map[string]string{"lead": "nothing", "engineer": "nothing", "steward": "nothing", "viewer": "nothing"}
)

// getClaim reads the PersistentVolumeClaim of a team's volume.
func (s *story) getClaim(g Gomega, team string) *corev1.PersistentVolumeClaim {
	s.Helper()
	return dsl.Get(s.Story, g, &corev1.PersistentVolumeClaim{}, s.Train(team), "data")
}

// expectKept expects that a team's namespace and data exist, and that the data outlives its PersistentVolumeClaim.
func (s *story) expectKept(g Gomega, team string) {
	s.Helper()
	namespace := dsl.Get(s.Story, g, &corev1.Namespace{}, "", s.Train(team))
	g.Expect(namespace.DeletionTimestamp).To(BeNil())
	claim := s.getClaim(g, team)
	g.Expect(claim.DeletionTimestamp).To(BeNil())
	g.Expect(claim.Status.Phase).To(Equal(corev1.ClaimBound))
	volume := dsl.Get(s.Story, g, &corev1.PersistentVolume{}, "", claim.Spec.VolumeName)
	g.Expect(volume.DeletionTimestamp).To(BeNil())
	g.Expect(volume.Spec.PersistentVolumeReclaimPolicy).To(Equal(corev1.PersistentVolumeReclaimRetain))
}

// snapshot lists everything of a team that must be restored when something is undone, in one line each.
func (s *story) snapshot(g Gomega, team, pool string) []string {
	s.Helper()
	of := s.OfTeam(team)
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	grant := s.GetGrant(g, team, pool)
	add("grant %d of %d, held %d, ready %d", grant.Granted, grant.Requested, grant.Held, grant.Ready)
	for _, node := range s.ListNodes(g, team) {
		add("node %s %v", node.Name, node.Spec.Taints)
	}
	var namespaces corev1.NamespaceList
	s.List(g, &namespaces, of)
	for _, namespace := range namespaces.Items {
		add("namespace %s %s", namespace.Name, namespace.UID)
	}
	var quotas corev1.ResourceQuotaList
	s.List(g, &quotas, of)
	for _, quota := range quotas.Items {
		for name, quantity := range quota.Spec.Hard {
			add("quota %s/%s %s=%s", quota.Namespace, quota.Name, name, quantity.String())
		}
	}
	var bindings rbacv1.RoleBindingList
	s.List(g, &bindings, of)
	for _, binding := range bindings.Items {
		add("binding %s/%s %s %v", binding.Namespace, binding.Name, binding.RoleRef.Name, binding.Subjects)
	}
	var claims corev1.PersistentVolumeClaimList
	s.List(g, &claims, of)
	for _, claim := range claims.Items {
		add("claim %s/%s %s of %s", claim.Namespace, claim.Name, claim.UID, claim.Spec.VolumeName)
	}
	for _, pod := range s.ListPods(g, team) {
		add("pod %s/%s %s %s on %s", pod.Namespace, pod.Name, pod.UID, pod.Status.Phase, pod.Spec.NodeName)
	}
	slices.Sort(lines)
	return lines
}

// timeOf returns a time of a status; zero if it is not set.
func timeOf(t *metav1.Time) time.Time { return ptr.Deref(t, metav1.Time{}).Time }

// retention returns the data retention of a team's status; empty while its time is not over.
func retention(team *foundationv1alpha1.FoundationTeam) foundationv1alpha1.TeamRetentionStatus {
	return ptr.Deref(team.Status.Retention, foundationv1alpha1.TeamRetentionStatus{})
}
