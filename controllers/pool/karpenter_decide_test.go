package pool

import (
	"testing"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// The declared capacity is granted, except for what other teams have or may still have provisioned.
func TestKarpenterCapacityIsGranted(t *testing.T) {
	three := func(gpus int32, mods ...builder.PoolMod) *foundationv1alpha1.GPUPool {
		return karpenterPool(gpus, append([]builder.PoolMod{builder.Karpenter(24)}, mods...)...)
	}
	ending := builder.NodeClaim("c1", static, hanbit, builder.ClaimDeleted(now))
	back := builder.Draining(now.Add(-time.Minute))
	runDecideCases(t, map[string]decideCase{
		"the whole declared capacity is granted":         {input(three(0), wants(32)), map[string]int32{"hanbit": 24}},
		"nothing is granted of a declared capacity of 0": {input(karpenterPool(0, builder.Karpenter(0)), wants(32)), map[string]int32{"hanbit": 0}},
		"present nodes count against the declared capacity": {
			input(three(8), wants(8), saebit, provisionedNode("n1", static, hanbit)), map[string]int32{"hanbit": 8, "saebit": 16},
		},
		"granted nodes that are not provisioned are not free": {input(three(16), wants(16), saebit), map[string]int32{"hanbit": 16, "saebit": 8}},
		"nodes that are being provisioned are not free": {
			input(three(16), wants(16), saebit, builder.NodeClaim("c1", static, hanbit)), map[string]int32{"hanbit": 16, "saebit": 8},
		},
		"draining nodes are not free":    {input(three(8), saebit, provisionedNode("n1", static, hanbit, back), provisionedNode("n2", static, hanbit, back)), map[string]int32{"hanbit": 0, "saebit": 8}},
		"terminating nodes are not free": {input(three(8), saebit, ending, provisionedNode("n2", static, hanbit, back)), map[string]int32{"hanbit": 0, "saebit": 8}},
		"nodes that a NodePool may still provision for a team without demand are not free": {
			input(three(24), saebit, nodePoolOfSize(static, hanbit, 3, 3)), map[string]int32{"saebit": 0},
		},
		"nodes that a Dynamic NodePool may still provision are not free": {
			input(three(24, builder.Dynamic()), saebit, nodePoolOfSize(dynamicMode, hanbit, -1, 16)), map[string]int32{"saebit": 8},
		},
		"nodes that a team's NodePool may provision are free for that team": {
			input(three(8), wants(24), saebit, nodePoolOfSize(static, hanbit, 3, 3)), map[string]int32{"hanbit": 24, "saebit": 0},
		},
		"unhealthy nodes are not free": {input(three(24), wants(24), saebit, provisionedNode("n1", static, hanbit, builder.NotReady())), map[string]int32{"hanbit": 24, "saebit": 0}},
		"a team that grows again gets its draining nodes back": {
			input(three(8), wants(16), builder.Team("saebit", builder.Award(b200, 8), builder.Priority(9)),
				provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit, back)), map[string]int32{"hanbit": 16, "saebit": 8},
		},
		"a team is granted what replaces a terminating node": {input(karpenterPool(0, builder.Karpenter(8)), wants(8), ending), map[string]int32{"hanbit": 8}},
	})
}

func TestGrantsBeyondWhatIsDeclared(t *testing.T) {
	three := func(gpus int32, mods ...builder.PoolMod) *foundationv1alpha1.GPUPool {
		return karpenterPool(gpus, append([]builder.PoolMod{builder.Karpenter(24)}, mods...)...)
	}
	back := builder.Draining(now.Add(-time.Minute))
	missing := input(karpenterPool(8), wants(16), saebit)
	missing.KarpenterMissing = true
	runDecideCases(t, map[string]decideCase{
		"no team loses nodes when less is declared": {
			input(karpenterPool(24, builder.Karpenter(8)), wants(32), saebit, provisionedNode("n1", static, hanbit)), map[string]int32{"hanbit": 24, "saebit": 0},
		},
		"nodes beyond a NodePool's limit are not kept": {
			input(karpenterPool(8, builder.Karpenter(16), builder.Dynamic(), builder.Granted(saebit, 8)), wants(24), builder.Team("saebit", builder.Award(b200, 8)),
				provisionedNode("n1", dynamicMode, hanbit), provisionedNode("n2", dynamicMode, hanbit), provisionedNode("n3", dynamicMode, saebit)),
			map[string]int32{"hanbit": 8, "saebit": 8},
		},
		"nodes beyond a NodePool's limit are not kept while another team's nodes drain": {
			input(three(8, builder.Dynamic()), wants(24), provisionedNode("n1", dynamicMode, hanbit), provisionedNode("n2", dynamicMode, hanbit),
				provisionedNode("n3", dynamicMode, saebit, back), provisionedNode("n4", dynamicMode, saebit, back)),
			map[string]int32{"hanbit": 8, "saebit": 0},
		},
		"nodes that a NodePool without UID may provision are its team's": {
			input(three(8), wants(24), withoutOwnerMetadata(nodePoolOfSize(static, hanbit, 3, 3))), map[string]int32{"hanbit": 24},
		},
		"nodes that a deleted NodePool could have provisioned are no team's": {
			input(three(0), saebit, deleted(nodePoolOfSize(static, hanbit, 3, 3))), map[string]int32{"saebit": 16},
		},
		"nodes beyond a NodePool's limit are kept if capacity is free": {
			input(three(8, builder.Dynamic(), builder.Granted(saebit, 8)), wants(24), builder.Team("saebit", builder.Award(b200, 8)),
				provisionedNode("n1", dynamicMode, hanbit), provisionedNode("n2", dynamicMode, hanbit), provisionedNode("n3", dynamicMode, saebit)),
			map[string]int32{"hanbit": 16, "saebit": 8},
		},
		"nodes beyond a NodePool's limit raise no other team's grant": {
			input(karpenterPool(8, builder.Karpenter(16), builder.Dynamic()), wants(8), saebit, provisionedNode("n1", dynamicMode, hanbit), provisionedNode("n2", dynamicMode, hanbit)),
			map[string]int32{"hanbit": 8, "saebit": 0},
		},
		"nodes of the pool's former mode are the team's": {
			input(three(16, builder.Dynamic()), wants(16), saebit, provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit, back)),
			map[string]int32{"hanbit": 16, "saebit": 8},
		},
		"without a status grants are restored from the nodes": {
			input(builder.Pool(b200, builder.Karpenter(8)), wants(16), builder.Team("saebit", builder.Award(b200, 8), builder.Priority(9)), provisionedNode("n1", static, hanbit)),
			map[string]int32{"hanbit": 8, "saebit": 0},
		},
		"a pool that is being deleted raises nothing": {
			input(three(8, builder.PoolDeleted()), wants(16), saebit, provisionedNode("n1", static, hanbit)), map[string]int32{"hanbit": 8, "saebit": 0},
		},
		"no grant is raised while Karpenter is missing": {missing, map[string]int32{"hanbit": 8, "saebit": 0}},
	})
}

// A pool that is being deleted is not finalized while Karpenter has anything of it.
func TestUnusedOfKarpenter(t *testing.T) {
	tests := map[string]struct {
		things []any
		want   bool
	}{
		"nothing of the pool is left":               {nil, true},
		"a NodePool is left":                        {[]any{nodePoolOfSize(static, hanbit, 0, 0)}, false},
		"a NodeClaim is left":                       {[]any{builder.NodeClaim("c1", static, hanbit)}, false},
		"a NodeClaim that is being deleted is left": {[]any{builder.NodeClaim("c1", static, hanbit, builder.ClaimDeleted(now))}, false},
		"a node and its NodeClaim are left":         {provisionedNode("n1", static, hanbit), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(karpenterPool(0, builder.PoolDeleted()), tt.things...)
			if got := Unused(in, Decide(in)); got != tt.want {
				t.Errorf("Unused = %t", got)
			}
		})
	}
}
