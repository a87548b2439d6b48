package lifecycle_test

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// cast are the teams of random programmes; pools, what they may be awarded.
var (
	cast  = []string{"hanbit", "naru", "mirae", "onnuri"}
	pools = []string{"b200", "h100"}
)

// onTheHour is a moment of a random programme, in one zone or another.
func onTheHour(t *rapid.T, from int, label string) (time.Time, int) {
	n := rapid.IntRange(from, max(from, hours)).Draw(t, label)
	at := halfHour(2 * n)
	if rapid.Bool().Draw(t, "UTC") {
		at = at.UTC()
	}
	return at, n
}

// decisions draws decisions of any outcome in any order; no two on a team are of one moment. Each has a reason of its own.
func decisions(t *rapid.T) []foundationv1alpha1.Decision {
	var list []foundationv1alpha1.Decision
	taken := map[string]bool{}
	for i := range rapid.IntRange(0, 12).Draw(t, "decisions") {
		team := rapid.SampledFrom(cast).Draw(t, "team")
		at, n := onTheHour(t, 0, "decided")
		key := fmt.Sprint(team, n)
		if taken[key] {
			continue
		}
		taken[key] = true
		outcome := rapid.SampledFrom([]foundationv1alpha1.Outcome{selected, selected, selected, eliminated, eliminated, rejected, withdrawn}).Draw(t, "outcome")
		decision := foundationv1alpha1.Decision{TeamName: team, Outcome: outcome, Reason: fmt.Sprint("reason ", i), DecisionTime: builder.SpecTime(at)}
		later := func(label string) *foundationv1alpha1.Timestamp {
			if rapid.IntRange(0, 2).Draw(t, "has "+label) > 0 {
				return nil
			}
			at, _ := onTheHour(t, n, label)
			return builder.SpecTime(at)
		}
		decision.EffectiveTime, decision.OverturnTime = later("effective"), later("overturned")
		if outcome != withdrawn {
			decision.FinalTime = later("final")
		}
		list = append(list, decision)
	}
	return list
}

// programmes draws a programme.
func programmes(t *rapid.T) *foundationv1alpha1.FoundationProgram {
	program := builder.Program("sovereign", builder.Seats(rapid.Int32Range(1, 3).Draw(t, "seats")))
	program.Spec.Decisions = decisions(t)
	for i := range rapid.IntRange(0, 2).Draw(t, "stages") {
		start, n := onTheHour(t, 0, "stage start")
		end, _ := onTheHour(t, n+1, "stage end")
		passed := rapid.SliceOfDistinct(rapid.SampledFrom(cast), rapid.ID[string]).Draw(t, "passed")
		builder.InStage(fmt.Sprint("stage-", i), start, end, passed...)(program)
	}
	if rapid.Bool().Draw(t, "ceiling") {
		builder.Ceiling(rapid.Int32Range(0, 100).Draw(t, "GPUs"))(program)
	}
	if rapid.Bool().Draw(t, "ceiling of b200") {
		builder.PoolCeiling("b200", rapid.Int32Range(0, 60).Draw(t, "GPUs of b200"))(program)
	}
	program.Spec.Retention = retentions(t)
	return program
}

// retentions draws periods of hours.
func retentions(t *rapid.T) *foundationv1alpha1.Retention {
	if !rapid.Bool().Draw(t, "retention") {
		return nil
	}
	retention := &foundationv1alpha1.Retention{}
	period := func(label string) *metav1.Duration {
		return &metav1.Duration{Duration: time.Duration(rapid.IntRange(0, 8).Draw(t, label)) * time.Hour}
	}
	if rapid.Bool().Draw(t, "has access") {
		retention.DataAccess = period("access")
	}
	if rapid.Bool().Draw(t, "has keep") {
		retention.Keep = period("keep")
	}
	return retention
}

// members draws a team of a programme.
func members(t *rapid.T, name string) *foundationv1alpha1.FoundationTeam {
	team := builder.Team(name, builder.InProgram("sovereign"))
	if rapid.Bool().Draw(t, "term") {
		builder.Term(windows(t, "term"))(team)
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "awards") {
		builder.AwardBetween(rapid.SampledFrom(pools).Draw(t, "pool"), rapid.Int32Range(0, 64).Draw(t, "count"), never, never)(team)
		award := &team.Spec.GPUs[i]
		from, to := windows(t, "award")
		award.StartTime, award.EndTime = builder.SpecTime(from), builder.SpecTime(to)
		stages := rapid.SampledFrom([]string{"", "", "stage-0", "stage-1"})
		award.Stage, award.IfPassed = stages.Draw(t, "stage"), stages.Draw(t, "if passed")
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "staff") {
		from, to := windows(t, "staff")
		if !to.IsZero() { // so that notices fall into the hours that are checked
			to = to.AddDate(0, 0, rapid.SampledFrom([]int{0, 7, 30}).Draw(t, "days later"))
		}
		role := rapid.SampledFrom([]foundationv1alpha1.StaffRole{foundationv1alpha1.RoleLead, foundationv1alpha1.RoleEngineer, foundationv1alpha1.RoleViewer}).Draw(t, "role")
		builder.StaffBetween(fmt.Sprint("kim-", i), role, from, to)(team)
	}
	team.Spec.Retention = retentions(t)
	team.Spec.Suspend = new(rapid.IntRange(0, 3).Draw(t, "suspended") == 0)
	return team
}

// lives draws a team of the cast in a programme.
func lives(t *rapid.T) lifecycle.Team {
	program := lifecycle.NewProgram(programmes(t))
	return lifecycle.NewTeam(members(t, rapid.SampledFrom(cast).Draw(t, "the team")), program)
}

// moments are the half hours that are checked, with some before and long after all others, which retention by default
// and notices need.
func moments() []time.Time {
	list := []time.Time{kst("2000-01-01")}
	for n := -2; n <= 2*(hours+10); n++ {
		list = append(list, halfHour(n))
	}
	for _, later := range []int{7, 23, 30, 90} {
		for n := 0; n <= 2*hours; n += 3 {
			list = append(list, halfHour(n).AddDate(0, 0, later))
		}
	}
	return append(list, kst("2100-01-01"))
}

// sight is everything about a team at a moment, except what concerns earlier or later times.
type sight struct {
	State           foundationv1alpha1.TeamState
	Phase, Decision string
	// Awarded and HeldBack are by pool, in the order of pools.
	Awarded, HeldBack                     [2]int32
	Staff, Expiring                       string
	Retention                             foundationv1alpha1.RetentionPhase
	Ended, DataAccessUntil, DataKeptUntil int64
}

func seen(team lifecycle.Team, at time.Time) sight {
	s := sight{State: team.State(at), Staff: roles(team, at)}
	if team.Program != nil {
		standing := team.Program.Standing(team.Name, at)
		s.Phase = string(standing.Phase)
		if standing.Decision != nil {
			s.Decision = standing.Decision.Reason
		}
	}
	for i, pool := range pools {
		s.Awarded[i], s.HeldBack[i] = team.Demand(pool, at)
	}
	for _, expiring := range lifecycle.Expiring(team.Staff(at), at) {
		s.Expiring += fmt.Sprint(expiring.Name, expiring.EndTime.Unix(), expiring.WithinDays, "; ")
	}
	if retention, over := team.Retention(at); over {
		s.Retention, s.Ended = retention.Phase, retention.Ended.Unix()
		s.DataAccessUntil, s.DataKeptUntil = retention.AccessUntil.Unix(), retention.KeptUntil.Unix()
	}
	return s
}

// anew returns a copy of a team whose programme was replayed with decisions changed by mod.
func anew(team lifecycle.Team, mod func([]foundationv1alpha1.Decision) []foundationv1alpha1.Decision) lifecycle.Team {
	program := team.Program.DeepCopy()
	program.Spec.Decisions = mod(program.Spec.Decisions)
	return lifecycle.NewTeam(team.FoundationTeam, lifecycle.NewProgram(program))
}

// knownAt returns a mod that removes decisions made after a moment.
func knownAt(at time.Time) func([]foundationv1alpha1.Decision) []foundationv1alpha1.Decision {
	return func(list []foundationv1alpha1.Decision) []foundationv1alpha1.Decision {
		list = slices.DeleteFunc(list, func(d foundationv1alpha1.Decision) bool { return d.DecisionTime.After(at) })
		for i := range list {
			if list[i].OverturnTime != nil && list[i].OverturnTime.After(at) {
				list[i].OverturnTime = nil
			}
		}
		return list
	}
}
