package gpuquota

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// split divides total by weights into whole numbers that add up to it (the largest remainder method): each gets its
// share rounded down, and the rest goes, one each, to the largest remainders, earlier ones first among equals. If all
// weights are 0 all shares are 0.
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

// divide divides total by weights as split does, and counts what is in use until it is free: whoever uses more than its part
// keeps no more than it uses, and the others share what is left of capacity, which is total, or more while GPUs beyond it
// are drained. So what all may use and what all do use never add up to more than there is.
func divide(total, capacity int64, weights, used []int64) []int64 {
	parts := split(total, weights)
	shares, waiting := slices.Clone(parts), slices.Clone(weights)
	over := make([]bool, len(weights))
	left, room := total, capacity
	for changed := true; changed; {
		changed = false
		for i := range shares {
			if !over[i] && used[i] > shares[i] {
				over[i], waiting[i], shares[i], changed = true, 0, min(parts[i], used[i]), true
				left, room = left-parts[i], room-used[i]
			}
		}
		for i, part := range split(max(min(left, room), 0), waiting) {
			if changed && !over[i] {
				shares[i] = part
			}
		}
	}
	return shares
}

// proportion returns quantity × part / whole, rounded down; CPU in millicores.
func proportion(name corev1.ResourceName, quantity resource.Quantity, part, whole int64) resource.Quantity {
	if name == corev1.ResourceCPU {
		return *resource.NewMilliQuantity(quantity.MilliValue()/whole*part, quantity.Format)
	}
	return *resource.NewQuantity(quantity.Value()/whole*part, quantity.Format)
}
