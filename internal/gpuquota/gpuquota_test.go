package gpuquota

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

const (
	nvidia   corev1.ResourceName = "nvidia.com/gpu"
	amd      corev1.ResourceName = "amd.com/gpu"
	other    corev1.ResourceName = "example.com/gpu"
	gpuClass                     = "gpu.example.com"

	nvidiaKey   corev1.ResourceName = "requests.nvidia.com/gpu"
	amdKey      corev1.ResourceName = "requests.amd.com/gpu"
	otherKey    corev1.ResourceName = "requests.example.com/gpu"
	classKey    corev1.ResourceName = "gpu.example.com.deviceclass.resource.k8s.io/devices"
	implicitKey corev1.ResourceName = "requests.deviceclass.resource.kubernetes.io/gpu.example.com"
)

var equalQuantities = cmp.Comparer(func(a, b resource.Quantity) bool { return a.Cmp(b) == 0 })

func compute(cpu, memory, ephemeral string) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory), corev1.ResourceEphemeralStorage: resource.MustParse(ephemeral),
	}
}

// nvidiaPool is a pool of nodes of 8 GPUs that granted so many; options change it.
func nvidiaPool(granted int32, options ...func(*Pool)) Pool {
	pool := Pool{ResourceName: nvidia, Granted: granted, GPUsPerNode: 8}
	for _, option := range options {
		option(&pool)
	}
	return pool
}

func of(name corev1.ResourceName) func(*Pool) { return func(p *Pool) { p.ResourceName = name } }
func classed(class string) func(*Pool)        { return func(p *Pool) { p.DeviceClass = class } }
func onNodes(node corev1.ResourceList) func(*Pool) {
	return func(p *Pool) { p.Node = node }
}

// share is a share that is counted by these keys, as many of each as of the first.
func share(gpus int64, compute corev1.ResourceList, devices map[corev1.ResourceName]int64) Share {
	if compute == nil {
		compute = corev1.ResourceList{}
	}
	return Share{GPUs: gpus, Weighted: gpus, Devices: devices, Compute: compute}
}

type keys = map[corev1.ResourceName]int64

// sharesCase is an input and the shares that follow from it.
type sharesCase struct {
	in   Input
	want map[string]Share
}

func testShares(t *testing.T, tests map[string]sharesCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Compute(tt.in).Shares, equalQuantities); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var sevenToOne = []Namespace{{Name: "train", Weight: 7}, {Name: "eval", Weight: 1}}

func TestShares(t *testing.T) {
	equal := []Namespace{{Name: "train", Weight: 1}, {Name: "eval", Weight: 1}}
	node := onNodes(compute("192", "2048Gi", "8Ti"))
	testShares(t, map[string]sharesCase{
		"no pool":      {Input{Namespaces: sevenToOne}, map[string]Share{}},
		"a grant of 0": {Input{Namespaces: sevenToOne, Pools: []Pool{nvidiaPool(0, node)}}, map[string]Share{}},
		"no namespace": {Input{Pools: []Pool{nvidiaPool(8, node)}}, map[string]Share{}},
		"by weight, with what the node offers": {
			Input{Namespaces: sevenToOne, Pools: []Pool{nvidiaPool(8, node)}},
			map[string]Share{
				"train": share(7, compute("168", "1792Gi", "7Ti"), keys{nvidiaKey: 7}),
				"eval":  share(1, compute("24", "256Gi", "1Ti"), keys{nvidiaKey: 1}),
			},
		},
		"two pools of one resource are divided as one": {
			Input{Namespaces: sevenToOne, Pools: []Pool{nvidiaPool(8, node), nvidiaPool(8, onNodes(compute("64", "512Gi", "0")))}},
			map[string]Share{
				"train": share(14, compute("224", "2240Gi", "7Ti"), keys{nvidiaKey: 14}),
				"eval":  share(2, compute("32", "320Gi", "1Ti"), keys{nvidiaKey: 2}),
			},
		},
		"two resources are divided each by itself": {
			Input{Namespaces: equal, Pools: []Pool{nvidiaPool(8), nvidiaPool(16, of(amd))}},
			map[string]Share{
				"train": share(12, nil, keys{nvidiaKey: 4, amdKey: 8}), "eval": share(12, nil, keys{nvidiaKey: 4, amdKey: 8}),
			},
		},
		"what is drained of one pool does not count against what another grants": {
			Input{
				Namespaces: []Namespace{{Name: "train", Weight: 1, Used: corev1.ResourceList{nvidiaKey: resource.MustParse("16")}}, {Name: "eval", Weight: 1}},
				Pools:      []Pool{nvidiaPool(0, func(p *Pool) { p.Held = 16 }), nvidiaPool(16)},
			},
			map[string]Share{
				"train": share(8, nil, keys{nvidiaKey: 8}), "eval": share(8, nil, keys{nvidiaKey: 8}),
			},
		},
		"weight 0 has a share of nothing": {
			Input{Namespaces: []Namespace{{Name: "train", Weight: 1}, {Name: "eval"}}, Pools: []Pool{nvidiaPool(8)}},
			map[string]Share{"train": share(8, nil, keys{nvidiaKey: 8}), "eval": share(0, nil, keys{nvidiaKey: 0})},
		},
	})
}

func TestSharesByDeviceClass(t *testing.T) {
	alone := []Namespace{{Name: "train", Weight: 1}}
	node := onNodes(compute("192", "2048Gi", "8Ti"))
	class := func(extended corev1.ResourceName) map[string]corev1.ResourceName {
		return map[string]corev1.ResourceName{gpuClass: extended}
	}
	testShares(t, map[string]sharesCase{
		"a device class counts the same GPUs once more": {
			Input{Namespaces: sevenToOne, Pools: []Pool{nvidiaPool(8, node, classed(gpuClass))}},
			map[string]Share{
				"train": share(7, compute("168", "1792Gi", "7Ti"), keys{nvidiaKey: 7, classKey: 7, implicitKey: 7}),
				"eval":  share(1, compute("24", "256Gi", "1Ti"), keys{nvidiaKey: 1, classKey: 1, implicitKey: 1}),
			},
		},
		"a device class with the pool's extended resource": {
			Input{Namespaces: alone, Pools: []Pool{nvidiaPool(8, classed(gpuClass))}, DeviceClasses: class(nvidia)},
			map[string]Share{"train": share(8, nil, keys{nvidiaKey: 8, classKey: 8, implicitKey: 8})},
		},
		"a device class with another extended resource": {
			Input{Namespaces: alone, Pools: []Pool{nvidiaPool(8, classed(gpuClass))}, DeviceClasses: class(other)},
			map[string]Share{"train": share(8, nil, keys{nvidiaKey: 8, classKey: 8, implicitKey: 8, otherKey: 8})},
		},
		"pools of one class add up, also with different resources": {
			Input{
				Namespaces: alone, DeviceClasses: class(other),
				Pools: []Pool{nvidiaPool(8, classed(gpuClass)), nvidiaPool(16, of(amd), classed(gpuClass)), nvidiaPool(32)},
			},
			map[string]Share{"train": share(56, nil, keys{nvidiaKey: 40, amdKey: 16, classKey: 24, implicitKey: 24, otherKey: 24})},
		},
		"a class whose extended resource is another pool's counts there": {
			Input{Namespaces: alone, Pools: []Pool{nvidiaPool(8, classed(gpuClass)), nvidiaPool(16, of(amd))}, DeviceClasses: class(amd)},
			map[string]Share{"train": share(24, nil, keys{nvidiaKey: 8, amdKey: 24, classKey: 8, implicitKey: 8})},
		},
	})
}

func TestExtras(t *testing.T) {
	quantities := func(pairs ...string) corev1.ResourceList {
		list := corev1.ResourceList{}
		for i := 0; i < len(pairs); i += 2 {
			list[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
		}
		return list
	}
	tests := map[string]struct {
		share Share
		want  corev1.ResourceList
	}{
		"no share":                       {Share{}, quantities("pods", "0")},
		"GPUs of no device class":        {share(7, nil, keys{nvidiaKey: 7}), quantities("pods", "28")},
		"with CPU and memory":            {share(1, compute("24", "256Gi", "1Ti"), keys{nvidiaKey: 1}), quantities("pods", "4", "requests.cpu", "24", "requests.memory", "256Gi", "requests.ephemeral-storage", "1Ti")},
		"GPUs that can be claimed":       {share(8, nil, keys{nvidiaKey: 8, classKey: 8, implicitKey: 8}), quantities("pods", "32", string(ResourceClaims), "32", string(ResourceClaimTemplates), "100")},
		"a class without devices of its": {share(0, nil, keys{classKey: 0}), quantities("pods", "0")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.share.Extras(), equalQuantities); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClaimableClasses(t *testing.T) {
	const second = "a.example.com"
	counts := func(classes ...string) corev1.ResourceList {
		enforced := corev1.ResourceList{}
		for _, class := range classes {
			enforced[devicesKey(class)] = resource.MustParse("0")
		}
		return enforced
	}
	q := Compute(Input{
		Namespaces: []Namespace{{Name: "train", Weight: 1}, {Name: "eval"}},
		Pools:      []Pool{nvidiaPool(8, classed(gpuClass)), nvidiaPool(8, classed(second)), nvidiaPool(0, classed("c.example.com")), nvidiaPool(8)},
	})
	tests := map[string]struct {
		namespace string
		enforced  corev1.ResourceList
		want      []string
	}{
		"both are counted, sorted":       {"train", counts(gpuClass, second), []string{second, gpuClass}},
		"one is not counted yet":         {"train", counts(gpuClass), []string{gpuClass}},
		"no quota is enforced yet":       {"train", nil, nil},
		"a namespace without a share":    {"eval", counts(gpuClass, second), nil},
		"a class that was not granted":   {"train", counts("c.example.com"), nil},
		"a namespace that is not shared": {"old", counts(gpuClass), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := q.ClaimableClasses(tt.namespace, tt.enforced)
			if len(got) == 0 {
				got = nil
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The usage is what Kubernetes records in each case; test/e2e checks that on a real cluster.
func TestUsed(t *testing.T) {
	pool, unclassed := nvidiaPool(16, classed(gpuClass)), nvidiaPool(16)
	class := func(extended corev1.ResourceName) map[string]corev1.ResourceName {
		return map[string]corev1.ResourceName{gpuClass: extended}
	}
	tests := map[string]struct {
		in   Input
		used map[corev1.ResourceName]string
		want int32
	}{
		"nothing is used":                 {Input{Pools: []Pool{pool}, DeviceClasses: class(nvidia)}, nil, 0},
		"pods by extended resource":       {Input{Pools: []Pool{pool}, DeviceClasses: class(nvidia)}, map[corev1.ResourceName]string{nvidiaKey: "3"}, 3},
		"claims are charged to both keys": {Input{Pools: []Pool{pool}, DeviceClasses: class(nvidia)}, map[corev1.ResourceName]string{nvidiaKey: "5", classKey: "2"}, 5},
		"the extended resource lags behind, the class got it later": {
			Input{Pools: []Pool{pool}, DeviceClasses: class(nvidia)}, map[corev1.ResourceName]string{nvidiaKey: "1", classKey: "2"}, 2,
		},
		"claims of a class without an extended resource":            {Input{Pools: []Pool{pool}, DeviceClasses: class("")}, map[corev1.ResourceName]string{nvidiaKey: "3", classKey: "2"}, 5},
		"claims of a class that does not exist":                     {Input{Pools: []Pool{pool}}, map[corev1.ResourceName]string{nvidiaKey: "3", classKey: "2"}, 5},
		"a class with another extended resource, and pods with it":  {Input{Pools: []Pool{pool}, DeviceClasses: class(other)}, map[corev1.ResourceName]string{nvidiaKey: "3", otherKey: "6", classKey: "2"}, 9},
		"pools that share a resource":                               {Input{Pools: []Pool{pool, unclassed}, DeviceClasses: class(nvidia)}, map[corev1.ResourceName]string{nvidiaKey: "5", classKey: "2"}, 5},
		"devices of a class that no pool has are not GPUs of pools": {Input{Pools: []Pool{unclassed}, DeviceClasses: class("")}, map[corev1.ResourceName]string{nvidiaKey: "3", classKey: "2"}, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			used := corev1.ResourceList{}
			for key, quantity := range tt.used {
				used[key] = resource.MustParse(quantity)
			}
			q := Compute(tt.in)
			if got := q.Used(used); got != tt.want {
				t.Errorf("%d in use, want %d", got, tt.want)
			}
			seven := resource.MustParse("7")
			if got := q.GPUs(corev1.ResourceList{nvidiaKey: seven, classKey: seven, otherKey: seven}); got != 7 {
				t.Errorf("the quota allows %d GPUs, want 7", got)
			}
		})
	}
}
