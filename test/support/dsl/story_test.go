package dsl

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/builder"
)

func TestNamesOfAStoryAreItsOwn(t *testing.T) {
	team := builder.Team("st-hanbit-7")
	team.Status.GPUs = &foundationv1alpha1.TeamGPUStatus{Pools: []foundationv1alpha1.TeamPoolStatus{{Name: "st-b200-7", Granted: 8}}}
	s := newStory(t, team, Options{Prefix: "st-", Suffix: "-7"})
	s.Expect(s.GetTeam(s, "hanbit").Name).To(Equal("st-hanbit-7"))
	s.Expect(s.Train("hanbit")).To(Equal("st-hanbit-7-train"))
	s.Expect(s.GPUs("b200", 8, "stage: one")).To(Equal("gpus: [{name: a, poolName: st-b200-7, count: 8, stage: one}]"))
	s.Expect(s.GetGranted(s, "hanbit")).To(Equal(map[string]int32{"b200": 8}))
}

func TestDescribeSaysWhatIsNotAsDeclared(t *testing.T) {
	team := builder.Team("hanbit")
	team.Generation = 3
	team.Status = foundationv1alpha1.FoundationTeamStatus{
		ObservedGeneration: 2, State: "InTerm", GPUs: &foundationv1alpha1.TeamGPUStatus{Summary: "8/16", Ready: 8},
		Conditions: []metav1.Condition{
			{Type: foundationv1alpha1.ConditionQuotaReady, Status: metav1.ConditionTrue, Reason: foundationv1alpha1.ReasonAsDeclared},
			{Type: foundationv1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: foundationv1alpha1.ReasonShortfall, Message: "b200: 8 of 16 short"},
		},
	}
	s := newStory(t, team, Options{})
	s.Expect(s.Describe("hanbit")).To(Equal(
		`team hanbit, generation 3 (observed 2): state "InTerm", GPUs 8/16, 8 ready, Ready=False (Shortfall: b200: 8 of 16 short)`))
	s.Expect(s.Describe("naru")).To(ContainSubstring("team naru: "), "a team that is not there")
}

func newStory(t *testing.T, team *foundationv1alpha1.FoundationTeam, options Options) *Story {
	t.Helper()
	options.Timeout, options.Polling = time.Second, time.Millisecond
	return New(t, &support.Lab{Client: fake.NewClientBuilder().WithScheme(setup.Scheme()).WithObjects(team).Build()}, options)
}
