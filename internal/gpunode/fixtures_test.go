package gpunode_test

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"foundation.team/operator/internal/gpunode"
)

const pool = "b200"

var (
	now    = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	hanbit = gpunode.Owner{Name: "hanbit", UID: "hanbit-uid"}
)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// classifier reads the nodes of the tests' pool, in which nodes are scrubbed.
func classifier() gpunode.Classifier {
	return gpunode.Classifier{Pool: pool, RequireScrub: true, Now: now}
}

// bare is a Node with labels, annotations and taints that are nobody's of the pool.
func bare() *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "n1", Labels: map[string]string{"app": "x"}, Annotations: map[string]string{"note": "y"}},
		Spec:       corev1.NodeSpec{Taints: []corev1.Taint{{Key: "example.com/slow", Value: "yes", Effect: corev1.TaintEffectNoSchedule}}},
	}
}

// drawOwnership draws a state with all data that belongs to it.
func drawOwnership(t *rapid.T, state gpunode.State) gpunode.Ownership {
	moment := func(label string) time.Time {
		return ago(time.Duration(rapid.IntRange(1, 1000000).Draw(t, label)) * time.Second)
	}
	r := gpunode.Ownership{State: state}
	if state.Owned() {
		r.Owner = gpunode.Owner{
			Name: rapid.SampledFrom([]string{"hanbit", "saebit"}).Draw(t, "owner"), UID: "uid-1",
		}
	}
	switch state {
	case gpunode.Held:
		if rapid.Bool().Draw(t, "broken") {
			r.BrokenSince = moment("broken since")
		}
	case gpunode.Draining, gpunode.Terminating:
		r.Since = moment("since")
	case gpunode.Entering:
		r.Since = moment("since")
		r.ScrubRequest = rapid.SampledFrom([]string{"", "first"}).Draw(t, "request")
		r.ScrubAnswer = r.ScrubRequest
	case gpunode.AwaitingScrub:
		r.Since = moment("since")
		r.ScrubRequest = "first"
		r.ScrubAnswer = rapid.SampledFrom([]string{"", "earlier"}).Draw(t, "answer")
	default:
		// Only its name belongs to it.
	}
	return r
}

// claimOf is the NodeClaim of a node in a state that Karpenter adds, or in one that it shares.
func claimOf(r gpunode.Ownership) gpunode.NodeClaimFacts {
	claim := gpunode.NodeClaimFacts{Owner: r.Owner, Initialized: r.State != gpunode.Provisioning}
	if r.State == gpunode.Terminating {
		claim.DeletionTime = r.Since
	}
	return claim
}
