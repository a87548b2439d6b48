package pool

import (
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"foundation.team/operator/internal/karpenter"
)

// resize writes the NodePools. It returns false if the operator crashed meanwhile.
func (w *world) resize(result Plan) bool {
	w.karpenter.interfere(w)
	for _, config := range result.NodePools {
		if same(w.karpenter.nodePools[*config.Name], config) {
			continue
		}
		if w.crashes() {
			return false
		}
		w.checkNodePool(w.karpenter.nodePools[*config.Name], config)
		w.karpenter.nodePools[*config.Name] = applied(config)
		w.karpenter.interfere(w)
	}
	return true
}

// applied returns the NodePool that a configuration results in.
func applied(config *karpenter.NodePoolApplyConfiguration) *karpenter.NodePool {
	return &karpenter.NodePool{
		ObjectMeta: metav1.ObjectMeta{Name: *config.Name, Labels: maps.Clone(config.Labels), Annotations: maps.Clone(config.Annotations)},
		Spec:       *config.Spec.DeepCopy(),
	}
}

func same(live *karpenter.NodePool, config *karpenter.NodePoolApplyConfiguration) bool {
	return live != nil && equality.Semantic.DeepEqual(live, applied(config))
}

// differences counts the NodePools that a plan writes.
func (c *cloud) differences(result Plan) int {
	if c == nil {
		return 0
	}
	return count(result.NodePools, func(config *karpenter.NodePoolApplyConfiguration) bool {
		return !same(c.nodePools[*config.Name], config)
	})
}

// patches reports whether a transition is written: its node still exists.
func (c *cloud) patches(w *world, transition Transition) bool {
	c.interfere(w)
	return c == nil || w.nodes[transition.After.Name] != nil
}

// endClaims deletes NodeClaims and NodePools. It returns false if that failed or the operator crashed.
func (w *world) endClaims(result Plan) bool {
	done := true
	for _, seen := range result.NodeClaimDeletions {
		if w.crashes() {
			return false
		}
		w.karpenter.interfere(w)
		if w.karpenter.outdated[seen.Name] {
			done = false
			continue
		}
		w.checkEndedClaim(seen)
		w.karpenter.end(w, w.karpenter.claims[seen.Name])
	}
	for _, seen := range result.NodePoolDeletions {
		w.karpenter.interfere(w)
		// A live list comes before the deletion.
		if len(w.karpenter.of(seen.Name, anyClaim)) == 0 {
			delete(w.karpenter.nodePools, seen.Name)
		}
	}
	return done
}
