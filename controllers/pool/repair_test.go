package pool

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/test/support/builder"
)

// isLong is long enough for a broken node to be replaced.
const isLong = defaultReplaceAfter

func broken(since time.Time) string { return isHeld + " broken " + since.UTC().Format(time.RFC3339) }

// A spare takes the place of a node that is broken for long.
func TestSpareBesideBroken(t *testing.T) {
	held, free, settled := builder.HeldIn(b200, hanbit), builder.FreeIn(b200), now.Add(5*time.Second)
	long, short := now.Add(-isLong), now.Add(-isLong+time.Minute)
	replaced := map[string]string{"n1": draining(now), "n2": isHeld, "n3": isHeld}
	runPlanCases(t, map[string]planCase{
		"NotReady for long": {
			in: input(granted(16), wants(16), builder.Node("n1", held, builder.NotReadySince(long)), nodes(held, "n2"), nodes(free, "n3")), want: replaced, changes: 2, next: settled,
		},
		"cordoned for long": {
			in: input(granted(16), wants(16), builder.Node("n1", held, builder.Cordoned(), builder.BrokenSince(long)), nodes(held, "n2"), nodes(free, "n3")), want: replaced, changes: 2, next: settled,
		},
		"short of a GPU for long": {
			in: input(granted(16), wants(16), builder.Node("n1", held, builder.Offers(7, "192", "2048Gi", "8Ti"), builder.BrokenSince(long)), nodes(held, "n2"), nodes(free, "n3")), want: replaced, changes: 2, next: settled,
		},
		"without GPUs for long": {
			in: input(granted(16), wants(16), builder.Node("n1", held, builder.WithoutGPUs(), builder.BrokenSince(long)), nodes(held, "n2"), nodes(free, "n3")), want: replaced, changes: 2, next: settled,
		},
		"cordoned for long, and NotReady since": {
			in: input(granted(16), wants(16), builder.Node("n1", held, builder.NotReadySince(short), builder.BrokenSince(long)), nodes(held, "n2"), nodes(free, "n3")), want: replaced, changes: 2, next: settled,
		},
		"the spare is kept back for that": {
			in:   input(granted(16, builder.Repair(isLong, 1)), builder.Team("hanbit", builder.Award(b200, 24)), builder.Node("n1", held, builder.NotReadySince(long)), nodes(held, "n2"), nodes(free, "n3")),
			want: replaced, changes: 2, next: settled,
		},
		"NotReady for a while": {
			in:   input(granted(16), wants(16), builder.Node("n1", held, builder.NotReadySince(short)), nodes(held, "n2"), nodes(free, "n3")),
			want: map[string]string{"n1": isHeld, "n2": isHeld, "n3": isFree}, next: now.Add(time.Minute),
		},
		"cordoned a moment ago: when is written down": {
			in:   input(granted(16), wants(16), builder.Node("n1", held, builder.Cordoned()), nodes(held, "n2"), nodes(free, "n3")),
			want: map[string]string{"n1": broken(now), "n2": isHeld, "n3": isFree}, changes: 1, next: now.Add(isLong),
		},
		"mended: nothing stays written": {
			in:   input(granted(16), wants(16), builder.Node("n1", held, builder.BrokenSince(long)), nodes(held, "n2"), nodes(free, "n3")),
			want: map[string]string{"n1": isHeld, "n2": isHeld, "n3": isFree}, changes: 1,
		},
		"none is free: it stays": {
			in:   input(granted(16), wants(16), builder.Node("n1", held, builder.NotReadySince(long)), nodes(held, "n2")),
			want: map[string]string{"n1": isHeld, "n2": isHeld},
		},
		"the free one is broken too": {
			in:   input(granted(16), wants(16), builder.Node("n1", held, builder.NotReadySince(long)), nodes(held, "n2"), builder.Node("n3", free, builder.NotReady())),
			want: map[string]string{"n1": isHeld, "n2": isHeld, "n3": isFree},
		},
		"the free one is granted to another team already": {
			in: input(granted(16, builder.Granted(saebit, 8)), wants(16), builder.Team("saebit", builder.Award(b200, 8)),
				builder.Node("n1", held, builder.NotReadySince(long)), nodes(held, "n2"), nodes(free, "n3")),
			want: map[string]string{"n1": isHeld, "n2": isHeld, "n3": isSaebit}, changes: 1,
		},
		"repair is turned off": {
			in:   input(granted(16, builder.Repair(0, 0)), wants(16), builder.Node("n1", held, builder.NotReadySince(long)), nodes(held, "n2"), nodes(free, "n3")),
			want: map[string]string{"n1": isHeld, "n2": isHeld, "n3": isFree},
		},
		"the pool is being deleted": {
			in:   input(granted(16, builder.PoolDeleted()), wants(16), builder.Node("n1", held, builder.NotReadySince(long)), nodes(held, "n2")),
			want: map[string]string{"n1": isHeld, "n2": isHeld},
		},
		"policies are missing": {
			in:   input(granted(16), wants(16), guards.Result{Reason: foundationv1alpha1.ReasonPolicyMissing}, builder.Node("n1", held, builder.NotReadySince(long)), nodes(held, "n2"), nodes(free, "n3")),
			want: map[string]string{"n1": isHeld, "n2": isHeld, "n3": isFree},
		},
		"too small for long, which is no broken hardware": {
			in:   input(granted(16), wants(16), builder.Node("n1", held, builder.Offers(8, "8", "16Gi", "1Ti"), builder.BrokenSince(long)), nodes(held, "n2"), nodes(free, "n3")),
			want: map[string]string{"n1": isHeld, "n2": isHeld, "n3": isFree}, changes: 1,
		},
		"a team that shrinks gives the broken one back": {
			in:   input(granted(16), wants(8), builder.Node("n1", held, builder.NotReadySince(long)), nodes(held, "n2"), nodes(free, "n3")),
			want: map[string]string{"n1": draining(now), "n2": isHeld, "n3": isFree}, changes: 1, next: settled,
		},
	})
}

// What becomes of a broken node after another one took its place.
func TestReplacedNodes(t *testing.T) {
	held, free, drains := builder.HeldIn(b200, hanbit), builder.FreeIn(b200), builder.DrainingIn(b200, hanbit, now.Add(-time.Minute))
	work := builder.Pod("x", "p", now)
	inspected := now.Add(10 * time.Second)
	since := draining(now.Add(-time.Minute))
	runPlanCases(t, map[string]planCase{
		"it is held until it is empty": {
			in:   input(granted(16), wants(16), builder.Node("n1", drains, builder.NotReady()), nodes(held, "n2", "n3"), podsOn("n1", work)),
			want: map[string]string{"n1": since, "n2": isHeld, "n3": isHeld}, next: inspected,
		},
		"empty, it is nobody's": {
			in:   input(granted(16), wants(16), builder.Node("n1", drains, builder.NotReady()), nodes(held, "n2", "n3")),
			want: map[string]string{"n1": isFree, "n2": isHeld, "n3": isHeld}, changes: 1,
		},
		"mended, it is drained all the same": {
			in:   input(granted(16), wants(16), builder.Node("n1", drains), nodes(held, "n2", "n3"), podsOn("n1", work)),
			want: map[string]string{"n1": since, "n2": isHeld, "n3": isHeld}, next: inspected,
		},
		"mended before another one took its place, it is the team's again": {
			in:   input(granted(16), wants(16), builder.Node("n1", drains), nodes(held, "n2"), podsOn("n1", work)),
			want: map[string]string{"n1": isHeld, "n2": isHeld}, changes: 1, next: inspected,
		},
		"it is not the team's again for an increase": {
			in:   input(granted(16), wants(24), builder.Node("n1", drains, builder.NotReady()), nodes(held, "n2", "n3"), podsOn("n1", work)),
			want: map[string]string{"n1": since, "n2": isHeld, "n3": isHeld}, next: inspected,
		},
		"the operator died before another one took its place": {
			in:   input(granted(16), wants(16), builder.Node("n1", drains, builder.NotReady()), nodes(held, "n2"), nodes(free, "n3"), podsOn("n1", work)),
			want: map[string]string{"n1": since, "n2": isHeld, "n3": isHeld}, changes: 1, next: inspected,
		},
		"the operator died before it was drained": {
			in:   input(granted(16), wants(16), builder.Node("n1", held, builder.NotReady(), builder.BrokenSince(now.Add(-isLong))), nodes(held, "n2", "n3")),
			want: map[string]string{"n1": draining(now), "n2": isHeld, "n3": isHeld}, changes: 1, next: now.Add(5 * time.Second),
		},
	})
	t.Run("outside it is granted to nobody before it is healthy", func(t *testing.T) {
		waits := func(mods ...builder.NodeMod) Input {
			return input(builder.Pool(b200), wants(8), builder.Node("n1", append([]builder.NodeMod{free}, mods...)...))
		}
		if got := grantsOf(waits(builder.NotReady())); got["hanbit"] != 0 {
			t.Error("a broken node is granted")
		}
		if got := grantsOf(waits()); got["hanbit"] != 8 {
			t.Error("a node that was mended is not granted")
		}
	})
}

// At most a quarter of a team's nodes, and at least one, are replaced at a time.
func TestReplacedAtATime(t *testing.T) {
	long := now.Add(-isLong)
	tests := map[string]struct {
		healthy, broken, draining, late, want int
	}{
		"all of two":                                {0, 2, 0, 0, 1},
		"all of eight":                              {0, 8, 0, 0, 2},
		"three of twelve":                           {9, 3, 0, 0, 3},
		"one of eight is being replaced":            {7, 1, 1, 0, 1},
		"two of eight are being replaced":           {7, 1, 2, 0, 0},
		"the pods of two had their grace already":   {7, 1, 0, 2, 1},
		"one of two is being replaced":              {1, 1, 1, 0, 0},
		"one node that has its grace behind it":     {1, 1, 0, 1, 1},
		"all are healthy, and none is replaced":     {8, 0, 0, 0, 0},
		"one that the quarter of seven rounds down": {5, 2, 0, 0, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var all []any
			add := func(count int, kind string, mods ...builder.NodeMod) {
				for i := range count {
					all = append(all, builder.Node(fmt.Sprintf("%s-%d", kind, i), mods...))
				}
			}
			held := tt.healthy + tt.broken
			add(tt.healthy, "healthy", builder.HeldIn(b200, hanbit))
			add(tt.broken, "broken", builder.HeldIn(b200, hanbit), builder.NotReadySince(long))
			add(tt.draining, "draining", builder.DrainingIn(b200, hanbit, now.Add(-time.Minute)), builder.NotReadySince(long))
			add(tt.late, "late", builder.DrainingIn(b200, hanbit, now.Add(-2*time.Hour)), builder.NotReadySince(long))
			add(20, "free", builder.FreeIn(b200))
			in := input(granted(int32(held*builder.PerNode)), append(all, wants(int32(held*builder.PerNode)))...)
			decision := Decide(in)
			if got := count(selectNodes(decision.Nodes, isReplaced), func(n *gpunode.Node) bool { return n.Replace }); got != tt.want {
				t.Errorf("%d nodes are replaced, want %d", got, tt.want)
			}
			if grant := BuildStatus(in, decision).Grants[0]; grant.Granted != int32(held*builder.PerNode) {
				t.Errorf("%d of %d GPUs are granted", grant.Granted, held*builder.PerNode)
			}
		})
	}
}

// Spares are no part of what can be awarded, and are kept back until they are in use.
func TestSpares(t *testing.T) {
	free, held := builder.FreeIn(b200), builder.HeldIn(b200, hanbit)
	spare := builder.Repair(isLong, 1)
	tests := map[string]struct {
		in   Input
		want foundationv1alpha1.PoolCapacity
	}{
		"one of three":         {input(builder.Pool(b200, spare), nodes(free, "n1", "n2", "n3")), foundationv1alpha1.PoolCapacity{Total: 24, Healthy: 24, Free: 16, Spares: 8}},
		"more than there are":  {input(builder.Pool(b200, builder.Repair(isLong, 5)), nodes(free, "n1")), foundationv1alpha1.PoolCapacity{Total: 8, Healthy: 8, Spares: 8}},
		"none for an increase": {input(granted(8, spare), wants(16), nodes(held, "n1"), nodes(free, "n2")), foundationv1alpha1.PoolCapacity{Total: 16, Healthy: 16, Granted: 8, Held: 8, Spares: 8, Shortfall: 8}},
		"one is in use, and what can be awarded is served": {
			input(granted(8, spare), wants(16), nodes(held, "n1"), builder.Node("n2", free, builder.NotReady()), nodes(free, "n3")),
			foundationv1alpha1.PoolCapacity{Total: 24, Healthy: 16, Granted: 16, Held: 8, Spares: 8},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(&tt.want, BuildStatus(tt.in, Decide(tt.in)).Capacity); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Karpenter provisions a node in the place of a broken one: before that is gone if the capacity allows, else after it.
func TestKarpenterReplacesBrokenNodes(t *testing.T) {
	long := now.Add(-isLong)
	brokenNode := provisionedNode("n1", static, hanbit, builder.NotReadySince(long))
	drains := provisionedNode("n1", static, hanbit, builder.NotReadySince(long), builder.Draining(now.Add(-time.Minute)))
	pool := func(capacity int32, mods ...builder.PoolMod) *foundationv1alpha1.GPUPool {
		return builder.Pool(b200, append([]builder.PoolMod{builder.Karpenter(capacity), builder.Granted(hanbit, 16)}, mods...)...)
	}
	second := provisionedNode("n2", static, hanbit)
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}}
	tests := map[string]struct {
		in   Input
		want []string
	}{
		"with room": {
			input(pool(24), wants(16), brokenNode, second, nodePoolOfSize(static, hanbit, 2, 2)),
			[]string{"NodePool hanbit.b200.s keeps 3 of 3 nodes", "n1: " + draining(now)},
		},
		"with a spare": {
			input(pool(24, builder.Repair(isLong, 1)), wants(16), brokenNode, second, nodePoolOfSize(static, hanbit, 2, 2)),
			[]string{"NodePool hanbit.b200.s keeps 3 of 3 nodes", "n1: " + draining(now)},
		},
		"without room": {
			input(pool(16), wants(16), brokenNode, second, nodePoolOfSize(static, hanbit, 2, 2)),
			[]string{"NodePool hanbit.b200.s keeps 2 of 2 nodes", "n1: " + draining(now)},
		},
		"it is held until it is empty": {
			input(pool(24), wants(16), drains, second, nodePoolOfSize(static, hanbit, 3, 3), work),
			[]string{"NodePool hanbit.b200.s keeps 3 of 3 nodes"},
		},
		"empty, it is ended, and the limit is lower before": {
			input(pool(24), wants(16), drains, second, provisionedNode("n3", static, hanbit), nodePoolOfSize(static, hanbit, 3, 3)),
			[]string{"NodePool hanbit.b200.s keeps 3 of 2 nodes", "c-n1 is ended"},
		},
		"empty, it is ended, and Karpenter provisions one within the limit": {
			input(pool(16), wants(16), drains, second, nodePoolOfSize(static, hanbit, 2, 2)),
			[]string{"NodePool hanbit.b200.s keeps 2 of 2 nodes", "c-n1 is ended"},
		},
		"Karpenter's own repair ends it already": {
			input(pool(24), wants(16), builder.NodeClaim("c-n1", static, hanbit, builder.Initialized("n1"), builder.ClaimDeleted(now)), brokenNode[1], second, nodePoolOfSize(static, hanbit, 2, 2)),
			[]string{"NodePool hanbit.b200.s keeps 2 of 2 nodes"},
		},
		"it is being provisioned for long, which is no broken hardware": {
			input(pool(24), wants(16), builder.NodeClaim("c-n1", static, hanbit, builder.Registered("n1")), brokenNode[1], second, nodePoolOfSize(static, hanbit, 2, 2)),
			[]string{"NodePool hanbit.b200.s keeps 2 of 2 nodes"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			decision := Decide(tt.in)
			if diff := cmp.Diff(tt.want, describeWrites(BuildPlan(tt.in, decision))); diff != "" {
				t.Error(diff)
			}
			if grant := BuildStatus(tt.in, decision).Grants[0]; grant.Granted != 16 {
				t.Errorf("%d of 16 GPUs are granted", grant.Granted)
			}
		})
	}
}

// A team reads which node is broken and when another one takes its place.
func TestTeamsAreToldOfReplacements(t *testing.T) {
	held, free := builder.HeldIn(b200, hanbit), builder.FreeIn(b200)
	const why = "b200: 8 of 16 GPUs not ready: 1 node is not healthy: n1 (not Ready)"
	tests := map[string]struct {
		in   Input
		want string
	}{
		"in a while": {
			input(granted(16), wants(16), builder.Node("n1", held, builder.NotReadySince(now.Add(-time.Minute))), nodes(held, "n2"), nodes(free, "n3")),
			why + ", replaced from " + formatMinute(now.Add(isLong-time.Minute)) + " on as far as nodes are free",
		},
		"when a node is free": {
			input(granted(16), wants(16), builder.Node("n1", held, builder.NotReadySince(now.Add(-isLong))), nodes(held, "n2")), why + ", to be replaced when a node is free",
		},
		"never":               {input(granted(16, builder.Repair(0, 0)), wants(16), builder.Node("n1", held, builder.NotReadySince(now.Add(-isLong))), nodes(held, "n2")), why},
		"it is not known yet": {input(granted(16), wants(16), builder.Node("n1", held, builder.NotReady()), nodes(held, "n2")), why},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := BuildStatus(tt.in, Decide(tt.in)).Grants[0].Message; got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
