package pool

import (
	"testing"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// What is declared can be granted, as far as nobody has it or may still have it provisioned.
func TestGrantWhatKarpenterMayProvision(t *testing.T) {
	three := func(gpus int32, mods ...builder.PoolMod) *foundationv1alpha1.GPUPool {
		return given(gpus, append([]builder.PoolMod{builder.Karpenter(24)}, mods...)...)
	}
	ending := builder.NodeClaim("c1", static, hanbit, builder.ClaimDeleted(now))
	back := builder.Draining(now.Add(-time.Minute))
	runDecideCases(t, map[string]decideCase{
		"all that is declared is granted": {input(three(0), wants(32)), map[string]int32{"hanbit": 24}},
		"nothing is declared":             {input(given(0, builder.Karpenter(0)), wants(32)), map[string]int32{"hanbit": 0}},
		"what is there is a part of what is declared": {
			input(three(8), wants(8), saebit, made("n1", static, hanbit)), map[string]int32{"hanbit": 8, "saebit": 16},
		},
		"what is granted and not provisioned is taken": {input(three(16), wants(16), saebit), map[string]int32{"hanbit": 16, "saebit": 8}},
		"what is being provisioned is taken": {
			input(three(16), wants(16), saebit, builder.NodeClaim("c1", static, hanbit)), map[string]int32{"hanbit": 16, "saebit": 8},
		},
		"what drains is taken":     {input(three(8), saebit, made("n1", static, hanbit, back), made("n2", static, hanbit, back)), map[string]int32{"hanbit": 0, "saebit": 8}},
		"what terminates is taken": {input(three(8), saebit, ending, made("n2", static, hanbit, back)), map[string]int32{"hanbit": 0, "saebit": 8}},
		"what may still be provisioned for a team that does not demand it is taken": {
			input(three(24), saebit, sized(static, hanbit, 3, 3)), map[string]int32{"saebit": 0},
		},
		"what may still be provisioned on demand is taken": {
			input(three(24, builder.Dynamic()), saebit, sized(dynamicMode, hanbit, -1, 16)), map[string]int32{"saebit": 8},
		},
		"what may be provisioned for a team is its own": {
			input(three(8), wants(24), saebit, sized(static, hanbit, 3, 3)), map[string]int32{"hanbit": 24, "saebit": 0},
		},
		"what is broken is taken": {input(three(24), wants(24), saebit, made("n1", static, hanbit, builder.NotReady())), map[string]int32{"hanbit": 24, "saebit": 0}},
		"a team reclaims what it still has": {
			input(three(8), wants(16), builder.Team("saebit", builder.Award(b200, 8), builder.Priority(9)),
				made("n1", static, hanbit), made("n2", static, hanbit, back)), map[string]int32{"hanbit": 16, "saebit": 8},
		},
		"a team is granted what replaces a terminating node": {input(given(0, builder.Karpenter(8)), wants(8), ending), map[string]int32{"hanbit": 8}},
	})
}

func TestGrantsBeyondWhatIsDeclared(t *testing.T) {
	three := func(gpus int32, mods ...builder.PoolMod) *foundationv1alpha1.GPUPool {
		return given(gpus, append([]builder.PoolMod{builder.Karpenter(24)}, mods...)...)
	}
	back := builder.Draining(now.Add(-time.Minute))
	missing := input(given(8), wants(16), saebit)
	missing.KarpenterMissing = true
	runDecideCases(t, map[string]decideCase{
		"less is declared: nobody loses any": {
			input(given(24, builder.Karpenter(8)), wants(32), saebit, made("n1", static, hanbit)), map[string]int32{"hanbit": 24, "saebit": 0},
		},
		"what was provisioned beyond a limit is not kept": {
			input(given(8, builder.Karpenter(16), builder.Dynamic(), builder.Granted(saebit, 8)), wants(24), builder.Team("saebit", builder.Award(b200, 8)),
				made("n1", dynamicMode, hanbit), made("n2", dynamicMode, hanbit), made("n3", dynamicMode, saebit)),
			map[string]int32{"hanbit": 8, "saebit": 8},
		},
		"what was provisioned beyond a limit is not kept while another team drains": {
			input(three(8, builder.Dynamic()), wants(24), made("n1", dynamicMode, hanbit), made("n2", dynamicMode, hanbit),
				made("n3", dynamicMode, saebit, back), made("n4", dynamicMode, saebit, back)),
			map[string]int32{"hanbit": 8, "saebit": 0},
		},
		"what its NodePool may still have is the team's, also if that lost its UID": {
			input(three(8), wants(24), unmarked(sized(static, hanbit, 3, 3))), map[string]int32{"hanbit": 24},
		},
		"what a deleted NodePool might have had is nobody's": {
			input(three(0), saebit, deleted(sized(static, hanbit, 3, 3))), map[string]int32{"saebit": 16},
		},
		"what was provisioned beyond a limit is kept if there is room for it": {
			input(three(8, builder.Dynamic(), builder.Granted(saebit, 8)), wants(24), builder.Team("saebit", builder.Award(b200, 8)),
				made("n1", dynamicMode, hanbit), made("n2", dynamicMode, hanbit), made("n3", dynamicMode, saebit)),
			map[string]int32{"hanbit": 16, "saebit": 8},
		},
		"nobody else is raised by what was provisioned beyond a limit": {
			input(given(8, builder.Karpenter(16), builder.Dynamic()), wants(8), saebit, made("n1", dynamicMode, hanbit), made("n2", dynamicMode, hanbit)),
			map[string]int32{"hanbit": 8, "saebit": 0},
		},
		"the nodes of the mode that the pool had are the team's": {
			input(three(16, builder.Dynamic()), wants(16), saebit, made("n1", static, hanbit), made("n2", static, hanbit, back)),
			map[string]int32{"hanbit": 16, "saebit": 8},
		},
		"without a status the nodes tell what was granted": {
			input(builder.Pool(b200, builder.Karpenter(8)), wants(16), builder.Team("saebit", builder.Award(b200, 8), builder.Priority(9)), made("n1", static, hanbit)),
			map[string]int32{"hanbit": 8, "saebit": 0},
		},
		"a pool that is being deleted raises nothing": {
			input(three(8, builder.PoolDeleted()), wants(16), saebit, made("n1", static, hanbit)), map[string]int32{"hanbit": 8, "saebit": 0},
		},
		"while Karpenter is missing nobody is raised": {missing, map[string]int32{"hanbit": 8, "saebit": 0}},
	})
}

// A pool that is being deleted is not finalized while Karpenter has anything of it.
func TestUnusedOfKarpenter(t *testing.T) {
	tests := map[string]struct {
		things []any
		want   bool
	}{
		"nothing left":                  {nil, true},
		"a NodePool":                    {[]any{sized(static, hanbit, 0, 0)}, false},
		"a NodeClaim":                   {[]any{builder.NodeClaim("c1", static, hanbit)}, false},
		"one that Karpenter takes away": {[]any{builder.NodeClaim("c1", static, hanbit, builder.ClaimDeleted(now))}, false},
		"a node, and its NodeClaim":     {made("n1", static, hanbit), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(given(0, builder.PoolDeleted()), tt.things...)
			if got := Unused(in, Decide(in)); got != tt.want {
				t.Errorf("Unused = %t", got)
			}
		})
	}
}
