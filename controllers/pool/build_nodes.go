package pool

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/calendar"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/placement"
)

const (
	// settle is how long a node is closed to new pods before it counts as empty, so that a pod that the scheduler
	// was just placing on it has shown up.
	settle = 5 * time.Second
	// inspectEvery is how often nodes that are to be let go are looked at, occupiedEvery those that came into the pool
	// with pods on them. Pods are not watched: there are too many.
	inspectEvery  = 10 * time.Second
	occupiedEvery = 30 * time.Second
	// defaultGracePeriod is the CRD's default.
	defaultGracePeriod = 72 * time.Hour
)

// Change is a node and what it shall become.
type Change struct {
	Before, After *corev1.Node
}

// Nodes is what happens to a pool's nodes.
type Nodes struct {
	Changes []Change
	// Evict are the pods whose grace is over, End those for which not even a disruption budget counts any more, both the
	// newest first.
	Evict, End []corev1.Pod
	// NodePools are what they shall be; EndClaims and EndNodePools are nobody's any more.
	NodePools    []*karpenter.NodePoolApplyConfiguration
	EndClaims    []*karpenter.NodeClaim
	EndNodePools []*karpenter.NodePool
	// Former are the UIDs that teams had before, by the one that they have now.
	Former map[types.UID][]string
	// Next is when to look again; zero if only an event can change anything.
	Next time.Time
}

// ToInspect names the nodes whose pods decide what happens next: those that are to become free, and all of a team that
// has to let some go.
func ToInspect(in Input, grants Grants) []string {
	var names []string
	shrinks := map[teamKey]bool{}
	for _, p := range grants.parts {
		shrinks[p.key] = p.active > p.granted
	}
	for _, n := range grants.nodes {
		if n.launching || n.ending() || n.awaitsScrub(in.Pool) {
			continue
		}
		if !n.releasing.IsZero() || n.holder != nil && shrinks[*n.holder] {
			names = append(names, n.Name)
		}
	}
	return names
}

// BuildNodes claims nodes for what was granted and asks back what was not. A node goes from one team to another only
// through being free, and becomes free only when it was closed to new pods and no pod is left on it. That holds for
// nodes that are new in the pool too.
func BuildNodes(in Input, grants Grants) Nodes {
	b := &nodesBuilder{in: in, backend: backendOf(in.Pool), nodes: grants.nodes, after: map[string]*corev1.Node{}}
	b.result.Former = map[types.UID][]string{}
	for _, team := range in.Teams {
		b.result.Former[team.UID] = team.Status.FormerUIDs
	}
	b.release()
	b.backend.prepare(b)
	for _, p := range grants.inOrder() {
		// What goes whatever was granted is not the team's to give back, nor does it keep the team from others.
		active := count(b.nodes, func(n *node) bool { return n.active(p.key) && !n.outgoing })
		switch {
		case active < p.granted:
			b.claim(p, p.granted-active)
		case active > p.granted:
			b.askBack(p, active-p.granted)
		}
	}
	b.markOthers()
	b.backend.finish(b, grants)
	return b.done()
}

// inOrder are the parts, those served first before the others.
func (g Grants) inOrder() []*part {
	return slices.SortedFunc(slices.Values(g.parts), func(a, b *part) int { return calendar.Compare(a.claim(), b.claim()) })
}

type nodesBuilder struct {
	in      Input
	backend backend
	nodes   []*node
	after   map[string]*corev1.Node
	result  Nodes
}

func (b *nodesBuilder) change(n *node, mutate func(*corev1.Node)) {
	if b.after[n.Name] == nil {
		b.after[n.Name] = copyMarks(n.Node)
	}
	mutate(b.after[n.Name])
}

func (b *nodesBuilder) lookAgain(at time.Time) {
	if b.result.Next.IsZero() || at.Before(b.result.Next) {
		b.result.Next = at
	}
}

// release lets go of nodes that are closed and empty.
func (b *nodesBuilder) release() {
	for _, n := range b.nodes {
		// Until then it is foretold to come free, and nothing else may happen to it.
		if until := n.releasing.Add(max(gracePeriod(b.in.Pool), settle)); n.ending() && b.in.Now.Before(until) {
			b.lookAgain(until)
		}
		if n.releasing.IsZero() || n.ending() || n.awaitsScrub(b.in.Pool) {
			continue
		}
		pods, settled := b.in.Pods[n.Name], n.releasing.Add(settle)
		switch {
		case b.in.Now.Before(settled):
			b.lookAgain(settled)
		case len(pods) == 0:
			b.backend.vacate(b, n)
		case n.settling(b.in):
			b.lookAgain(n.releasing.Add(settle + inspectEvery))
		case n.holder == nil:
			b.lookAgain(b.in.Now.Add(occupiedEvery))
		default:
			b.lookAgain(b.in.Now.Add(inspectEvery))
		}
	}
}

// overdue are the pods on nodes that are still to be let go, and were asked back at least this long ago. Pods that were on
// a node before it came into the pool are nobody's to end.
func (b *nodesBuilder) overdue(after time.Duration) []corev1.Pod {
	var pods []corev1.Pod
	for _, n := range b.nodes {
		due := n.releasing.Add(max(after, settle))
		if after := b.after[n.Name]; n.holder == nil || n.releasing.IsZero() || n.ending() || b.in.Now.Before(due) || after != nil && !isReleasing(after) {
			continue
		}
		pods = append(pods, b.in.Pods[n.Name]...)
	}
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return pods
}

func isReleasing(n *corev1.Node) bool {
	_, ok := n.Annotations[foundationv1alpha1.AnnotationDrainingSince]
	return ok
}

// keeps says whether a node that is nobody's stays in the pool.
func (b *nodesBuilder) keeps(n *node) bool { return n.member && b.in.Pool.DeletionTimestamp.IsZero() }

// claim gives a team what it is missing: first its own nodes that are on their way back, then others.
func (b *nodesBuilder) claim(p *part, missing int) {
	for _, n := range b.nodes {
		if missing > 0 && n.held(p.key) && !n.releasing.IsZero() && !n.outgoing {
			b.change(n, func(after *corev1.Node) { b.markHeld(after, p.key) })
			// It may just have been found to be empty.
			b.result.EndClaims = slices.DeleteFunc(b.result.EndClaims, func(claim *karpenter.NodeClaim) bool { return claim == n.claim })
			missing--
		}
	}
	b.backend.supply(b, p, missing)
}

// askBack closes nodes that a team has beyond its grant to new pods, and starts their grace.
func (b *nodesBuilder) askBack(p *part, surplus int) {
	var held []placement.Held
	byName := map[string]*node{}
	for _, n := range b.nodes {
		if !n.active(p.key) || n.outgoing {
			continue
		}
		byName[n.Name] = n
		held = append(held, placement.Held{
			Node: place(b.in, n), Leaving: !n.member, Healthy: n.healthy, BusySince: busySince(b.in.Pods[n.Name]),
		})
	}
	for _, name := range placement.Release(surplus, held) {
		b.askBackNode(byName[name])
	}
}

// askBackNode closes a node to new pods. One that is not there yet can have none; one that is there, and not seen here,
// can.
func (b *nodesBuilder) askBackNode(n *node) {
	if n.launching {
		if n.claim.Status.NodeName == "" {
			b.backend.vacate(b, n)
		}
		return
	}
	b.change(n, func(after *corev1.Node) {
		b.markHeld(after, *n.holder)
		markReleasing(after, b.in.Now)
	})
	b.lookAgain(b.in.Now.Add(settle))
}

// markOthers restores marks that somebody took off a team's nodes, and sees to those that nobody has. One that is being made
// gets its marks from who makes it, unless it was asked back already.
func (b *nodesBuilder) markOthers() {
	for _, n := range b.nodes {
		switch {
		case b.after[n.Name] != nil || n.launching || n.ending():
		case n.holder == nil:
			b.backend.rest(b, n)
		case !n.making() || !n.releasing.IsZero():
			b.change(n, func(after *corev1.Node) {
				b.markHeld(after, *n.holder)
				if !n.releasing.IsZero() {
					markReleasing(after, n.releasing)
				}
			})
		}
	}
}

func (b *nodesBuilder) done() Nodes {
	for _, n := range b.nodes {
		if after := b.after[n.Name]; after != nil && !sameMarks(n.Node, after) {
			b.result.Changes = append(b.result.Changes, Change{Before: n.Node, After: after.DeepCopy()})
		}
	}
	b.result.Evict = b.overdue(gracePeriod(b.in.Pool))
	if force := b.in.Pool.Spec.Reclaim; force != nil && force.ForceAfter != nil {
		b.result.End = b.overdue(force.ForceAfter.Duration)
		b.result.Evict = slices.DeleteFunc(b.result.Evict, func(pod corev1.Pod) bool {
			return slices.ContainsFunc(b.result.End, func(ended corev1.Pod) bool { return ended.UID == pod.UID })
		})
	}
	return b.result
}

func (b *nodesBuilder) markHeld(n *corev1.Node, key teamKey) {
	unmark(n)
	setLabel(n, foundationv1alpha1.LabelPool, b.in.Pool.Name)
	setLabel(n, foundationv1alpha1.LabelTeam, key.name)
	setLabel(n, foundationv1alpha1.LabelNodeTeam, key.name)
	setAnnotation(n, foundationv1alpha1.AnnotationTeamUID, string(key.uid))
	addTaint(n, foundationv1alpha1.TaintTeam, key.name)
}

// markReleasing leaves the team's marks: its running pods stay, and nobody else's may come.
func markReleasing(n *corev1.Node, since time.Time) {
	setAnnotation(n, foundationv1alpha1.AnnotationDrainingSince, since.UTC().Format(time.RFC3339))
	addTaint(n, foundationv1alpha1.TaintDraining, "")
}

func (b *nodesBuilder) markFree(n *corev1.Node) {
	unmark(n)
	setLabel(n, foundationv1alpha1.LabelPool, b.in.Pool.Name)
	addTaint(n, foundationv1alpha1.TaintUnassigned, "")
}

// unmark takes off all that a pool puts on a node.
func unmark(n *corev1.Node) {
	for _, key := range []string{foundationv1alpha1.LabelPool, foundationv1alpha1.LabelTeam, foundationv1alpha1.LabelNodeTeam} {
		delete(n.Labels, key)
	}
	for _, key := range []string{
		foundationv1alpha1.AnnotationTeamUID, foundationv1alpha1.AnnotationDrainingSince,
		foundationv1alpha1.AnnotationScrubRequest, foundationv1alpha1.AnnotationScrubbed,
	} {
		delete(n.Annotations, key)
	}
	n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, isOurs)
}

func isOurs(taint corev1.Taint) bool {
	switch taint.Key {
	case foundationv1alpha1.TaintTeam, foundationv1alpha1.TaintUnassigned, foundationv1alpha1.TaintDraining:
		return true
	default:
		return false
	}
}

// copyMarks copies what a pool writes of a node and shares the rest: most nodes have their marks, and are not worth more to
// find that out.
func copyMarks(n *corev1.Node) *corev1.Node {
	copied := *n
	copied.Labels, copied.Annotations = maps.Clone(n.Labels), maps.Clone(n.Annotations)
	copied.Spec.Taints = slices.Clone(n.Spec.Taints)
	return &copied
}

// sameMarks says whether two versions of a node differ in nothing that a pool writes; the order of taints is nothing.
func sameMarks(a, b *corev1.Node) bool {
	return maps.Equal(a.Labels, b.Labels) && maps.Equal(a.Annotations, b.Annotations) &&
		maps.Equal(taintSet(a), taintSet(b))
}

func taintSet(n *corev1.Node) map[string]bool {
	set := map[string]bool{}
	for _, taint := range n.Spec.Taints {
		set[fmt.Sprintf("%s=%s:%s", taint.Key, taint.Value, taint.Effect)] = true
	}
	return set
}

func addTaint(n *corev1.Node, key, value string) {
	n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(taint corev1.Taint) bool { return taint.Key == key })
	n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffectNoSchedule})
}

func setLabel(n *corev1.Node, key, value string) {
	if n.Labels == nil {
		n.Labels = map[string]string{}
	}
	n.Labels[key] = value
}

func setAnnotation(n *corev1.Node, key, value string) {
	if n.Annotations == nil {
		n.Annotations = map[string]string{}
	}
	n.Annotations[key] = value
}

// busySince is when the oldest of the pods was made.
func busySince(pods []corev1.Pod) time.Time {
	var oldest time.Time
	for _, pod := range pods {
		if oldest.IsZero() || pod.CreationTimestamp.Time.Before(oldest) {
			oldest = pod.CreationTimestamp.Time
		}
	}
	return oldest
}
