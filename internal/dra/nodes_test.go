package dra_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"foundation.team/operator/internal/dra"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

const driver = "gpu.example.com"

var (
	hour, minute = builder.Now.Add(-time.Hour), builder.Now.Add(-time.Minute)
	// gpus is a class as the vendors write theirs.
	gpus = builder.Selecting(builder.DeviceClass(driver, ""), `device.driver == "gpu.example.com" && device.attributes["gpu.example.com"].type == "gpu"`)
)

func taint(effect resourcev1.DeviceTaintEffect, added time.Time) resourcev1.DeviceTaint {
	t := resourcev1.DeviceTaint{Key: "example.com/xid", Value: "79", Effect: effect}
	if !added.IsZero() {
		t.TimeAdded = new(metav1.NewTime(added))
	}
	return t
}

func generation(number, slices int64) builder.SliceMod {
	return func(slice *resourcev1.ResourceSlice) {
		slice.UID += types.UID(fmt.Sprint("-", number))
		slice.Spec.Pool.Generation, slice.Spec.Pool.ResourceSliceCount = number, slices
	}
}

func deviceMod(i int, mod func(*resourcev1.Device)) builder.SliceMod {
	return func(slice *resourcev1.ResourceSlice) { mod(&slice.Spec.Devices[i]) }
}

func TestByNode(t *testing.T) {
	const noSchedule, noExecute = resourcev1.DeviceTaintEffectNoSchedule, resourcev1.DeviceTaintEffectNoExecute
	slice := func(mods ...builder.SliceMod) *resourcev1.ResourceSlice {
		return builder.ResourceSlice(driver, "n1", 2, mods...)
	}
	rule := func(selector *resourcev1.DeviceTaintSelector, taints ...resourcev1.DeviceTaint) *resourcev1.DeviceTaintRule {
		return builder.DeviceTaintRule("r", selector, append(taints, taint(noExecute, hour))[0])
	}
	tainted := func(device int, effect string, since time.Time) gpunode.TaintedDevice {
		return gpunode.TaintedDevice{Driver: driver, Name: fmt.Sprintf("gpu-%d", device), Taint: "example.com/xid=79:" + effect, Since: since}
	}
	n1 := func(published int64, tainted ...gpunode.TaintedDevice) map[string]gpunode.Devices {
		return map[string]gpunode.Devices{"n1": {Published: published, Tainted: tainted}}
	}
	uncounted := func(published int64) map[string]gpunode.Devices {
		return map[string]gpunode.Devices{"n1": {Published: published, Uncounted: true}}
	}
	all := []gpunode.TaintedDevice{tainted(0, "NoExecute", hour), tainted(1, "NoExecute", hour)}
	tests := map[string]struct {
		class  *resourcev1.DeviceClass
		slices []*resourcev1.ResourceSlice
		rules  []*resourcev1.DeviceTaintRule
		want   map[string]gpunode.Devices
	}{
		"none":      {gpus, nil, nil, map[string]gpunode.Devices{}},
		"two nodes": {gpus, []*resourcev1.ResourceSlice{slice(), builder.ResourceSlice(driver, "n2", 8)}, nil, map[string]gpunode.Devices{"n1": {Published: 2}, "n2": {Published: 8}}},
		"two slices of a node": {
			gpus, []*resourcev1.ResourceSlice{slice(generation(1, 2)), slice(generation(1, 2), func(s *resourcev1.ResourceSlice) { s.UID += "b" })}, nil, n1(4),
		},
		"devices of another driver": {gpus, []*resourcev1.ResourceSlice{slice(), builder.ResourceSlice("nic.example.com", "n1", 4, builder.DeviceTaint(0, taint(noExecute, hour)))}, nil, n1(2)},
		"devices of another kind": {
			gpus, []*resourcev1.ResourceSlice{slice(deviceMod(1, func(d *resourcev1.Device) { d.Attributes["type"] = resourcev1.DeviceAttribute{StringValue: new("mig")} }))}, nil, n1(1),
		},
		"a device without the attribute":    {gpus, []*resourcev1.ResourceSlice{slice(deviceMod(1, func(d *resourcev1.Device) { d.Attributes = nil }))}, nil, n1(1)},
		"a class without selectors has all": {builder.DeviceClass("any", ""), []*resourcev1.ResourceSlice{slice(), builder.ResourceSlice("nic.example.com", "n1", 4)}, nil, n1(6)},
		"an older generation":               {gpus, []*resourcev1.ResourceSlice{slice(generation(1, 1), builder.DeviceTaint(0, taint(noExecute, hour))), slice(generation(2, 1))}, nil, n1(2)},
		"a generation that is not complete": {gpus, []*resourcev1.ResourceSlice{slice(generation(2, 2))}, nil, uncounted(2)},
		"a new generation without devices so far": {
			gpus, []*resourcev1.ResourceSlice{slice(generation(1, 2)), builder.ResourceSlice(driver, "n1", 0, generation(2, 2))}, nil, uncounted(0),
		},
		"a device that many pods share":   {gpus, []*resourcev1.ResourceSlice{slice(deviceMod(0, func(d *resourcev1.Device) { d.AllowMultipleAllocations = new(true) }))}, nil, uncounted(2)},
		"devices of all nodes":            {gpus, []*resourcev1.ResourceSlice{slice(), slice(func(s *resourcev1.ResourceSlice) { s.UID, s.Spec.NodeName, s.Spec.AllNodes = "all", nil, new(true) })}, nil, nil},
		"devices that name their nodes":   {gpus, []*resourcev1.ResourceSlice{builder.ResourceSlice(driver, "n1", 1, func(s *resourcev1.ResourceSlice) { s.Spec.NodeName, s.Spec.Devices[0].NodeName = nil, new("n2") })}, nil, map[string]gpunode.Devices{"n2": {Published: 1}}},
		"NoSchedule":                      {gpus, []*resourcev1.ResourceSlice{slice(builder.DeviceTaint(1, taint(noSchedule, hour)))}, nil, n1(2, tainted(1, "NoSchedule", hour))},
		"NoExecute":                       {gpus, []*resourcev1.ResourceSlice{slice(builder.DeviceTaint(1, taint(noExecute, hour)))}, nil, n1(2, tainted(1, "NoExecute", hour))},
		"no effect":                       {gpus, []*resourcev1.ResourceSlice{slice(builder.DeviceTaint(1, taint(resourcev1.DeviceTaintEffectNone, hour)))}, nil, n1(2)},
		"an unknown effect":               {gpus, []*resourcev1.ResourceSlice{slice(builder.DeviceTaint(1, taint("Later", hour)))}, nil, n1(2)},
		"a taint without a date":          {gpus, []*resourcev1.ResourceSlice{slice(builder.DeviceTaint(1, taint(noExecute, time.Time{})))}, nil, n1(2, tainted(1, "NoExecute", time.Time{}))},
		"a taint of the future":           {gpus, []*resourcev1.ResourceSlice{slice(builder.DeviceTaint(1, taint(noExecute, builder.Now.Add(time.Hour))))}, nil, n1(2, tainted(1, "NoExecute", time.Time{}))},
		"two taints of one device":        {gpus, []*resourcev1.ResourceSlice{slice(builder.DeviceTaint(1, taint(noSchedule, minute)), builder.DeviceTaint(1, taint(noExecute, hour)))}, nil, n1(2, tainted(1, "NoExecute", hour))},
		"a rule for all devices":          {gpus, []*resourcev1.ResourceSlice{slice()}, []*resourcev1.DeviceTaintRule{rule(&resourcev1.DeviceTaintSelector{})}, n1(2, all...)},
		"a rule without a selector":       {gpus, []*resourcev1.ResourceSlice{slice()}, []*resourcev1.DeviceTaintRule{rule(nil)}, n1(2)},
		"a rule for the driver":           {gpus, []*resourcev1.ResourceSlice{slice()}, []*resourcev1.DeviceTaintRule{rule(&resourcev1.DeviceTaintSelector{Driver: new(driver)})}, n1(2, all...)},
		"a rule for another driver":       {gpus, []*resourcev1.ResourceSlice{slice()}, []*resourcev1.DeviceTaintRule{rule(&resourcev1.DeviceTaintSelector{Driver: new("x")})}, n1(2)},
		"a rule for the pool":             {gpus, []*resourcev1.ResourceSlice{slice()}, []*resourcev1.DeviceTaintRule{rule(&resourcev1.DeviceTaintSelector{Pool: new("n1")})}, n1(2, all...)},
		"a rule for another pool":         {gpus, []*resourcev1.ResourceSlice{slice()}, []*resourcev1.DeviceTaintRule{rule(&resourcev1.DeviceTaintSelector{Pool: new("n2")})}, n1(2)},
		"a rule for one device":           {gpus, []*resourcev1.ResourceSlice{slice()}, []*resourcev1.DeviceTaintRule{rule(&resourcev1.DeviceTaintSelector{Device: new("gpu-1")})}, n1(2, all[1])},
		"a rule without an effect so far": {gpus, []*resourcev1.ResourceSlice{slice()}, []*resourcev1.DeviceTaintRule{rule(&resourcev1.DeviceTaintSelector{}, taint(resourcev1.DeviceTaintEffectNone, hour))}, n1(2)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var classes dra.Classes
			for range 2 { // what is remembered gives the same answer
				got, err := classes.ByNode(t.Context(), tt.class, tt.slices, tt.rules, builder.Now)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// A slice or a class that has changed is evaluated anew.
func TestByNodeAfterAChange(t *testing.T) {
	var classes dra.Classes
	class, slice := gpus.DeepCopy(), builder.ResourceSlice(driver, "n1", 8)
	expect := func(want int64) {
		t.Helper()
		got, err := classes.ByNode(t.Context(), class, []*resourcev1.ResourceSlice{slice}, nil, builder.Now)
		if err != nil || got["n1"].Published != want {
			t.Errorf("%v and error %v, want %d devices", got, err, want)
		}
	}
	expect(8)
	slice = builder.ResourceSlice(driver, "n1", 7)
	slice.ResourceVersion = "2"
	expect(7)
	class.Spec.Selectors = nil
	builder.Selecting(class, "false")
	expect(0)
	builder.Selecting(class, "no CEL")
	if got, err := classes.ByNode(t.Context(), class, []*resourcev1.ResourceSlice{slice}, nil, builder.Now); err == nil || got != nil {
		t.Errorf("%v of a class that cannot be read", got)
	}
}

// BenchmarkByNode is one reconcile's share in a cluster of 4,000 nodes: with what is remembered, and without.
func BenchmarkByNode(b *testing.B) {
	var published []*resourcev1.ResourceSlice
	for i := range 4000 {
		published = append(published, builder.ResourceSlice(driver, fmt.Sprintf("n%04d", i), 8, builder.DeviceTaint(i%8, taint(resourcev1.DeviceTaintEffectNone, hour))))
	}
	run := func(b *testing.B, classes func() *dra.Classes) {
		b.Helper()
		b.ReportAllocs()
		for b.Loop() {
			if got, err := classes().ByNode(b.Context(), gpus, published, nil, builder.Now); err != nil || len(got) != len(published) {
				b.Fatal(err)
			}
		}
	}
	b.Run("nothing changed", func(b *testing.B) {
		var classes dra.Classes
		if _, err := classes.ByNode(b.Context(), gpus, published, nil, builder.Now); err != nil {
			b.Fatal(err)
		}
		run(b, func() *dra.Classes { return &classes })
	})
	b.Run("after a start", func(b *testing.B) { run(b, func() *dra.Classes { return &dra.Classes{} }) })
}
