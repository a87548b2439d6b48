package gpuquota

import corev1 "k8s.io/api/core/v1"

// GPUs returns how many GPUs of the pools a quota allows: the sum over their extended resources, each counted once.
func (q Quotas) GPUs(hard corev1.ResourceList) int32 {
	var sum int64
	for key := range q.extendedKeys() {
		quantity := hard[key]
		sum += quantity.Value()
	}
	return int32(sum)
}

// Used returns how many GPUs of the pools are in use, from a quota's status.used. Kubernetes charges a ResourceClaim
// of a class with an extended resource to both the class and that resource, which must not count twice; without one,
// to the class only. When a class gets an extended resource, the usage of the resource is stale until the quota
// controller recalculates it; hence the maximum of the two.
func (q Quotas) Used(used corev1.ResourceList) int32 {
	var sum int64
	claimed := map[corev1.ResourceName]int64{}
	keys := q.extendedKeys()
	for _, class := range q.poolClasses() {
		devices := used[devicesKey(class)]
		name := q.classes[class]
		if name == "" {
			sum += devices.Value()
			continue
		}
		keys[requestsOf(name)] = true
		claimed[requestsOf(name)] += devices.Value()
	}
	for key := range keys {
		quantity := used[key]
		sum += max(quantity.Value(), claimed[key])
	}
	return int32(sum)
}

// extendedKeys returns the quota keys of the pools' extended resources.
func (q Quotas) extendedKeys() map[corev1.ResourceName]bool {
	keys := map[corev1.ResourceName]bool{}
	for _, pool := range q.pools {
		keys[requestsOf(pool.ResourceName)] = true
	}
	return keys
}
