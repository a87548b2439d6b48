package gpunode_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
)

const (
	grace = time.Hour
	first = "first"
)

// member is a healthy node that belongs to the pool.
func member(r gpunode.Ownership) *gpunode.Node {
	return &gpunode.Node{Ownership: r, Name: "n1", Object: bare(), Managed: true, Member: true}
}

// nextCase is a node with its expected next state and requeue time.
type nextCase struct {
	record    gpunode.Ownership
	node      func(*gpunode.Node)
	policy    gpunode.Policy
	pods      int
	want      gpunode.Ownership
	requeueAt time.Time
}

func (tt nextCase) check(t *testing.T) {
	t.Helper()
	n := member(tt.record)
	if tt.node != nil {
		tt.node(n)
	}
	got, requeueAt := tt.policy.Next(n, tt.pods, now)
	if diff := cmp.Diff(tt.want, got); diff != "" {
		t.Error(diff)
	}
	if !requeueAt.Equal(tt.requeueAt) {
		t.Errorf("requeued at %s, want %s", requeueAt, tt.requeueAt)
	}
}

func runNextCases(t *testing.T, tests map[string]nextCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

func TestNextOfNodesThatEnter(t *testing.T) {
	closed := func(state gpunode.State, since time.Duration) gpunode.Ownership {
		r := gpunode.Ownership{State: state, Since: ago(since)}
		if state.Owned() {
			r.Owner = hanbit
		}
		return r
	}
	request := now.Format(time.RFC3339)
	asked := gpunode.Ownership{State: gpunode.AwaitingScrub, Since: now, ScrubRequest: request}
	scrubbed := gpunode.Ownership{State: gpunode.Entering, Since: ago(time.Minute), ScrubRequest: first, ScrubAnswer: first}
	awaiting := gpunode.Ownership{State: gpunode.AwaitingScrub, Since: ago(time.Minute), ScrubRequest: first}
	left := func(n *gpunode.Node) { n.Member = false }
	broken := func(n *gpunode.Node) { n.Fault = gpunode.Fault{Kind: gpunode.FaultNotReady} }
	runNextCases(t, map[string]nextCase{
		"a node that is new in the pool is closed":         {record: outside, want: closed(gpunode.Entering, 0), requeueAt: now.Add(gpunode.PodBindDelay)},
		"a node that is no member stays outside":           {record: outside, node: left, want: outside},
		"no node enters a pool that is being deleted":      {record: outside, policy: gpunode.Policy{Deleting: true}, want: outside},
		"an entering node settles":                         {record: closed(gpunode.Entering, gpunode.PodBindDelay-time.Second), want: closed(gpunode.Entering, gpunode.PodBindDelay-time.Second), requeueAt: now.Add(time.Second)},
		"an entering node is free once it is empty":        {record: closed(gpunode.Entering, gpunode.PodBindDelay), want: free},
		"an entering node with pods is inspected soon":     {record: closed(gpunode.Entering, gpunode.PodBindDelay), pods: 1, want: closed(gpunode.Entering, gpunode.PodBindDelay), requeueAt: now.Add(gpunode.InspectInterval)},
		"an entering node with pods is inspected for long": {record: closed(gpunode.Entering, time.Hour), pods: 1, want: closed(gpunode.Entering, time.Hour), requeueAt: now.Add(gpunode.OccupiedInterval)},
		"a broken entering node with pods is not awaited":  {record: closed(gpunode.Entering, gpunode.PodBindDelay), node: broken, pods: 1, want: closed(gpunode.Entering, gpunode.PodBindDelay), requeueAt: now.Add(gpunode.OccupiedInterval)},
		"an entering node that left the pool is let out":   {record: closed(gpunode.Entering, time.Hour), node: left, pods: 1, want: outside, requeueAt: now.Add(gpunode.OccupiedInterval)},
		"an empty entering node is to be scrubbed":         {record: closed(gpunode.Entering, time.Hour), policy: gpunode.Policy{RequireScrub: true}, want: asked},
		"a node that awaits its scrub is not inspected":    {record: awaiting, policy: gpunode.Policy{RequireScrub: true}, pods: 1, want: awaiting},
		"a node that awaits its scrub and left is let out": {record: awaiting, node: left, policy: gpunode.Policy{RequireScrub: true}, want: outside},
		"a scrubbed node is free once it is empty":         {record: scrubbed, policy: gpunode.Policy{RequireScrub: true}, want: free},
		"a scrubbed node with pods is not":                 {record: scrubbed, policy: gpunode.Policy{RequireScrub: true}, pods: 1, want: scrubbed, requeueAt: now.Add(gpunode.OccupiedInterval)},
		"a free node stays free":                           {record: free, want: free},
		"a free node that left the pool is let out":        {record: free, node: left, want: outside},
		"a free node of a deleted pool is let out":         {record: free, policy: gpunode.Policy{Deleting: true}, want: outside},
	})
}

func TestNextOfNodesOfTeams(t *testing.T) {
	closed := func(state gpunode.State, since time.Duration) gpunode.Ownership {
		r := gpunode.Ownership{State: state, Since: ago(since)}
		if state.Owned() {
			r.Owner = hanbit
		}
		return r
	}
	request := now.Format(time.RFC3339)
	asked := gpunode.Ownership{State: gpunode.AwaitingScrub, Since: now, ScrubRequest: request}
	left := func(n *gpunode.Node) { n.Member = false }
	runNextCases(t, map[string]nextCase{
		"a held node stays its team's":                 {record: held, want: held},
		"a held node that left the pool is its team's": {record: held, node: left, want: held},
		"a held node of a deleted pool is its team's":  {record: held, policy: gpunode.Policy{Deleting: true}, want: held},
		"a draining node settles":                      {record: closed(gpunode.Draining, 0), want: closed(gpunode.Draining, 0), requeueAt: now.Add(gpunode.PodBindDelay)},
		"a draining node with pods is its team's":      {record: closed(gpunode.Draining, 2*grace), pods: 1, want: closed(gpunode.Draining, 2*grace), requeueAt: now.Add(gpunode.LongestInspectInterval)},
		"a drained node is free":                       {record: closed(gpunode.Draining, time.Minute), want: free},
		"a drained node is to be scrubbed":             {record: closed(gpunode.Draining, time.Minute), policy: gpunode.Policy{RequireScrub: true}, want: asked},
		"a drained node that left the pool is let out": {record: closed(gpunode.Draining, time.Minute), node: left, policy: gpunode.Policy{RequireScrub: true}, want: outside},
		"a drained node of Karpenter's is terminated":  {record: closed(gpunode.Draining, time.Minute), policy: gpunode.Policy{Terminate: true}, want: closed(gpunode.Terminating, time.Minute)},
		"a provisioning node is Karpenter's":           {record: closed(gpunode.Provisioning, 0), want: closed(gpunode.Provisioning, 0)},
		"a terminating node counts until its grace is over": {
			record: closed(gpunode.Terminating, time.Minute), policy: gpunode.Policy{GracePeriod: grace}, want: closed(gpunode.Terminating, time.Minute), requeueAt: now.Add(grace - time.Minute),
		},
		"a terminating node is waited for no longer than that": {record: closed(gpunode.Terminating, grace), policy: gpunode.Policy{GracePeriod: grace}, want: closed(gpunode.Terminating, grace)},
	})
}

// transitions are what docs/pools.md draws: by Next, or because a team is given a node (Hold) or has to give one back
// (Drain).
var transitions = []string{
	"Outside → Entering", "Entering → Free", "Entering → AwaitingScrub", "AwaitingScrub → Outside", "Entering → Outside", "Free → Outside",
	"Free → Held", "Held → Draining", "Draining → Held", "Draining → Free", "Draining → AwaitingScrub", "Draining → Outside",
	"Provisioning → Draining", "Draining → Terminating",
	// Not decided by Next but observed: the node was scrubbed, or Karpenter changed its NodeClaim.
	"AwaitingScrub → Entering", "Provisioning → Held", "Provisioning → Terminating", "Held → Terminating",
}

// walk draws a sequence of events for a node: decisions of the pool, grants, drains, scrubs and changes by Karpenter.
type walk struct {
	node   gpunode.Node
	policy gpunode.Policy
	pods   int
	now    time.Time
	seen   map[string]bool
}

func (w *walk) become(r gpunode.Ownership) {
	if r.State != w.node.State {
		w.seen[fmt.Sprintf("%s → %s", w.node.State, r.State)] = true
	}
	w.node.Ownership = r
	w.node.Object = r.Metadata(pool).AppliedTo(w.node.Object)
}

// read classifies the node again from its metadata.
func (w *walk) read(claim gpunode.NodeClaimFacts) {
	c := gpunode.Classifier{Pool: pool, RequireScrub: w.policy.RequireScrub, Now: w.now}
	if w.policy.Terminate {
		w.become(c.ClassifyProvisioned(claim, gpunode.MetadataOf(w.node.Object)))
	} else {
		w.become(c.Classify(gpunode.MetadataOf(w.node.Object)))
	}
}

func (w *walk) step(t *rapid.T) {
	w.now = w.now.Add(rapid.SampledFrom([]time.Duration{time.Second, gpunode.PodBindDelay, time.Minute}).Draw(t, "time"))
	state := w.node.State
	switch action := rapid.SampledFrom([]string{"next", "next", "next", "team", "outside", "pods", "member"}).Draw(t, "action"); {
	case action == "next":
		next, _ := w.policy.Next(&w.node, w.pods, w.now)
		if state.Owned() && !next.State.Owned() && (state != gpunode.Draining || w.pods > 0 || w.now.Before(w.node.Since.Add(gpunode.PodBindDelay))) {
			t.Fatalf("%s becomes %s with %d pods at %s", state, next.State, w.pods, w.now)
		}
		if next.State == gpunode.Free && state != gpunode.Free && w.pods > 0 {
			t.Fatalf("%s becomes free with pods on it", state)
		}
		w.become(next)
	case action == "team" && (w.node.Grantable() || state == gpunode.Draining):
		w.become(gpunode.Hold(hanbit))
	case action == "team" && state.Usable():
		next, _ := w.policy.Drain(&w.node, w.now)
		w.become(next)
	case action == "outside" && state == gpunode.AwaitingScrub:
		w.node.Object.Annotations["foundation.team/scrubbed"] = w.node.ScrubRequest
		w.read(gpunode.NodeClaimFacts{})
	case action == "outside" && w.policy.Terminate && state != gpunode.Draining:
		w.read(gpunode.NodeClaimFacts{Owner: hanbit, Initialized: rapid.Bool().Draw(t, "initialized") || state == gpunode.Held, DeletionTime: deletedAt(t, state, w.now)})
	case action == "pods":
		w.pods = rapid.IntRange(0, 1).Draw(t, "pods")
	case action == "member" && !w.policy.Terminate:
		w.node.Member = !w.node.Member
	}
}

func deletedAt(t *rapid.T, state gpunode.State, now time.Time) time.Time {
	if state == gpunode.Terminating || rapid.Bool().Draw(t, "deleted") {
		return now
	}
	return time.Time{}
}

// Random walks take every transition of the figure, and no other one.
func TestTransitions(t *testing.T) {
	seen := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		w := &walk{now: now, seen: seen, policy: gpunode.Policy{
			GracePeriod: grace, RequireScrub: rapid.Bool().Draw(t, "require scrub"), Terminate: rapid.Bool().Draw(t, "Karpenter"),
		}}
		w.node = *member(gpunode.Ownership{State: gpunode.Outside})
		if w.policy.Terminate {
			w.node.Ownership = gpunode.Ownership{State: gpunode.Provisioning, Owner: hanbit}
		}
		for range 500 {
			w.step(t)
		}
	})
	for _, transition := range transitions {
		if !seen[transition] {
			t.Errorf("%s never happened", transition)
		}
		delete(seen, transition)
	}
	for transition := range seen {
		t.Errorf("%s is not in the figure", transition)
	}
}

func TestDrain(t *testing.T) {
	claim := func(node string) *karpenter.NodeClaim {
		c := &karpenter.NodeClaim{}
		c.Status.NodeName = node
		return c
	}
	provisioning := gpunode.Ownership{State: gpunode.Provisioning, Owner: hanbit}
	draining := gpunode.Ownership{State: gpunode.Draining, Owner: hanbit, Since: now}
	tests := map[string]struct {
		node      gpunode.Node
		want      gpunode.Ownership
		requeueAt time.Time
	}{
		"a node that is just there":              {gpunode.Node{Ownership: gpunode.Hold(hanbit), Object: bare()}, draining, now.Add(gpunode.PodBindDelay)},
		"a node that Karpenter has not finished": {gpunode.Node{Ownership: provisioning, Object: bare(), NodeClaim: claim("n1")}, draining, now.Add(gpunode.PodBindDelay)},
		"a node that is not launched":            {gpunode.Node{Ownership: provisioning, NodeClaim: claim("")}, gpunode.Ownership{State: gpunode.Terminating, Owner: hanbit, Since: now}, time.Time{}},
		"a node that the cache does not show":    {gpunode.Node{Ownership: gpunode.Hold(hanbit), NodeClaim: claim("n1")}, gpunode.Hold(hanbit), time.Time{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, requeueAt := gpunode.Policy{}.Drain(&tt.node, now)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if !requeueAt.Equal(tt.requeueAt) {
				t.Errorf("requeued at %s, want %s", requeueAt, tt.requeueAt)
			}
		})
	}
}

func TestArriving(t *testing.T) {
	tests := map[string]struct {
		record gpunode.Ownership
		node   func(*gpunode.Node)
		want   bool
	}{
		"new in the pool":                {record: gpunode.Ownership{State: gpunode.Outside}, want: true},
		"closed a moment ago":            {record: gpunode.Ownership{State: gpunode.Entering, Since: now}, want: true},
		"closed for as long as it takes": {record: gpunode.Ownership{State: gpunode.Entering, Since: ago(gpunode.PodBindDelay + gpunode.InspectInterval)}},
		"scrubbed a moment ago":          {record: gpunode.Ownership{State: gpunode.Entering, Since: now, ScrubRequest: first, ScrubAnswer: first}},
		"to be scrubbed, in a pool that requires it no more": {
			record: gpunode.Ownership{State: gpunode.Entering, Since: now},
			node:   func(n *gpunode.Node) { n.Object.Annotations[foundationv1alpha1.AnnotationScrubRequest] = first },
		},
		"awaiting its scrub": {record: gpunode.Ownership{State: gpunode.AwaitingScrub, Since: now, ScrubRequest: first}},
		"free":               {record: gpunode.Ownership{State: gpunode.Free}},
		"draining":           {record: gpunode.Ownership{State: gpunode.Draining, Owner: hanbit, Since: now}},
		"new and broken":     {record: gpunode.Ownership{State: gpunode.Outside}, node: func(n *gpunode.Node) { n.Fault = gpunode.Fault{Kind: gpunode.FaultNotReady} }},
		"no member":          {record: gpunode.Ownership{State: gpunode.Outside}, node: func(n *gpunode.Node) { n.Member = false }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := member(tt.record)
			if tt.node != nil {
				tt.node(n)
			}
			if got := n.Arriving(now); got != tt.want {
				t.Errorf("Arriving = %t", got)
			}
		})
	}
}

func TestNodeOfNodePool(t *testing.T) {
	n := member(gpunode.Hold(hanbit))
	if n.FromNodePool("") || !n.Initialized() {
		t.Error("a node without a NodeClaim is taken for Karpenter's")
	}
	n.NodeClaim = &karpenter.NodeClaim{}
	n.NodeClaim.Labels = map[string]string{karpenter.LabelNodePool: "hanbit.b200.s"}
	if !n.FromNodePool("hanbit.b200.s") || n.FromNodePool("saebit.b200.s") || n.Initialized() {
		t.Error("a node with a NodeClaim that is not initialized is taken for another one")
	}
}

// The pods of a node that drains for days are listed seldom, and often again when its grace period ends.
func TestInspectedEverMoreSeldom(t *testing.T) {
	const grace = 72 * time.Hour
	policy := gpunode.Policy{GracePeriod: grace}
	inspected := map[time.Duration]time.Duration{}
	node := &gpunode.Node{Ownership: gpunode.Ownership{State: gpunode.Draining, Since: now}}
	count := 0
	for at := gpunode.PodBindDelay; at < grace+time.Hour; count++ {
		_, next := policy.Next(node, 1, now.Add(at))
		inspected[at] = next.Sub(now.Add(at))
		at = next.Sub(now)
	}
	for at, want := range map[time.Duration]time.Duration{gpunode.PodBindDelay: gpunode.InspectInterval, grace: gpunode.InspectInterval} {
		if inspected[at] != want {
			t.Errorf("after %s again after %s, want %s", at, inspected[at], want)
		}
	}
	if most := int((grace + time.Hour) / time.Minute); count > most+100 {
		t.Errorf("listed %d times in %s", count, grace+time.Hour)
	}
}
