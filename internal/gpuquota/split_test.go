package gpuquota

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"
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

// What a namespace uses beyond its part counts until it is free.
func TestDivide(t *testing.T) {
	tests := map[string]struct {
		total, capacity int64
		weights, used   []int64
		want            []int64
	}{
		"nobody uses more than its part":                       {16, 16, []int64{1, 1}, []int64{8, 8}, []int64{8, 8}},
		"a retired namespace still uses some":                  {16, 16, []int64{1, 0}, []int64{0, 8}, []int64{8, 0}},
		"a retired namespace uses nothing any more":            {16, 16, []int64{1, 0}, []int64{0, 0}, []int64{16, 0}},
		"a weight was lowered":                                 {16, 16, []int64{1, 3}, []int64{12, 0}, []int64{4, 4}},
		"others use what they were promised: it ends first":    {16, 16, []int64{1, 1, 0}, []int64{8, 0, 8}, []int64{8, 0, 0}},
		"what is left is shared by weight":                     {16, 16, []int64{3, 1, 0}, []int64{0, 0, 8}, []int64{6, 2, 0}},
		"a shrink: what is drained lies beyond the grant":      {8, 16, []int64{1, 1}, []int64{12, 0}, []int64{4, 4}},
		"a shrink: pods are still on the nodes that are kept":  {8, 16, []int64{1, 1}, []int64{14, 0}, []int64{4, 2}},
		"more is in use than there is":                         {8, 8, []int64{1, 1}, []int64{16, 0}, []int64{4, 0}},
		"nothing is granted":                                   {0, 8, []int64{1, 1}, []int64{8, 0}, []int64{0, 0}},
		"one that keeps what it uses is not given more either": {12, 12, []int64{1, 1, 0}, []int64{5, 1, 4}, []int64{5, 3, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, divide(tt.total, tt.capacity, tt.weights, tt.used)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDivideNeverPromisesTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(0, 64).Draw(t, "total")
		capacity := total + rapid.Int64Range(0, 16).Draw(t, "drained")
		n := rapid.IntRange(0, 6).Draw(t, "namespaces")
		weights := rapid.SliceOfN(rapid.Int64Range(0, 5), n, n).Draw(t, "weights")
		used := rapid.SliceOfN(rapid.Int64Range(0, 32), n, n).Draw(t, "used")
		parts, shares := split(total, weights), divide(total, capacity, weights, used)
		var all, busy, reserved, over int64
		for i := range shares {
			all += shares[i]
			busy += used[i]
			reserved += max(shares[i], used[i])
			over += max(used[i]-parts[i], 0)
			if shares[i] < 0 || used[i] > parts[i] && shares[i] != parts[i] {
				t.Fatalf("%v of parts %v, in use %v", shares, parts, used)
			}
		}
		if all > total || busy <= capacity && reserved > capacity {
			t.Fatalf("%v of %d, in use %v of %d", shares, total, used, capacity)
		}
		if over == 0 && !slices.Equal(shares, parts) {
			t.Fatalf("%v, and nobody uses more than its part of %v", shares, parts)
		}
	})
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
