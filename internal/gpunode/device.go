package gpunode

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Devices are the devices of a pool's DeviceClass that a DRA driver publishes for one node.
type Devices struct {
	// Published is how many there are, tainted ones included.
	Published int64
	// Uncounted is true if Published does not tell how many GPUs that are: the driver is about to publish the rest, or a device can
	// be allocated more than once.
	Uncounted bool
	// Tainted are those with a taint that keeps pods off, each once, in the order of their names.
	Tainted []TaintedDevice
}

// TaintedDevice is a device that the scheduler gives to no pod without a toleration.
type TaintedDevice struct {
	// Driver and Name are the ResourceSlice's spec.driver and the device's name in it.
	Driver, Name string
	// Taint is what it is tainted with: key=value:effect.
	Taint string
	// Since is the taint's timeAdded; zero if that is missing or in the future.
	Since time.Time
}

// faultOf returns what keeps the scheduler from giving a team all GPUs of a node through ResourceClaims. all is true if the node
// has no other GPUs than these.
func (r Requirements) faultOf(devices Devices, all bool) Fault {
	tainted := int64(len(devices.Tainted))
	missing := r.GPUs - (devices.Published - tainted)
	if !all || devices.Uncounted {
		missing = min(missing, tainted)
	}
	switch {
	case missing <= 0:
		return Fault{}
	case tainted > 0:
		return Fault{Kind: FaultDevices, MissingGPUs: missing, Detail: describe(devices.Tainted), Since: firstTainted(devices.Tainted)}
	default:
		return Fault{Kind: FaultGPUs, MissingGPUs: missing, Detail: fmt.Sprintf("%d of %d devices of %s", devices.Published, r.GPUs, r.DeviceClass)}
	}
}

// describe names the first device, and says how many more there are.
func describe(tainted []TaintedDevice) string {
	first := tainted[0]
	detail := fmt.Sprintf("device %s of %s tainted %s", first.Name, first.Driver, first.Taint)
	if more := len(tainted) - 1; more > 0 {
		detail += fmt.Sprintf(", and %d more", more)
	}
	return detail
}

// firstTainted returns since when a device is tainted, as far as that is known.
func firstTainted(tainted []TaintedDevice) time.Time {
	var first time.Time
	for _, device := range tainted {
		if !device.Since.IsZero() && (first.IsZero() || device.Since.Before(first)) {
			first = device.Since
		}
	}
	return first
}

// gpuFault returns what is wrong with the GPUs of a node that pods can run on. What a device plugin serves is counted by the Node;
// taints of devices count beside that, for both are ways to the same GPUs.
func (r Requirements) gpuFault(node *corev1.Node) Fault {
	gpus, served := node.Status.Allocatable[r.Resource]
	devices := r.Devices[node.Name]
	fromDriver := r.DeviceClass != "" && (!served || gpus.IsZero() && devices.Published > 0)
	switch {
	case fromDriver && r.Devices == nil:
		return Fault{}
	case !fromDriver && gpus.Value() < r.GPUs:
		return Fault{Kind: FaultGPUs, MissingGPUs: r.GPUs - gpus.Value(), Detail: fmt.Sprintf("%d of %d %s", gpus.Value(), r.GPUs, r.Resource)}
	default:
		return r.faultOf(devices, fromDriver)
	}
}
