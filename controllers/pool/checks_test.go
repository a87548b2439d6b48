package pool

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// stock is what the simulated cluster really has, in nodes.
type stock struct {
	members, free, held int
	heldBy              map[gpunode.Owner]int
}

func (w *world) stock(in Input) stock {
	if w.karpenter != nil {
		return w.karpenter.stock(w.pool)
	}
	s := stock{heldBy: map[gpunode.Owner]int{}}
	for _, node := range in.Nodes {
		taken := node.Labels[foundationv1alpha1.LabelPool] != "" || in.classifier().Classify(gpunode.MetadataOf(node)).State != gpunode.Outside
		member := node.Labels[builder.ModelLabel] == b200 && (taken || in.nodeRequirements().HasGPUs(node))
		if member {
			s.members++
		}
		if owner, owned := w.owner[node.Name]; owned {
			s.held++
			if !isUseless(in, node) {
				s.heldBy[owner]++
			}
		} else if member && in.nodeRequirements().Fault(node).Kind == "" && w.isKnownFree(node) {
			s.free++
		}
	}
	return s
}

// isKnownFree reports whether a node's metadata is that of a free one, whatever somebody else wrote on it about scrubbing.
func (w *world) isKnownFree(node *corev1.Node) bool {
	_, asked := node.Annotations[foundationv1alpha1.AnnotationScrubRequest]
	clean := node.DeepCopy()
	without(foundationv1alpha1.AnnotationScrubRequest, foundationv1alpha1.AnnotationScrubbed)(clean)
	return describe(clean) == isFree && (!asked || !requireScrub(w.pool))
}

// checkGrants checks that no team is granted more than it demands, and that grants are raised only as far as nodes are free
// or the team's own.
func (w *world) checkGrants(in Input, status foundationv1alpha1.GPUPoolStatus) {
	checkGrantList(w.t, status.Grants)
	before := grantedBy(w.pool.Status)
	there, sum, owed, fromFree := w.stock(in), 0, 0, false
	var raised []string
	for _, grant := range status.Grants {
		key, nodes := gpunode.Owner{Name: grant.TeamName, UID: types.UID(grant.UID)}, int(grant.Granted/builder.PerNode)
		if asked := w.demand(key); nodes > int(asked)/builder.PerNode || grant.Granted%builder.PerNode != 0 {
			w.t.Fatalf("%s asks for %d and is granted %d", key, asked, grant.Granted)
		}
		sum += nodes
		owed += max(nodes-there.heldBy[key], 0)
		if nodes > before[key] {
			raised = append(raised, key.String())
			// Nodes that Karpenter provisioned beyond a limit block their own team too.
			fromFree = fromFree || nodes > there.heldBy[key] || w.karpenter != nil
		}
	}
	if len(raised) > 0 && in.Now.Before(in.DebounceUntil) {
		w.t.Fatalf("%s are raised while requests are debounced", raised)
	}
	if granted := there.members - int(sparesOf(w.pool)); len(raised) > 0 && sum > granted {
		w.t.Fatalf("%s are raised while %d of %d nodes are granted", raised, sum, granted)
	}
	if fromFree && owed > there.free {
		w.t.Fatalf("%s are raised although %d nodes are owed and %d free", raised, owed, there.free)
	}
	want := [3]int{there.members, sum, there.held}
	if got := [3]int32{status.Capacity.Total, status.Capacity.Granted, status.Capacity.Held}; got != [3]int32{int32(want[0]) * builder.PerNode, int32(want[1]) * builder.PerNode, int32(want[2]) * builder.PerNode} {
		w.t.Fatalf("total, granted and held are %v GPUs, in nodes %v", got, want)
	}
}

// demand is how many GPUs a team demands.
func (w *world) demand(key gpunode.Owner) int32 {
	team := w.teams[key.Name]
	if team == nil || team.UID != key.UID || !team.DeletionTimestamp.IsZero() {
		return 0
	}
	var sum int32
	for _, award := range team.Spec.GPUs {
		if (award.StartTime == nil || !w.now.Before(award.StartTime.Time)) && (award.EndTime == nil || w.now.Before(award.EndTime.Time)) {
			sum += *award.Count
		}
	}
	return sum
}

// checkStable checks that deciding again from what was written writes nothing else.
func (w *world) checkStable(in Input) {
	in.Pool = w.pool.DeepCopy()
	if again, was := asJSON(w.t, BuildStatus(in, Decide(in))), asJSON(w.t, w.pool.Status); again != was {
		w.t.Fatalf("the status is\n%s and on its own output\n%s", was, again)
	}
}

// checkNothingMissed checks that the operator would have nothing to do just before the time for which it asked to be
// requeued. While nodes change hands it polls, and may be late.
func (w *world) checkNothingMissed(at time.Time) {
	if !at.After(w.now) || w.busy || w.isPolling() {
		return
	}
	in := w.input()
	in.Now = at
	_, status, result := w.decide(&in)
	if got, was := asJSON(w.t, status), asJSON(w.t, w.pool.Status); got != was || w.writes(result) > 0 {
		w.t.Fatalf("at %s, asleep until %s, %d writes, the status should be\n%s and is\n%s", at, w.requeueAt, w.writes(result), got, was)
	}
}

// writes counts the requests that a plan sends.
func (w *world) writes(result Plan) int {
	return len(result.Transitions) + len(result.Evictions) + len(result.PodDeletions) + len(result.NodeClaimDeletions) + len(result.NodePoolDeletions) + w.karpenter.differences(result)
}

// checkTransition checks that a node has at most one owner, and gets another one only after it was free and empty.
func (w *world) checkTransition(transition Transition, result Plan) {
	name, is := transition.After.Name, describe(transition.After)
	since := transition.After.Annotations[foundationv1alpha1.AnnotationDrainingSince]
	owner, owned := w.owner[name]
	switch {
	case transition.After.Labels[foundationv1alpha1.LabelNodeTeam] != "":
		w.checkHeld(transition.After, result)
		w.scrubs.dirties(name)
	case w.karpenter != nil:
		w.t.Fatalf("%s of %s becomes nobody's: %s", name, owner, is)
	case since != "":
		if !strings.HasPrefix(is, "b200 +draining= +unassigned= since ") {
			w.t.Fatalf("%s is entering and open: %s", name, is)
		}
		w.checkRequest(transition)
	case is != "" && is != isFree:
		w.t.Fatalf("%s is neither held nor free nor outside: %s", name, is)
	default:
		if len(w.pods[name]) > 0 && (owned || is != "") {
			w.t.Fatalf("%s leaves its owner with pods %v of %s on it: %s", name, w.pods[name], owner, is)
		}
		if is == isFree {
			w.checkScrubbed(transition)
		}
		delete(w.owner, name)
		delete(w.closedAt, name)
	}
}

// checkHeld checks a node that a team holds after the transition.
func (w *world) checkHeld(after *corev1.Node, result Plan) {
	name, is := after.Name, describe(after)
	since := after.Annotations[foundationv1alpha1.AnnotationDrainingSince]
	key := gpunode.Owner{Name: after.Labels[foundationv1alpha1.LabelNodeTeam], UID: types.UID(after.Annotations[foundationv1alpha1.AnnotationTeamUID])}
	want := "b200 " + key.Name + "/" + key.Name + "@" + string(key.UID) + " +team=" + key.Name
	if since != "" {
		want = strings.Replace(want, " +team", " +draining= +team", 1) + " since " + since
	}
	if broken := after.Annotations[foundationv1alpha1.AnnotationBrokenSince]; broken != "" {
		w.checkBroken(after, broken)
		want += " broken " + broken
	}
	if is != want {
		w.t.Fatalf("%s is %s, want %s", name, is, want)
	}
	owner, owned := w.owner[name]
	if owned && owner != key {
		w.t.Fatalf("%s goes from %s to %s", name, owner, key)
	}
	in := Input{Pool: w.pool}
	// A node that Karpenter still starts is not judged: it may yet become healthy.
	if fault := in.nodeRequirements().Fault(after); since == "" && fault.Kind != "" && !w.starts(after) && (!owned || w.nodes[name].Annotations[foundationv1alpha1.AnnotationDrainingSince] != "") {
		w.t.Fatalf("%s is %s and becomes %s's to use", name, fault, key)
	}
	for pod, whose := range w.pods[name] {
		if whose != key.UID {
			w.t.Fatalf("%s becomes %s's with pod %s of %q on it", name, key, pod, whose)
		}
		if since == "" && slices.ContainsFunc(result.Evictions, func(evicted corev1.Pod) bool { return evicted.Name == pod }) {
			w.t.Fatalf("%s is %s's to use and its pods are evicted", name, key)
		}
	}
	w.owner[name] = key
	if _, closed := w.closedAt[name]; since == "" {
		delete(w.closedAt, name)
	} else if !closed {
		w.closedAt[name] = w.now
	}
}

// checkBroken checks what says since when a team's node is broken.
func (w *world) checkBroken(node *corev1.Node, since string) {
	in := Input{Pool: w.pool}
	if fault := in.nodeRequirements().Fault(node); !fault.Replaceable() || builder.Time(since).After(w.now) {
		w.t.Fatalf("%s is %s and is said to be broken since %s", node.Name, fault, since)
	}
}

// isUseless reports whether a node is drained and broken: its team cannot be granted it again.
func isUseless(in Input, node *corev1.Node) bool {
	return node != nil && node.Annotations[foundationv1alpha1.AnnotationDrainingSince] != "" && in.nodeRequirements().Fault(node).Replaceable()
}

// checkEnded checks that only pods of the team are evicted or deleted, and only when their time after the start of the
// drain is over.
func (w *world) checkEnded(pod string, after time.Duration) {
	for name, pods := range w.pods {
		if _, on := pods[pod]; !on {
			continue
		}
		since := w.nodes[name].Annotations[foundationv1alpha1.AnnotationDrainingSince]
		if since == "" || w.now.Sub(builder.Time(since)) < after {
			w.t.Fatalf("%s on %s is ended at %s: %s", pod, name, w.now, describe(w.nodes[name]))
		}
		if _, owned := w.owner[name]; !owned {
			w.t.Fatalf("%s on %s, which was nobody's, is ended", pod, name)
		}
	}
}

// settleDown stops all actions and lets the operator finish.
func (w *world) settleDown() {
	w.budget, w.crash, w.flaky = false, 0, false
	for name, node := range w.nodes {
		node.Status.Conditions[0].Status, node.Spec.Unschedulable = corev1.ConditionTrue, false
		node.Status.Allocatable = builder.Node(name).Status.Allocatable
		if _, owned := w.owner[name]; !owned {
			clear(w.pods[name])
		}
	}
	w.watchFires()
	w.passTime(3 * grace)
	// An award may just have ended.
	for round := 0; w.others() || w.isPolling() && round < 10; round++ {
		if round > 30 {
			w.t.Fatalf("it does not come to an end:\n%s", w.snapshot())
		}
		w.passTime(grace + time.Minute)
	}
	before := w.snapshot()
	w.watchFires()
	if after := w.snapshot(); after != before {
		w.t.Fatalf("it went to sleep too early:\n%s\nand then\n%s", before, after)
	}
}

// others lets Karpenter and the scrubber act. It returns false if neither has anything to do.
func (w *world) others() bool {
	before := w.snapshot()
	w.scrubs.answerAll(w)
	w.karpenter.actAll(w)
	w.watchFires()
	return w.snapshot() != before
}

// checkSettled checks that nothing is left to do, and that each team has what it can have.
func (w *world) checkSettled() {
	in := w.input()
	decision, status, result := w.decide(&in)
	if w.writes(result) > 0 || !result.RequeueAt.IsZero() || w.isPolling() {
		w.t.Fatalf("%d writes, requeued at %s, with nothing going on:\n%s", w.writes(result), result.RequeueAt, w.snapshot())
	}
	for _, team := range decision.Grants.Teams {
		w.checkServed(team, w.stock(in).free-int(sparesOf(w.pool)), status.Capacity)
	}
	w.karpenter.checkSettled(w, decision)
	for name, owner := range w.owner {
		if node := w.nodes[name]; node != nil && isObserved(node) && w.demand(owner) == 0 {
			w.t.Fatalf("%s is still the node of %s, who asks for none: %s", name, owner, describe(node))
		}
	}
}

// checkServed checks that a team has the nodes that it was granted, and was granted what it can have.
func (w *world) checkServed(team allocation.Allocation, spare int, capacity *foundationv1alpha1.PoolCapacity) {
	late := team.Missing() > 0 && (spare > 0 || w.karpenter != nil) && !dynamic(w.pool)
	if team.Surplus() > 0 || late {
		w.t.Fatalf("%s has %d nodes and is granted %d, with %d free", team.Team, team.Usable, team.Granted, spare)
	}
	if team.Short() && spare > 0 && capacity.Granted < capacity.Total-capacity.Spares {
		w.t.Fatalf("%s is granted %d of %d nodes, with %d free", team.Team, team.Granted, team.Demanded, spare)
	}
}

// tearDown deletes the pool: teams keep their nodes for as long as their awards last, and then nothing of the pool is left.
func (w *world) tearDown() {
	w.pool.DeletionTimestamp = new(metav1.NewTime(w.now))
	before := grantedBy(w.pool.Status)
	w.watchFires()
	w.settleDown()
	for key, granted := range grantedBy(w.pool.Status) {
		if granted > before[key] {
			w.t.Fatalf("%s is raised from %d to %d by a pool that is being deleted", key, before[key], granted)
		}
	}
	for _, team := range w.teams {
		team.Spec.GPUs = nil
	}
	w.watchFires()
	w.settleDown()
	if in := w.input(); !Unused(in, Decide(in)) {
		w.t.Fatalf("the deleted pool still has\n%s", w.snapshot())
	}
}

// grantedBy returns how many nodes each team is granted.
func grantedBy(status foundationv1alpha1.GPUPoolStatus) map[gpunode.Owner]int {
	nodes := map[gpunode.Owner]int{}
	for _, grant := range status.Grants {
		nodes[gpunode.Owner{Name: grant.TeamName, UID: types.UID(grant.UID)}] = int(grant.Granted / builder.PerNode)
	}
	return nodes
}
