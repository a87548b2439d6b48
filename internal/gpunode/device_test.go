package gpunode_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// A node's devices are judged by what the scheduler will do with them, beside what a device plugin reports.
func TestFaultOfDevices(t *testing.T) {
	early, late := builder.Now.Add(-time.Hour), builder.Now.Add(-time.Minute)
	tainted := func(name string, since time.Time) gpunode.TaintedDevice {
		return gpunode.TaintedDevice{Driver: class, Name: name, Taint: "example.com/xid=79:NoSchedule", Since: since}
	}
	of := func(published int64, tainted ...gpunode.TaintedDevice) gpunode.Devices {
		return gpunode.Devices{Published: published, Tainted: tainted}
	}
	uncounted := func(devices gpunode.Devices) gpunode.Devices { devices.Uncounted = true; return devices }
	bad := func(missing int64, since time.Time, detail string) gpunode.Fault {
		return gpunode.Fault{Kind: gpunode.FaultDevices, MissingGPUs: missing, Since: since, Detail: "device gpu-0 of gpu.example.com tainted example.com/xid=79:NoSchedule" + detail}
	}
	short := func(missing int64, detail string) gpunode.Fault {
		return gpunode.Fault{Kind: gpunode.FaultGPUs, MissingGPUs: missing, Detail: detail}
	}
	alone, none := builder.Node("n1", builder.WithoutGPUs()), gpunode.Fault{}
	plugin := func(gpus int64) *corev1.Node { return builder.Node("n1", builder.Offers(gpus, "1", "1Gi", "1Gi")) }
	tests := map[string]struct {
		node    *corev1.Node
		devices gpunode.Devices
		want    gpunode.Fault
	}{
		"all of them":    {alone, of(8), none},
		"one is tainted": {alone, of(8, tainted("gpu-0", early)), bad(1, early, "")},
		"two are tainted: the first taint counts":      {alone, of(8, tainted("gpu-0", late), tainted("gpu-3", early)), bad(2, early, ", and 1 more")},
		"of two taints one is not dated":               {alone, of(8, tainted("gpu-0", time.Time{}), tainted("gpu-3", early)), bad(2, early, ", and 1 more")},
		"the taint is not dated":                       {alone, of(8, tainted("gpu-0", time.Time{})), bad(1, time.Time{}, "")},
		"one is missing":                               {alone, of(7), short(1, "7 of 8 devices of gpu.example.com")},
		"one is missing, one is tainted":               {alone, of(7, tainted("gpu-0", early)), bad(2, early, "")},
		"all are missing":                              {alone, of(0), short(8, "0 of 8 devices of gpu.example.com")},
		"more than needed, and one is tainted":         {alone, of(9, tainted("gpu-0", early)), none},
		"more than needed, and too many are tainted":   {alone, of(9, tainted("gpu-0", early), tainted("gpu-1", early)), bad(1, early, ", and 1 more")},
		"the rest is about to be published":            {alone, uncounted(of(4)), none},
		"the rest is to be published, one is tainted":  {alone, uncounted(of(4, tainted("gpu-0", early))), bad(1, early, "")},
		"one device that many pods share":              {alone, uncounted(of(1)), none},
		"a device plugin serves all":                   {plugin(8), of(0), none},
		"a device plugin serves all, one is tainted":   {plugin(8), of(8, tainted("gpu-0", early)), bad(1, early, "")},
		"a device plugin serves all, some are devices": {plugin(8), of(2, tainted("gpu-0", early)), bad(1, early, "")},
		"a device plugin lacks one":                    {plugin(7), of(8), short(1, "7 of 8 nvidia.com/gpu")},
		"a device plugin was replaced by a driver":     {plugin(0), of(8), none},
		"neither has any":                              {plugin(0), of(0), short(8, "0 of 8 nvidia.com/gpu")},
		"another fault hides it":                       {builder.Node("n1", builder.Cordoned()), of(8, tainted("gpu-0", early)), gpunode.Fault{Kind: gpunode.FaultCordoned, MissingGPUs: 8}},
		"devices of another node are not its own":      {builder.Node("n2", builder.WithoutGPUs()), of(8), short(8, "0 of 8 devices of gpu.example.com")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			required := gpunode.Requirements{
				Resource: builder.GPU, GPUs: builder.PerNode, DeviceClass: class, Devices: map[string]gpunode.Devices{"n1": tt.devices},
			}
			got := required.Fault(tt.node)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if got.Kind == gpunode.FaultDevices && (!got.Replaceable() || got.String() != got.Detail) {
				t.Errorf("%q is replaceable: %t", got, got.Replaceable())
			}
			served := tt.node.Status.Allocatable[builder.GPU]
			if want := tt.node.Name == "n1" && tt.devices.Published > 0 || served.Sign() > 0; required.HasGPUs(tt.node) != want {
				t.Errorf("HasGPUs = %t", !want)
			}
		})
	}
}
