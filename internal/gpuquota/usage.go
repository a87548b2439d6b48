package gpuquota

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// GPUs returns how many GPUs of the pools a quota allows: the sum over their extended resources, each counted once.
func (q Quotas) GPUs(hard corev1.ResourceList) int32 {
	var sum int64
	for key := range extendedKeys(q.pools) {
		quantity := hard[key]
		sum += quantity.Value()
	}
	return int32(sum)
}

// Used returns how many GPUs of the pools are in use, from a quota's status.used.
func (q Quotas) Used(used corev1.ResourceList) int32 { return int32(usedIn(q.pools, q.classes, used)) }

// usedOf returns how many GPUs of the pools with an extended resource are in use.
func (q Quotas) usedOf(resource corev1.ResourceName, used corev1.ResourceList) int64 {
	return usedIn(slices.DeleteFunc(slices.Clone(q.pools), func(p Pool) bool { return p.ResourceName != resource }), q.classes, used)
}

// usedIn returns how many GPUs of some pools are in use. Kubernetes charges a ResourceClaim of a class with an extended
// resource to both the class and that resource, which must not count twice; without one, to the class only. When a class gets
// an extended resource, the usage of the resource is stale until the quota controller recalculates it; hence the maximum of
// the two.
func usedIn(pools []Pool, classes deviceClasses, used corev1.ResourceList) int64 {
	var sum int64
	claimed := map[corev1.ResourceName]int64{}
	keys := extendedKeys(pools)
	for _, class := range poolClasses(pools) {
		name := classes[class]
		if name == "" {
			sum += valueOf(used, devicesKey(class))
			continue
		}
		keys[requestsOf(name)] = true
		claimed[requestsOf(name)] += valueOf(used, devicesKey(class))
	}
	for key := range keys {
		sum += max(valueOf(used, key), claimed[key])
	}
	return sum
}

// usedBy returns what each namespace uses.
func usedBy(namespaces []Namespace, count func(corev1.ResourceList) int64) []int64 {
	used := make([]int64, len(namespaces))
	for i, namespace := range namespaces {
		used[i] = count(namespace.Used)
	}
	return used
}

func valueOf(list corev1.ResourceList, key corev1.ResourceName) int64 {
	quantity := list[key]
	return quantity.Value()
}

// extendedKeys returns the quota keys of the pools' extended resources.
func extendedKeys(pools []Pool) map[corev1.ResourceName]bool {
	keys := map[corev1.ResourceName]bool{}
	for _, pool := range pools {
		keys[requestsOf(pool.ResourceName)] = true
	}
	return keys
}
