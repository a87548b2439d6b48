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
