package builder

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

const (
	// ModelLabel is the label by which pools choose their nodes; its value is the pool's name.
	ModelLabel = "gpu.example.com/model"
	// GPU is the pools' extended resource.
	GPU = corev1.ResourceName("nvidia.com/gpu")
	// PerNode is how many GPUs a node has.
	PerNode = 8
)

// PoolMod changes a GPUPool.
type PoolMod = func(*foundationv1alpha1.GPUPool)

// Pool is a pool of nodes with 8 GPUs that are always available to everyone.
func Pool(name string, mods ...PoolMod) *foundationv1alpha1.GPUPool {
	return build(&foundationv1alpha1.GPUPool{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, UID: types.UID(name + "-uid"), Generation: 1, CreationTimestamp: metav1.NewTime(Now.Add(-48 * time.Hour)),
			Finalizers: []string{foundationv1alpha1.Finalizer},
		},
		Spec: foundationv1alpha1.GPUPoolSpec{
			Model: "Example X1", Source: foundationv1alpha1.SourceOwned, ResourceName: string(GPU), GPUsPerNode: PerNode,
			Static: &foundationv1alpha1.StaticNodes{NodeSelector: metav1.LabelSelector{MatchLabels: map[string]string{ModelLabel: name}}},
		},
		Status: foundationv1alpha1.GPUPoolStatus{ObservedGeneration: 1},
	}, mods)
}

// PoolDeleted sets that the pool is being deleted.
func PoolDeleted() PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) { pool.DeletionTimestamp = new(metav1.NewTime(Now)) }
}

// ResourceName is the extended resource that the pool gives out.
func ResourceName(name string) PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) { pool.Spec.ResourceName = name }
}

// DeviceClassName sets the DeviceClass by which the pool's GPUs may be requested in ResourceClaims.
func DeviceClassName(name string) PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) { pool.Spec.DeviceClassName = name }
}

// Leased sets who leases the pool out.
func Leased(supplier string) PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) {
		pool.Spec.Source, pool.Spec.Supplier = foundationv1alpha1.SourceLeased, supplier
	}
}

// Ineligible names organisations that may not draw from the pool.
func Ineligible(organisations ...string) PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) { pool.Spec.Ineligible = organisations }
}

// Available sets from when to when the pool can be used; a zero bound is open.
func Available(start, end time.Time) PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) {
		pool.Spec.Availability = &foundationv1alpha1.Window{StartTime: SpecTime(start), EndTime: SpecTime(end)}
	}
}

// Grace sets how long a team's pods may stay on a node that drains.
func Grace(period time.Duration) PoolMod {
	return reclaim(func(how *foundationv1alpha1.Reclaim) { how.GracePeriod = &metav1.Duration{Duration: period} })
}

// Force sets after how long pods are deleted even if a PodDisruptionBudget refuses their eviction.
func Force(after time.Duration) PoolMod {
	return reclaim(func(how *foundationv1alpha1.Reclaim) { how.ForceAfter = &metav1.Duration{Duration: after} })
}

// RequireScrub sets that nodes are scrubbed before they become free.
func RequireScrub() PoolMod {
	return reclaim(func(how *foundationv1alpha1.Reclaim) { how.RequireScrub = true })
}

// Repair sets after how long a broken node is replaced, and how many spares there are for that.
func Repair(replaceAfter time.Duration, spares int32) PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) {
		pool.Spec.Repair = &foundationv1alpha1.Repair{ReplaceAfter: &metav1.Duration{Duration: replaceAfter}, Spares: spares}
	}
}

func reclaim(mod func(*foundationv1alpha1.Reclaim)) PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) {
		if pool.Spec.Reclaim == nil {
			pool.Spec.Reclaim = &foundationv1alpha1.Reclaim{}
		}
		mod(pool.Spec.Reclaim)
	}
}

// Tolerated names taints of static nodes that pods of teams tolerate by themselves.
func Tolerated(taints ...foundationv1alpha1.NodeTaint) PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) { pool.Spec.Static.Taints = taints }
}

// TopologyKeys sets the labels that tell where a node is, the widest domain first.
func TopologyKeys(keys ...string) PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) { pool.Spec.Static.TopologyKeys = keys }
}

// Granted adds a grant to the pool's status, of which the team holds all nodes.
func Granted(team *foundationv1alpha1.FoundationTeam, gpus int32) PoolMod {
	return WithGrant(foundationv1alpha1.Grant{
		TeamName: team.Name, UID: string(team.UID), Requested: gpus, Granted: gpus, Held: gpus, Ready: gpus,
	})
}

// WithGrant puts a grant into the pool's status.
func WithGrant(grant foundationv1alpha1.Grant) PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) { pool.Status.Grants = append(pool.Status.Grants, grant) }
}

// NodeShape is what the pool's status says a node offers besides GPUs.
func NodeShape(cpu, memory, ephemeral string) PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) { pool.Status.NodeAllocatable = shape(cpu, memory, ephemeral) }
}

func shape(cpu, memory, ephemeral string) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse(cpu),
		corev1.ResourceMemory:           resource.MustParse(memory),
		corev1.ResourceEphemeralStorage: resource.MustParse(ephemeral),
	}
}
