// Package gpuquota computes, from the GPUs that pools granted to a team, what the ResourceQuotas of its namespaces
// allow: GPUs as extended resources and by device class, and CPU, memory and pods in proportion.
package gpuquota

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

const (
	// podsPerGPU is how many more pods a namespace may have for each GPU.
	podsPerGPU = 4
	// resourceClaimsPerGPU bounds the ResourceClaims of a namespace, most of all those that are not allocated: each
	// allocated one takes at least one device anyway.
	resourceClaimsPerGPU = 4
	// maxResourceClaimTemplates bounds the ResourceClaimTemplates of a namespace that may have ResourceClaims. They
	// hold no device; the bound only protects the API server's storage.
	maxResourceClaimTemplates = 100

	// ResourceClaims is the quota key that counts ResourceClaims.
	ResourceClaims corev1.ResourceName = "count/resourceclaims.resource.k8s.io"
	// ResourceClaimTemplates is the quota key that counts ResourceClaimTemplates.
	ResourceClaimTemplates corev1.ResourceName = "count/resourceclaimtemplates.resource.k8s.io"
)

// Input is everything that a team's device quotas depend on.
type Input struct {
	// Pools are all pools of the cluster, not only those that granted something: a quota does not limit a resource
	// that it does not name, so the GPUs of every other pool have to be in it with 0.
	Pools []Pool
	// DeviceClasses are all DeviceClasses of the cluster, each with its extendedResourceName, to which Kubernetes
	// charges its devices too; empty if it has none.
	DeviceClasses map[string]corev1.ResourceName
	// Namespaces are those among which the grant is divided by weight, and with weight 0 those that get no share and may
	// still use some of it.
	Namespaces []Namespace
}

// Pool is a pool, with what it granted to the team.
type Pool struct {
	// ResourceName is the extended resource of its GPUs, DeviceClass the class by which ResourceClaims request them;
	// empty if none.
	ResourceName corev1.ResourceName
	DeviceClass  string
	// Granted is how many of its GPUs the team is granted. Held is how many its nodes have, more than granted while some are
	// drained.
	Granted, Held int32
	GPUsPerNode   int32
	// Node is what its smallest healthy node offers besides GPUs, so that quotas never promise more than the nodes
	// have. Outliers are not healthy.
	Node corev1.ResourceList
}

// Namespace is a namespace of the team with its weight in the division.
type Namespace struct {
	Name   string
	Weight int64
	// Used is status.used of its quota. What it uses beyond its share is not given to others before it is free.
	Used corev1.ResourceList
}

// Quotas is the device side of all quotas of a team.
type Quotas struct {
	// Shares are the shares of the grant, by namespace. It is empty while nothing is granted.
	Shares map[string]Share
	// Keys are all quota keys that count devices. Every quota of the team has to name every one of them.
	Keys map[corev1.ResourceName]bool

	pools   []Pool
	classes deviceClasses
}

// Share is what a namespace gets of the GPUs that its team was granted.
type Share struct {
	// GPUs is how many in all, Devices how many by quota key. A pool with a device class has several keys for the
	// same GPUs, so Devices may add up to more.
	GPUs    int64
	Devices map[corev1.ResourceName]int64
	// Weighted is how many GPUs its weight gives it. It has fewer while other namespaces use more than their share, or none.
	Weighted int64
	// Compute is the proportional share of what the granted nodes offer besides GPUs.
	Compute corev1.ResourceList
}

// Compute divides the grants among the namespaces.
func Compute(in Input) Quotas {
	q := Quotas{Shares: map[string]Share{}, Keys: map[corev1.ResourceName]bool{}, pools: in.Pools, classes: in.DeviceClasses}
	weights := make([]int64, len(in.Namespaces))
	for i, namespace := range in.Namespaces {
		weights[i] = namespace.Weight
	}
	for name, granted := range grantsByResource(in.Pools) {
		weighted := split(granted.gpus, weights)
		used := usedBy(in.Namespaces, func(used corev1.ResourceList) int64 { return q.usedOf(name, used) })
		for i, gpus := range divide(granted.gpus, granted.capacity, weights, used) {
			q.Shares[in.Namespaces[i].Name] = q.Shares[in.Namespaces[i].Name].plus(gpus, weighted[i], granted)
		}
	}
	for key, granted := range grantsByKey(in.Pools, q.classes) {
		used := usedBy(in.Namespaces, func(used corev1.ResourceList) int64 { return valueOf(used, key) })
		for i, gpus := range divide(granted.gpus, granted.capacity, weights, used) {
			q.Shares[in.Namespaces[i].Name].Devices[key] = gpus
		}
	}
	for _, pool := range in.Pools {
		for _, key := range q.classes.keysOfPool(pool) {
			q.Keys[key] = true
		}
	}
	for class := range in.DeviceClasses {
		for _, key := range q.classes.keysOfClass(class) {
			q.Keys[key] = true
		}
	}
	return q
}

// Hard returns the device keys of a namespace's quota: its share, and 0 for keys that it has no share of.
func (q Quotas) Hard(namespace string) corev1.ResourceList {
	hard := q.NoDevices()
	for key, devices := range q.Shares[namespace].Devices {
		hard[key] = *resource.NewQuantity(devices, resource.DecimalSI)
	}
	return hard
}

// NoDevices returns every device key with 0, for a quota that lets nothing use a GPU.
func (q Quotas) NoDevices() corev1.ResourceList {
	hard := corev1.ResourceList{}
	for key := range q.Keys {
		hard[key] = resource.MustParse("0")
	}
	return hard
}

// ClaimableClasses returns the device classes, by name, that ResourceClaims in a namespace may request: those that it
// has a share of, as soon as the quota that the cluster enforces there counts them. Before that, such a ResourceClaim
// would not be counted at all.
func (q Quotas) ClaimableClasses(namespace string, enforced corev1.ResourceList) []string {
	share := q.Shares[namespace]
	return slices.DeleteFunc(poolClasses(q.pools), func(class string) bool {
		_, counted := enforced[devicesKey(class)]
		return share.Devices[devicesKey(class)] == 0 || !counted
	})
}

// Extras returns what a namespace gets on top of every namespace's base quota, by quota key: pods, the CPU, memory
// and ephemeral storage of its share of the nodes, and ResourceClaims if a device class has its GPUs.
func (s Share) Extras() corev1.ResourceList {
	extras := corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(podsPerGPU*s.GPUs, resource.DecimalSI)}
	if devices := s.claimableDevices(); devices > 0 {
		extras[ResourceClaims] = *resource.NewQuantity(resourceClaimsPerGPU*devices, resource.DecimalSI)
		extras[ResourceClaimTemplates] = *resource.NewQuantity(maxResourceClaimTemplates, resource.DecimalSI)
	}
	for name, quantity := range s.Compute {
		extras[requestsOf(name)] = quantity
	}
	return extras
}

// claimableDevices returns how many devices ResourceClaims can request by device class.
func (s Share) claimableDevices() int64 {
	var sum int64
	for key, devices := range s.Devices {
		if strings.HasSuffix(string(key), corev1.ResourceClaimsPerClass) {
			sum += devices
		}
	}
	return sum
}

// plus returns the share with some more GPUs of a grant, and the compute resources that come with them.
func (s Share) plus(gpus, weighted int64, granted grant) Share {
	if s.Devices == nil {
		s = Share{Devices: map[corev1.ResourceName]int64{}, Compute: corev1.ResourceList{}}
	}
	s.GPUs, s.Weighted = s.GPUs+gpus, s.Weighted+weighted
	for name, quantity := range granted.compute {
		if granted.gpus == 0 {
			break // all of it is drained
		}
		s.Compute[name] = add(s.Compute[name], proportion(name, quantity, gpus, granted.gpus))
	}
	return s
}

// grant is what all pools with one extended resource, or with one quota key, granted.
type grant struct {
	gpus int64
	// capacity is how many GPUs the team's nodes have, at least those that were granted.
	capacity int64
	compute  corev1.ResourceList
}

func (g grant) plus(pool Pool) grant {
	g.gpus += int64(pool.Granted)
	g.capacity += int64(max(pool.Granted, pool.Held))
	return g
}

// grantsByResource adds up the pools with the same extended resource, because a quota cannot tell them apart.
func grantsByResource(pools []Pool) map[corev1.ResourceName]grant {
	grants := map[corev1.ResourceName]grant{}
	for _, pool := range pools {
		if pool.Granted == 0 && pool.Held == 0 {
			continue
		}
		sum := grants[pool.ResourceName].plus(pool)
		if sum.compute == nil {
			sum.compute = corev1.ResourceList{}
		}
		for name, quantity := range pool.Node {
			all := quantity.DeepCopy()
			all.Mul(int64(pool.Granted / pool.GPUsPerNode))
			sum.compute[name] = add(sum.compute[name], all)
		}
		grants[pool.ResourceName] = sum
	}
	return grants
}

// grantsByKey adds up the pools that the same quota key counts.
func grantsByKey(pools []Pool, classes deviceClasses) map[corev1.ResourceName]grant {
	grants := map[corev1.ResourceName]grant{}
	for _, pool := range pools {
		if pool.Granted == 0 && pool.Held == 0 {
			continue
		}
		for _, key := range classes.keysOfPool(pool) {
			grants[key] = grants[key].plus(pool)
		}
	}
	return grants
}

// poolClasses returns the device classes of the pools, sorted.
func poolClasses(pools []Pool) []string {
	classes := map[string]bool{}
	for _, pool := range pools {
		if pool.DeviceClass != "" {
			classes[pool.DeviceClass] = true
		}
	}
	return slices.Sorted(maps.Keys(classes))
}

func add(a, b resource.Quantity) resource.Quantity {
	sum := a.DeepCopy()
	sum.Add(b)
	return sum
}
