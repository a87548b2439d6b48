package team

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// How many objects a namespace with devices may have to claim them: each claim takes one device at the least, so
// these bound empty ones.
const (
	claimsPerGPU   = 4
	claimTemplates = "100"

	resourceClaims         corev1.ResourceName = "count/resourceclaims.resource.k8s.io"
	resourceClaimTemplates corev1.ResourceName = "count/resourceclaimtemplates.resource.k8s.io"
)

// entriesOf are the entries of a quota that count a pool's GPUs: as an extended resource, and by its device class.
func (in Input) entriesOf(pool *foundationv1alpha1.GPUPool) []corev1.ResourceName {
	entries := in.classEntries(pool.Spec.DeviceClassName)
	if name := requests(corev1.ResourceName(pool.Spec.ResourceName)); !slices.Contains(entries, name) {
		entries = append(entries, name)
	}
	return entries
}

// classEntries are the entries of a quota to which a claim of a device class is charged. Kubernetes has up to three.
func (in Input) classEntries(class string) []corev1.ResourceName {
	if class == "" {
		return nil
	}
	entries := []corev1.ResourceName{devicesEntry(class), corev1.ResourceName(corev1.ResourceImplicitExtendedClaimsPerClass + class)}
	if name := in.extendedResource(class); name != "" {
		entries = append(entries, requests(name))
	}
	// A class of a long name makes no valid entry. Pods cannot ask for it without a claim, and claims are refused by
	// foundation-claims; one entry that is not valid would have the whole quota refused.
	return slices.DeleteFunc(entries, func(name corev1.ResourceName) bool {
		return len(validation.IsQualifiedName(string(name))) > 0
	})
}

// devicesEntry counts the devices that claims of a class ask for.
func devicesEntry(class string) corev1.ResourceName {
	return corev1.ResourceName(class + corev1.ResourceClaimsPerClass)
}

// extendedResource is the extended resource to which devices of the class are charged too; empty if it has none.
func (in Input) extendedResource(class string) corev1.ResourceName {
	live := in.DeviceClasses[class]
	if live == nil || live.Spec.ExtendedResourceName == nil {
		return ""
	}
	return corev1.ResourceName(*live.Spec.ExtendedResourceName)
}

// deviceEntries are all entries of a quota that count devices: those of the pools, and of every device class there
// is. What a quota does not name is unlimited, so what is not granted has to be in it as 0.
func (in Input) deviceEntries() map[corev1.ResourceName]bool {
	all := map[corev1.ResourceName]bool{}
	for _, pool := range in.Pools {
		for _, name := range in.entriesOf(pool) {
			all[name] = true
		}
	}
	for class := range in.DeviceClasses {
		for _, name := range in.classEntries(class) {
			all[name] = true
		}
	}
	return all
}

// poolClasses are the pools' device classes, by name.
func (in Input) poolClasses() []string {
	classes := map[string]bool{}
	for _, pool := range in.Pools {
		if class := pool.Spec.DeviceClassName; class != "" {
			classes[class] = true
		}
	}
	return slices.Sorted(maps.Keys(classes))
}

// claimable are the device classes of which claims may be made in a place: those that it has a share of, as soon as
// the cluster counts them there.
func (in Input) claimable(p place, s share) string {
	quota := in.Quotas[p.name]
	if in.state() != foundationv1alpha1.StateInTerm || quota == nil {
		return ""
	}
	return strings.Join(slices.DeleteFunc(in.poolClasses(), func(class string) bool {
		_, counted := quota.Status.Hard[devicesEntry(class)]
		return s.entries[devicesEntry(class)] == 0 || !counted
	}), ",")
}

// gpusOf is the sum of a quota's entries for the pools' GPUs, each counted once.
func (in Input) gpusOf(list corev1.ResourceList) int32 {
	var sum int64
	for name := range in.extendedEntries() {
		quantity := list[name]
		sum += quantity.Value()
	}
	return int32(sum)
}

// usedOf is how many of the pools' GPUs are in use by a quota's account. A claim of a device class with an extended
// resource is charged to that too, where it would be counted twice; one of a class without is charged to the class
// alone. The account of the extended resource lags behind when a class gets one.
func (in Input) usedOf(list corev1.ResourceList) int32 {
	var sum int64
	claimed := map[corev1.ResourceName]int64{}
	extended := in.extendedEntries()
	for _, class := range in.poolClasses() {
		devices := list[devicesEntry(class)]
		if name := in.extendedResource(class); name != "" {
			extended[requests(name)] = true
			claimed[requests(name)] += devices.Value()
		} else {
			sum += devices.Value()
		}
	}
	for name := range extended {
		quantity := list[name]
		sum += max(quantity.Value(), claimed[name])
	}
	return int32(sum)
}

// extendedEntries are the entries of a quota for the pools' extended resources.
func (in Input) extendedEntries() map[corev1.ResourceName]bool {
	names := map[corev1.ResourceName]bool{}
	for _, pool := range in.Pools {
		names[requests(corev1.ResourceName(pool.Spec.ResourceName))] = true
	}
	return names
}
