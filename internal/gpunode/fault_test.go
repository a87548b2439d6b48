package gpunode_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// class is a pool's DeviceClass.
const class = "gpu.example.com"

// mig is a resource as a device plugin serves it for parts of GPUs.
const mig = corev1.ResourceName("nvidia.com/mig-1g.10gb")

func offersMIG(count int64) builder.NodeMod {
	return func(node *corev1.Node) {
		node.Status.Allocatable[mig] = *resource.NewQuantity(count, resource.DecimalSI)
	}
}

// A node is judged by what the scheduler will do with it.
func TestFault(t *testing.T) {
	plain := gpunode.Requirements{Resource: builder.GPU, GPUs: builder.PerNode}
	driver := gpunode.Requirements{Resource: builder.GPU, GPUs: builder.PerNode, DeviceClass: class}
	tolerant := gpunode.Requirements{Resource: builder.GPU, GPUs: builder.PerNode, Tolerated: []corev1.Taint{
		{Key: "example.com/dedicated", Effect: corev1.TaintEffectNoSchedule}, {Key: "example.com/tenant", Value: "a", Effect: corev1.TaintEffectNoSchedule},
	}}
	parts := gpunode.Requirements{Resource: mig, GPUs: 56}
	none := gpunode.Fault{}
	all := func(kind gpunode.FaultKind, detail string) gpunode.Fault {
		return gpunode.Fault{Kind: kind, Detail: detail, MissingGPUs: builder.PerNode}
	}
	tainted := func(detail string) gpunode.Fault { return all(gpunode.FaultTainted, detail) }
	since := builder.Now.Add(-time.Hour)
	tests := map[string]struct {
		required gpunode.Requirements
		node     *corev1.Node
		want     gpunode.Fault
	}{
		"healthy":         {plain, builder.Node("n1"), none},
		"not Ready":       {plain, builder.Node("n1", builder.NotReady()), all(gpunode.FaultNotReady, "")},
		"no Ready at all": {plain, builder.Node("n1", func(node *corev1.Node) { node.Status.Conditions = nil }), all(gpunode.FaultNotReady, "")},
		"not Ready for an hour": {plain, builder.Node("n1", builder.NotReady(), func(node *corev1.Node) {
			node.Status.Conditions[0].LastTransitionTime = metav1.NewTime(since)
		}), gpunode.Fault{Kind: gpunode.FaultNotReady, MissingGPUs: builder.PerNode, Since: since}},
		"cordoned":      {plain, builder.Node("n1", builder.Cordoned()), all(gpunode.FaultCordoned, "")},
		"being deleted": {plain, builder.Node("n1", builder.NodeDeleted()), gpunode.Fault{Kind: gpunode.FaultDeleted, MissingGPUs: builder.PerNode, Since: builder.Now}},
		"a NoSchedule taint of others": {
			plain, builder.Node("n1", builder.Tainted("example.com/maintenance", "x")), tainted("tainted example.com/maintenance=x:NoSchedule"),
		},
		"a NoExecute taint of others": {
			plain, builder.Node("n1", builder.TaintedAs("example.com/broken", "", corev1.TaintEffectNoExecute)), tainted("tainted example.com/broken:NoExecute"),
		},
		"a PreferNoSchedule taint of others": {plain, builder.Node("n1", builder.TaintedAs("example.com/slow", "x", corev1.TaintEffectPreferNoSchedule)), none},
		"the operator's taints":              {plain, builder.Node("n1", builder.DrainingIn(pool, builder.Team("hanbit"), since)), none},
		"a taint called after the resource":  {plain, builder.Node("n1", builder.Tainted(string(builder.GPU), "present")), none},
		"memory pressure":                    {plain, builder.Node("n1", builder.Tainted(corev1.TaintNodeMemoryPressure, "")), none},
		"disk pressure": {
			plain, builder.Node("n1", builder.Tainted(corev1.TaintNodeDiskPressure, "")), tainted("tainted node.kubernetes.io/disk-pressure:NoSchedule"),
		},
		"a taint that the pool lists without a value": {tolerant, builder.Node("n1", builder.Tainted("example.com/dedicated", "gpu")), none},
		"a taint that the pool lists with its value":  {tolerant, builder.Node("n1", builder.Tainted("example.com/tenant", "a")), none},
		"a taint that the pool lists with another value": {
			tolerant, builder.Node("n1", builder.Tainted("example.com/tenant", "b")), tainted("tainted example.com/tenant=b:NoSchedule"),
		},
		"a taint that the pool lists with another effect": {
			tolerant, builder.Node("n1", builder.TaintedAs("example.com/dedicated", "", corev1.TaintEffectNoExecute)), tainted("tainted example.com/dedicated:NoExecute"),
		},
		"a GPU is missing": {
			plain, builder.Node("n1", builder.Offers(7, "1", "1Gi", "1Gi")), gpunode.Fault{Kind: gpunode.FaultGPUs, Detail: "7 of 8 nvidia.com/gpu", MissingGPUs: 1},
		},
		"no GPU is left":              {plain, builder.Node("n1", builder.WithoutGPUs()), all(gpunode.FaultGPUs, "0 of 8 nvidia.com/gpu")},
		"more GPUs than it should":    {plain, builder.Node("n1", builder.Offers(16, "1", "1Gi", "1Gi")), none},
		"a driver publishes its GPUs": {driver, builder.Node("n1", builder.WithoutGPUs()), none},
		"a driver is there, and a device plugin reports none": {
			driver, builder.Node("n1", builder.Offers(0, "1", "1Gi", "1Gi")), all(gpunode.FaultGPUs, "0 of 8 nvidia.com/gpu"),
		},
		"parts of GPUs":            {parts, builder.Node("n1", offersMIG(56)), none},
		"parts of GPUs are absent": {parts, builder.Node("n1", offersMIG(49)), gpunode.Fault{Kind: gpunode.FaultGPUs, Detail: "49 of 56 nvidia.com/mig-1g.10gb", MissingGPUs: 7}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.required.Fault(tt.node)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHasGPUs(t *testing.T) {
	tests := map[string]struct {
		required gpunode.Requirements
		node     *corev1.Node
		want     bool
	}{
		"all":                        {gpunode.Requirements{Resource: builder.GPU}, builder.Node("n1"), true},
		"some":                       {gpunode.Requirements{Resource: builder.GPU}, builder.Node("n1", builder.Offers(1, "1", "1Gi", "1Gi")), true},
		"none":                       {gpunode.Requirements{Resource: builder.GPU}, builder.Node("n1", builder.WithoutGPUs()), false},
		"0":                          {gpunode.Requirements{Resource: builder.GPU}, builder.Node("n1", builder.Offers(0, "1", "1Gi", "1Gi")), false},
		"GPUs of another pool":       {gpunode.Requirements{Resource: "amd.com/gpu"}, builder.Node("n1"), false},
		"perhaps those of a driver":  {gpunode.Requirements{Resource: builder.GPU, DeviceClass: class}, builder.Node("n1", builder.WithoutGPUs()), true},
		"not even those of a driver": {gpunode.Requirements{Resource: builder.GPU, DeviceClass: class}, builder.Node("n1", builder.Offers(0, "1", "1Gi", "1Gi")), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.required.HasGPUs(tt.node); got != tt.want {
				t.Errorf("HasGPUs = %t", got)
			}
		})
	}
}

// An outlier offers less than half of the median of CPU, memory or ephemeral storage.
func TestMarkOutliers(t *testing.T) {
	offers := func(cpu, memory, ephemeral string, mods ...func(*gpunode.Node)) gpunode.Node {
		n := gpunode.Node{Object: builder.Node("n", builder.Offers(8, cpu, memory, ephemeral)), Member: true}
		for _, mod := range mods {
			mod(&n)
		}
		return n
	}
	usual := offers("224", "2Ti", "28Ti")
	left := func(n *gpunode.Node) { n.Member = false }
	broken := func(n *gpunode.Node) { n.Fault = gpunode.Fault{Kind: gpunode.FaultNotReady} }
	tests := map[string]struct {
		nodes []gpunode.Node
		// want are the faults of the nodes; without an entry there is none.
		want map[int]string
	}{
		"none":                          {},
		"one alone is usual":            {[]gpunode.Node{offers("8", "16Gi", "1Ti")}, nil},
		"the smaller of two":            {[]gpunode.Node{offers("8", "2Ti", "28Ti"), usual}, map[int]string{0: "offers 8 of cpu, most nodes 224"}},
		"little memory":                 {[]gpunode.Node{usual, usual, offers("224", "16Gi", "28Ti")}, map[int]string{2: "offers 16Gi of memory, most nodes 2Ti"}},
		"little storage":                {[]gpunode.Node{usual, usual, offers("224", "2Ti", "1Ti")}, map[int]string{2: "offers 1Ti of ephemeral-storage, most nodes 28Ti"}},
		"nothing at all":                {[]gpunode.Node{usual, usual, offers("0", "0", "0")}, map[int]string{2: "offers 0 of cpu, most nodes 224"}},
		"half is enough":                {[]gpunode.Node{usual, usual, offers("112", "1Ti", "14Ti")}, nil},
		"a little less than half":       {[]gpunode.Node{usual, usual, offers("111999m", "1Ti", "14Ti")}, map[int]string{2: "offers 111999m of cpu, most nodes 224"}},
		"most nodes are small":          {[]gpunode.Node{usual, offers("8", "16Gi", "1Ti"), offers("8", "16Gi", "1Ti")}, nil},
		"a large one is none":           {[]gpunode.Node{usual, usual, offers("1k", "20Ti", "280Ti")}, nil},
		"nodes that left do not count":  {[]gpunode.Node{offers("96", "1Ti", "14Ti"), offers("1k", "20Ti", "280Ti", left)}, nil},
		"a broken one keeps its fault":  {[]gpunode.Node{usual, usual, offers("8", "16Gi", "1Ti", broken)}, map[int]string{2: "not Ready"}},
		"one without a Node is skipped": {[]gpunode.Node{usual, {Member: true}}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			gpunode.MarkOutliers(tt.nodes)
			for i := range tt.nodes {
				if got := tt.nodes[i].Fault.String(); got != tt.want[i] {
					t.Errorf("node %d: %q, want %q", i, got, tt.want[i])
				}
			}
		})
	}
}
