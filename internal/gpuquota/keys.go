package gpuquota

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// deviceClasses are the cluster's DeviceClasses, each with its extended resource, if it has one.
type deviceClasses map[string]corev1.ResourceName

// keysOfPool are the quota keys that count a pool's GPUs: as an extended resource, and by its device class.
func (d deviceClasses) keysOfPool(pool Pool) []corev1.ResourceName {
	keys := d.keysOf(pool.DeviceClass)
	if key := requestsOf(pool.ResourceName); !slices.Contains(keys, key) {
		keys = append(keys, key)
	}
	return keys
}

// keysOf are the quota keys to which a claim of a device class is charged. Kubernetes has up to three for it.
func (d deviceClasses) keysOf(class string) []corev1.ResourceName {
	if class == "" {
		return nil
	}
	keys := []corev1.ResourceName{devicesKey(class), corev1.ResourceName(corev1.ResourceImplicitExtendedClaimsPerClass + class)}
	if name := d[class]; name != "" {
		keys = append(keys, requestsOf(name))
	}
	// The name of a class can be too long for a key. The API server refuses a quota that has one invalid key as a whole;
	// without the key, pods still cannot ask for such a class without a claim, and foundation-claims refuses the claims.
	return slices.DeleteFunc(keys, func(key corev1.ResourceName) bool {
		return len(validation.IsQualifiedName(string(key))) > 0
	})
}

// devicesKey counts the devices that claims of a class ask for.
func devicesKey(class string) corev1.ResourceName {
	return corev1.ResourceName(class + corev1.ResourceClaimsPerClass)
}

// requestsOf is the quota key that counts what pods request of a resource.
func requestsOf(name corev1.ResourceName) corev1.ResourceName {
	return corev1.DefaultResourceRequestsPrefix + name
}
