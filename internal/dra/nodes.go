package dra

import (
	"cmp"
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/utils/ptr"

	"foundation.team/operator/internal/gpunode"
)

// ByNode returns the devices that a DeviceClass chooses, by the node that they are on, with the taints that rules add. It is nil if
// such devices are not bound to nodes: then no node has a number of its own. now tells which taints are dated in the future.
func (c *Classes) ByNode(
	ctx context.Context, class *resourcev1.DeviceClass, published []*resourcev1.ResourceSlice, rules []*resourcev1.DeviceTaintRule, now time.Time,
) (map[string]gpunode.Devices, error) {
	chosen, err := c.choose(ctx, class, published)
	if err != nil {
		return nil, err
	}
	pools, byNode := newestOf(published), map[string]gpunode.Devices{}
	for i, slice := range published {
		pool := pools[poolOf(slice)]
		replaced, incomplete := slice.Spec.Pool.Generation < pool.generation, pool.slices < slice.Spec.Pool.ResourceSliceCount
		if len(chosen[i]) == 0 || replaced && !incomplete {
			continue
		}
		applying := rulesFor(slice, rules)
		for _, place := range chosen[i] {
			device := &slice.Spec.Devices[place]
			node := nodeOf(slice, device)
			if node == "" {
				return nil, nil
			}
			devices := byNode[node]
			devices.Uncounted = devices.Uncounted || incomplete || ptr.Deref(device.AllowMultipleAllocations, false)
			if !replaced {
				devices.Published++
				if taint := repellent(device, applying); taint != nil {
					devices.Tainted = append(devices.Tainted, taintedDevice(slice.Spec.Driver, device.Name, taint, now))
				}
			}
			byNode[node] = devices
		}
	}
	for _, devices := range byNode {
		slices.SortFunc(devices.Tainted, func(a, b gpunode.TaintedDevice) int {
			return cmp.Or(cmp.Compare(a.Driver, b.Driver), cmp.Compare(a.Name, b.Name))
		})
	}
	return byNode, nil
}

// poolID tells a driver's pool of devices.
type poolID struct{ driver, pool string }

func poolOf(slice *resourcev1.ResourceSlice) poolID {
	return poolID{slice.Spec.Driver, slice.Spec.Pool.Name}
}

// newest is the newest generation of a pool of devices, and how many slices of it there are. Older slices are out of date.
type newest struct{ generation, slices int64 }

func newestOf(published []*resourcev1.ResourceSlice) map[poolID]newest {
	pools := make(map[poolID]newest, len(published))
	for _, slice := range published {
		id, generation := poolOf(slice), slice.Spec.Pool.Generation
		pool, known := pools[id]
		switch {
		case !known || generation > pool.generation:
			pools[id] = newest{generation: generation, slices: 1}
		case generation == pool.generation:
			pools[id] = newest{generation: generation, slices: pool.slices + 1}
		}
	}
	return pools
}

// nodeOf returns the node that a device is bound to; empty if more than one may use it.
func nodeOf(slice *resourcev1.ResourceSlice, device *resourcev1.Device) string {
	return cmp.Or(ptr.Deref(slice.Spec.NodeName, ""), ptr.Deref(device.NodeName, ""))
}

// rulesFor returns the rules that apply to devices of a slice. Without a selector a rule applies to none.
func rulesFor(slice *resourcev1.ResourceSlice, rules []*resourcev1.DeviceTaintRule) []*resourcev1.DeviceTaintRule {
	var applying []*resourcev1.DeviceTaintRule
	for _, rule := range rules {
		if selector := rule.Spec.DeviceSelector; selector != nil && isOrAny(selector.Driver, slice.Spec.Driver) && isOrAny(selector.Pool, slice.Spec.Pool.Name) {
			applying = append(applying, rule)
		}
	}
	return applying
}

func isOrAny(selected *string, value string) bool { return selected == nil || *selected == value }

// repellent returns the taint that has kept pods off a device for longest; nil if there is none.
func repellent(device *resourcev1.Device, rules []*resourcev1.DeviceTaintRule) *resourcev1.DeviceTaint {
	var first *resourcev1.DeviceTaint
	add := func(taint *resourcev1.DeviceTaint) {
		// Consumers must treat unknown effects like None (API docs of DeviceTaint).
		repels := taint.Effect == resourcev1.DeviceTaintEffectNoSchedule || taint.Effect == resourcev1.DeviceTaintEffectNoExecute
		if repels && (first == nil || taint.TimeAdded != nil && (first.TimeAdded == nil || taint.TimeAdded.Before(first.TimeAdded))) {
			first = taint
		}
	}
	for i := range device.Taints {
		add(&device.Taints[i])
	}
	for _, rule := range rules {
		if isOrAny(rule.Spec.DeviceSelector.Device, device.Name) {
			add(&rule.Spec.Taint)
		}
	}
	return first
}

func taintedDevice(driver, name string, taint *resourcev1.DeviceTaint, now time.Time) gpunode.TaintedDevice {
	// Taints of devices are written like those of nodes.
	as := corev1.Taint{Key: taint.Key, Value: taint.Value, Effect: corev1.TaintEffect(taint.Effect)}
	device := gpunode.TaintedDevice{Driver: driver, Name: name, Taint: as.ToString()}
	if taint.TimeAdded != nil && !taint.TimeAdded.After(now) {
		device.Since = taint.TimeAdded.Time
	}
	return device
}
