package team

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

func TestSplit(t *testing.T) {
	tests := map[string]struct {
		total   int64
		weights []int64
		want    []int64
	}{
		"nobody":                         {8, nil, []int64{}},
		"one":                            {8, []int64{3}, []int64{8}},
		"even":                           {8, []int64{7, 1}, []int64{7, 1}},
		"the largest remainder":          {10, []int64{6, 6, 2}, []int64{4, 4, 2}},
		"the earlier one among equals":   {3, []int64{1, 1}, []int64{2, 1}},
		"weight 0 gets nothing":          {9, []int64{0, 1, 0, 1}, []int64{0, 5, 0, 4}},
		"no weights at all get nothing":  {8, []int64{0, 0}, []int64{0, 0}},
		"nothing to split":               {0, []int64{1, 2}, []int64{0, 0}},
		"more namespaces than GPUs":      {2, []int64{1, 1, 1}, []int64{1, 1, 0}},
		"weights that are no percentage": {1024, []int64{700, 100}, []int64{896, 128}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, split(tt.total, tt.weights)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSplitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(0, 1<<20).Draw(t, "total")
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1000), 0, 20).Draw(t, "weights")
		parts := split(total, weights)
		var weight, sum int64
		for i := range weights {
			weight += weights[i]
			sum += parts[i]
		}
		want := total
		if weight == 0 {
			want = 0
		}
		if sum != want {
			t.Fatalf("%v add up to %d, want %d", parts, sum, want)
		}
		checkShares(t, total, weight, weights, parts)
		if again := split(total, slices.Clone(weights)); !slices.Equal(parts, again) {
			t.Fatalf("%v, and then %v", parts, again)
		}
	})
}

// checkShares checks each part by itself, and against those before it.
func checkShares(t *rapid.T, total, weight int64, weights, parts []int64) {
	for i := range weights {
		// Less than 1 from the exact share, in whole numbers.
		if off := parts[i]*weight - total*weights[i]; weight > 0 && (off >= weight || off <= -weight) {
			t.Fatalf("part %d of %v is %d, too far from %d×%d/%d", i, parts, parts[i], total, weights[i], weight)
		}
		if weights[i] == 0 && parts[i] != 0 {
			t.Fatalf("weight 0 gets %d", parts[i])
		}
		for j := range i {
			if weights[i] > weights[j] && parts[i] < parts[j] || weights[i] == weights[j] && parts[i] > parts[j] {
				t.Fatalf("weight %d gets %d, and %d, which comes before, gets %d", weights[i], parts[i], weights[j], parts[j])
			}
		}
	}
}

func list(cpu, memory, ephemeral string) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory), corev1.ResourceEphemeralStorage: resource.MustParse(ephemeral),
	}
}

func TestGPUShares(t *testing.T) {
	hanbit := two(7, 1)
	shape, classed := builder.NodeShape("192", "2048Gi", "8Ti"), builder.DeviceClassName("gpu.example.com")
	one := builder.Team("hanbit", builder.Namespace("train", 1))
	const (
		gpu      corev1.ResourceName = "requests.nvidia.com/gpu"
		amd      corev1.ResourceName = "requests.amd.com/gpu"
		devices  corev1.ResourceName = "gpu.example.com.deviceclass.resource.k8s.io/devices"
		implicit corev1.ResourceName = "requests.deviceclass.resource.kubernetes.io/gpu.example.com"
		extended corev1.ResourceName = "requests.example.com/gpu"
	)
	tests := map[string]struct {
		in   Input
		want map[string]share
	}{
		"no grant":     {input(hanbit, builder.Pool("b200", shape)), map[string]share{}},
		"a grant of 0": {input(hanbit, builder.Pool("b200", shape, builder.Granted(hanbit, 0))), map[string]share{}},
		"another team's": {
			input(hanbit, builder.Pool("b200", shape, builder.Granted(builder.Team("saebit"), 8), builder.Granted(builder.Team("hanbit", builder.TeamUID("earlier")), 8))),
			map[string]share{},
		},
		"by weight, with what the node has": {
			input(hanbit, builder.Pool("b200", shape, builder.Granted(hanbit, 8))),
			map[string]share{
				"hanbit-train": {gpus: 7, entries: map[corev1.ResourceName]int64{gpu: 7}, compute: list("168", "1792Gi", "7Ti")},
				"hanbit-eval":  {gpus: 1, entries: map[corev1.ResourceName]int64{gpu: 1}, compute: list("24", "256Gi", "1Ti")},
			},
		},
		"two pools of one resource are one": {
			input(hanbit, builder.Pool("a", shape, builder.Granted(hanbit, 8)), builder.Pool("b", builder.NodeShape("64", "512Gi", "0"), builder.Granted(hanbit, 8))),
			map[string]share{
				"hanbit-train": {gpus: 14, entries: map[corev1.ResourceName]int64{gpu: 14}, compute: list("224", "2240Gi", "7Ti")},
				"hanbit-eval":  {gpus: 2, entries: map[corev1.ResourceName]int64{gpu: 2}, compute: list("32", "320Gi", "1Ti")},
			},
		},
		"two resources are split each": {
			input(two(1, 1), builder.Pool("a", builder.Granted(hanbit, 8)), builder.Pool("b", builder.ResourceName("amd.com/gpu"), builder.Granted(hanbit, 16))),
			map[string]share{
				"hanbit-train": {gpus: 12, entries: map[corev1.ResourceName]int64{gpu: 4, amd: 8}, compute: corev1.ResourceList{}},
				"hanbit-eval":  {gpus: 12, entries: map[corev1.ResourceName]int64{gpu: 4, amd: 8}, compute: corev1.ResourceList{}},
			},
		},
		"a namespace without a weight has weight 1": {
			input(two(1, 1, func(team *foundationv1alpha1.FoundationTeam) { team.Spec.Namespaces[1].GPUWeight = nil }), builder.Pool("b200", builder.Granted(hanbit, 8))),
			map[string]share{
				"hanbit-train": {gpus: 4, entries: map[corev1.ResourceName]int64{gpu: 4}, compute: corev1.ResourceList{}},
				"hanbit-eval":  {gpus: 4, entries: map[corev1.ResourceName]int64{gpu: 4}, compute: corev1.ResourceList{}},
			},
		},
		"a retired namespace has none": {
			input(builder.Team("hanbit", builder.Namespace("train", 1)), builder.OwnedNamespace(hanbit, "old"), builder.Pool("b200", builder.Granted(hanbit, 8))),
			map[string]share{"hanbit-train": {gpus: 8, entries: map[corev1.ResourceName]int64{gpu: 8}, compute: corev1.ResourceList{}}},
		},
		"a device class is the same GPUs once more": {
			input(hanbit, builder.Pool("b200", shape, builder.DeviceClassName("gpu.example.com"), builder.Granted(hanbit, 8))),
			map[string]share{
				"hanbit-train": {gpus: 7, entries: map[corev1.ResourceName]int64{gpu: 7, devices: 7, implicit: 7}, compute: list("168", "1792Gi", "7Ti")},
				"hanbit-eval":  {gpus: 1, entries: map[corev1.ResourceName]int64{gpu: 1, devices: 1, implicit: 1}, compute: list("24", "256Gi", "1Ti")},
			},
		},
		"with the pool's extended resource": {
			input(one, builder.DeviceClass("gpu.example.com", "nvidia.com/gpu"), builder.Pool("b200", classed, builder.Granted(one, 8))),
			map[string]share{"hanbit-train": {gpus: 8, entries: map[corev1.ResourceName]int64{gpu: 8, devices: 8, implicit: 8}, compute: corev1.ResourceList{}}},
		},
		"with another extended resource": {
			input(one, builder.DeviceClass("gpu.example.com", "example.com/gpu"), builder.Pool("b200", classed, builder.Granted(one, 8))),
			map[string]share{"hanbit-train": {gpus: 8, entries: map[corev1.ResourceName]int64{gpu: 8, devices: 8, implicit: 8, extended: 8}, compute: corev1.ResourceList{}}},
		},
		"two pools of one class add up, also with different resources": {
			input(
				one, builder.DeviceClass("gpu.example.com", "example.com/gpu"), builder.Pool("a", classed, builder.Granted(one, 8)),
				builder.Pool("b", classed, builder.ResourceName("amd.com/gpu"), builder.Granted(one, 16)), builder.Pool("c", builder.Granted(one, 32)),
			),
			map[string]share{"hanbit-train": {gpus: 56, entries: map[corev1.ResourceName]int64{gpu: 40, amd: 16, devices: 24, implicit: 24, extended: 24}, compute: corev1.ResourceList{}}},
		},
		"a class that is another pool's resource counts there": {
			input(
				one, builder.DeviceClass("gpu.example.com", "amd.com/gpu"), builder.Pool("a", classed, builder.Granted(one, 8)),
				builder.Pool("b", builder.ResourceName("amd.com/gpu"), builder.Granted(one, 16)),
			),
			map[string]share{"hanbit-train": {gpus: 24, entries: map[corev1.ResourceName]int64{gpu: 8, amd: 24, devices: 8, implicit: 8}, compute: corev1.ResourceList{}}},
		},
	}
	equal := cmp.Comparer(func(a, b resource.Quantity) bool { return a.Cmp(b) == 0 })
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, gpuShares(tt.in), cmp.AllowUnexported(share{}), equal); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProportion(t *testing.T) {
	tests := map[string]struct {
		kind        corev1.ResourceName
		all         string
		part, whole int64
		want        string
	}{
		"cpu in thousandths":            {corev1.ResourceCPU, "191500m", 3, 8, "71811m"},
		"memory in bytes, rounded down": {corev1.ResourceMemory, "1001", 1, 8, "125"},
		"units stay":                    {corev1.ResourceMemory, "2048Gi", 7, 8, "1792Gi"},
		"all of it":                     {corev1.ResourceCPU, "192", 8, 8, "192"},
		"none of it":                    {corev1.ResourceCPU, "192", 0, 8, "0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := proportion(tt.kind, resource.MustParse(tt.all), tt.part, tt.whole)
			if got.String() != tt.want {
				t.Errorf("%d/%d of %s is %s, want %s", tt.part, tt.whole, tt.all, got.String(), tt.want)
			}
		})
	}
}
