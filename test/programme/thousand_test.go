package programme

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

const (
	// fewTeams end together in every run, manyTeams when the measurement at full size is wanted.
	fewTeams, manyTeams = 30, 1000
	// withGPUs of them have a node each.
	withGPUs = 4
	// mostRequests bounds how many requests the end of a team may cost: three deletions of access, a flow schema that loses
	// its staff, a namespace and a quota that are locked, its record, its status, two events, and some retries.
	mostRequests = 15
	// longestEnd bounds how long it may take until all of them are locked.
	longestEnd = 5 * time.Minute
)

// TestThousandTeams is story 23: a thousand teams end at the same second.
func TestThousandTeams(t *testing.T) {
	teams := fewTeams
	if scale {
		teams = manyTeams
	}
	s := newStory(t, 23, "2026-06-30 12:00:00")
	if scale {
		s.SetDefaultEventuallyTimeout(20 * time.Minute)
	}
	s.ApplyPool("b200", withGPUs)
	begin := time.Now()
	s.manyTeams(teams, kst("2026-07-01"))
	s.waitTeams(teams, func(g Gomega, team *foundationv1alpha1.FoundationTeam) {
		g.Expect(meta.IsStatusConditionTrue(team.Status.Conditions, foundationv1alpha1.ConditionReady)).To(BeTrue(), "%s: %v", team.Name, team.Status.Conditions)
	})
	s.waitIdle()
	s.Logf("%d teams were Ready after %s, with %d writes", teams, since(begin), s.requests.Take().Sum("write"))
	// Events are sent in the background.
	s.Eventually(s.requests.Take).WithPolling(time.Second).Should(BeEmpty(), "requests of a cluster at rest")
	s.at("2026-06-30 23:59:59")
	s.Expect(s.requests.Take().Sum("write")).To(BeZero(), "a second before")
	s.Expect(s.bindings(s)).To(HaveLen(teams))

	begin = time.Now()
	s.setClock(kst("2026-07-01"))
	s.Eventually(s.bindings).WithPolling(time.Second).WithTimeout(longestEnd).Should(BeEmpty(), "access")
	s.Logf("nobody of %d teams had access %s after their end", teams, since(begin))
	s.waitTeams(teams, func(g Gomega, team *foundationv1alpha1.FoundationTeam) {
		g.Expect(team.Status.State).To(Equal(foundationv1alpha1.StateEnded), team.Name)
		g.Expect(team.Status.Namespaces).To(ConsistOf(HaveField("State", foundationv1alpha1.ResourceLocked)), team.Name)
	})
	s.Expect(time.Since(begin)).To(BeNumerically("<", longestEnd))
	took := since(begin)
	s.WaitFree("b200", 8*withGPUs)
	s.waitIdle()
	counts := s.requests.Take()
	reads, writes := counts.Sum("read"), counts.Sum("write")
	s.Logf("%d teams were closed after %s, with %d reads and %d writes: %.1f for each", teams, took, reads, writes, float64(reads+writes)/float64(teams))
	s.Expect(reads+writes).To(BeNumerically("<=", mostRequests*teams), counts.String())
}

// manyTeams creates small teams, each with a namespace and one member of staff, who loses access with the term.
func (s *story) manyTeams(teams int, end time.Time) {
	s.Helper()
	errs := make([]error, teams)
	workqueue.ParallelizeUntil(s.Context(), 8, teams, func(i int) {
		name := s.Named(fmt.Sprintf("many-%04d", i))
		team := builder.Team(name, builder.Namespace("train", 1), builder.Term(time.Time{}, end), builder.KeptFor(0, 90*24*time.Hour),
			builder.Staff("lead", foundationv1alpha1.RoleLead))
		if i < withGPUs {
			builder.Award(s.Named("b200"), 8)(team)
		}
		team.ObjectMeta = metav1.ObjectMeta{Name: name}
		errs[i] = s.Client.Create(s.Context(), team)
	})
	s.Expect(errs).To(HaveEach(BeNil()))
}

// waitTeams waits until a check passes for all teams.
func (s *story) waitTeams(teams int, is func(g Gomega, team *foundationv1alpha1.FoundationTeam)) {
	s.Helper()
	s.WaitUntil(func(g Gomega) {
		var list foundationv1alpha1.FoundationTeamList
		s.List(g, &list)
		g.Expect(list.Items).To(HaveLen(teams))
		for i := range list.Items {
			is(g, &list.Items[i])
		}
	})
}

// bindings are the names of all namespaces in which staff of the story's teams have access.
func (s *story) bindings(g Gomega) []string {
	s.Helper()
	var list rbacv1.RoleBindingList
	s.List(g, &list, client.HasLabels{foundationv1alpha1.LabelTeam})
	var namespaces []string
	for _, binding := range list.Items {
		if strings.HasPrefix(binding.Namespace, "many-") {
			namespaces = append(namespaces, binding.Namespace)
		}
	}
	return namespaces
}

func since(begin time.Time) time.Duration { return time.Since(begin).Round(100 * time.Millisecond) }
