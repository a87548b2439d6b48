package stories

import (
	"testing"
	"time"

	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

// source is where the nodes of a pool come from. The stories are the same for each.
type source struct {
	name, prefix string
	// applyPool makes, or changes, a GPUPool of a number of nodes; lines are YAML for its spec.
	applyPool func(s *story, name string, nodes int, lines ...string)
}

var sources = []source{
	{name: "static", prefix: "st-", applyPool: func(s *story, name string, nodes int, lines ...string) {
		s.Helper()
		s.Story.ApplyPool(name, nodes, lines...)
	}},
	{name: "Karpenter", prefix: "ka-", applyPool: func(s *story, name string, nodes int, lines ...string) {
		s.Helper()
		s.ApplyKarpenterPool(name, nodes, static, lines...)
	}},
}

// What spec.karpenter of a pool says of its nodes.
var (
	static  = []string{"mode: Static"}
	dynamic = []string{"mode: Dynamic", "nodeResources: {cpu: 224, memory: 2Ti, ephemeral-storage: 28Ti}", "consolidateAfter: 3s"}
)

// story is one test, with its own names, on the lab that all of them share, with nodes of one source.
type story struct {
	*dsl.Story
	from source
}

func newStory(t *testing.T, from source) *story {
	t.Helper()
	return &story{from: from, Story: dsl.New(t, lab, dsl.Options{Prefix: from.prefix, Timeout: 3 * time.Minute, Polling: 250 * time.Millisecond})}
}

// ApplyPool makes, or changes, a GPUPool of a number of nodes of the story's source. lines are YAML for its spec.
func (s *story) ApplyPool(name string, nodes int, lines ...string) {
	s.Helper()
	s.from.applyPool(s, name, nodes, lines...)
}

// ApplyKarpenterPool makes, or changes, a GPUPool of at most so many nodes that Karpenter makes. nodes are YAML for
// spec.karpenter, lines for the spec.
func (s *story) ApplyKarpenterPool(name string, atMost int, nodes []string, lines ...string) {
	s.Helper()
	s.Apply(manifest.KarpenterPool(s.Named(name), atMost, cluster.GPUInstanceType, nodes, lines))
}
