package pool

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/test/support/builder"
)

// Whatever teams, Karpenter and the cloud do in whatever order: no team loses work before its time, no nodes are
// provisioned beyond the declared capacity, and in the end each team has what it can have.
func TestKarpenterPoolInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newKarpenterWorld(t)
		w.run(t, w.karpenterActions())
	})
}

func (w *world) karpenterActions() map[string]func() {
	return map[string]func(){
		"Karpenter reconciles a NodePool":              w.karpenterActs,
		"Karpenter reconciles everything":              func() { w.karpenter.actAll(w); w.watchFires() },
		"Karpenter acts between the operator's writes": w.karpenterIsQuick,
		"a node is provisioned":                        w.nodeIsMade,
		"a node opens":                                 w.nodeOpens,
		"a team is replaced by one of the same name":   w.teamIsMadeAnew,
		"a launch fails":                               w.launchFails,
		"an instance vanishes":                         w.instanceVanishes,
		"Karpenter deletes an empty node":              w.emptyNodeEnds,
		"Karpenter provisions a node beyond a limit":   w.oneTooMany,
		"a node is gone":                               w.nodeIsGone,
		"the mode changes":                             w.modeChanges,
		"the capacity changes":                         w.capacityChanges,
		"pods are pending, or are no more":             func() { w.karpenter.pending = !w.karpenter.pending },
	}
}

func (w *world) pickClaim(is func(*karpenter.NodeClaim) bool) *karpenter.NodeClaim {
	var names []string
	for name, claim := range w.karpenter.claims {
		if is(claim) {
			names = append(names, name)
		}
	}
	return w.karpenter.claims[w.pick("NodeClaim", names)]
}

// starts reports whether Karpenter still starts a node.
func (w *world) starts(node *corev1.Node) bool {
	return slices.ContainsFunc(node.OwnerReferences, func(owner metav1.OwnerReference) bool {
		claim := w.karpenter.claims[owner.Name]
		return claim != nil && !reached(claim, karpenter.ConditionInitialized)
	})
}

func (w *world) karpenterActs() {
	w.karpenter.act(w, w.pick("NodePool", slices.Collect(maps.Keys(w.karpenter.nodePools))))
	w.watchFires()
}

// karpenterIsQuick lets Karpenter act between the operator's writes of the next plan.
func (w *world) karpenterIsQuick() { w.karpenter.quick = !w.karpenter.quick }

// teamIsMadeAnew replaces a team whose finalizer somebody removed by another one of the same name.
func (w *world) teamIsMadeAnew() {
	team := w.pickTeam()
	delete(w.teams, team.Name)
	w.serial++
	w.teams[team.Name] = builder.Team(team.Name, builder.TeamUID(fmt.Sprint(team.Name, "-", w.serial)), builder.Created(w.now))
	w.award(w.teams[team.Name])
	w.watchFires()
}

func (w *world) nodeOpens() {
	w.karpenter.open(w, w.pickClaim(func(claim *karpenter.NodeClaim) bool {
		return runs(claim) && isLaunched(claim) && !reached(claim, karpenter.ConditionRegistered)
	}))
	w.watchFires()
}

func (w *world) nodeIsMade() {
	w.karpenter.advance(w, w.pickClaim(func(claim *karpenter.NodeClaim) bool {
		return runs(claim) && !reached(claim, karpenter.ConditionInitialized)
	}))
	w.watchFires()
}

// launchFails has Karpenter report why an instance cannot be launched, and perhaps give up.
func (w *world) launchFails() {
	claim := w.pickClaim(func(claim *karpenter.NodeClaim) bool { return runs(claim) && !isLaunched(claim) })
	if rapid.Bool().Draw(w.t, "gives up") {
		w.karpenter.finish(w, claim)
	} else {
		claim.Status.Conditions = nil
		noCapacity()(claim)
		w.karpenter.changed(claim)
	}
	w.watchFires()
}

// instanceVanishes removes a node without Karpenter, which notices now or later.
func (w *world) instanceVanishes() {
	claim := w.pickClaim(func(claim *karpenter.NodeClaim) bool { return isLaunched(claim) && runs(claim) })
	w.loseNode(nodeOf(claim))
	if rapid.Bool().Draw(w.t, "noticed") || claim.Status.NodeName == "" {
		w.karpenter.end(w, claim)
	}
	w.watchFires()
}

func (w *world) emptyNodeEnds() {
	w.karpenter.end(w, w.pickClaim(func(claim *karpenter.NodeClaim) bool {
		return w.karpenter.nodePools[claim.Labels[karpenter.LabelNodePool]].Spec.Replicas == nil && runs(claim) &&
			reached(claim, karpenter.ConditionInitialized) && len(w.pods[nodeOf(claim)]) == 0
	}))
	w.watchFires()
}

// oneTooMany has Karpenter provision a node beyond a limit that its cache does not show yet.
func (w *world) oneTooMany() {
	var names []string
	for name, nodePool := range w.karpenter.nodePools {
		if nodePool.Spec.Replicas == nil && len(w.karpenter.of(name, anyClaim)) > 0 {
			names = append(names, name)
		}
	}
	nodePool := w.karpenter.nodePools[w.pick("NodePool", names)]
	if len(w.karpenter.over) > 3 {
		w.t.Skip("enough")
	}
	w.karpenter.make(w, nodePool)
	w.watchFires()
}

// nodeIsGone completes the termination of a node.
func (w *world) nodeIsGone() {
	w.karpenter.finish(w, w.pickClaim(func(claim *karpenter.NodeClaim) bool { return !runs(claim) }))
	w.watchFires()
}

func (w *world) modeChanges() {
	if dynamic(w.pool) {
		w.pool.Spec.Karpenter.Mode = foundationv1alpha1.KarpenterStatic
	} else {
		builder.Dynamic()(w.pool)
	}
	w.watchFires()
}

func (w *world) capacityChanges() {
	w.karpenter.kept = w.spokenFor()
	w.pool.Spec.Karpenter.Capacity = new(builder.PerNode * rapid.Int32Range(0, 6).Draw(w.t, "capacity"))
	w.watchFires()
}

// checkRoom checks that there are no more nodes than declared, except for what teams had before less was declared and what
// Karpenter provisioned beyond its limits.
func (w *world) checkRoom(claim *karpenter.NodeClaim) {
	c := w.karpenter
	c.kept = min(c.kept, w.spokenFor())
	over := count(slices.Collect(maps.Values(c.over)), func(over bool) bool { return over })
	if room := max(c.stock(w.pool).members, c.kept); !c.over[claim.Name] && len(c.claims) > room+over {
		w.t.Fatalf("%s is the %dth node where %d may be, and %d were made beyond limits:\n%s", claim.Name, len(c.claims), room, over, w.snapshot())
	}
}

// spokenFor counts the nodes that teams have, are granted, or may have provisioned.
func (w *world) spokenFor() int {
	has := map[gpunode.Owner]int{}
	for _, nodePool := range w.karpenter.nodePools {
		key := gpunode.Owner{Name: nodePool.Labels[foundationv1alpha1.LabelTeam], UID: types.UID(nodePool.Annotations[foundationv1alpha1.AnnotationTeamUID])}
		has[key] += max(int(nodeLimit(nodePool, w.pool)), len(w.karpenter.of(nodePool.Name, anyClaim)))
	}
	for key, nodes := range grantedBy(w.pool.Status) {
		has[key] = max(has[key], nodes)
	}
	sum := 0
	for _, nodes := range has {
		sum += nodes
	}
	return sum
}

// checkNodePool checks that the API server would accept a NodePool, and that it never changes its team.
func (w *world) checkNodePool(live *karpenter.NodePool, config *karpenter.NodePoolApplyConfiguration) {
	team, ours := teamOfNodePool(*config.Name, w.pool)
	is := applied(config)
	template := is.Spec.Template.Metadata
	marks := []string{is.Labels[foundationv1alpha1.LabelTeam], template.Labels[foundationv1alpha1.LabelTeam], template.Labels[foundationv1alpha1.LabelNodeTeam]}
	uid := is.Annotations[foundationv1alpha1.AnnotationTeamUID]
	if !ours || !slices.Equal(marks, []string{team, team, team}) || template.Annotations[foundationv1alpha1.AnnotationTeamUID] != uid || uid == "" {
		w.t.Fatalf("NodePool %s is marked as %v@%s, and its nodes are as %v", *config.Name, marks, uid, template)
	}
	if replicas := is.Spec.Replicas; replicas != nil && (len(is.Spec.Limits) != 1) {
		w.t.Fatalf("NodePool %s has%s with %d nodes", is.Name, sizeOf(&is.Spec), len(w.karpenter.of(is.Name, anyClaim)))
	}
	switch {
	case live == nil:
	case live.Annotations[foundationv1alpha1.AnnotationTeamUID] != uid:
		w.t.Fatalf("NodePool %s goes from %s to %s", is.Name, live.Annotations[foundationv1alpha1.AnnotationTeamUID], uid)
	case (live.Spec.Replicas == nil) != (is.Spec.Replicas == nil):
		w.t.Fatalf("NodePool %s changes its mode", is.Name)
	}
	for _, claim := range w.karpenter.of(is.Name, anyClaim) {
		if w.karpenter.owner[claim.Name] != (gpunode.Owner{Name: team, UID: types.UID(uid)}) {
			w.t.Fatalf("NodePool %s of %s@%s has %s of %s", is.Name, team, uid, claim.Name, w.karpenter.owner[claim.Name])
		}
	}
}

// checkEndedClaim checks that no pod runs or can start on a node that the operator deletes: it was closed and has settled,
// or was never launched.
func (w *world) checkEndedClaim(claim *karpenter.NodeClaim) {
	node := w.nodes[nodeOf(claim)]
	if node == nil && claim.Status.NodeName == "" {
		return
	}
	if node == nil {
		w.t.Fatalf("%s is ended, and nobody knows of its node", claim.Name)
	}
	if pods := w.pods[node.Name]; len(pods) > 0 {
		w.t.Fatalf("%s is ended with pods %v on it: %s", claim.Name, pods, describe(node))
	}
	since := node.Annotations[foundationv1alpha1.AnnotationDrainingSince]
	if since == "" || w.now.Sub(builder.Time(since)) < gpunode.PodBindDelay {
		w.t.Fatalf("%s is ended at %s and was not closed before: %s", claim.Name, w.now, describe(node))
	}
}

// checkSettled checks that teams' nodes are of the pool's mode, and that nothing else is left.
func (c *cloud) checkSettled(w *world, decision Decision) {
	if c == nil {
		return
	}
	wanted := map[string]int{}
	for _, team := range decision.Grants.Teams {
		if team.Granted > 0 {
			wanted[nodePoolName(team.Team.Name, w.pool)] = int(team.Granted)
		}
	}
	for name := range c.nodePools {
		claims := len(c.of(name, anyClaim))
		if size, ok := wanted[name]; !ok || claims > size || claims < size && !dynamic(w.pool) {
			w.t.Fatalf("NodePool %s has %d nodes, want %d:\n%s", name, claims, size, w.snapshot())
		}
		want := corev1.ResourceList{resourceNodes: quantity(wanted[name])}
		if dynamic(w.pool) {
			want = corev1.ResourceList{builder.GPU: quantity(wanted[name] * builder.PerNode)}
		}
		if !equality.Semantic.DeepEqual(c.nodePools[name].Spec.Limits, want) {
			w.t.Fatalf("NodePool %s has%s, want %d nodes", name, sizeOf(&c.nodePools[name].Spec), wanted[name])
		}
	}
	if len(c.nodePools) != len(wanted) {
		w.t.Fatalf("there are NodePools %v, want %v", slices.Collect(maps.Keys(c.nodePools)), wanted)
	}
}
