package pool

import (
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// The invariants of every pool hold, and no node becomes free that was not scrubbed after its last team held it.
func TestPoolInvariantsWithScrub(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newStaticWorld(t, builder.RequireScrub())
		actions := w.staticActions()
		maps.Copy(actions, map[string]func(){
			"a node is scrubbed":          w.scrub,
			"a request is noted":          w.noteRequest,
			"a noted request is answered": w.answerLate,
			"somebody forges an answer":   w.forgeAnswer,
			"a request loses metadata":    w.requestLosesMetadata,
			"requireScrub is switched":    w.switchScrub,
		})
		w.run(t, actions)
	})
}

// scrubber simulates the agent that scrubs nodes, and knows which were not scrubbed.
type scrubber struct {
	dirty map[string]bool
	// noted is the request that it read from a node at some time.
	noted map[string]string
}

func newScrubber() *scrubber { return &scrubber{dirty: map[string]bool{}, noted: map[string]string{}} }

// dirties notes that somebody held a node, or that nobody knows who did.
func (s *scrubber) dirties(node string) {
	if s != nil {
		s.dirty[node] = true
	}
}

func (s *scrubber) isDirty(node string) bool { return s != nil && s.dirty[node] }

// holdsUp reports whether the operator waits for the scrubber.
func (s *scrubber) holdsUp(node *corev1.Node) bool {
	request := node.Annotations[foundationv1alpha1.AnnotationScrubRequest]
	return s != nil && request != "" && node.Annotations[foundationv1alpha1.AnnotationScrubbed] != request
}

// answer writes an answer on a node. Only the answer to the present request means that it was scrubbed.
func (s *scrubber) answer(node *corev1.Node, request string) {
	node.Annotations[foundationv1alpha1.AnnotationScrubbed] = request
	if request == node.Annotations[foundationv1alpha1.AnnotationScrubRequest] {
		s.dirty[node.Name] = false
	}
}

// answerAll scrubs all nodes for which it is requested.
func (s *scrubber) answerAll(w *world) {
	for _, node := range w.nodes {
		if isObserved(node) && requireScrub(w.pool) && s.holdsUp(node) {
			s.answer(node, node.Annotations[foundationv1alpha1.AnnotationScrubRequest])
		}
	}
}

func (w *world) pickAsked() *corev1.Node {
	return w.pickNode(func(node *corev1.Node) bool { return node.Annotations[foundationv1alpha1.AnnotationScrubRequest] != "" })
}

func (w *world) scrub() {
	node := w.pickAsked()
	w.scrubs.answer(node, node.Annotations[foundationv1alpha1.AnnotationScrubRequest])
	w.watchFires()
}

func (w *world) noteRequest() {
	node := w.pickAsked()
	w.scrubs.noted[node.Name] = node.Annotations[foundationv1alpha1.AnnotationScrubRequest]
}

// answerLate answers a request of some time ago, whatever happened to the node since.
func (w *world) answerLate() {
	name := w.pick("node", slices.Collect(maps.Keys(w.scrubs.noted)))
	if node := w.nodes[name]; node != nil {
		w.scrubs.answer(node, w.scrubs.noted[name])
		w.watchFires()
	}
}

// forgeAnswer writes an answer to a request that is still to come, or to one long ago.
func (w *world) forgeAnswer() {
	node := w.pickNode(func(*corev1.Node) bool { return true })
	at := w.now.Add(time.Duration(rapid.SampledFrom([]int{-9, 0, 5}).Draw(w.t, "seconds")) * time.Second).Format(time.RFC3339)
	node.Annotations[foundationv1alpha1.AnnotationScrubbed] = at
	_, held := w.owner[node.Name]
	if forged := node.Annotations[foundationv1alpha1.AnnotationScrubRequest]; forged == "" && (held || !isObserved(node) || describe(node) == "") {
		// Together with a forged request on a node for which none was made.
		node.Annotations[foundationv1alpha1.AnnotationScrubRequest] = at
	} else if forged == at {
		w.scrubs.dirty[node.Name] = false
	}
	w.watchFires()
}

// requestLosesMetadata removes metadata, several pieces at once, from a node that waits to be scrubbed and is known to be
// empty.
func (w *world) requestLosesMetadata() {
	node := w.pickAsked()
	if len(w.pods[node.Name]) > 0 {
		w.t.Skip("not empty")
	}
	for _, mark := range []string{
		foundationv1alpha1.AnnotationScrubRequest, foundationv1alpha1.AnnotationDrainingSince, foundationv1alpha1.TaintDraining, foundationv1alpha1.TaintUnassigned,
	} {
		if rapid.Bool().Draw(w.t, mark) {
			without(mark)(node)
		}
	}
	w.watchFires()
}

func (w *world) switchScrub() {
	w.pool.Spec.Reclaim.RequireScrub = !w.pool.Spec.Reclaim.RequireScrub
	w.watchFires()
}

// checkRequest checks that a scrub is requested only for an empty node, which belongs to no team from then on.
func (w *world) checkRequest(transition Transition) {
	name := transition.After.Name
	request := transition.After.Annotations[foundationv1alpha1.AnnotationScrubRequest]
	if request == "" || request == transition.Before.Annotations[foundationv1alpha1.AnnotationScrubRequest] {
		return
	}
	if len(w.pods[name]) > 0 {
		w.t.Fatalf("%s is to be scrubbed with pods %v on it", name, w.pods[name])
	}
	w.scrubs.dirties(name)
	delete(w.owner, name)
	delete(w.closedAt, name)
}

// checkScrubbed checks that a node was scrubbed before it becomes free, if the pool requires it.
func (w *world) checkScrubbed(transition Transition) {
	if name := transition.Before.Name; requireScrub(w.pool) && w.scrubs.isDirty(name) && !w.isKnownFree(transition.Before) {
		w.t.Fatalf("%s becomes free and was not scrubbed: it was %s", name, describe(transition.Before))
	}
}
