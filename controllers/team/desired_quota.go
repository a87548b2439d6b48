package team

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpuquota"
)

// baseQuota is what every active namespace may use besides what comes with its GPUs.
var baseQuota = map[corev1.ResourceName]resource.Quantity{
	corev1.ResourceRequestsCPU:              resource.MustParse("16"),
	corev1.ResourceRequestsMemory:           resource.MustParse("64Gi"),
	corev1.ResourceRequestsEphemeralStorage: resource.MustParse("200Gi"),
	corev1.ResourceRequestsStorage:          resource.MustParse("1Ti"),
	corev1.ResourcePersistentVolumeClaims:   resource.MustParse("20"),
	corev1.ResourcePods:                     resource.MustParse("200"),
}

// dataAccessQuota overrides baseQuota when a team's time is over: a few pods to read and copy data, and no new storage.
var dataAccessQuota = map[corev1.ResourceName]resource.Quantity{
	corev1.ResourcePods:                   resource.MustParse("20"),
	corev1.ResourceRequestsStorage:        resource.MustParse("0"),
	corev1.ResourcePersistentVolumeClaims: resource.MustParse("0"),
}

// countPods is the quota key that counts finished pods, too; the key pods does not.
const countPods corev1.ResourceName = "count/pods"

// finishedPods is how many finished pods a namespace may have beside those that run. A Job keeps its pods until it is
// deleted, so a lower bound would stop a Job of many short pods for good. The cluster's pod garbage collector deletes the
// oldest from 12,500 in the cluster on, unless --terminated-pod-gc-threshold says otherwise: where it does its work this
// bound is never reached, and where it does not etcd is still safe.
var finishedPods = resource.MustParse("20k")

// objectCounts limit how many objects a namespace may have, so that no team can fill etcd.
var objectCounts = map[corev1.ResourceName]resource.Quantity{
	corev1.ResourceServices:               resource.MustParse("50"),
	corev1.ResourceSecrets:                resource.MustParse("100"),
	corev1.ResourceConfigMaps:             resource.MustParse("200"),
	"count/deployments.apps":              resource.MustParse("100"),
	"count/replicasets.apps":              resource.MustParse("1200"), // each Deployment keeps ten old ones
	"count/statefulsets.apps":             resource.MustParse("50"),
	"count/jobs.batch":                    resource.MustParse("1000"),
	"count/cronjobs.batch":                resource.MustParse("50"),
	"count/controllerrevisions.apps":      resource.MustParse("600"), // each StatefulSet keeps ten old ones
	"count/leases.coordination.k8s.io":    resource.MustParse("100"),
	corev1.ResourceReplicationControllers: resource.MustParse("0"),
	// These kinds would be ways around isolation or the GPU quota.
	corev1.ResourceServicesNodePorts:     resource.MustParse("0"),
	corev1.ResourceServicesLoadBalancers: resource.MustParse("0"),
	gpuquota.ResourceClaims:              resource.MustParse("0"),
	gpuquota.ResourceClaimTemplates:      resource.MustParse("0"),
}

// sharedCounts limit the kinds that both leads and the operator write. They are never 0: the operator must be able to
// restore its own objects in a locked namespace too, and to bind roles at once when one is opened again.
var sharedCounts = map[corev1.ResourceName]resource.Quantity{
	"count/networkpolicies.networking.k8s.io":      resource.MustParse("50"),
	"count/rolebindings.rbac.authorization.k8s.io": resource.MustParse("100"),
	"count/roles.rbac.authorization.k8s.io":        resource.MustParse("50"),
}

// startKeys are set to 0 where no workload may start.
var startKeys = []corev1.ResourceName{
	corev1.ResourcePods, corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory, corev1.ResourceRequestsEphemeralStorage,
	gpuquota.ResourceClaims, gpuquota.ResourceClaimTemplates,
}

// buildQuota builds the namespace's ResourceQuota: the base, what comes with its GPUs and volumes, and a limit on
// everything else. Devices that the team has no share of are 0. Where nothing may start, workloads are 0; where staff have
// no access everything is 0, except for what the operator itself creates.
func buildQuota(m *Model, n teamNamespace) *corev1ac.ResourceQuotaApplyConfiguration {
	hard := maps.Clone(objectCounts)
	maps.Copy(hard, baseQuota)
	maps.Copy(hard, sharedCounts)
	if n.state == foundationv1alpha1.ResourceDataAccess {
		maps.Copy(hard, dataAccessQuota)
	}
	for key, quantity := range m.Devices.Shares[n.name].Extras() {
		hard[key] = plus(hard[key], quantity)
	}
	for _, size := range volumeSizes(m, n) {
		hard[corev1.ResourceRequestsStorage] = plus(hard[corev1.ResourceRequestsStorage], size)
		hard[corev1.ResourcePersistentVolumeClaims] = plus(hard[corev1.ResourcePersistentVolumeClaims], resource.MustParse("1"))
	}
	if n.active() {
		maps.Copy(hard, overridesOf(n))
	}
	if _, overridden := hard[countPods]; !overridden {
		hard[countPods] = plus(hard[corev1.ResourcePods], finishedPods)
	}
	devices := m.Devices.NoDevices()
	switch {
	case !n.accessible():
		for key := range hard {
			hard[key] = resource.MustParse("0")
		}
		maps.Copy(hard, sharedCounts)
	case m.Served == foundationv1alpha1.StateInTerm:
		devices = m.Devices.Hard(n.name)
	case n.active():
		for _, key := range startKeys {
			hard[key] = resource.MustParse("0")
		}
	}
	maps.Copy(hard, devices)
	labels, annotations := m.ownerMetadata()
	return corev1ac.ResourceQuota(objectName, n.name).WithLabels(labels).WithAnnotations(annotations).
		WithSpec(corev1ac.ResourceQuotaSpec().WithHard(hard))
}

// overridesOf returns the quota entries that the spec sets for a namespace.
func overridesOf(n teamNamespace) corev1.ResourceList {
	if n.spec == nil {
		return nil
	}
	return foundationv1alpha1.ResourceList(n.spec.Quota)
}

// volumeSizes returns the sizes of the PersistentVolumeClaims that the operator creates or keeps in a namespace.
func volumeSizes(m *Model, n teamNamespace) []resource.Quantity {
	sizes := map[string]resource.Quantity{}
	for _, claim := range m.Volumes {
		if claim.Namespace == n.name {
			sizes[claim.Name] = claim.Spec.Resources.Requests[corev1.ResourceStorage]
		}
	}
	for _, volume := range m.Team.Spec.Volumes {
		if foundationv1alpha1.NamespaceName(m.Team.Name, volume.Namespace) == n.name {
			sizes[volume.Name] = volume.Size.Quantity
		}
	}
	var list []resource.Quantity
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		list = append(list, sizes[name])
	}
	return list
}

func plus(a, b resource.Quantity) resource.Quantity {
	sum := a.DeepCopy()
	sum.Add(b)
	return sum
}
