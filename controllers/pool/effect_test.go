package pool

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// byAdmin is an edit of the pool by a manager that owns a field of its spec, after the last status.
func byAdmin(field string, at time.Time) builder.PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) {
		pool.Generation = 2
		pool.ManagedFields = []metav1.ManagedFieldsEntry{{
			Manager: "argocd", Operation: metav1.ManagedFieldsOperationApply, Time: new(metav1.NewTime(at)),
			FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:` + field + `":{}}}`),
		}}
	}
}

// selectsNothing is a slip in the pool's selector.
func selectsNothing(pool *foundationv1alpha1.GPUPool) {
	pool.Spec.Static.NodeSelector.MatchLabels = map[string]string{builder.ModelLabel: "b2o0"}
}

// An edit of a pool that takes nodes from teams is told once, with who made it; what time ends is not.
func TestAnEditOfAPoolIsToldForWhatItTakes(t *testing.T) {
	had := []builder.PoolMod{builder.Granted(hanbit, 16), builder.Granted(saebit, 8)}
	over, later := builder.Available(time.Time{}, now.AddDate(0, -1, 0)), builder.Available(july, time.Time{})
	rival := builder.Team("hanbit", builder.Award(b200, 16), builder.Consortium("Rival"))
	look := func(team *foundationv1alpha1.FoundationTeam, mods ...builder.PoolMod) Input {
		return input(builder.Pool(b200, append(mods, had...)...), team, saebit, nodes(builder.HeldIn(b200, hanbit), "n1", "n2"), nodes(builder.HeldIn(b200, saebit), "n3"))
	}
	tests := map[string]struct {
		in   Input
		want string
	}{
		"its availability is over":     {look(hanbit, over, byAdmin("availability", now)), "24 GPUs of hanbit (16), saebit (8) end now, because spec.availability was changed by argocd at 2026-04-01T00:00:00Z"},
		"its availability is put off":  {look(hanbit, later, byAdmin("availability", now)), "24 GPUs of hanbit (16), saebit (8) end now, because spec.availability was changed by argocd at 2026-04-01T00:00:00Z"},
		"a team may not have it":       {look(rival, builder.Ineligible("Rival"), byAdmin("ineligible", now)), "16 GPUs of hanbit (16) end now, because spec.ineligible was changed by argocd at 2026-04-01T00:00:00Z"},
		"its selector matches nothing": {look(hanbit, selectsNothing, byAdmin("static", now)), ""},
		"more spares are kept back":    {look(hanbit, builder.Repair(time.Hour, 3), byAdmin("repair", now)), ""},
		"time ends its availability":   {look(hanbit, builder.Available(time.Time{}, now)), ""},
		"nothing is edited":            {look(hanbit), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			decision := Decide(tt.in)
			if got := editEffect(tt.in, decision); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			tt.in.Pool.Status = BuildStatus(tt.in, decision)
			if again := editEffect(tt.in, Decide(tt.in)); again != "" {
				t.Errorf("told again: %s", again)
			}
		})
	}
}

// What a pool's spec names, or does not name any more, ends what is new. Nodes that teams hold stay theirs: a selector that
// matches nothing, a lower capacity and more spares drain nothing.
func TestASlipInAPoolKeepsWhatIsHeld(t *testing.T) {
	held := nodes(builder.HeldIn(b200, hanbit), "n1", "n2")
	had := builder.Granted(hanbit, 16)
	tests := map[string]Input{
		"its selector matches nothing":  input(builder.Pool(b200, had, selectsNothing), hanbit, saebit, held, nodes(builder.FreeIn(b200), "n3")),
		"and its status is lost":        input(builder.Pool(b200, selectsNothing), hanbit, saebit, held, nodes(builder.FreeIn(b200), "n3")),
		"it has more spares than nodes": input(builder.Pool(b200, had, builder.Repair(time.Hour, 9)), hanbit, saebit, held, nodes(builder.FreeIn(b200), "n3")),
		"Karpenter has no capacity":     input(builder.Pool(b200, builder.Karpenter(0), had), hanbit, saebit, provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit)),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			decision := Decide(in)
			if diff := cmp.Diff(map[string]int32{"hanbit": 16, "saebit": 0}, grantsOf(in)); diff != "" {
				t.Error(diff)
			}
			for _, transition := range BuildPlan(in, decision).Transitions {
				if transition.From.State == gpunode.Held {
					t.Errorf("%s goes from %s to %s", transition.Before.Name, transition.From.State, transition.To.State)
				}
			}
		})
	}
}

// While an edit is what ended a pool's availability, the team reads who made it.
func TestMessageOfAnEditedAvailability(t *testing.T) {
	end := now.AddDate(0, -1, 0)
	look := func(at time.Time) Input {
		return input(builder.Pool(b200, builder.Available(time.Time{}, end), byAdmin("availability", at)), hanbit, nodes(builder.FreeIn(b200), "n1"))
	}
	runMessageCases(t, map[string]messageCase{
		"an edit ended it": {
			in: look(now), reason: foundationv1alpha1.ReasonPoolUnavailable,
			message: "b200: the pool is not available since 2026-03-01T00:00:00Z (spec.availability was changed by argocd at 2026-04-01T00:00:00Z); move the award or name another pool",
		},
		"time ended it": {
			in: look(end.AddDate(0, -1, 0)), reason: foundationv1alpha1.ReasonPoolUnavailable,
			message: "b200: the pool is not available since 2026-03-01T00:00:00Z; move the award or name another pool",
		},
	})
}

// Nobody's grant, and no node that a team holds, is taken by the priority or the awards of another team.
func TestAPriorityTakesNothingFromOthers(t *testing.T) {
	first := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return builder.Team("naru", append([]builder.TeamMod{builder.Award(b200, 32), builder.Priority(1000)}, mods...)...)
	}
	held := nodes(builder.HeldIn(b200, hanbit), "n1", "n2")
	had := builder.Granted(hanbit, 16)
	tests := map[string]struct {
		in   Input
		want map[string]int32
	}{
		"all nodes are held":                      {input(builder.Pool(b200, had), hanbit, first(), held), map[string]int32{"hanbit": 16, "naru": 0}},
		"one is free":                             {input(builder.Pool(b200, had), hanbit, first(), held, nodes(builder.FreeIn(b200), "n3")), map[string]int32{"hanbit": 16, "naru": 8}},
		"granted, and not assigned yet":           {input(builder.Pool(b200, had), hanbit, first(), nodes(builder.FreeIn(b200), "n1", "n2", "n3")), map[string]int32{"hanbit": 16, "naru": 8}},
		"its own priority is the lowest":          {input(builder.Pool(b200, had), builder.Team("hanbit", builder.Award(b200, 16), builder.Priority(-1000)), first(), held), map[string]int32{"hanbit": 16, "naru": 0}},
		"the status was lost":                     {input(builder.Pool(b200), hanbit, first(), held), map[string]int32{"hanbit": 16, "naru": 0}},
		"a node is gone":                          {input(builder.Pool(b200, had), hanbit, first(), held[:1], nodes(builder.FreeIn(b200), "n3")), map[string]int32{"hanbit": 16, "naru": 0}},
		"Karpenter provisions":                    {input(builder.Pool(b200, builder.Karpenter(16), had), hanbit, first(), provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit)), map[string]int32{"hanbit": 16, "naru": 0}},
		"its stage ends, and the next one begins": {input(builder.Pool(b200, had), builder.Team("hanbit", builder.AwardBetween(b200, 16, time.Time{}, now), builder.AwardBetween(b200, 16, now, time.Time{})), first(), held), map[string]int32{"hanbit": 16, "naru": 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := grantsOf(tt.in)
			got["naru"] += 0
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			for _, transition := range BuildPlan(tt.in, Decide(tt.in)).Transitions {
				if transition.From.State == gpunode.Held || transition.To.State == gpunode.Held && transition.To.Owner.Name == "naru" && tt.want["naru"] == 0 {
					t.Errorf("%s goes from %s to %s of %s", transition.Before.Name, transition.From.State, transition.To.State, transition.To.Owner)
				}
			}
		})
	}
}
