package pool

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/requeue"
	"foundation.team/operator/internal/tracing"
)

// apply writes NodePools and then nodes. An error for one object does not stop the others. It returns the names of the
// NodePools that could not be written.
func (r *Reconciler) apply(ctx context.Context, plan Plan) (failed map[string]bool, err error) {
	ctx, end := tracing.Step(ctx, "apply")
	defer end(nil)
	var errs []error
	failed = map[string]bool{}
	for _, config := range plan.NodePools {
		if err := r.Applier.Apply(ctx, ownerOfConfig(config, plan.FormerUIDs), config); err != nil {
			failed[*config.Name] = true
			errs = append(errs, err)
		}
	}
	return failed, errors.Join(append(errs, r.applyTransitions(ctx, plan.transitionsNow())...)...)
}

const (
	// nodesAtOnce is how many nodes one reconcile changes at most: while thousands change hands, another node breaks or another team asks for
	// less, and the rest is decided anew with that.
	nodesAtOnce = 512
	// nodeWriters is how many nodes are written at a time. The API server's own limits bound it further.
	nodeWriters = 16
)

// order is 0 for a node that is taken back, and 1 for others.
func (t Transition) order() int {
	if t.To.State == gpunode.Draining {
		return 0
	}
	return 1
}

// transitionsNow are those that one reconcile makes. What is taken back comes first.
func (p Plan) transitionsNow() []Transition {
	sorted := slices.Clone(p.Transitions)
	slices.SortStableFunc(sorted, func(a, b Transition) int {
		return cmp.Compare(a.order(), b.order())
	})
	return sorted[:min(len(sorted), nodesAtOnce)]
}

// hasMore reports whether a plan has more transitions than one reconcile makes.
func (p Plan) hasMore() bool { return len(p.Transitions) > nodesAtOnce }

// applyTransitions writes nodes, several at a time: each is a node of its own, and none is written twice. A node that is gone needs nothing.
func (r *Reconciler) applyTransitions(ctx context.Context, transitions []Transition) []error {
	errs := make([]error, len(transitions))
	workqueue.ParallelizeUntil(ctx, nodeWriters, len(transitions), func(i int) {
		errs[i] = requeue.Contain(ctx, func() error { // a panic in another goroutine would end the process
			return client.IgnoreNotFound(r.Applier.PatchTracked(ctx, transitions[i].Before, transitions[i].After))
		})
	})
	return append(errs, ctx.Err())
}

// ownerOfConfig returns the team that a NodePool is made for.
func ownerOfConfig(config *karpenter.NodePoolApplyConfiguration, former map[types.UID][]string) apply.Owner {
	owner := apply.Owner{Team: config.Labels[foundationv1alpha1.LabelTeam], UID: types.UID(config.Annotations[foundationv1alpha1.AnnotationTeamUID])}
	owner.Former = former[owner.UID]
	return owner
}
