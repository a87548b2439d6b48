// Package gpuquota turns the GPUs that pools granted to a team into what the ResourceQuotas of its namespaces say about
// devices: GPUs as extended resources and by device class, and the CPU, memory and pods that come with them.
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
	// claimsPerGPU bounds the ResourceClaims of a namespace. A claim takes at least one device, so this bounds empty ones.
	claimsPerGPU = 4
	// claimTemplates bounds the ResourceClaimTemplates of a namespace that may have claims.
	claimTemplates = 100

	// ResourceClaims is the quota key that counts ResourceClaims, by which pods get devices.
	ResourceClaims corev1.ResourceName = "count/resourceclaims.resource.k8s.io"
	// ResourceClaimTemplates is the quota key that counts what such claims are made from.
	ResourceClaimTemplates corev1.ResourceName = "count/resourceclaimtemplates.resource.k8s.io"
)

// Input is all that the device part of a team's quotas follows from.
type Input struct {
	// Pools are all pools of the cluster, not only those that granted something: a quota does not limit what it does not
	// name, so the GPUs of every other pool have to be in it as 0.
	Pools []Pool
	// DeviceClasses are all DeviceClasses of the cluster, each with the extended resource to which Kubernetes charges its
	// devices too; empty if it has none.
	DeviceClasses map[string]corev1.ResourceName
	// Namespaces share what was granted, by weight.
	Namespaces []Namespace
}

// Pool is a pool, with what it granted to the team.
type Pool struct {
	// ResourceName is the extended resource of its GPUs, DeviceClass the class by which they can be claimed; empty if none.
	ResourceName corev1.ResourceName
	DeviceClass  string
	// Granted is how many GPUs the team has of it.
	Granted     int32
	GPUsPerNode int32
	// Node is what its smallest healthy node offers besides GPUs.
	Node corev1.ResourceList
}

// Namespace is a namespace that takes part in the division.
type Namespace struct {
	Name   string
	Weight int64
}

// Quotas is what the quotas of a team say about devices.
type Quotas struct {
	// Shares are the namespaces' parts of the grant, by namespace. It is empty while nothing is granted.
	Shares map[string]Share
	// Keys are all quota keys that count devices. Every quota of the team has to name every one of them.
	Keys map[corev1.ResourceName]bool

	pools   []Pool
	classes deviceClasses
}

// Share is a namespace's part of what a team was granted.
type Share struct {
	// GPUs is how many in all, Devices how many by each quota key: a pool with a device class has several keys for the
	// same GPUs.
	GPUs    int64
	Devices map[corev1.ResourceName]int64
	// Compute is what the nodes offer besides GPUs, in proportion.
	Compute corev1.ResourceList
}

// Compute divides what was granted among the namespaces.
func Compute(in Input) Quotas {
	q := Quotas{Shares: map[string]Share{}, Keys: map[corev1.ResourceName]bool{}, pools: in.Pools, classes: in.DeviceClasses}
	weights := make([]int64, len(in.Namespaces))
	for i, namespace := range in.Namespaces {
		weights[i] = namespace.Weight
	}
	for _, granted := range grantsByResource(in.Pools) {
		for i, gpus := range split(granted.gpus, weights) {
			q.Shares[in.Namespaces[i].Name] = q.Shares[in.Namespaces[i].Name].plus(gpus, granted)
		}
	}
	for key, granted := range grantsByKey(in.Pools, q.classes) {
		for i, gpus := range split(granted, weights) {
			q.Shares[in.Namespaces[i].Name].Devices[key] = gpus
		}
	}
	for _, pool := range in.Pools {
		for _, key := range q.classes.keysOfPool(pool) {
			q.Keys[key] = true
		}
	}
	for class := range in.DeviceClasses {
		for _, key := range q.classes.keysOf(class) {
			q.Keys[key] = true
		}
	}
	return q
}

// Hard is the device part of a namespace's quota: its share, and 0 for whatever it has no share of.
func (q Quotas) Hard(namespace string) corev1.ResourceList {
	hard := q.NoDevices()
	for key, devices := range q.Shares[namespace].Devices {
		hard[key] = *resource.NewQuantity(devices, resource.DecimalSI)
	}
	return hard
}

// NoDevices is the device part of a quota where nothing may start: every key, and all of them 0.
func (q Quotas) NoDevices() corev1.ResourceList {
	hard := corev1.ResourceList{}
	for key := range q.Keys {
		hard[key] = resource.MustParse("0")
	}
	return hard
}

// ClaimableClasses are the device classes, by name, of which a namespace may make claims: those that it has a share of,
// as far as the quota that the cluster enforces there counts them. Before that a claim would be counted nowhere.
func (q Quotas) ClaimableClasses(namespace string, enforced corev1.ResourceList) []string {
	share := q.Shares[namespace]
	return slices.DeleteFunc(q.poolClasses(), func(class string) bool {
		_, counted := enforced[devicesKey(class)]
		return share.Devices[devicesKey(class)] == 0 || !counted
	})
}

// Extras is what a namespace gets on top of what every namespace has, by quota key: pods, the CPU, memory and ephemeral
// storage of its part of the nodes, and claims where its GPUs can be claimed.
func (s Share) Extras() corev1.ResourceList {
	extras := corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(podsPerGPU*s.GPUs, resource.DecimalSI)}
	if devices := s.claimable(); devices > 0 {
		extras[ResourceClaims] = *resource.NewQuantity(claimsPerGPU*devices, resource.DecimalSI)
		extras[ResourceClaimTemplates] = *resource.NewQuantity(claimTemplates, resource.DecimalSI)
	}
	for name, quantity := range s.Compute {
		extras[requestsOf(name)] = quantity
	}
	return extras
}

// claimable is how many devices can be claimed by device class.
func (s Share) claimable() int64 {
	var sum int64
	for key, devices := range s.Devices {
		if strings.HasSuffix(string(key), corev1.ResourceClaimsPerClass) {
			sum += devices
		}
	}
	return sum
}

// plus is the share with so many more GPUs of a grant.
func (s Share) plus(gpus int64, granted grant) Share {
	if s.Devices == nil {
		s = Share{Devices: map[corev1.ResourceName]int64{}, Compute: corev1.ResourceList{}}
	}
	s.GPUs += gpus
	for name, quantity := range granted.compute {
		s.Compute[name] = add(s.Compute[name], proportion(name, quantity, gpus, granted.gpus))
	}
	return s
}

// grant is what the pools of one extended resource gave.
type grant struct {
	gpus    int64
	compute corev1.ResourceList
}

// grantsByResource adds up pools of one extended resource, which a pod cannot tell apart.
func grantsByResource(pools []Pool) map[corev1.ResourceName]grant {
	grants := map[corev1.ResourceName]grant{}
	for _, pool := range pools {
		if pool.Granted == 0 {
			continue
		}
		sum := grants[pool.ResourceName]
		if sum.compute == nil {
			sum.compute = corev1.ResourceList{}
		}
		sum.gpus += int64(pool.Granted)
		for name, quantity := range pool.Node {
			all := quantity.DeepCopy()
			all.Mul(int64(pool.Granted / pool.GPUsPerNode))
			sum.compute[name] = add(sum.compute[name], all)
		}
		grants[pool.ResourceName] = sum
	}
	return grants
}

// grantsByKey adds up pools that are counted by the same quota key.
func grantsByKey(pools []Pool, classes deviceClasses) map[corev1.ResourceName]int64 {
	grants := map[corev1.ResourceName]int64{}
	for _, pool := range pools {
		if pool.Granted == 0 {
			continue
		}
		for _, key := range classes.keysOfPool(pool) {
			grants[key] += int64(pool.Granted)
		}
	}
	return grants
}

// poolClasses are the device classes of the pools, sorted.
func (q Quotas) poolClasses() []string {
	classes := map[string]bool{}
	for _, pool := range q.pools {
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
