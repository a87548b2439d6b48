package pool

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/test/support/builder"
)

// cloud simulates Karpenter as its source describes it. A Static NodePool provisions while fewer than replicas run and
// fewer than its limit exist, terminating nodes included; if more run, it deletes first those that are not launched, then
// empty ones, then others. A Dynamic one provisions while pods are pending, up to a limit that terminating nodes do not
// count against.
type cloud struct {
	nodePools map[string]*karpenter.NodePool
	claims    map[string]*karpenter.NodeClaim
	// owner is the team for which each NodeClaim was provisioned, over those that were provisioned beyond a limit.
	owner map[string]gpunode.Owner
	over  map[string]bool
	// quick is true if Karpenter acts between the operator's next writes, pending if every team has pending pods.
	quick, pending bool
	// kept is how many nodes teams had or were granted when less was declared.
	kept int
	// outdated are NodeClaims that changed since the operator read them, fresh those that were created since.
	outdated, fresh map[string]bool
}

// newKarpenterWorld is a world in which nodes come from Karpenter.
func newKarpenterWorld(t *rapid.T) *world {
	mods := []builder.PoolMod{builder.Karpenter(builder.PerNode * rapid.Int32Range(1, 6).Draw(t, "capacity"))}
	if rapid.Bool().Draw(t, "dynamic") {
		mods = append(mods, builder.Dynamic())
	}
	w := newWorld(t, mods...)
	w.karpenter = &cloud{
		nodePools: map[string]*karpenter.NodePool{}, claims: map[string]*karpenter.NodeClaim{},
		owner: map[string]gpunode.Owner{}, over: map[string]bool{}, outdated: map[string]bool{}, fresh: map[string]bool{},
	}
	w.watchFires()
	return w
}

// has returns copies of the objects that exist.
func (c *cloud) has() []any {
	if c == nil {
		return nil
	}
	clear(c.outdated)
	clear(c.fresh)
	var things []any
	for _, name := range slices.Sorted(maps.Keys(c.nodePools)) {
		things = append(things, c.nodePools[name].DeepCopy())
	}
	for _, name := range slices.Sorted(maps.Keys(c.claims)) {
		things = append(things, c.claims[name].DeepCopy())
	}
	return things
}

func (c *cloud) describe() string {
	if c == nil {
		return ""
	}
	var lines []string
	for name, nodePool := range c.nodePools {
		lines = append(lines, "NodePool "+name+sizeOf(&nodePool.Spec))
	}
	for name, claim := range c.claims {
		step, _ := pendingStep(claim)
		lines = append(lines, fmt.Sprintf("%s of %s on %q lacks %q, deleted %v", name, claim.Labels[karpenter.LabelNodePool], claim.Status.NodeName, step, claim.DeletionTimestamp))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// of returns the NodeClaims of a NodePool, by name.
func (c *cloud) of(nodePool string, is func(*karpenter.NodeClaim) bool) []*karpenter.NodeClaim {
	var claims []*karpenter.NodeClaim
	for _, name := range slices.Sorted(maps.Keys(c.claims)) {
		if claim := c.claims[name]; claim.Labels[karpenter.LabelNodePool] == nodePool && is(claim) {
			claims = append(claims, claim)
		}
	}
	return claims
}

func runs(claim *karpenter.NodeClaim) bool       { return claim.DeletionTimestamp.IsZero() }
func anyClaim(*karpenter.NodeClaim) bool         { return true }
func isLaunched(claim *karpenter.NodeClaim) bool { return reached(claim, karpenter.ConditionLaunched) }

func reached(claim *karpenter.NodeClaim, step string) bool {
	return meta.IsStatusConditionTrue(claim.Status.Conditions, step)
}

// changed notes that a NodeClaim differs from what the operator may have read.
func (c *cloud) changed(claim *karpenter.NodeClaim) { c.outdated[claim.Name] = true }

// act lets Karpenter reconcile a NodePool.
func (c *cloud) act(w *world, name string) {
	nodePool := c.nodePools[name]
	running, all := c.of(name, runs), c.of(name, anyClaim)
	if nodePool.Spec.Replicas == nil {
		limit := nodePool.Spec.Limits[builder.GPU]
		for c.pending && int64(len(running)+1)*builder.PerNode <= limit.Value() {
			running = append(running, c.make(w, nodePool))
		}
		return
	}
	limit, replicas := nodePool.Spec.Limits[resourceNodes], int(*nodePool.Spec.Replicas)
	for range min(replicas-len(running), int(limit.Value())-len(all)) {
		c.make(w, nodePool)
	}
	slices.SortStableFunc(running, func(a, b *karpenter.NodeClaim) int { return w.cost(a) - w.cost(b) })
	for _, claim := range running[:max(len(running)-replicas, 0)] {
		if pods := w.pods[nodeOf(claim)]; len(pods) > 0 {
			w.t.Fatalf("Karpenter has %d nodes in %s and is to have %d, and so ends %s with pods %v on it", len(running), name, replicas, claim.Name, pods)
		}
		c.end(w, claim)
	}
}

// cost orders the surplus nodes of a NodePool as Karpenter deletes them.
func (w *world) cost(claim *karpenter.NodeClaim) int {
	switch {
	case !isLaunched(claim):
		return 0
	case len(w.pods[nodeOf(claim)]) == 0:
		return 1
	default:
		return 2
	}
}

// make creates a NodeClaim of a NodePool.
func (c *cloud) make(w *world, nodePool *karpenter.NodePool) *karpenter.NodeClaim {
	w.serial++
	meta := nodePool.Spec.Template.Metadata
	claim := &karpenter.NodeClaim{ObjectMeta: metav1.ObjectMeta{
		Name: fmt.Sprint("c", strconv.Itoa(w.serial)), UID: types.UID(strconv.Itoa(w.serial)), CreationTimestamp: metav1.NewTime(w.now),
		Labels: maps.Clone(meta.Labels), Annotations: maps.Clone(meta.Annotations),
	}}
	claim.Labels[karpenter.LabelNodePool] = nodePool.Name
	running := c.of(nodePool.Name, runs)
	c.claims[claim.Name] = claim
	c.owner[claim.Name] = gpunode.Owner{Name: meta.Labels[foundationv1alpha1.LabelTeam], UID: types.UID(meta.Annotations[foundationv1alpha1.AnnotationTeamUID])}
	if nodePool.Spec.Replicas == nil {
		// Terminating nodes do not count against a Dynamic limit.
		limit := nodePool.Spec.Limits[builder.GPU]
		c.over[claim.Name] = len(running) >= int(limit.Value())/builder.PerNode || len(c.of(nodePool.Name, anyClaim)) > int(limit.Value())/builder.PerNode
	}
	c.changed(claim)
	c.fresh[claim.Name] = true
	w.checkRoom(claim)
	return claim
}

// advance completes the next step of a NodeClaim.
func (c *cloud) advance(w *world, claim *karpenter.NodeClaim) {
	c.changed(claim)
	switch {
	case !isLaunched(claim):
		claim.Status.Conditions = nil
		builder.Launched()(claim)
	case !reached(claim, karpenter.ConditionRegistered):
		c.open(w, claim)
		builder.Registered(nodeOf(claim))(claim)
	case !reached(claim, karpenter.ConditionInitialized):
		builder.Condition(karpenter.ConditionInitialized, metav1.ConditionTrue, karpenter.ConditionInitialized, "")(claim)
	}
}

// nodeOf returns the name of a NodeClaim's node.
func nodeOf(claim *karpenter.NodeClaim) string { return "i" + claim.Name }

// open makes a node schedulable. Its NodeClaim names it only a moment later.
func (c *cloud) open(w *world, claim *karpenter.NodeClaim) {
	if node := nodeOf(claim); w.nodes[node] == nil {
		w.nodes[node] = builder.Node(node, builder.RegisteredFor(claim))
		w.pods[node], w.owner[node] = map[string]types.UID{}, c.owner[claim.Name]
	}
}

// end begins to terminate a node. No new pods are scheduled to it.
func (c *cloud) end(w *world, claim *karpenter.NodeClaim) {
	claim.DeletionTimestamp = new(metav1.NewTime(w.now))
	c.changed(claim)
	if node := w.nodes[nodeOf(claim)]; node != nil {
		builder.Tainted("karpenter.sh/disrupted", "")(node)
		w.closedAt[node.Name] = w.now.Add(-gpunode.PodBindDelay)
	}
}

// finish removes a terminated node.
func (c *cloud) finish(w *world, claim *karpenter.NodeClaim) {
	w.loseNode(nodeOf(claim))
	delete(c.claims, claim.Name)
	delete(c.owner, claim.Name)
	delete(c.over, claim.Name)
}

func (w *world) loseNode(name string) {
	delete(w.nodes, name)
	delete(w.pods, name)
	delete(w.owner, name)
	delete(w.closedAt, name)
}

// actAll lets Karpenter reconcile until it has nothing left to do.
func (c *cloud) actAll(w *world) {
	if c == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.nodePools)) {
		c.act(w, name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.claims)) {
		claim := c.claims[name]
		switch _, seen := w.nodes[nodeOf(claim)]; {
		case !runs(claim):
			c.finish(w, claim)
		case claim.Status.NodeName != "" && !seen:
			c.end(w, claim)
		default:
			for !reached(claim, karpenter.ConditionInitialized) {
				c.advance(w, claim)
			}
		}
	}
}

// interfere lets a quick Karpenter act between two writes of the operator, and pods start on its nodes. Nodes that it
// begins to provision meanwhile are not ready before those writes are done: that takes minutes.
func (c *cloud) interfere(w *world) {
	if c == nil || !c.quick {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.nodePools)) {
		c.act(w, name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.claims)) {
		if claim := c.claims[name]; runs(claim) && !c.fresh[name] && !reached(claim, karpenter.ConditionRegistered) {
			c.advance(w, claim)
			if node := claim.Status.NodeName; node != "" {
				w.addPod(node, c.owner[name].UID)
			}
		}
	}
}

// ends reports whether Karpenter is terminating a node.
func (c *cloud) ends(node *corev1.Node) bool {
	return c != nil && slices.ContainsFunc(slices.Collect(maps.Values(c.claims)), func(claim *karpenter.NodeClaim) bool {
		return nodeOf(claim) == node.Name && !runs(claim)
	})
}

// misses reports whether a node is gone and Karpenter has not noticed yet.
func (c *cloud) misses(w *world) bool {
	return c != nil && slices.ContainsFunc(slices.Collect(maps.Values(c.claims)), func(claim *karpenter.NodeClaim) bool {
		return claim.Status.NodeName != "" && runs(claim) && w.nodes[nodeOf(claim)] == nil
	})
}

// stock counts what exists, in nodes.
func (c *cloud) stock(pool *foundationv1alpha1.GPUPool) stock {
	s := stock{members: int(*pool.Spec.Karpenter.Capacity / builder.PerNode), held: len(c.claims), heldBy: map[gpunode.Owner]int{}}
	for _, owner := range c.owner {
		s.heldBy[owner]++
	}
	s.free = s.members - s.held
	return s
}
