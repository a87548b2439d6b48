package gpuquota

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"
)

// drawnInput is a cluster with some pools that share resources and classes, and a team with some namespaces.
func drawnInput(t *rapid.T) Input {
	in := Input{DeviceClasses: map[string]corev1.ResourceName{}}
	for i, weight := range rapid.SliceOfN(rapid.Int64Range(0, 9), 0, 4).Draw(t, "weights") {
		in.Namespaces = append(in.Namespaces, Namespace{Name: string(rune('a' + i)), Weight: weight})
	}
	extended := rapid.SampledFrom([]corev1.ResourceName{"", nvidia, amd, "example.com/x"})
	for _, class := range []string{"c", "d", "e", strings.Repeat("l", 253)} {
		if rapid.Bool().Draw(t, class+" exists") {
			in.DeviceClasses[class] = extended.Draw(t, class)
		}
	}
	for range rapid.IntRange(0, 4).Draw(t, "pools") {
		in.Pools = append(in.Pools, nvidiaPool(8*rapid.Int32Range(0, 5).Draw(t, "granted"),
			of(rapid.SampledFrom([]corev1.ResourceName{nvidia, amd}).Draw(t, "resource")),
			classed(rapid.SampledFrom([]string{"", "c", "d"}).Draw(t, "class"))))
	}
	return in
}

// keysByHand are the quota keys that Kubernetes charges for a pool's GPUs, each once.
func keysByHand(in Input, pool Pool) []corev1.ResourceName {
	keys := []corev1.ResourceName{"requests." + pool.ResourceName}
	if class := pool.DeviceClass; class != "" {
		keys = append(keys,
			corev1.ResourceName(class+".deviceclass.resource.k8s.io/devices"), corev1.ResourceName("requests.deviceclass.resource.kubernetes.io/"+class))
		if extended := in.DeviceClasses[class]; extended != "" {
			keys = append(keys, "requests."+extended)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Whichever pools share classes and resources, the namespaces' quotas add up, key by key, to what the pools that the
// key counts granted.
func TestEachKeyAddsUpToTheGrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawnInput(t)
		q := Compute(in)
		var weight int64
		got, want := map[corev1.ResourceName]int64{}, map[corev1.ResourceName]int64{}
		for _, namespace := range in.Namespaces {
			weight += namespace.Weight
			for key, quantity := range q.Hard(namespace.Name) {
				got[key] += quantity.Value()
			}
		}
		for _, pool := range in.Pools {
			for _, key := range keysByHand(in, pool) {
				want[key] += int64(pool.Granted)
			}
		}
		if weight == 0 {
			want = nil // nobody to share among
		}
		for key := range q.Keys {
			if got[key] != want[key] {
				t.Fatalf("%s adds up to %d, granted are %d", key, got[key], want[key])
			}
		}
	})
}

// What a quota does not name is unlimited: each one names all keys of all pools and classes, whoever has a share of them.
func TestNoKeyIsMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawnInput(t)
		q := Compute(in)
		for _, namespace := range append(in.Namespaces, Namespace{Name: "not one of them"}) {
			hard := q.Hard(namespace.Name)
			if diff := cmp.Diff(slices.Sorted(maps.Keys(q.Keys)), slices.Sorted(maps.Keys(hard))); diff != "" {
				t.Fatalf("%s: %s", namespace.Name, diff)
			}
		}
		for _, pool := range in.Pools {
			for _, key := range keysByHand(in, pool) {
				if !q.Keys[key] {
					t.Fatalf("%s of a pool is unlimited", key)
				}
			}
		}
		for class, extended := range in.DeviceClasses {
			if len(class) < 60 && !q.Keys[devicesKey(class)] || extended != "" && !q.Keys["requests."+extended] {
				t.Fatalf("class %s is unlimited", class)
			}
		}
		for _, quantity := range q.NoDevices() {
			if !quantity.IsZero() {
				t.Fatalf("no devices are %s", quantity.String())
			}
		}
	})
}

// No namespace has more GPUs than were granted, and all together have exactly the grant.
func TestSharesAddUpToTheGrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawnInput(t)
		q := Compute(in)
		var weight, granted, sum int64
		for _, namespace := range in.Namespaces {
			weight += namespace.Weight
			sum += q.Shares[namespace.Name].GPUs
			if namespace.Weight == 0 && q.Shares[namespace.Name].GPUs > 0 {
				t.Fatalf("%s has weight 0 and %d GPUs", namespace.Name, q.Shares[namespace.Name].GPUs)
			}
		}
		for _, pool := range in.Pools {
			granted += int64(pool.Granted)
		}
		if weight == 0 {
			granted = 0
		}
		if sum != granted {
			t.Fatalf("shares add up to %d, granted are %d", sum, granted)
		}
	})
}
