package programme

import (
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/look"
	"foundation.team/operator/test/support/manifest"
)

func (s *story) getTeam(g Gomega, name string) *foundationv1alpha1.FoundationTeam {
	s.Helper()
	return look.Team(s.Context(), g, k8s, s.named(name))
}

func (s *story) getProgram(g Gomega) *foundationv1alpha1.FoundationProgram {
	s.Helper()
	return look.Program(s.Context(), g, k8s, s.named("models"))
}

func (s *story) getPool(g Gomega, name string) *foundationv1alpha1.GPUPool {
	s.Helper()
	pool := look.Pool(s.Context(), g, k8s, s.named(name))
	g.Expect(pool.Status.Capacity).NotTo(BeNil())
	return pool
}

// records are the TeamRecords of a team's name.
func (s *story) records(g Gomega, team string) []foundationv1alpha1.TeamRecord {
	s.Helper()
	var list foundationv1alpha1.TeamRecordList
	g.Expect(k8s.List(s.Context(), &list, ofTeam(s.named(team)))).To(Succeed())
	return list.Items
}

// ready waits until teams have all that they were awarded.
func (s *story) ready(names ...string) {
	s.Helper()
	for _, name := range names {
		s.soon(func(g Gomega) { look.ExpectReady(g, s.getTeam(g, name)) }, name)
	}
}

// state waits until the status of a team is about its newest spec and says where it is in its life.
func (s *story) state(name string, state foundationv1alpha1.TeamState) {
	s.Helper()
	s.soon(func(g Gomega) {
		team := s.getTeam(g, name)
		g.Expect(team.Status.ObservedGeneration).To(Equal(team.Generation))
		g.Expect(team.Status.State).To(Equal(state))
	}, name)
}

// condition waits until a team's condition has a reason and a message.
func (s *story) condition(name, conditionType, reason, message string) {
	s.Helper()
	s.soon(func(g Gomega) { look.ExpectCondition(g, s.getTeam(g, name), conditionType, reason, message) }, name)
}

// programSays waits until a condition of the programme has a reason and a message.
func (s *story) programSays(conditionType, reason, text string) {
	s.Helper()
	s.soon(func(g Gomega) {
		program := s.getProgram(g)
		g.Expect(program.Status.ObservedGeneration).To(Equal(program.Generation))
		condition := meta.FindStatusCondition(program.Status.Conditions, conditionType)
		g.Expect(condition).NotTo(BeNil())
		g.Expect(condition.Reason).To(Equal(reason), condition.Message)
		g.Expect(condition.Message).To(ContainSubstring(text))
	})
}

// granted waits until a team was granted so many GPUs of a pool, and has them on nodes of its own.
func (s *story) granted(team, pool string, gpus int) {
	s.Helper()
	s.soon(func(g Gomega) {
		grant := s.grant(g, team, pool)
		g.Expect(grant.Granted).To(BeEquivalentTo(gpus), "granted to %s: %s", team, grant.Message)
		g.Expect(grant.Held).To(BeEquivalentTo(gpus), "held by %s", team)
		g.Expect(look.GPUQuota(s.Context(), g, k8s, s.named(team)+"-train")).To(BeEquivalentTo(gpus), "quota of %s", team)
	}, team)
}

// grant is a team's part of a pool; empty if it has none.
func (s *story) grant(g Gomega, team, pool string) foundationv1alpha1.Grant {
	s.Helper()
	for _, grant := range s.getPool(g, pool).Status.Grants {
		if grant.TeamName == s.named(team) {
			return grant
		}
	}
	return foundationv1alpha1.Grant{}
}

// nothing expects that a team has nothing: no namespace, no access, no GPUs.
func (s *story) nothing(g Gomega, team string, pools ...string) {
	s.Helper()
	for _, list := range []client.ObjectList{
		&corev1.NamespaceList{}, &rbacv1.RoleBindingList{}, &rbacv1.ClusterRoleBindingList{}, &corev1.NodeList{}, &corev1.PersistentVolumeClaimList{},
		&flowcontrolv1.FlowSchemaList{}, &flowcontrolv1.PriorityLevelConfigurationList{},
	} {
		g.Expect(k8s.List(s.Context(), list, ofTeam(s.named(team)))).To(Succeed())
		g.Expect(namesOf(list)).To(BeEmpty(), "%T of %s", list, team)
	}
	for _, pool := range pools {
		g.Expect(s.grant(g, team, pool).Granted).To(BeZero(), "granted to %s", team)
	}
	g.Expect(s.may(g, s.person(team, "lead"), "get", "foundationteams.foundation.team/"+s.named(team), "")).To(BeFalse(), "access of %s", team)
}

// may asks the API server what a person may do, see look.May.
func (s *story) may(g Gomega, user, verb, resource, namespace string) bool {
	s.Helper()
	return look.May(s.Context(), g, k8s, user, verb, resource, namespace)
}

// people expects what people of a team may do in its namespace now: work as their role says, read, or nothing.
func (s *story) people(g Gomega, team string, want map[string]string) {
	s.Helper()
	namespace := s.named(team) + "-train"
	got := map[string]string{}
	for name := range want {
		person := s.person(team, name)
		can := "nothing"
		for _, step := range []struct{ verb, resource, what string }{
			{"list", "pods", "read"}, {"create", "pods", "load"}, {"create", "pods/exec", "work"},
		} {
			if s.may(g, person, step.verb, step.resource, namespace) {
				can = step.what
			}
		}
		got[name] = can
	}
	g.Expect(got).To(Equal(want), "what people of %s may", team)
}

// What people of a team may do: in term, while everybody may only read, while data can be copied, and when it is locked.
// Who works gets into pods, who loads only makes them.
var (
	working = map[string]string{"lead": "work", "engineer": "work", "steward": "load", "viewer": "read"}
	reading = map[string]string{"lead": "read", "engineer": "read", "steward": "read", "viewer": "read"}
	copying = map[string]string{"lead": "load", "engineer": "load", "steward": "load", "viewer": "read"}
	lockout = map[string]string{"lead": "nothing", "engineer": "nothing", "steward": "nothing", "viewer": "nothing"}
)

// run starts pods of a team that take a node each, and waits until all of its pods run.
func (s *story) run(team, name string, count int) {
	s.Helper()
	before := len(s.pods(s, team))
	s.apply(manifest.GPUPods(s.named(team), s.named(team)+"-train", name, count, cluster.GPUsPerNode))
	s.Eventually(func(g Gomega) {
		running := slices.DeleteFunc(s.pods(g, team), func(p corev1.Pod) bool { return p.Status.Phase != corev1.PodRunning })
		g.Expect(running).To(HaveLen(before + count))
	}).Should(Succeed())
}

func (s *story) pods(g Gomega, team string) []corev1.Pod {
	s.Helper()
	return look.Pods(s.Context(), g, k8s, s.named(team))
}

// claim is the team's volume; its PersistentVolume has its name in spec.volumeName.
func (s *story) claim(g Gomega, team string) *corev1.PersistentVolumeClaim {
	s.Helper()
	return look.Get(s.Context(), g, k8s, &corev1.PersistentVolumeClaim{}, s.named(team)+"-train", "data")
}

// kept expects that a team's namespace and data are there, and that the data outlives its claim.
func (s *story) kept(g Gomega, team string) {
	s.Helper()
	namespace := look.Get(s.Context(), g, k8s, &corev1.Namespace{}, "", s.named(team)+"-train")
	g.Expect(namespace.DeletionTimestamp).To(BeNil())
	claim := s.claim(g, team)
	g.Expect(claim.DeletionTimestamp).To(BeNil())
	g.Expect(claim.Status.Phase).To(Equal(corev1.ClaimBound))
	volume := look.Get(s.Context(), g, k8s, &corev1.PersistentVolume{}, "", claim.Spec.VolumeName)
	g.Expect(volume.DeletionTimestamp).To(BeNil())
	g.Expect(volume.Spec.PersistentVolumeReclaimPolicy).To(Equal(corev1.PersistentVolumeReclaimRetain))
}

// events are the notes of the events about a team with a reason, sorted.
func (s *story) events(g Gomega, team, reason string) []string {
	s.Helper()
	var list eventsv1.EventList
	g.Expect(k8s.List(s.Context(), &list)).To(Succeed())
	var notes []string
	for _, event := range list.Items {
		if event.Regarding.Kind == "FoundationTeam" && event.Regarding.Name == s.named(team) && event.Reason == reason {
			times := int32(1)
			if event.Series != nil {
				times = event.Series.Count
			}
			notes = append(notes, slices.Repeat([]string{event.Note}, int(times))...)
		}
	}
	slices.Sort(notes)
	return notes
}

// picture is all of a team's place that must be as it was when something is undone, a line for each.
func (s *story) picture(g Gomega, team, pool string) []string {
	s.Helper()
	ctx, of := s.Context(), ofTeam(s.named(team))
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	grant := s.grant(g, team, pool)
	add("grant %d of %d, held %d, ready %d", grant.Granted, grant.Requested, grant.Held, grant.Ready)
	for _, node := range look.NodesOf(ctx, g, k8s, s.named(team)) {
		add("node %s %v", node.Name, node.Spec.Taints)
	}
	var namespaces corev1.NamespaceList
	g.Expect(k8s.List(ctx, &namespaces, of)).To(Succeed())
	for _, namespace := range namespaces.Items {
		add("namespace %s %s", namespace.Name, namespace.UID)
	}
	var quotas corev1.ResourceQuotaList
	g.Expect(k8s.List(ctx, &quotas, of)).To(Succeed())
	for _, quota := range quotas.Items {
		for name, quantity := range quota.Spec.Hard {
			add("quota %s/%s %s=%s", quota.Namespace, quota.Name, name, quantity.String())
		}
	}
	var bindings rbacv1.RoleBindingList
	g.Expect(k8s.List(ctx, &bindings, of)).To(Succeed())
	for _, binding := range bindings.Items {
		add("binding %s/%s %s %v", binding.Namespace, binding.Name, binding.RoleRef.Name, binding.Subjects)
	}
	var claims corev1.PersistentVolumeClaimList
	g.Expect(k8s.List(ctx, &claims, of)).To(Succeed())
	for _, claim := range claims.Items {
		add("claim %s/%s %s of %s", claim.Namespace, claim.Name, claim.UID, claim.Spec.VolumeName)
	}
	for _, pod := range s.pods(g, team) {
		add("pod %s/%s %s %s on %s", pod.Namespace, pod.Name, pod.UID, pod.Status.Phase, pod.Spec.NodeName)
	}
	slices.Sort(lines)
	return lines
}

func ofTeam(name string) client.MatchingLabels {
	return client.MatchingLabels{foundationv1alpha1.LabelTeam: name}
}

func namesOf(list client.ObjectList) []string {
	var names []string
	_ = meta.EachListItem(list, func(obj runtime.Object) error {
		if accessor, err := meta.Accessor(obj); err == nil {
			names = append(names, accessor.GetName())
		}
		return nil
	})
	slices.Sort(names)
	return names
}

// moment is a time of a status; zero if it is not there.
func moment(t *metav1.Time) time.Time { return ptr.Deref(t, metav1.Time{}).Time }

// retention is what becomes of a team's data; empty while its time is not over.
func retention(team *foundationv1alpha1.FoundationTeam) foundationv1alpha1.TeamRetentionStatus {
	return ptr.Deref(team.Status.Retention, foundationv1alpha1.TeamRetentionStatus{})
}
