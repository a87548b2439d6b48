package pool

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/timing"
	"foundation.team/operator/test/support/builder"
)

// forecastsOf returns what the status says to the pool and to each team about later.
func forecastsOf(in Input) map[string]string {
	grants := Decide(in)
	status := BuildStatus(in, grants)
	told := map[string]string{}
	for _, condition := range status.Conditions {
		if condition.Type == foundationv1alpha1.ConditionAwardsCovered {
			told["pool"] = string(condition.Status) + " " + condition.Reason + ": " + condition.Message
		}
	}
	for _, grant := range status.Grants {
		if grant.ForecastMessage != "" {
			told[grant.TeamName] = grant.ForecastReason + ": " + grant.ForecastMessage
		}
	}
	return told
}

// forecastCase lists what the pool and its teams are told of awards that will not be covered.
type forecastCase struct {
	in   Input
	want map[string]string
}

func (tt forecastCase) check(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(tt.want, forecastsOf(tt.in)); diff != "" {
		t.Error(diff)
	}
}

func runForecastCases(t *testing.T, tests map[string]forecastCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

func TestAwardsThatOvercommitThePool(t *testing.T) {
	free := builder.FreeIn(b200)
	october := july.AddDate(0, 3, 0)
	two := nodes(free, "n1", "n2")
	runForecastCases(t, map[string]forecastCase{
		"all awards fit": {input(builder.Pool(b200), hanbit, two), map[string]string{"pool": "True AsDeclared: "}},
		"awards that follow each other fit": {
			input(builder.Pool(b200), builder.Team("hanbit", builder.AwardBetween(b200, 16, time.Time{}, july)), builder.Team("saebit", builder.AwardBetween(b200, 16, july, time.Time{})), two),
			map[string]string{"pool": "True AsDeclared: "},
		},
		"a later award overcommits the pool": {
			input(builder.Pool(b200), hanbit, builder.Team("saebit", builder.AwardBetween(b200, 16, july, october)), two),
			map[string]string{
				"pool":   "False Overcommitted: 32 GPUs are awarded from 2026-06-30T15:00Z on, 16 there; too few for saebit; move or shrink awards",
				"saebit": "Overcommitted: b200: 16 of 16 short from 2026-06-30T15:00Z until 2026-09-30T15:00Z: 32 awarded to all teams then, 16 there; move or shrink an award, or name another pool",
			},
		},
		"a shortfall of today is reported as of now": {
			input(builder.Pool(b200), hanbit, builder.Team("saebit", builder.Award(b200, 8)), two),
			map[string]string{"pool": "False Overcommitted: 24 GPUs are awarded now, 16 there; too few for saebit; move or shrink awards"},
		},
	})
}

func TestAwardsThatThePoolDoesNotCover(t *testing.T) {
	free := builder.FreeIn(b200)
	august := july.AddDate(0, 1, 0)
	two := nodes(free, "n1", "n2")
	runForecastCases(t, map[string]forecastCase{
		"the pool ends before the award": {
			input(builder.Pool(b200, builder.Available(time.Time{}, july)), hanbit, two),
			map[string]string{
				"pool":   "False PoolEnds: 16 GPUs are awarded to hanbit from 2026-06-30T15:00Z on, when the pool is not available (until 2026-06-30T15:00Z); extend spec.availability or move the award",
				"hanbit": "PoolEnds: b200: 16 GPUs are awarded from 2026-06-30T15:00Z on, when the pool is not available (until 2026-06-30T15:00Z); extend spec.availability, move the award or name another pool",
			},
		},
		"the pool ends before a later award, of two teams the first is the pool's": {
			input(builder.Pool(b200, builder.Available(now.AddDate(-1, 0, 0), july)),
				builder.Team("hanbit", builder.AwardBetween(b200, 8, august, time.Time{})), builder.Team("saebit", builder.AwardBetween(b200, 8, now, august)), two),
			map[string]string{
				"pool":   "False PoolEnds: 8 GPUs are awarded to saebit from 2026-06-30T15:00Z on, when the pool is not available (from 2025-04-01T00:00Z until 2026-06-30T15:00Z); extend spec.availability or move the award",
				"hanbit": "PoolEnds: b200: 8 GPUs are awarded from 2026-07-31T15:00Z on, when the pool is not available (from 2025-04-01T00:00Z until 2026-06-30T15:00Z); extend spec.availability, move the award or name another pool",
				"saebit": "PoolEnds: b200: 8 GPUs are awarded from 2026-06-30T15:00Z on, when the pool is not available (from 2025-04-01T00:00Z until 2026-06-30T15:00Z); extend spec.availability, move the award or name another pool",
			},
		},
		"an award that ends with the pool": {
			input(builder.Pool(b200, builder.Available(time.Time{}, july)), builder.Team("hanbit", builder.AwardBetween(b200, 8, time.Time{}, july)), two),
			map[string]string{"pool": "True AsDeclared: "},
		},
		"an ineligible team is told of a later award": {
			input(builder.Pool(b200, builder.Ineligible("Example Telecom")), builder.Team("hanbit", builder.Consortium("Example Telecom"), builder.AwardBetween(b200, 8, july, time.Time{})), two),
			map[string]string{
				"pool":   "True AsDeclared: ",
				"hanbit": "Ineligible: b200: 8 GPUs are awarded from 2026-06-30T15:00Z on, but Example Telecom may not draw from this pool; name another pool in spec.gpus",
			},
		},
		"a deleted team has no forecast": {
			input(builder.Pool(b200, builder.Available(time.Time{}, july)), builder.Team("hanbit", builder.Deleted(), builder.Award(b200, 8)), two),
			map[string]string{"pool": "True AsDeclared: "},
		},
	})
}

// The forecast does not change with the time at which it is made, as long as nothing happens.
func TestForecastsAreSteady(t *testing.T) {
	in := input(builder.Pool(b200), hanbit, builder.Team("saebit", builder.AwardBetween(b200, 16, july, time.Time{})), nodes(builder.FreeIn(b200), "n1", "n2"))
	in.Pool.Status = BuildStatus(in, Decide(in))
	before := forecastsOf(in)
	in.Now = timing.Next(now, []time.Time{july}).Add(-time.Second)
	if diff := cmp.Diff(before, forecastsOf(in)); diff != "" {
		t.Error(diff)
	}
}
