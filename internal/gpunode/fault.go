package gpunode

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// FaultKind is why the scheduler cannot give a team all GPUs of a node. A node that has none is healthy.
type FaultKind string

// Faults, those first that hide the ones after them.
const (
	// FaultStarting is a node that Karpenter has not finished.
	FaultStarting FaultKind = "Starting"
	// FaultDeleted is a Node that is being deleted.
	FaultDeleted FaultKind = "Deleted"
	// FaultNotReady is a node whose condition Ready is not True.
	FaultNotReady FaultKind = "NotReady"
	// FaultCordoned is a node that somebody made unschedulable.
	FaultCordoned FaultKind = "Cordoned"
	// FaultTainted is a node with a taint that is not the operator's and that pods of teams do not tolerate.
	FaultTainted FaultKind = "Tainted"
	// FaultGPUs is a node that offers fewer GPUs than it should.
	FaultGPUs FaultKind = "MissingGPUs"
	// FaultDevices is a node on which a device of a DRA driver has a taint that keeps pods off (KEP-5055).
	FaultDevices FaultKind = "TaintedDevices"
	// FaultSmall is a node that offers much less of something else than most nodes of its pool.
	FaultSmall FaultKind = "TooSmall"
)

// Fault is what keeps the scheduler from giving a team all GPUs of a node.
type Fault struct {
	Kind FaultKind
	// Detail is for people: which taint, how many GPUs.
	Detail string
	// MissingGPUs is how many GPUs the fault costs the team.
	MissingGPUs int64
	// Since is when it began; zero if the Node does not tell.
	Since time.Time
}

// String says of a node what its fault is: "not Ready".
func (f Fault) String() string {
	switch f.Kind {
	case FaultStarting:
		return "being provisioned"
	case FaultDeleted:
		return "being deleted"
	case FaultNotReady:
		return "not Ready"
	case FaultCordoned:
		return "cordoned"
	default:
		return f.Detail
	}
}

// Replaceable reports whether another node takes the place of a team's node that has this fault for long. A node that is too
// small, is being provisioned or deleted is not broken hardware.
func (f Fault) Replaceable() bool {
	switch f.Kind {
	case FaultNotReady, FaultCordoned, FaultTainted, FaultGPUs, FaultDevices:
		return true
	default:
		return false
	}
}

// Requirements are what a node must offer to be healthy.
type Requirements struct {
	Resource corev1.ResourceName
	GPUs     int64
	// DeviceClass chooses the devices of a DRA driver that may stand for the GPUs instead of, or beside, an extended resource of the
	// Node; empty if none do.
	DeviceClass string
	// Devices are those, by node; a node without an entry has none. It is nil if they are not known: then a node on which no
	// device plugin serves the resource counts as having all of its GPUs.
	Devices map[string]Devices
	// Tolerated are taints that teams' pods tolerate by themselves. One without a value is tolerated with any value.
	Tolerated []corev1.Taint
}

// HasGPUs reports whether a node offers any of the pool's GPUs.
func (r Requirements) HasGPUs(node *corev1.Node) bool {
	gpus, served := node.Status.Allocatable[r.Resource]
	if r.Devices != nil {
		return gpus.Sign() > 0 || r.Devices[node.Name].Published > 0
	}
	return gpus.Sign() > 0 || !served && r.DeviceClass != ""
}

// Fault returns what keeps the scheduler from giving a team all GPUs of a node.
func (r Requirements) Fault(node *corev1.Node) Fault {
	ready := slices.IndexFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool { return condition.Type == corev1.NodeReady })
	taint, tainted := r.repellent(node)
	switch {
	case !node.DeletionTimestamp.IsZero():
		return Fault{Kind: FaultDeleted, MissingGPUs: r.GPUs, Since: node.DeletionTimestamp.Time}
	case ready < 0:
		return Fault{Kind: FaultNotReady, MissingGPUs: r.GPUs}
	case node.Status.Conditions[ready].Status != corev1.ConditionTrue:
		return Fault{Kind: FaultNotReady, MissingGPUs: r.GPUs, Since: node.Status.Conditions[ready].LastTransitionTime.Time}
	case node.Spec.Unschedulable:
		return Fault{Kind: FaultCordoned, MissingGPUs: r.GPUs}
	case tainted:
		return Fault{Kind: FaultTainted, MissingGPUs: r.GPUs, Detail: "tainted " + taint.ToString()}
	default:
		return r.gpuFault(node)
	}
}

// repellent returns the first taint that keeps a team's pods off a node and that is not the operator's.
func (r Requirements) repellent(node *corev1.Node) (taint corev1.Taint, found bool) {
	i := slices.IndexFunc(node.Spec.Taints, func(taint corev1.Taint) bool {
		return taint.Effect != corev1.TaintEffectPreferNoSchedule && !isOwnershipTaint(taint) && !r.tolerates(taint)
	})
	if i < 0 {
		return corev1.Taint{}, false
	}
	return node.Spec.Taints[i], true
}

// tolerates reports whether pods of teams tolerate a taint: those that ask for GPUs tolerate one that is called after the
// resource (admission plugin ExtendedResourceToleration), and those that are not BestEffort memory pressure (admission
// plugin TaintNodesByCondition); a quota of cpu and memory lets no pod be BestEffort.
func (r Requirements) tolerates(taint corev1.Taint) bool {
	return taint.Key == string(r.Resource) || taint.Key == corev1.TaintNodeMemoryPressure ||
		slices.ContainsFunc(r.Tolerated, func(tolerated corev1.Taint) bool {
			return tolerated.MatchTaint(&taint) && (tolerated.Value == "" || tolerated.Value == taint.Value)
		})
}
