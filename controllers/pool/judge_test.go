package pool

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// judged is what a pool's status says of its nodes, and what is written on them.
type judged struct {
	total, healthy, free, ready int32
	message                     string
	nodes                       map[string]string
}

// judge decides about a pool of which hanbit is granted some.
func judge(in Input) judged {
	decision := Decide(in)
	status := BuildStatus(in, decision)
	got := judged{
		total: status.Capacity.Total, healthy: status.Capacity.Healthy, free: status.Capacity.Free,
		message: meta.FindStatusCondition(status.Conditions, foundationv1alpha1.ConditionReady).Message, nodes: describeNodes(in, BuildPlan(in, decision)),
	}
	for _, grant := range status.Grants {
		got.ready += grant.Ready
	}
	return got
}

func (got judged) check(t *testing.T, want judged) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(judged{})); diff != "" {
		t.Error(diff)
	}
}

// One node that reports little CPU changes nobody's quota: it is named and is not healthy.
func TestOneSmallNode(t *testing.T) {
	usual := builder.Offers(8, "224", "2Ti", "28Ti")
	in := input(granted(8, builder.NodeShape("224", "2Ti", "28Ti")), wants(8),
		builder.Node("n1", builder.HeldIn(b200, hanbit), usual), builder.Node("n2", builder.FreeIn(b200), builder.Offers(8, "8", "16Gi", "28Ti")))
	judge(in).check(t, judged{
		total: 16, healthy: 8, free: 0, ready: 8, nodes: map[string]string{"n1": isHeld, "n2": isFree},
		message: "8 of 16 GPUs on nodes that are not healthy: n2 (offers 8 of cpu, most nodes 224); mend the node, or give nodes of another size a pool of their own",
	})
	if diff := cmp.Diff(in.Pool.Status.NodeAllocatable, BuildStatus(in, Decide(in)).NodeAllocatable); diff != "" {
		t.Errorf("the quotas of all teams change: %s", diff)
	}
}

// Nodes without the pool's GPUs are no capacity, are not written to, and are named.
func TestNodesWithoutGPUs(t *testing.T) {
	matching := builder.Matching(b200)
	bare := func(name string, mods ...builder.NodeMod) any {
		return builder.Node(name, append(mods, builder.WithoutGPUs())...)
	}
	t.Run("two of four", func(t *testing.T) {
		in := input(granted(16), builder.Team("hanbit", builder.Award(b200, 32)), nodes(builder.HeldIn(b200, hanbit), "n1", "n2"), bare("cpu-0", matching), bare("cpu-1", matching))
		judge(in).check(t, judged{
			total: 16, healthy: 16, ready: 16, nodes: map[string]string{"n1": isHeld, "n2": isHeld, "cpu-0": "", "cpu-1": ""},
			message: "16 GPUs on 2 nodes; 2 nodes match spec.static.nodeSelector but have no nvidia.com/gpu: cpu-0, cpu-1; 32 GPUs are awarded now, 16 there; too few for hanbit; move or shrink awards",
		})
		if covered := meta.FindStatusCondition(BuildStatus(in, Decide(in)).Conditions, foundationv1alpha1.ConditionAwardsCovered); covered.Status != metav1.ConditionFalse {
			t.Errorf("awards of 32 GPUs are covered by 16: %+v", covered)
		}
	})
	t.Run("all", func(t *testing.T) {
		judge(input(builder.Pool(b200), bare("cpu-0", matching))).check(t, judged{
			nodes:   map[string]string{"cpu-0": ""},
			message: "no node with nvidia.com/gpu matches spec.static.nodeSelector; correct it or label nodes; 1 node matches spec.static.nodeSelector but has no nvidia.com/gpu: cpu-0",
		})
	})
	t.Run("it is taken when its device plugin reports", func(t *testing.T) {
		judge(input(builder.Pool(b200), builder.Node("n1", matching))).check(t, judged{
			total: 8, healthy: 8, nodes: map[string]string{"n1": entering(now)}, message: "8 GPUs on 1 node",
		})
	})
	t.Run("one that lost them keeps its team", func(t *testing.T) {
		judge(input(granted(8), wants(8), bare("n1", builder.HeldIn(b200, hanbit)))).check(t, judged{
			total: 8, nodes: map[string]string{"n1": broken(now)}, message: "8 of 8 GPUs on nodes that are not healthy: n1 (0 of 8 nvidia.com/gpu)",
		})
	})
	t.Run("one that lost them and the pool's label keeps its team", func(t *testing.T) {
		judge(input(granted(8), wants(8), bare("n1", builder.HeldIn(b200, hanbit), builder.Unlabelled(foundationv1alpha1.LabelPool)))).check(t, judged{
			total: 8, nodes: map[string]string{"n1": broken(now)}, message: "8 of 8 GPUs on nodes that are not healthy: n1 (0 of 8 nvidia.com/gpu)",
		})
	})
	t.Run("one that lost them while it was free stays closed", func(t *testing.T) {
		judge(input(builder.Pool(b200), bare("n1", builder.FreeIn(b200)))).check(t, judged{
			total: 8, nodes: map[string]string{"n1": isFree}, message: "8 of 8 GPUs on nodes that are not healthy: n1 (0 of 8 nvidia.com/gpu)",
		})
	})
	t.Run("one that was deleted and joined again with other hardware is no capacity", func(t *testing.T) {
		judge(input(granted(16), wants(16), nodes(builder.HeldIn(b200, hanbit), "n1"), bare("n2", matching))).check(t, judged{
			total: 8, healthy: 8, ready: 8, nodes: map[string]string{"n1": isHeld, "n2": ""},
			message: "8 GPUs on 1 node; 1 node matches spec.static.nodeSelector but has no nvidia.com/gpu: n2; 16 GPUs are awarded now, 8 there; move or shrink awards",
		})
	})
}

// A foreign NoSchedule taint makes a team's node unusable, and is named. PreferNoSchedule is no fault.
func TestTaintedByOthers(t *testing.T) {
	held, maintenance := builder.HeldIn(b200, hanbit), builder.Tainted("example.com/maintenance", "x")
	in := input(granted(16), wants(16), builder.Node("n1", held, maintenance), builder.Node("n2", held, maintenance))
	got := judge(in)
	if got.ready != 0 || got.healthy != 0 {
		t.Errorf("%d GPUs are ready, %d healthy", got.ready, got.healthy)
	}
	const why = "n1 (tainted example.com/maintenance=x:NoSchedule), n2 (tainted example.com/maintenance=x:NoSchedule)"
	if want := "16 of 16 GPUs on nodes that are not healthy: " + why + "; remove the taint, or list it in spec.static.taints if pods of teams tolerate it"; got.message != want {
		t.Errorf("the pool says %q, want %q", got.message, want)
	}
	if grant := BuildStatus(in, Decide(in)).Grants[0]; grant.Message != "b200: 16 of 16 GPUs not ready: 2 nodes are not healthy: "+why {
		t.Errorf("the team is told %q", grant.Message)
	}
	slow := builder.TaintedAs("example.com/slow", "x", "PreferNoSchedule")
	if got := judge(input(granted(16), wants(16), builder.Node("n1", held, slow), builder.Node("n2", held, slow))); got.ready != 16 || got.message != "16 GPUs on 2 nodes" {
		t.Errorf("with PreferNoSchedule: %+v", got)
	}
	tolerated := builder.Tolerated(foundationv1alpha1.NodeTaint{Key: "example.com/maintenance", Effect: "NoSchedule"})
	if got := judge(input(granted(16, tolerated), wants(16), builder.Node("n1", held, maintenance), builder.Node("n2", held, maintenance))); got.ready != 16 {
		t.Errorf("with a tolerated taint: %+v", got)
	}
	if got := grantsOf(input(builder.Pool(b200), wants(8), builder.Node("n1", builder.FreeIn(b200), maintenance))); got["hanbit"] != 0 {
		t.Error("a tainted node is granted")
	}
}

// GPUs beyond gpusPerNode are granted to nobody, and named.
func TestNodeWithMoreGPUs(t *testing.T) {
	judge(input(granted(8), wants(8), builder.Node("n1", builder.HeldIn(b200, hanbit), builder.Offers(16, "224", "2Ti", "28Ti")))).check(t, judged{
		total: 8, healthy: 8, ready: 8, nodes: map[string]string{"n1": isHeld},
		message: "8 GPUs on 1 node; 1 node has more than 8 nvidia.com/gpu, which stay unused: n1",
	})
}
