package team

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpuquota"
	"foundation.team/operator/test/support/builder"
)

func TestNamespacesFollowTheState(t *testing.T) {
	hanbit := twoNamespaces()
	over := builder.Term(time.Time{}, now)
	tests := map[string]struct {
		in   Input
		want []string
	}{
		"in term, as declared":   {input(hanbit), []string{"hanbit-train Active", "hanbit-eval Active"}},
		"suspended, as declared": {input(twoNamespaces(builder.Suspended())), []string{"hanbit-train Active", "hanbit-eval Active"}},
		"namespaces removed from the spec are retired and come last": {
			input(hanbit, builder.OwnedNamespace(hanbit, "train"), builder.OwnedNamespace(hanbit, "old"), builder.OwnedNamespace(hanbit, "alt")),
			[]string{"hanbit-train Active", "hanbit-eval Active", "hanbit-alt Retired", "hanbit-old Retired"},
		},
		"no namespaces before the term": {input(twoNamespaces(builder.Term(july, time.Time{}))), nil},
		"existing namespaces after the term": {
			input(twoNamespaces(over), builder.OwnedNamespace(hanbit, "eval"), builder.OwnedNamespace(hanbit, "old")),
			[]string{"hanbit-eval DataAccess", "hanbit-old Retired"},
		},
		"namespaces are locked when data access is over": {
			input(twoNamespaces(over, builder.KeptFor(0, time.Hour)), builder.OwnedNamespace(hanbit, "eval")), []string{"hanbit-eval Locked"},
		},
		"after the term no namespace of somebody else": {input(twoNamespaces(over), builder.ForeignNamespace("hanbit-eval")), nil},
		"existing namespaces of a deleted team are locked": {
			input(twoNamespaces(builder.Deleted()), builder.OwnedNamespace(hanbit, "train")), []string{"hanbit-train Locked"},
		},
		"an earlier team's namespace is not retired": {
			input(hanbit, builder.OwnedNamespace(builder.Team("hanbit", builder.TeamUID("earlier")), "old")),
			[]string{"hanbit-train Active", "hanbit-eval Active"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, n := range NewModel(tt.in).Namespaces {
				got = append(got, n.name+" "+string(n.state))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// How GPUs are shared is tested in internal/gpuquota; its input must be the team's own grants and active namespaces.
func TestGrantsSharedAmongNamespaces(t *testing.T) {
	hanbit := twoNamespaces(weights{train: 7, eval: 1}.set)
	shape := builder.NodeShape("192", "2048Gi", "8Ti")
	withoutWeight := twoNamespaces(func(team *foundationv1alpha1.FoundationTeam) { team.Spec.Namespaces[1].GPUWeight = nil })
	type gpus map[string]int64
	tests := map[string]struct {
		in   Input
		want gpus
	}{
		"nothing is granted":      {input(hanbit, builder.Pool("b200", shape)), gpus{}},
		"a grant of 0 is nothing": {input(hanbit, builder.Pool("b200", shape, builder.Granted(hanbit, 0))), gpus{}},
		"grants of another team, and of an earlier one of the name, are not shared": {
			input(hanbit, builder.Pool("b200", shape, builder.Granted(builder.Team("saebit"), 8), builder.Granted(builder.Team("hanbit", builder.TeamUID("earlier")), 8))), gpus{},
		},
		"by gpuWeight":                     {input(hanbit, builder.Pool("b200", shape, builder.Granted(hanbit, 8))), gpus{"hanbit-train": 7, "hanbit-eval": 1}},
		"no gpuWeight is weight 1":         {input(withoutWeight, builder.Pool("b200", builder.Granted(hanbit, 8))), gpus{"hanbit-train": 4, "hanbit-eval": 4}},
		"two pools of one resource":        {input(hanbit, builder.Pool("a", builder.Granted(hanbit, 8)), builder.Pool("b", builder.Granted(hanbit, 8))), gpus{"hanbit-train": 14, "hanbit-eval": 2}},
		"a retired namespace has no share": {input(builder.Team("hanbit", builder.Namespace("train", 1)), builder.OwnedNamespace(hanbit, "old"), builder.Pool("b200", builder.Granted(hanbit, 8))), gpus{"hanbit-train": 8, "hanbit-old": 0}},
		"a locked namespace has no share":  {input(twoNamespaces(weights{train: 7, eval: 1}.set, builder.Deleted()), builder.OwnedNamespace(hanbit, "train"), builder.Pool("b200", builder.Granted(hanbit, 8))), gpus{"hanbit-train": 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := gpus{}
			for namespace, share := range NewModel(tt.in).Devices.Shares {
				got[namespace] = share.GPUs
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// While a pool's status is lost, a team keeps what its own status says that it had; and nothing tells it to look again before the
// pool has decided.
func TestWipedStatusOfAPool(t *testing.T) {
	hanbit := builder.Team("hanbit", builder.Namespace("train", 1), builder.Award("b200", 16))
	decided := builder.Pool("b200", builder.Granted(hanbit, 16))
	decided.Status.Capacity = &foundationv1alpha1.PoolCapacity{Granted: 16}
	hanbit.Status.GPUs = gpuStatus(NewModel(input(hanbit, decided)))
	wiped, emptied := decided.DeepCopy(), decided.DeepCopy()
	wiped.Status, emptied.Status.Grants = foundationv1alpha1.GPUPoolStatus{}, nil
	ended := decided.DeepCopy()
	ended.Status.Grants, ended.Status.Capacity = nil, &foundationv1alpha1.PoolCapacity{}
	for name, tt := range map[string]struct {
		pool *foundationv1alpha1.GPUPool
		want int64
	}{
		"the status is lost":  {wiped, 16},
		"the grants are lost": {emptied, 16},
		"the grant is over":   {ended, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := NewModel(input(hanbit, tt.pool))
			if got := m.Devices.Shares["hanbit-train"].GPUs; got != tt.want {
				t.Errorf("the quota is %d, want %d", got, tt.want)
			}
			if got := gpuStatus(m).Granted; int64(got) != tt.want {
				t.Errorf("the status says %d, want %d", got, tt.want)
			}
			if ready := gpusCondition(m); ready.Reason != foundationv1alpha1.ReasonProgressing {
				t.Errorf("GPUsReady is %s: %s", ready.Reason, ready.Message)
			}
		})
	}
}

func TestDevicesInput(t *testing.T) {
	hanbit := builder.Team("hanbit", builder.Namespace("train", 3))
	in := input(hanbit, builder.Pool("b200", builder.NodeShape("192", "2048Gi", "8Ti"), builder.DeviceClassName(gpuClass), builder.Granted(hanbit, 16)),
		builder.Pool("mi300", builder.ResourceName("amd.com/gpu")), builder.DeviceClass(gpuClass, "nvidia.com/gpu"), builder.DeviceClass("nic.example.com", ""))
	want := gpuquota.Input{
		Pools: []gpuquota.Pool{
			{ResourceName: "nvidia.com/gpu", DeviceClass: gpuClass, Granted: 16, Held: 16, GPUsPerNode: 8, Node: in.Pools["b200"].Status.NodeAllocatable},
			{ResourceName: "amd.com/gpu", GPUsPerNode: 8, Node: in.Pools["mi300"].Status.NodeAllocatable},
		},
		DeviceClasses: map[string]corev1.ResourceName{gpuClass: "nvidia.com/gpu", "nic.example.com": ""},
		Namespaces:    []gpuquota.Namespace{{Name: "hanbit-train", Weight: 3}},
	}
	if diff := cmp.Diff(want, devicesInput(in, NewModel(in).Namespaces)); diff != "" {
		t.Error(diff)
	}
}
