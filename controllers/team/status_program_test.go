package team

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// sovereign is a programme that selected hanbit a month ago.
func sovereign(mods ...builder.ProgramMod) *foundationv1alpha1.FoundationProgram {
	return builder.Program("sovereign", append([]builder.ProgramMod{
		builder.Decided("hanbit", foundationv1alpha1.OutcomeSelected, now.AddDate(0, -1, 0)),
	}, mods...)...)
}

// inProgram is an input of a team in a programme.
func inProgram(program *foundationv1alpha1.FoundationProgram, team *foundationv1alpha1.FoundationTeam, things ...any) Input {
	builder.InProgram(program.Name)(team)
	in := input(team, things...)
	in.Program = lifecycle.NewProgram(program)
	return in
}

func eliminated(at time.Time, mods ...builder.DecisionMod) builder.ProgramMod {
	return builder.Decided("hanbit", foundationv1alpha1.OutcomeEliminated, at, mods...)
}

// A team reads its own result, with the decision on it and not before, and nobody else's.
func TestProgramStatus(t *testing.T) {
	program := builder.Program("sovereign",
		builder.Criteria("technology", 60, "impact", 40), builder.GateOf("originality"),
		builder.Evaluated("written", now.AddDate(0, -2, 0),
			builder.Scored("hanbit", map[string]string{"technology": "50", "impact": "27.5"}, "originality"),
			builder.Scored("naru", map[string]string{"technology": "60", "impact": "40"})),
		builder.Decided("hanbit", foundationv1alpha1.OutcomeRejected, now.AddDate(0, -1, 0), builder.On("written"), builder.FinalAt(now)))
	program.Generation = 3
	undecided := &foundationv1alpha1.TeamProgramStatus{Name: "sovereign", ObservedGeneration: 3}
	tests := map[string]struct {
		in   Input
		want *foundationv1alpha1.TeamProgramStatus
	}{
		"a team without a programme":      {input(twoNamespaces()), nil},
		"a programme that does not exist": {input(twoNamespaces(builder.InProgram("sovereign"))), nil},
		"before the decision":             {inProgram(program, twoNamespaces(), now.AddDate(0, -1, -1)), undecided},
		"after the decision": {inProgram(program, twoNamespaces()), &foundationv1alpha1.TeamProgramStatus{
			Name: "sovereign", ObservedGeneration: 3, Outcome: foundationv1alpha1.OutcomeRejected, Reason: "as the panel saw it",
			DecisionTime: builder.MetaTime(now.AddDate(0, -1, 0)), FinalTime: builder.MetaTime(now), Score: "77.5", FailedGates: []string{"originality"},
		}},
		"a team that was not decided on": {inProgram(program, builder.Team("naru")), undecided},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, programStatus(NewModel(tt.in))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCeilingsCondition(t *testing.T) {
	stage := builder.InStage("stage-1", now.AddDate(0, -1, 0), july)
	tests := map[string]struct {
		in   Input
		want string
	}{
		"awards within the ceilings": {inProgram(sovereign(builder.Ceiling(16)), twoNamespaces(builder.Award("b200", 16))), "True AsDeclared: "},
		"an award is beyond the pool's ceiling": {
			inProgram(sovereign(builder.PoolCeiling("b200", 16)), twoNamespaces(builder.Award("b200", 24), builder.Award("h100", 24))),
			"False CeilingExceeded: b200: 24 GPUs are awarded, 8 held back: sovereign lets a team have no more; shrink the award, or raise spec.ceilings there",
		},
		"an award is beyond the pool's ceiling later": {
			inProgram(sovereign(builder.Ceiling(16)), twoNamespaces(builder.Award("b200", 16), builder.AwardBetween("h100", 8, july, time.Time{}))),
			"False CeilingExceeded: h100: 8 GPUs are awarded from 2026-07-01T00:00:00+09:00 on, 8 held back: sovereign lets a team have no more; shrink the award, or raise spec.ceilings there",
		},
		"an award names a stage that does not exist": {
			inProgram(sovereign(stage), twoNamespaces(builder.StageAward("b200", 8, "stage-2", "stage-1"))),
			"False StageNotFound: award award-0 names stage stage-2, which sovereign does not have: correct spec.gpus, or add the stage there",
		},
		"an award of money is held back": {
			inProgram(sovereign(func(program *foundationv1alpha1.FoundationProgram) {
				program.Status.HeldBack = []foundationv1alpha1.HeldBackAward{
					{TeamName: "naru", Award: "data", Reason: foundationv1alpha1.ReasonBudgetExceeded, Message: "naru's"},
					{TeamName: "hanbit", Award: "data", Reason: foundationv1alpha1.ReasonBudgetExceeded, Message: "hanbit data: does not fit"},
				}
			}), twoNamespaces()),
			"False BudgetExceeded: hanbit data: does not fit",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, conditionLine(ceilingsCondition(NewModel(tt.in)))); diff != "" {
				t.Error(diff)
			}
			ready := meta.FindStatusCondition(statusOf(tt.in, noProblems()).Conditions, foundationv1alpha1.ConditionWithinCeilings)
			if diff := cmp.Diff(tt.want, conditionLine(*ready)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBudgetStatus(t *testing.T) {
	grant := func(name string, line foundationv1alpha1.BudgetLine, amount int64, due time.Time) builder.TeamMod {
		return func(team *foundationv1alpha1.FoundationTeam) {
			team.Spec.Budget = append(team.Spec.Budget, foundationv1alpha1.BudgetAward{Name: name, Line: line, Amount: &amount, DueTime: builder.SpecTime(due)})
		}
	}
	money := twoNamespaces(grant("staff", foundationv1alpha1.BudgetStaff, 30, july), grant("data", foundationv1alpha1.BudgetData, 20, now), grant("more", foundationv1alpha1.BudgetData, 7, now))
	held := func(program *foundationv1alpha1.FoundationProgram) {
		program.Status.HeldBack = []foundationv1alpha1.HeldBackAward{{TeamName: "hanbit", Award: "more", Line: foundationv1alpha1.BudgetData, Amount: 7}}
	}
	want := []foundationv1alpha1.TeamBudgetStatus{
		{Line: foundationv1alpha1.BudgetData, Awarded: 27, Due: 20, HeldBack: 7},
		{Line: foundationv1alpha1.BudgetStaff, Awarded: 30, NextDueTime: builder.MetaTime(july), NextAmount: 30},
	}
	if diff := cmp.Diff(want, budgetStatus(NewModel(inProgram(sovereign(held), money.DeepCopy())))); diff != "" {
		t.Error(diff)
	}
	if got := budgetStatus(NewModel(inProgram(builder.Program("sovereign"), money.DeepCopy()))); got != nil {
		t.Errorf("a team that is not in has %v", got)
	}
}

// Out of the programme: GPUs are gone, staff may read and copy data, then nothing.
func TestEliminated(t *testing.T) {
	staff := []builder.TeamMod{builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Staff("guest", foundationv1alpha1.RoleViewer), builder.Award("b200", 16), builder.Volume("corpus", "train", "1Ti", "")}
	program := sovereign(eliminated(now.AddDate(0, 0, -10), builder.FinalAt(now)), builder.Keeps(24*time.Hour, 48*time.Hour))
	there := builder.OwnedNamespace(twoNamespaces(), "train")
	at := func(when time.Time) Input {
		return inProgram(program, twoNamespaces(staff...), there, when, builder.Pool("b200"), builder.Claim(twoNamespaces(), "train", "corpus", "1Ti", "1Ti"))
	}
	tests := map[string]struct {
		now       time.Time
		state     foundationv1alpha1.TeamState
		phase     foundationv1alpha1.RetentionPhase
		namespace foundationv1alpha1.ResourceState
		roles     []string
		pods      string
	}{
		"an eliminated team while it can object":                 {now: now.Add(-time.Second), state: foundationv1alpha1.StateSuspended, namespace: foundationv1alpha1.ResourceActive, roles: []string{"foundation-team-viewer"}, pods: "0"},
		"an eliminated team when the elimination is final":       {now: now, state: foundationv1alpha1.StateEliminated, phase: foundationv1alpha1.RetentionDataAccess, namespace: foundationv1alpha1.ResourceDataAccess, roles: []string{"foundation-team-data-steward", "foundation-team-viewer"}, pods: "20"},
		"an eliminated team when data access is over":            {now: now.Add(24 * time.Hour), state: foundationv1alpha1.StateEliminated, phase: foundationv1alpha1.RetentionLocked, namespace: foundationv1alpha1.ResourceLocked, pods: "0"},
		"an eliminated team when data need not be kept any more": {now: now.Add(48 * time.Hour), state: foundationv1alpha1.StateEliminated, phase: foundationv1alpha1.RetentionExpired, namespace: foundationv1alpha1.ResourceLocked, pods: "0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := afterLooks(lookAt{now.AddDate(0, 0, -1), at(now)}, lookAt{earlier(now, tt.now), at(now)}, lookAt{tt.now, at(now)})
			desired := Build(NewModel(in))
			status := statusOf(in, noProblems())
			if status.State != tt.state || status.Namespaces[0].State != tt.namespace {
				t.Errorf("%s, namespace %s", status.State, status.Namespaces[0].State)
			}
			if got := status.Retention; (got == nil) != (tt.phase == "") || got != nil && got.Phase != tt.phase {
				t.Errorf("retention %+v", got)
			}
			var roles []string
			for _, obj := range namespaceOf(t, desired, "train").Access {
				roles = append(roles, *obj.GetName())
			}
			if diff := cmp.Diff(tt.roles, roles); diff != "" {
				t.Error(diff)
			}
			quota := hardOf(namespaceOf(t, desired, "train"))
			if quota["pods"] != tt.pods || tt.phase != "" && quota["requests.nvidia.com/gpu"] != "0" {
				t.Errorf("quota %v", quota)
			}
			if want := map[bool]string{true: "1Ti", false: "0"}[tt.namespace == foundationv1alpha1.ResourceDataAccess]; tt.phase != "" && quota["requests.storage"] != want {
				t.Errorf("storage %s, want %s", quota["requests.storage"], want)
			}
		})
	}
}
