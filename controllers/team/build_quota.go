package team

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// base is what every open namespace may use besides what comes with its GPUs.
var base = map[corev1.ResourceName]resource.Quantity{
	corev1.ResourceRequestsCPU:              resource.MustParse("16"),
	corev1.ResourceRequestsMemory:           resource.MustParse("64Gi"),
	corev1.ResourceRequestsEphemeralStorage: resource.MustParse("200Gi"),
	corev1.ResourceRequestsStorage:          resource.MustParse("1Ti"),
	corev1.ResourcePersistentVolumeClaims:   resource.MustParse("20"),
	corev1.ResourcePods:                     resource.MustParse("200"),
}

// dataAccess is what replaces that when a team's time is over: some pods to read and copy data with, and no new storage.
var dataAccess = map[corev1.ResourceName]resource.Quantity{
	corev1.ResourcePods:                   resource.MustParse("20"),
	corev1.ResourceRequestsStorage:        resource.MustParse("0"),
	corev1.ResourcePersistentVolumeClaims: resource.MustParse("0"),
}

const (
	// podsPerGPU is how many more pods a namespace may have for each GPU.
	podsPerGPU = 4
	// finishedPods is how many times as many pods there may be when those that have ended are counted too.
	finishedPods = 3
)

// counts bound how many objects a namespace may have, so that no team can flood the API server.
var counts = map[corev1.ResourceName]resource.Quantity{
	corev1.ResourceServices:               resource.MustParse("50"),
	corev1.ResourceSecrets:                resource.MustParse("100"),
	corev1.ResourceConfigMaps:             resource.MustParse("200"),
	"count/deployments.apps":              resource.MustParse("100"),
	"count/replicasets.apps":              resource.MustParse("1000"),
	"count/statefulsets.apps":             resource.MustParse("50"),
	"count/jobs.batch":                    resource.MustParse("1000"),
	"count/cronjobs.batch":                resource.MustParse("50"),
	"count/controllerrevisions.apps":      resource.MustParse("500"),
	"count/leases.coordination.k8s.io":    resource.MustParse("100"),
	corev1.ResourceReplicationControllers: resource.MustParse("0"),
	// Ways around isolation and around the GPU quota.
	corev1.ResourceServicesNodePorts:     resource.MustParse("0"),
	corev1.ResourceServicesLoadBalancers: resource.MustParse("0"),
	resourceClaims:                       resource.MustParse("0"),
	resourceClaimTemplates:               resource.MustParse("0"),
}

// ownCounts bound what leads may write beside the operator. They are never 0: it must be able to restore what it made, in a
// locked place too, and at once when one is opened again.
var ownCounts = map[corev1.ResourceName]resource.Quantity{
	"count/networkpolicies.networking.k8s.io":      resource.MustParse("50"),
	"count/rolebindings.rbac.authorization.k8s.io": resource.MustParse("100"),
	"count/roles.rbac.authorization.k8s.io":        resource.MustParse("50"),
}

// startKeys are the entries that are 0 where nothing may start.
var startKeys = []corev1.ResourceName{
	corev1.ResourcePods, corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory, corev1.ResourceRequestsEphemeralStorage,
	resourceClaims, resourceClaimTemplates,
}

// buildQuota is the namespace's ResourceQuota: GPUs as shared out, what comes with them by the nodes' shape, a base, and
// bounds on everything else. GPUs of pools and device classes that the team has no part in are 0. Where nothing may
// start, what starts is 0; in a place that staff have no access to all of it is, but what the operator itself makes.
func buildQuota(in Input, p place, shares map[string]share) *corev1ac.ResourceQuotaApplyConfiguration {
	hard := maps.Clone(counts)
	maps.Copy(hard, base)
	maps.Copy(hard, ownCounts)
	if p.state == foundationv1alpha1.ResourceDataAccess {
		maps.Copy(hard, dataAccess)
	}
	share := shares[p.name]
	hard[corev1.ResourcePods] = plus(hard[corev1.ResourcePods], *resource.NewQuantity(podsPerGPU*share.gpus, resource.DecimalSI))
	if devices := share.devices(); devices > 0 {
		hard[resourceClaims] = *resource.NewQuantity(claimsPerGPU*devices, resource.DecimalSI)
		hard[resourceClaimTemplates] = resource.MustParse(claimTemplates)
	}
	for name, quantity := range share.compute {
		hard[requests(name)] = plus(hard[requests(name)], quantity)
	}
	for _, claim := range in.volumeSizes(p.name) {
		hard[corev1.ResourceRequestsStorage] = plus(hard[corev1.ResourceRequestsStorage], claim)
		hard[corev1.ResourcePersistentVolumeClaims] = plus(hard[corev1.ResourcePersistentVolumeClaims], resource.MustParse("1"))
	}
	hard["count/pods"] = times(hard[corev1.ResourcePods], finishedPods)
	if p.spec != nil && p.open() {
		maps.Copy(hard, p.spec.Quota)
	}
	if in.state() != foundationv1alpha1.StateInTerm {
		share.entries = nil
	}
	if p.open() && in.state() != foundationv1alpha1.StateInTerm {
		for _, key := range startKeys {
			hard[key] = resource.MustParse("0")
		}
	}
	if !p.accessible() {
		share.entries = nil
		for key := range hard {
			hard[key] = resource.MustParse("0")
		}
		maps.Copy(hard, ownCounts)
	}
	for name := range in.deviceEntries() {
		hard[name] = resource.MustParse("0")
	}
	for name, gpus := range share.entries {
		hard[name] = *resource.NewQuantity(gpus, resource.DecimalSI)
	}
	labels, annotations := marks(in)
	return corev1ac.ResourceQuota(objectName, p.name).WithLabels(labels).WithAnnotations(annotations).
		WithSpec(corev1ac.ResourceQuotaSpec().WithHard(hard))
}

// buildLimitRange gives containers that say nothing about themselves small requests, and limits where the namespace's
// quota counts limits: a quota refuses what says nothing.
func buildLimitRange(in Input, p place) *corev1ac.LimitRangeApplyConfiguration {
	item := corev1ac.LimitRangeItem().WithType(corev1.LimitTypeContainer).WithDefaultRequest(defaultRequests)
	limits := corev1.ResourceList{}
	for name, quantity := range defaultRequests {
		if _, counted := quotaOf(p)["limits."+name]; counted {
			limits[name] = quantity
		}
	}
	if len(limits) > 0 {
		item.WithDefault(limits)
	}
	labels, annotations := marks(in)
	return corev1ac.LimitRange(objectName, p.name).WithLabels(labels).WithAnnotations(annotations).
		WithSpec(corev1ac.LimitRangeSpec().WithLimits(item))
}

// defaultRequests are those of a container that says nothing.
var defaultRequests = corev1.ResourceList{
	corev1.ResourceCPU:              resource.MustParse("500m"),
	corev1.ResourceMemory:           resource.MustParse("1Gi"),
	corev1.ResourceEphemeralStorage: resource.MustParse("1Gi"),
}

func quotaOf(p place) corev1.ResourceList {
	if p.spec == nil {
		return nil
	}
	return p.spec.Quota
}

// volumeSizes are the sizes of the claims that the operator makes, or keeps, in a namespace.
func (in Input) volumeSizes(namespace string) []resource.Quantity {
	sizes := map[string]resource.Quantity{}
	for _, claim := range in.Volumes {
		if claim.Namespace == namespace {
			sizes[claim.Name] = claim.Spec.Resources.Requests[corev1.ResourceStorage]
		}
	}
	for _, volume := range in.Team.Spec.Volumes {
		if foundationv1alpha1.NamespaceName(in.Team.Name, volume.Namespace) == namespace {
			sizes[volume.Name] = volume.Size
		}
	}
	var list []resource.Quantity
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		list = append(list, sizes[name])
	}
	return list
}

func requests(name corev1.ResourceName) corev1.ResourceName {
	return corev1.DefaultResourceRequestsPrefix + name
}

func times(quantity resource.Quantity, n int64) resource.Quantity {
	product := quantity.DeepCopy()
	product.Mul(n)
	return product
}

func plus(a, b resource.Quantity) resource.Quantity {
	sum := a.DeepCopy()
	sum.Add(b)
	return sum
}
