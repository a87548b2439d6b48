package builder

import (
	"fmt"

	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// SliceMod changes a ResourceSlice.
type SliceMod = func(*resourcev1.ResourceSlice)

// ResourceSlice is what a driver publishes for a node: so many devices, gpu-0 and so on.
func ResourceSlice(driver, node string, devices int, mods ...SliceMod) *resourcev1.ResourceSlice {
	slice := &resourcev1.ResourceSlice{
		ObjectMeta: metav1.ObjectMeta{Name: node + "-" + driver, UID: types.UID(node + "-" + driver), ResourceVersion: "1"},
		Spec: resourcev1.ResourceSliceSpec{
			Driver: driver, NodeName: new(node), Pool: resourcev1.ResourcePool{Name: node, Generation: 1, ResourceSliceCount: 1},
		},
	}
	for i := range devices {
		slice.Spec.Devices = append(slice.Spec.Devices, resourcev1.Device{
			Name:       fmt.Sprintf("gpu-%d", i),
			Attributes: map[resourcev1.QualifiedName]resourcev1.DeviceAttribute{"type": {StringValue: new("gpu")}},
		})
	}
	return build(slice, mods)
}

// DeviceTaint taints one device of a slice.
func DeviceTaint(device int, taint resourcev1.DeviceTaint) SliceMod {
	return func(slice *resourcev1.ResourceSlice) {
		slice.Spec.Devices[device].Taints = append(slice.Spec.Devices[device].Taints, taint)
	}
}

// DeviceTaintRule taints the devices that a selector chooses.
func DeviceTaintRule(name string, selector *resourcev1.DeviceTaintSelector, taint resourcev1.DeviceTaint) *resourcev1.DeviceTaintRule {
	return &resourcev1.DeviceTaintRule{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       resourcev1.DeviceTaintRuleSpec{DeviceSelector: selector, Taint: taint},
	}
}

// Selecting sets a DeviceClass's expressions, all of which have to be true of a device.
func Selecting(class *resourcev1.DeviceClass, expressions ...string) *resourcev1.DeviceClass {
	for _, expression := range expressions {
		class.Spec.Selectors = append(class.Spec.Selectors, resourcev1.DeviceSelector{CEL: &resourcev1.CELDeviceSelector{Expression: expression}})
	}
	return class
}
