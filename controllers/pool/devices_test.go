package pool

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// gpuClass is a DeviceClass of the driver of the same name.
const gpuClass = "gpu.example.com"

func deviceClass() *resourcev1.DeviceClass {
	return builder.Selecting(builder.DeviceClass(gpuClass, ""), `device.driver == "gpu.example.com"`)
}

func xid(effect resourcev1.DeviceTaintEffect, since time.Time) resourcev1.DeviceTaint {
	return resourcev1.DeviceTaint{Key: "example.com/xid", Value: "79", Effect: effect, TimeAdded: new(metav1.NewTime(since))}
}

// published are all devices of a node, with those that are tainted.
func published(tainted ...gpunode.TaintedDevice) gpunode.Devices {
	return gpunode.Devices{Published: builder.PerNode, Tainted: tainted}
}

func withDevices(in Input, devices map[string]gpunode.Devices) Input {
	in.Devices = devices
	return in
}

// A node with a tainted device is judged and replaced like one that lacks a GPU.
func TestTaintedDevice(t *testing.T) {
	class := builder.DeviceClassName(gpuClass)
	held, free, bare := builder.HeldIn(b200, hanbit), builder.FreeIn(b200), builder.WithoutGPUs()
	xidSince := func(since time.Time) gpunode.Devices {
		return published(gpunode.TaintedDevice{Driver: gpuClass, Name: "gpu-3", Taint: "example.com/xid=79:NoExecute", Since: since})
	}
	devices := func(n1 gpunode.Devices) map[string]gpunode.Devices {
		return map[string]gpunode.Devices{"n1": n1, "n2": published(), "n3": published()}
	}
	in := func(n1 gpunode.Devices, mods ...builder.NodeMod) Input {
		return withDevices(input(granted(16, class), wants(16), builder.Node("n1", append(mods, held, bare)...), builder.Node("n2", held, bare), builder.Node("n3", free, bare)), devices(n1))
	}
	long, short, settled := now.Add(-isLong), now.Add(-time.Minute), now.Add(5*time.Second)
	replaced := map[string]string{"n1": draining(now), "n2": isHeld, "n3": isHeld}
	runPlanCases(t, map[string]planCase{
		"all is well":                         {in: in(published()), want: map[string]string{"n1": isHeld, "n2": isHeld, "n3": isFree}},
		"a device is tainted for long":        {in: in(xidSince(long)), want: replaced, changes: 2, next: settled},
		"a device is tainted for a while":     {in: in(xidSince(short)), want: map[string]string{"n1": isHeld, "n2": isHeld, "n3": isFree}, next: short.Add(isLong)},
		"a taint has no date: it is written":  {in: in(xidSince(time.Time{})), want: map[string]string{"n1": broken(now), "n2": isHeld, "n3": isFree}, changes: 1, next: now.Add(isLong)},
		"a device is missing for long":        {in: in(gpunode.Devices{Published: 7}, builder.BrokenSince(long)), want: replaced, changes: 2, next: settled},
		"its driver is gone for long":         {in: in(gpunode.Devices{}, builder.BrokenSince(long)), want: replaced, changes: 2, next: settled},
		"its driver is about to publish them": {in: in(gpunode.Devices{Published: 1, Uncounted: true}), want: map[string]string{"n1": isHeld, "n2": isHeld, "n3": isFree}},
		"mended: nothing stays written":       {in: in(published(), builder.BrokenSince(long)), want: map[string]string{"n1": isHeld, "n2": isHeld, "n3": isFree}, changes: 1},
	})
	t.Run("a free one is granted to nobody", func(t *testing.T) {
		in := withDevices(input(builder.Pool(b200, class), wants(8), builder.Node("n1", free, bare)), devices(xidSince(short)))
		if got := grantsOf(in); got["hanbit"] != 0 {
			t.Errorf("granted %v", got)
		}
	})
	t.Run("it is named", func(t *testing.T) {
		const detail = "device gpu-3 of gpu.example.com tainted example.com/xid=79:NoExecute"
		in := in(xidSince(short))
		status := BuildStatus(in, Decide(in))
		want := incident("n1", gpunode.FaultDevices, 1, short, time.Time{}, "")
		want.Detail = detail
		if diff := cmp.Diff([]foundationv1alpha1.NodeIncident{want}, status.Incidents); diff != "" {
			t.Error(diff)
		}
		ready := meta.FindStatusCondition(status.Conditions, foundationv1alpha1.ConditionReady)
		if want := "8 of 24 GPUs on nodes that are not healthy: n1 (" + detail + "); mend the device, whose driver then takes the taint off, and delete a DeviceTaintRule"; ready.Message != want {
			t.Errorf("%q, want %q", ready.Message, want)
		}
	})
}

// A node for which no driver publishes devices is no capacity, and is left alone.
func TestNodesWithoutDevices(t *testing.T) {
	in := withDevices(input(builder.Pool(b200, builder.DeviceClassName(gpuClass)), builder.Node("cpu-0", builder.Matching(b200), builder.WithoutGPUs())), map[string]gpunode.Devices{})
	judge(in).check(t, judged{
		nodes:   map[string]string{"cpu-0": ""},
		message: "no node with nvidia.com/gpu matches spec.static.nodeSelector; correct it or label nodes; 1 node matches spec.static.nodeSelector but has no nvidia.com/gpu and no devices of gpu.example.com: cpu-0",
	})
	in.Devices, in.DevicesUnknown = nil, "DeviceClass gpu.example.com does not exist"
	judge(in).check(t, judged{
		total: 8, healthy: 8, nodes: map[string]string{"cpu-0": entering(now)},
		message: "8 GPUs on 1 node; devices of spec.deviceClassName are not judged: DeviceClass gpu.example.com does not exist",
	})
}

// What ResourceSlices and DeviceTaintRules say is read, and followed until the node is replaced and back.
func TestDevicesAreRead(t *testing.T) {
	held, free, bare := builder.HeldIn(b200, hanbit), builder.FreeIn(b200), builder.WithoutGPUs()
	o := newOperator(t, builder.Pool(b200, builder.Granted(hanbit, 8), builder.DeviceClassName(gpuClass), builder.Grace(time.Hour)), wants(8), deviceClass(),
		builder.Node("n1", held, bare), builder.Node("n2", free, bare))
	create := func(obj client.Object) {
		t.Helper()
		obj.SetResourceVersion("")
		if err := o.Client.Create(t.Context(), obj); err != nil {
			t.Fatal(err)
		}
	}
	// step reconciles, and expects what the status says of the team's node, how many GPUs can be used, and whose n1 and n2 are.
	step := func(later time.Duration, fault string, healthy int32, n1, n2 string) {
		t.Helper()
		status := o.again(later).Status
		got := ""
		for _, incident := range status.Incidents {
			if incident.EndTime == nil {
				got = incident.Fault + ": " + incident.Detail
			}
		}
		if got != fault || status.Capacity.Healthy != healthy || o.node("n1") != n1 || o.node("n2") != n2 {
			t.Errorf("%q, %d GPUs healthy, n1 %q, n2 %q; want %q, %d, %q, %q", got, status.Capacity.Healthy, o.node("n1"), o.node("n2"), fault, healthy, n1, n2)
		}
	}
	step(0, "MissingGPUs: 0 of 8 devices of gpu.example.com", 0, broken(now), isFree)
	create(builder.ResourceSlice(gpuClass, "n1", 8))
	create(builder.ResourceSlice(gpuClass, "n2", 8))
	step(time.Second, "", 16, isHeld, isFree)
	began := o.clock.Now()
	selector := &resourcev1.DeviceTaintSelector{Driver: new(gpuClass), Pool: new("n1"), Device: new("gpu-5")}
	rule := builder.DeviceTaintRule("n1", selector, xid(resourcev1.DeviceTaintEffectNoExecute, began))
	create(rule)
	const tainted = "TaintedDevices: device gpu-5 of gpu.example.com tainted example.com/xid=79:NoExecute"
	step(defaultReplaceAfter-time.Second, tainted, 8, isHeld, isFree)
	step(time.Second, tainted, 8, draining(began.Add(defaultReplaceAfter)), isHeld)
	step(time.Second, "", 8, draining(began.Add(defaultReplaceAfter)), isHeld) // it repels pods since now
	step(gpunode.PodBindDelay, "", 8, isFree, isHeld)
	if err := o.Client.Delete(t.Context(), rule); err != nil {
		t.Fatal(err)
	}
	step(time.Second, "", 16, isFree, isHeld)
	list := o.pool().Status.Incidents
	if len(list) != 1 || list[0].Outcome != foundationv1alpha1.IncidentDrained || !list[0].StartTime.Time.Equal(began) {
		t.Errorf("%+v", list)
	}
}

// A class that is missing or cannot be evaluated leaves the nodes as they are, and is named.
func TestDevicesOfAClassThatIsNone(t *testing.T) {
	pool := builder.Pool(b200, builder.DeviceClassName(gpuClass))
	node := builder.Node("n1", builder.FreeIn(b200), builder.WithoutGPUs())
	tests := map[string]struct {
		class []client.Object
		want  string
	}{
		"no class":     {nil, "8 GPUs on 1 node; devices of spec.deviceClassName are not judged: DeviceClass gpu.example.com does not exist"},
		"no CEL in it": {[]client.Object{builder.Selecting(builder.DeviceClass(gpuClass, ""), "no CEL")}, "8 GPUs on 1 node; devices of spec.deviceClassName are not judged: DeviceClass gpu.example.com: compilation failed: ERROR: <input>:1:4: Syntax error"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := newOperator(t, append(tt.class, pool.DeepCopy(), node.DeepCopy())...)
			ready := meta.FindStatusCondition(o.reconcile(0).Status.Conditions, foundationv1alpha1.ConditionReady)
			if !strings.HasPrefix(ready.Message, tt.want) || ready.Status != metav1.ConditionTrue {
				t.Errorf("%q, want %q", ready.Message, tt.want)
			}
		})
	}
}
