package gpuquota

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// deviceClasses are the cluster's DeviceClasses, each with its extended resource, if it has one.
type deviceClasses map[string]corev1.ResourceName

// keysOfPool returns the quota keys that count a pool's GPUs: as an extended resource, and by its device class.
func (d deviceClasses) keysOfPool(pool Pool) []corev1.ResourceName {
	keys := d.keysOfClass(pool.DeviceClass)
	if key := requestsOf(pool.ResourceName); !slices.Contains(keys, key) {
		keys = append(keys, key)
	}
	return keys
}

// keysOfClass returns the quota keys to which Kubernetes charges a ResourceClaim of a device class, up to three.
func (d deviceClasses) keysOfClass(class string) []corev1.ResourceName {
	if class == "" {
		return nil
	}
	keys := []corev1.ResourceName{devicesKey(class), corev1.ResourceName(corev1.ResourceImplicitExtendedClaimsPerClass + class)}
	if name := d[class]; name != "" {
		keys = append(keys, requestsOf(name))
	}
	// The name of a class can be too long for a key, and the API server refuses a whole quota for one invalid key.
	// Leaving the key out is safe: pods can request such a class only by a ResourceClaim, and the policy
	// foundation-claims refuses those.
	return slices.DeleteFunc(keys, func(key corev1.ResourceName) bool {
		return len(validation.IsQualifiedName(string(key))) > 0
	})
}

// devicesKey returns the quota key that counts the devices that ResourceClaims request of a class.
func devicesKey(class string) corev1.ResourceName {
	return corev1.ResourceName(class + corev1.ResourceClaimsPerClass)
}

// requestsOf returns the quota key that counts what pods request of a resource.
func requestsOf(name corev1.ResourceName) corev1.ResourceName {
	return corev1.DefaultResourceRequestsPrefix + name
}
