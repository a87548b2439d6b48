package pool

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/builder"
)

// guarded finds all admission policies in place.
type guarded struct{}

func (guarded) Check(context.Context) (guards.Result, error) { return guards.Result{}, nil }

// misnamed is hanbit after its award of b200 was given the name of a pool that does not exist.
func misnamed(mods ...builder.TeamMod) lifecycle.Team {
	team := lifecycle.NewTeam(builder.Team("hanbit", append([]builder.TeamMod{builder.Award("b2o0", 16)}, mods...)...), nil)
	team.MissingPools = []string{"b2o0"}
	return team
}

// One letter in a pool's name takes no node from a team; what names something that does not exist gets nothing new.
func TestWhatNamesSomethingMissingKeepsItsNodes(t *testing.T) {
	had := builder.Granted(hanbit, 16)
	held, free := nodes(builder.HeldIn(b200, hanbit), "n1", "n2"), nodes(builder.FreeIn(b200), "n3")
	program := func(mods ...builder.ProgramMod) *lifecycle.Program {
		return lifecycle.NewProgram(builder.Program("sovereign", append(mods, builder.Decided("hanbit", foundationv1alpha1.OutcomeSelected, now.AddDate(0, -1, 0)))...))
	}
	of := func(program *lifecycle.Program, mods ...builder.TeamMod) lifecycle.Team {
		return lifecycle.NewTeam(builder.Team("hanbit", append(mods, builder.InProgram("sovereign"))...), program)
	}
	runDecideCases(t, map[string]decideCase{
		"a pool's name is mistyped":                {input(builder.Pool(b200, had), misnamed(), held, free), map[string]int32{"hanbit": 16}},
		"the status was lost meanwhile":            {input(builder.Pool(b200), misnamed(), held, free), map[string]int32{"hanbit": 16}},
		"the name is put right":                    {input(builder.Pool(b200, had), hanbit, held, free), map[string]int32{"hanbit": 16}},
		"the award is moved to a pool that exists": {input(builder.Pool(b200, had), builder.Team("hanbit", builder.Award("h100", 16)), held, free), map[string]int32{"hanbit": 0}},
		"it had less than the misnamed award":      {input(builder.Pool(b200, builder.Granted(hanbit, 8)), misnamed(), nodes(builder.HeldIn(b200, hanbit), "n1"), free), map[string]int32{"hanbit": 8}},
		"it had more than the misnamed award":      {input(builder.Pool(b200, builder.Granted(hanbit, 24)), misnamed(), held, nodes(builder.HeldIn(b200, hanbit), "n3")), map[string]int32{"hanbit": 16}},
		"another award still names the pool":       {input(builder.Pool(b200, builder.Granted(hanbit, 24)), misnamed(builder.Award(b200, 8)), held, nodes(builder.HeldIn(b200, hanbit), "n3")), map[string]int32{"hanbit": 24}},
		"the misnamed award is over":               {input(builder.Pool(b200, had), misnamed(builder.Term(time.Time{}, now)), held, free), map[string]int32{"hanbit": 0}},
		"the team is deleted":                      {input(builder.Pool(b200, had), misnamed(builder.Deleted()), held, free), map[string]int32{"hanbit": 0}},
		"a stage that does not exist":              {input(builder.Pool(b200, had), of(program(), builder.StageAward(b200, 24, "stage-1", "")), held, free), map[string]int32{"hanbit": 16}},
		"a stage to pass that does not exist":      {input(builder.Pool(b200, had), of(program(), builder.StageAward(b200, 24, "", "stage-1")), held, free), map[string]int32{"hanbit": 16}},
		"a programme that does not exist":          {input(builder.Pool(b200, had), of(nil, builder.Award(b200, 24)), held, free), map[string]int32{"hanbit": 16}},
		"a new team of a missing programme":        {input(builder.Pool(b200), of(nil, builder.Award(b200, 8)), free), map[string]int32{}},
		"karpenter's nodes are kept, too":          {input(karpenterPool(8, had), misnamed(), provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit)), map[string]int32{"hanbit": 16}},
	})
}

// Nobody else is granted what is kept, and the nodes that are kept do not drain.
func TestKeptNodesAreNobodyElses(t *testing.T) {
	in := input(builder.Pool(b200, builder.Granted(hanbit, 16)), misnamed(), saebit, nodes(builder.HeldIn(b200, hanbit), "n1", "n2"), nodes(builder.FreeIn(b200), "n3"))
	if diff := cmp.Diff(map[string]int32{"hanbit": 16, "saebit": 8}, grantsOf(in)); diff != "" {
		t.Error(diff)
	}
	for _, transition := range BuildPlan(in, Decide(in)).Transitions {
		if transition.From.State == gpunode.Held {
			t.Errorf("%s goes from %s to %s", transition.Before.Name, transition.From.State, transition.To.State)
		}
	}
}

func TestKeptNodesAreDrainedWhenTheAwardIsOver(t *testing.T) {
	in := input(builder.Pool(b200, builder.Granted(hanbit, 16)), misnamed(builder.Term(time.Time{}, july)), nodes(builder.HeldIn(b200, hanbit), "n1", "n2"))
	if next := nextTransition(in, Decide(in)); !next.Equal(july) {
		t.Errorf("the next transition is %s", next)
	}
}

func TestMessagesAboutWhatIsMissing(t *testing.T) {
	had := builder.Granted(hanbit, 16)
	held := nodes(builder.HeldIn(b200, hanbit), "n1", "n2")
	in := builder.Decided("hanbit", foundationv1alpha1.OutcomeSelected, now.AddDate(0, -1, 0))
	runMessageCases(t, map[string]messageCase{
		"a missing pool": {
			in: input(builder.Pool(b200, had), misnamed(), held), reason: foundationv1alpha1.ReasonPoolNotFound,
			message: "b200: 16 GPUs are kept, and no more granted, while spec.gpus names GPUPool b2o0, which does not exist: correct spec.gpus, or create the pool",
		},
		"a missing stage": {
			in: input(builder.Pool(b200, had), held, lifecycle.NewTeam(builder.Team("hanbit", builder.InProgram("sovereign"), builder.StageAward(b200, 16, "stage-1", "")),
				lifecycle.NewProgram(builder.Program("sovereign", in)))),
			reason:  foundationv1alpha1.ReasonStageNotFound,
			message: "b200: 16 GPUs are kept, and no more granted, while award award-0 names stage stage-1, which sovereign does not have: correct spec.gpus, or add the stage there",
		},
		"a missing programme": {
			in:      input(builder.Pool(b200, had), held, builder.Team("hanbit", builder.InProgram("sovereign"), builder.Award(b200, 16))),
			reason:  foundationv1alpha1.ReasonProgramNotFound,
			message: "b200: 16 GPUs are kept, and no more granted, while FoundationProgram sovereign does not exist: create it, or correct spec.programName",
		},
	})
}

// A team that no longer names a pool is read all the same while it has something of it, and only what really does not
// exist is missing.
func TestObserveFindsTeamsThatHaveSomethingOfThePool(t *testing.T) {
	pool := builder.Pool(b200, builder.Granted(hanbit, 16))
	objects := []client.Object{
		pool, builder.Pool("h100"), builder.Team("hanbit", builder.Award("b2o0", 16), builder.Award("h100", 8)),
		builder.Team("naru", builder.Award("h100", 8)), builder.Team("saebit", builder.Award(b200, 8), builder.Award("gone", 8)),
		builder.Node("n1", builder.HeldIn(b200, builder.Team("naru"))), builder.Node("n2", builder.HeldIn("h100", builder.Team("mirae"))),
	}
	s := fake.NewClientBuilder().WithScheme(setup.Scheme()).WithObjects(objects...).
		WithIndex(&foundationv1alpha1.FoundationTeam{}, index.AwardPool, index.AwardPools).Build()
	r := &Reconciler{Client: s, Live: s, Clock: clocktesting.NewFakePassiveClock(now), Guards: guarded{}}
	in, err := r.observe(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, team := range in.Teams {
		got = append(got, fmt.Sprint(team.Name, team.MissingPools))
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"hanbit[b2o0]", "naru[]", "saebit[gone]"}, got); diff != "" {
		t.Error(diff)
	}
	var requests []string
	for _, request := range r.poolsOfTeam(t.Context(), &foundationv1alpha1.FoundationTeam{ObjectMeta: metav1.ObjectMeta{Name: "hanbit"}}) {
		requests = append(requests, request.Name)
	}
	if diff := cmp.Diff([]string{b200}, requests); diff != "" {
		t.Errorf("pools of a team whose award names none: %s", diff)
	}
}
