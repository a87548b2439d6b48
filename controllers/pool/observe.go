package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/requeue"
	"foundation.team/operator/internal/tracing"
)

// withoutDeepCopy lists from the cache without copying: a pool may have thousands of nodes. Whoever changes such an object
// has to copy it first.
const withoutDeepCopy = client.UnsafeDisableDeepCopy

// observe reads a pool's Input from the cache, except for pods, which are not cached.
func (r *Reconciler) observe(ctx context.Context, pool *foundationv1alpha1.GPUPool) (Input, error) {
	ctx, end := tracing.Step(ctx, "observe")
	defer end(nil)
	in := Input{Pool: pool, Now: r.Clock.Now()}
	var err error
	if in.Guards, err = r.Guards.Check(ctx); err != nil {
		in.Guards = guards.Unchecked(err)
	}
	var teams foundationv1alpha1.FoundationTeamList
	if err := r.Client.List(ctx, &teams, client.MatchingFields{index.AwardPool: pool.Name}); err != nil {
		return Input{}, fmt.Errorf("list teams with awards of pool %s: %w", pool.Name, err)
	}
	programs, err := r.programs(ctx)
	if err != nil {
		return Input{}, err
	}
	for _, team := range pointers(teams.Items) {
		team = readable(team, pool)
		in.Teams = append(in.Teams, lifecycle.NewTeam(team, programs[team.Spec.ProgramName]))
	}
	in.DebounceUntil = r.demands.until(pool.Name, demandDigest(in.Teams, pool.Name), in.Now, r.Debounce)

	has := labels.SelectorFromSet(labels.Set{foundationv1alpha1.LabelPool: pool.Name})
	in.Selector = has
	if pool.Spec.Static != nil {
		if in.Selector, in.Invalid = metav1.LabelSelectorAsSelector(&pool.Spec.Static.NodeSelector); in.Invalid != nil {
			in.Selector = has
		}
	} else if err := r.observeKarpenter(ctx, &in); err != nil {
		return Input{}, err
	}
	if err := r.observeDevices(ctx, &in); err != nil {
		return Input{}, err
	}
	var nodes corev1.NodeList
	mineOrMarked := client.MatchingLabelsSelector{Selector: either{in.Selector, has}}
	if err := r.Client.List(ctx, &nodes, mineOrMarked, withoutDeepCopy); err != nil {
		return Input{}, fmt.Errorf("list nodes of pool %s: %w", pool.Name, err)
	}
	in.Nodes = pointers(nodes.Items)
	slices.SortFunc(in.Nodes, func(a, b *corev1.Node) int { return cmp.Compare(a.Name, b.Name) })
	in.SeenClosed = r.closed.see(pool.Name, in.Nodes, in.Now)
	if err := r.observeHolders(ctx, &in, programs); err != nil {
		return Input{}, err
	}
	return in, r.observeMissingPools(ctx, &in)
}

// either is a selector of the cache that matches what one of two does: to go through thousands of nodes is most of what observing them costs.
type either struct {
	labels.Selector
	or labels.Selector
}

// Matches implements labels.Selector.
func (e either) Matches(l labels.Labels) bool { return e.Selector.Matches(l) || e.or.Matches(l) }

// observeHolders adds the teams that have something of the pool and no award that names it: it may be that an award names
// it wrongly.
func (r *Reconciler) observeHolders(ctx context.Context, in *Input, programs map[string]*lifecycle.Program) error {
	known, holders := map[string]bool{"": true}, []string{}
	for _, team := range in.Teams {
		known[team.Name] = true
	}
	add := func(name string) {
		if !known[name] {
			known[name], holders = true, append(holders, name)
		}
	}
	for _, grant := range in.Pool.Status.Grants {
		add(grant.TeamName)
	}
	for _, node := range in.Nodes {
		if node.Labels[foundationv1alpha1.LabelPool] == in.Pool.Name {
			add(node.Labels[foundationv1alpha1.LabelTeam])
		}
	}
	for _, nodePool := range in.NodePools {
		add(nodePool.Labels[foundationv1alpha1.LabelTeam])
	}
	for _, name := range holders {
		team := &foundationv1alpha1.FoundationTeam{}
		if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, team); apierrors.IsNotFound(err) {
			continue
		} else if err != nil {
			return fmt.Errorf("read team %s, which has something of pool %s: %w", name, in.Pool.Name, err)
		}
		team = readable(team, in.Pool)
		in.Teams = append(in.Teams, lifecycle.NewTeam(team, programs[team.Spec.ProgramName]))
	}
	return nil
}

// observeMissingPools finds out which pools that the teams' awards name do not exist.
func (r *Reconciler) observeMissingPools(ctx context.Context, in *Input) error {
	var list foundationv1alpha1.GPUPoolList
	if err := r.Client.List(ctx, &list, withoutDeepCopy); err != nil {
		return fmt.Errorf("list pools: %w", err)
	}
	exists := map[string]bool{in.Pool.Name: true}
	for i := range list.Items {
		exists[list.Items[i].Name] = true
	}
	for i := range in.Teams {
		in.Teams[i].MissingPools = slices.DeleteFunc(index.AwardPools(in.Teams[i].FoundationTeam), func(pool string) bool { return exists[pool] })
	}
	return nil
}

// programs returns all programmes, by name.
func (r *Reconciler) programs(ctx context.Context) (map[string]*lifecycle.Program, error) {
	var list foundationv1alpha1.FoundationProgramList
	if err := r.Client.List(ctx, &list, withoutDeepCopy); err != nil {
		return nil, fmt.Errorf("list programmes: %w", err)
	}
	programs := map[string]*lifecycle.Program{}
	for i := range list.Items {
		if len(list.Items[i].Unreadable) == 0 { // else as if it were missing: what there is is kept
			programs[list.Items[i].Name] = lifecycle.NewProgram(&list.Items[i])
		}
	}
	return programs, nil
}

// observeKarpenter reads the pool's NodePools and NodeClaims, and starts to watch them when the first pool needs them.
func (r *Reconciler) observeKarpenter(ctx context.Context, in *Input) error {
	served, err := r.karpenter.ensureStarted(ctx, in.Now)
	if err != nil {
		return err
	}
	if !served {
		in.KarpenterMissing = true
		return nil
	}
	ofPool := client.MatchingLabels{foundationv1alpha1.LabelPool: in.Pool.Name}
	var pools karpenter.NodePoolList
	if err := r.Client.List(ctx, &pools, ofPool, withoutDeepCopy); err != nil {
		return fmt.Errorf("list NodePools of pool %s: %w", in.Pool.Name, err)
	}
	in.NodePools = pointers(pools.Items)
	var claims karpenter.NodeClaimList
	if err := r.Client.List(ctx, &claims, ofPool, withoutDeepCopy); err != nil {
		return fmt.Errorf("list NodeClaims of pool %s: %w", in.Pool.Name, err)
	}
	in.NodeClaims = pointers(claims.Items)
	return nil
}

func pointers[T any](items []T) []*T {
	list := make([]*T, len(items))
	for i := range items {
		list[i] = &items[i]
	}
	return list
}

// podReaders is of how many nodes the pods are listed at a time.
const podReaders = 8

// listPods lists from the API server the pods that keep nodes busy. It is called only for nodes that are to change hands. A
// node of which that fails is marked in the Input and counts as busy.
func (r *Reconciler) listPods(ctx context.Context, in *Input, nodes []string) error {
	ctx, end := tracing.Step(ctx, "list pods")
	defer end(nil)
	in.Pods, in.PodsUnread = map[string][]corev1.Pod{}, map[string]bool{}
	pods, errs := make([][]corev1.Pod, len(nodes)), make([]error, len(nodes))
	workqueue.ParallelizeUntil(ctx, podReaders, len(nodes), func(i int) {
		errs[i] = requeue.Contain(ctx, func() (err error) { // a panic in another goroutine would end the process
			pods[i], err = r.listPodsOn(ctx, nodes[i])
			return err
		})
	})
	for i, name := range nodes {
		if errs[i] != nil || ctx.Err() != nil {
			in.PodsUnread[name] = true
		} else if len(pods[i]) > 0 {
			in.Pods[name] = pods[i]
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

func (r *Reconciler) listPodsOn(ctx context.Context, node string) ([]corev1.Pod, error) {
	var list corev1.PodList
	if err := r.Live.List(ctx, &list, client.MatchingFields{"spec.nodeName": node}); err != nil {
		return nil, fmt.Errorf("list pods on node %s: %w", node, err)
	}
	var busy []corev1.Pod
	for _, pod := range list.Items {
		ofTeam, err := r.ofTeam(ctx, pod.Namespace)
		if err != nil {
			return nil, err
		}
		if keepsBusy(&pod, ofTeam) {
			busy = append(busy, pod)
		}
	}
	return busy, nil
}

// ofTeam reports whether a namespace is a team's. One that the cache does not know yet might be, so it counts as one.
func (r *Reconciler) ofTeam(ctx context.Context, name string) (bool, error) {
	var namespace corev1.Namespace
	if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, &namespace); err != nil {
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, fmt.Errorf("read namespace %s: %w", name, err)
	}
	return namespace.Labels[foundationv1alpha1.LabelTeam] != "", nil
}

// keepsBusy reports whether a pod keeps its node from changing hands. Finished pods never do. Outside teams' namespaces
// mirror pods and pods of DaemonSets do not either; a team's pods always do, because a team could give them any annotation
// or ownerReference.
func keepsBusy(pod *corev1.Pod, ofTeam bool) bool {
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return false
	}
	if ofTeam {
		return true
	}
	if _, static := pod.Annotations[corev1.MirrorPodAnnotationKey]; static {
		return false
	}
	owner := metav1.GetControllerOf(pod)
	return owner == nil || owner.Kind != "DaemonSet"
}
