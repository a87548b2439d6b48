package pool

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/builder"
)

// A change of devices requeues the pools that read them, and no other.
func TestPoolsOfDevices(t *testing.T) {
	class := builder.DeviceClassName(gpuClass)
	o := newOperator(t, builder.Pool(b200, class), builder.Pool("h100", class), builder.Pool("a100"), builder.Pool("other", builder.DeviceClassName("other.example.com")),
		builder.Node("n1", builder.FreeIn(b200)), builder.Node("n2", builder.FreeIn("a100")), builder.Node("n3", builder.Matching(b200)))
	of := func(node string) client.Object { return builder.ResourceSlice(gpuClass, node, 8) }
	anywhere := builder.ResourceSlice(gpuClass, "n1", 8, func(slice *resourcev1.ResourceSlice) { slice.Spec.NodeName = nil })
	tests := map[string]struct {
		requests func(context.Context, client.Object) []reconcile.Request
		obj      client.Object
		want     []string
	}{
		"a slice of a node of the pool":       {o.poolsOfSlice, of("n1"), []string{b200}},
		"a slice of a node that matches":      {o.poolsOfSlice, of("n3"), []string{b200}},
		"a slice of a node of another pool":   {o.poolsOfSlice, of("n2"), nil},
		"a slice of a node that is not there": {o.poolsOfSlice, of("n9"), nil},
		"a slice of no node":                  {o.poolsOfSlice, anywhere, []string{b200, "h100", "other"}},
		"a rule":                              {o.poolsWithDevices, builder.DeviceTaintRule("r", nil, resourcev1.DeviceTaint{}), []string{b200, "h100", "other"}},
		"the class":                           {o.poolsOfClass, builder.DeviceClass(gpuClass, ""), []string{b200, "h100"}},
		"a class that no pool names":          {o.poolsOfClass, builder.DeviceClass("nic.example.com", ""), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, request := range tt.requests(t.Context(), tt.obj) {
				got = append(got, request.Name)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDevicesChanged(t *testing.T) {
	taint := xid(resourcev1.DeviceTaintEffectNoExecute, now)
	slice, rule := builder.ResourceSlice(gpuClass, "n1", 8), builder.DeviceTaintRule("r", nil, taint)
	labelled, relabelled := slice.DeepCopy(), rule.DeepCopy()
	labelled.Labels, relabelled.Labels = map[string]string{"x": "y"}, map[string]string{"x": "y"}
	selecting := builder.DeviceTaintRule("r", &resourcev1.DeviceTaintSelector{}, taint)
	tests := map[string]struct {
		before, after client.Object
		want          bool
	}{
		"a device is tainted":      {slice, builder.ResourceSlice(gpuClass, "n1", 8, builder.DeviceTaint(3, taint)), true},
		"a device is gone":         {slice, builder.ResourceSlice(gpuClass, "n1", 7), true},
		"a slice is labelled":      {slice, labelled, false},
		"a rule applies to more":   {rule, selecting, true},
		"a rule is labelled":       {rule, relabelled, false},
		"the same slice is resent": {slice, slice.DeepCopy(), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := devicesChanged().Update(event.UpdateEvent{ObjectOld: tt.before, ObjectNew: tt.after}); got != tt.want {
				t.Errorf("passes %t", got)
			}
		})
	}
}

// older is a manager for a cluster that does not serve DeviceTaintRules, and counts how often it is asked.
type older struct {
	manager.Manager
	meta.RESTMapper
	asked int
}

func (*older) GetScheme() *runtime.Scheme       { return setup.Scheme() }
func (o *older) GetRESTMapper() meta.RESTMapper { return o }
func (o *older) RESTMapping(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	o.asked++
	return nil, &meta.NoKindMatchError{GroupKind: kind, SearchedVersions: versions}
}

// A cluster that does not serve a kind is asked for it now and then, and the pool goes on without it.
func TestKindThatIsNotServed(t *testing.T) {
	cluster := &older{}
	kinds := &optionalKinds{manager: cluster, kinds: []client.Object{&resourcev1.DeviceTaintRule{}}, probeInterval: optionalProbeInterval}
	for _, step := range []struct {
		at    time.Time
		asked int
	}{{now, 1}, {now.Add(time.Second), 1}, {now.Add(optionalProbeInterval), 2}} {
		if served, err := kinds.ensureStarted(t.Context(), step.at); served || err != nil || cluster.asked != step.asked {
			t.Errorf("after %s: served %t, error %v, asked %d times instead of %d", step.at.Sub(now), served, err, cluster.asked, step.asked)
		}
	}
	o := newOperator(t, builder.Pool(b200, builder.DeviceClassName(gpuClass)), deviceClass(), builder.Node("n1", builder.FreeIn(b200), builder.WithoutGPUs()))
	for what, without := range map[string]func(*Reconciler){
		"ResourceSlices":   func(r *Reconciler) { r.resourceSlices = kinds },
		"DeviceTaintRules": func(r *Reconciler) { r.taintRules = kinds },
	} {
		r := &Reconciler{Client: o.Client}
		without(r)
		in := Input{Pool: o.pool(), Now: now.Add(optionalProbeInterval)}
		if err := r.observeDevices(t.Context(), &in); err != nil || (in.Devices != nil) != (what == "DeviceTaintRules") {
			t.Errorf("without %s: devices %v, error %v", what, in.Devices, err)
		}
	}
}
