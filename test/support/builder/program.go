package builder

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// ProgramMod changes a FoundationProgram.
type ProgramMod = func(*foundationv1alpha1.FoundationProgram)

// Program is a programme with five seats in which nothing was decided.
func Program(name string, mods ...ProgramMod) *foundationv1alpha1.FoundationProgram {
	return build(&foundationv1alpha1.FoundationProgram{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, UID: types.UID(name + "-uid"), Generation: 1, CreationTimestamp: metav1.NewTime(Now.Add(-72 * time.Hour)),
			Finalizers: []string{foundationv1alpha1.Finalizer},
		},
		Spec: foundationv1alpha1.FoundationProgramSpec{TimeZone: "Asia/Seoul", Currency: "KRW", Seats: 5},
	}, mods)
}

// Seats sets how many teams may be in.
func Seats(seats int32) ProgramMod {
	return func(program *foundationv1alpha1.FoundationProgram) { program.Spec.Seats = seats }
}

// HeldSeat is the time for which a team was seen to have a seat; a zero end is none.
func HeldSeat(team string, start, end time.Time) foundationv1alpha1.HeldSeat {
	return foundationv1alpha1.HeldSeat{TeamName: team, StartTime: metav1.NewTime(start), EndTime: MetaTime(end)}
}

// SeenIn puts seats that teams were seen to have into the programme's status.
func SeenIn(seats ...foundationv1alpha1.HeldSeat) ProgramMod {
	return func(program *foundationv1alpha1.FoundationProgram) {
		program.Status.Seats = &foundationv1alpha1.ProgramSeats{Held: seats}
	}
}

// DecisionMod changes a Decision.
type DecisionMod = func(*foundationv1alpha1.Decision)

// Decided adds a decision that takes effect, finally, when it was made.
func Decided(team string, outcome foundationv1alpha1.Outcome, at time.Time, mods ...DecisionMod) ProgramMod {
	return func(program *foundationv1alpha1.FoundationProgram) {
		program.Spec.Decisions = append(program.Spec.Decisions, *build(&foundationv1alpha1.Decision{
			TeamName: team, Outcome: outcome, DecisionTime: SpecTime(at), Reason: "as the panel saw it",
		}, mods))
	}
}

// FinalAt sets until when the team can object.
func FinalAt(at time.Time) DecisionMod {
	return func(decision *foundationv1alpha1.Decision) { decision.FinalTime = SpecTime(at) }
}

// EffectiveAt sets when the decision takes effect.
func EffectiveAt(at time.Time) DecisionMod {
	return func(decision *foundationv1alpha1.Decision) { decision.EffectiveTime = SpecTime(at) }
}

// Overturned sets from when on the decision counts as not made.
func Overturned(at time.Time) DecisionMod {
	return func(decision *foundationv1alpha1.Decision) {
		decision.OverturnTime, decision.OverturnReason = SpecTime(at), "objection upheld"
	}
}

// On names the evaluation that was decided on.
func On(evaluation string) DecisionMod {
	return func(decision *foundationv1alpha1.Decision) { decision.Evaluation = evaluation }
}

// InStage adds a stage that teams have passed.
func InStage(name string, start, end time.Time, passed ...string) ProgramMod {
	return func(program *foundationv1alpha1.FoundationProgram) {
		program.Spec.Stages = append(program.Spec.Stages, foundationv1alpha1.Stage{
			Name: name, StartTime: SpecTime(start), EndTime: SpecTime(end), Passed: passed,
		})
	}
}

// Ceiling is the most GPUs that a team may have, of all pools.
func Ceiling(gpus int32) ProgramMod {
	return ceilings(func(c *foundationv1alpha1.Ceilings) { c.GPUs = &gpus })
}

// PoolCeiling is the most GPUs of a pool that a team may have.
func PoolCeiling(pool string, gpus int32) ProgramMod {
	return ceilings(func(c *foundationv1alpha1.Ceilings) {
		c.Pools = append(c.Pools, foundationv1alpha1.PoolCeiling{PoolName: pool, Count: &gpus})
	})
}

// YearlyCeiling is the most money on a line that a team may have in a year.
func YearlyCeiling(line foundationv1alpha1.BudgetLine, amount int64) ProgramMod {
	return ceilings(func(c *foundationv1alpha1.Ceilings) {
		c.Budget = append(c.Budget, foundationv1alpha1.BudgetCeiling{Line: line, PerYear: &amount})
	})
}

func ceilings(mod func(*foundationv1alpha1.Ceilings)) ProgramMod {
	return func(program *foundationv1alpha1.FoundationProgram) {
		if program.Spec.Ceilings == nil {
			program.Spec.Ceilings = &foundationv1alpha1.Ceilings{}
		}
		mod(program.Spec.Ceilings)
	}
}

// Money is what the programme has on a line.
func Money(line foundationv1alpha1.BudgetLine, amount int64) ProgramMod {
	return func(program *foundationv1alpha1.FoundationProgram) {
		program.Spec.Budget = append(program.Spec.Budget, foundationv1alpha1.BudgetTotal{Line: line, Amount: &amount})
	}
}

// Keeps sets the programme's data retention.
func Keeps(dataAccess, keep time.Duration) ProgramMod {
	return func(program *foundationv1alpha1.FoundationProgram) {
		program.Spec.Retention = retention(dataAccess, keep)
	}
}

func retention(dataAccess, keep time.Duration) *foundationv1alpha1.Retention {
	return &foundationv1alpha1.Retention{DataAccess: &metav1.Duration{Duration: dataAccess}, Keep: &metav1.Duration{Duration: keep}}
}

// Criteria adds criteria; a weight follows each name.
func Criteria(weights ...any) ProgramMod {
	return func(program *foundationv1alpha1.FoundationProgram) {
		for i := 0; i+1 < len(weights); i += 2 {
			name, _ := weights[i].(string)
			weight, _ := weights[i+1].(int)
			program.Spec.Criteria = append(program.Spec.Criteria, foundationv1alpha1.Criterion{Name: name, Weight: int32(weight)})
		}
	}
}

// GateOf adds a gate.
func GateOf(name string) ProgramMod {
	return func(program *foundationv1alpha1.FoundationProgram) {
		program.Spec.Gates = append(program.Spec.Gates, foundationv1alpha1.Gate{Name: name})
	}
}

// Evaluated adds an evaluation that was closed; a zero time is one under way.
func Evaluated(name string, closedAt time.Time, results ...foundationv1alpha1.Result) ProgramMod {
	return func(program *foundationv1alpha1.FoundationProgram) {
		program.Spec.Evaluations = append(program.Spec.Evaluations, foundationv1alpha1.Evaluation{
			Name: name, CloseTime: SpecTime(closedAt), Results: results,
		})
	}
}

// Scored is a team's result; a score follows each criterion, and gates that it failed come last.
func Scored(team string, scores map[string]string, failedGates ...string) foundationv1alpha1.Result {
	result := foundationv1alpha1.Result{TeamName: team, Scores: map[string]foundationv1alpha1.Score{}, Gates: map[string]foundationv1alpha1.GateResult{}}
	for criterion, score := range scores {
		result.Scores[criterion] = foundationv1alpha1.Score(score)
	}
	for _, gate := range failedGates {
		result.Gates[gate] = foundationv1alpha1.GateFailed
	}
	return result
}

// InProgram lets the team take part in a programme.
func InProgram(name string) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		team.Spec.ProgramName = name
	}
}

// KeptFor sets the team's data retention.
func KeptFor(dataAccess, keep time.Duration) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) { team.Spec.Retention = retention(dataAccess, keep) }
}

// StageAward awards GPUs of a pool for a stage, if another stage was passed; an empty name requires none.
func StageAward(pool string, count int32, stage, ifPassed string) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		Award(pool, count)(team)
		award := &team.Spec.GPUs[len(team.Spec.GPUs)-1]
		award.Stage, award.IfPassed = stage, ifPassed
	}
}
