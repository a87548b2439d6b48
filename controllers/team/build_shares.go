package team

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// share is a namespace's part of what a team was granted.
type share struct {
	// gpus is how many in all, entries how many by each entry of a quota that counts them: a pool with a device class
	// has several.
	gpus    int64
	entries map[corev1.ResourceName]int64
	// compute is what the nodes have besides GPUs, in proportion.
	compute corev1.ResourceList
}

// devices is how many GPUs may be claimed by device class.
func (s share) devices() int64 {
	var sum int64
	for name, gpus := range s.entries {
		if strings.HasSuffix(string(name), corev1.ResourceClaimsPerClass) {
			sum += gpus
		}
	}
	return sum
}

// gpuShares splits what the team was granted among the open namespaces by weight, by namespace.
func gpuShares(in Input) map[string]share {
	var open []place
	var weights []int64
	for _, p := range in.places() {
		if p.open() {
			open = append(open, p)
			weights = append(weights, weightOf(p.spec))
		}
	}
	shares := map[string]share{}
	for _, granted := range grantedResources(in) {
		for i, gpus := range split(granted.gpus, weights) {
			s := shares[open[i].name]
			if s.entries == nil {
				s = share{entries: map[corev1.ResourceName]int64{}, compute: corev1.ResourceList{}}
			}
			s.gpus += gpus
			for kind, quantity := range granted.compute {
				s.compute[kind] = plus(s.compute[kind], proportion(kind, quantity, gpus, granted.gpus))
			}
			shares[open[i].name] = s
		}
	}
	for name, granted := range grantedEntries(in) {
		for i, gpus := range split(granted, weights) {
			shares[open[i].name].entries[name] = gpus
		}
	}
	return shares
}

// grantedEntries is how many GPUs the pools gave, by entry of a quota. Pools that have one in common add up.
func grantedEntries(in Input) map[corev1.ResourceName]int64 {
	sums := map[corev1.ResourceName]int64{}
	for _, pool := range in.Pools {
		if grant := grantOf(pool, in.Team); grant != nil && grant.Granted > 0 {
			for _, name := range in.entriesOf(pool) {
				sums[name] += int64(grant.Granted)
			}
		}
	}
	return sums
}

// granted is what the pools of one extended resource gave.
type granted struct {
	gpus    int64
	compute corev1.ResourceList
}

func grantedResources(in Input) map[corev1.ResourceName]granted {
	sums := map[corev1.ResourceName]granted{}
	for _, pool := range in.Pools {
		grant := grantOf(pool, in.Team)
		if grant == nil || grant.Granted == 0 {
			continue
		}
		name := corev1.ResourceName(pool.Spec.ResourceName)
		sum := sums[name]
		if sum.compute == nil {
			sum.compute = corev1.ResourceList{}
		}
		sum.gpus += int64(grant.Granted)
		nodes := int64(grant.Granted / pool.Spec.GPUsPerNode)
		for kind, quantity := range pool.Status.NodeAllocatable {
			all := quantity.DeepCopy()
			all.Mul(nodes)
			sum.compute[kind] = plus(sum.compute[kind], all)
		}
		sums[name] = sum
	}
	return sums
}

// grantOf is a team's grant of a pool, and not that of another team of the same name; nil if it has none.
func grantOf(pool *foundationv1alpha1.GPUPool, team *foundationv1alpha1.FoundationTeam) *foundationv1alpha1.Grant {
	for i := range pool.Status.Grants {
		if grant := &pool.Status.Grants[i]; grant.TeamName == team.Name && grant.UID == string(team.UID) {
			return grant
		}
	}
	return nil
}

// proportion is quantity × part / whole, rounded down. CPU counts in thousandths.
func proportion(kind corev1.ResourceName, quantity resource.Quantity, part, whole int64) resource.Quantity {
	if kind == corev1.ResourceCPU {
		return *resource.NewMilliQuantity(quantity.MilliValue()/whole*part, quantity.Format)
	}
	return *resource.NewQuantity(quantity.Value()/whole*part, quantity.Format)
}

func weightOf(spec *foundationv1alpha1.TeamNamespace) int64 {
	if spec.GPUWeight == nil {
		return 1
	}
	return int64(*spec.GPUWeight)
}

// split divides total by weights into whole numbers that add up to it: each gets its part rounded down, and what is
// left over goes, one each, to those with the largest remainders, the earlier ones among equals. If all weights are 0
// nobody gets anything.
func split(total int64, weights []int64) []int64 {
	parts := make([]int64, len(weights))
	var sum int64
	for _, weight := range weights {
		sum += weight
	}
	if sum == 0 {
		return parts
	}
	order := make([]int, len(weights))
	left := total
	for i, weight := range weights {
		order[i] = i
		parts[i] = total * weight / sum
		left -= parts[i]
	}
	remainder := func(i int) int64 { return total * weights[i] % sum }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainder(b), remainder(a)) })
	for _, i := range order[:left] {
		parts[i]++
	}
	return parts
}
