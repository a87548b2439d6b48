package pool

import (
	"fmt"

	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/text"
)

// maxNames is how many names a message lists before it says how many more there are.
const maxNames = 3

// nodesAre counts nodes in a sentence: "1 node is", "2 nodes are".
func nodesAre[N ~int](n N) string {
	if n == 1 {
		return "1 node is"
	}
	return text.Count(int(n), "node") + " are"
}

func matching(n int) string {
	if n == 1 {
		return "1 node matches"
	}
	return text.Count(n, "node") + " match"
}

func have(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

// faultsOf lists the names of the first few nodes, each with what is wrong with it.
func faultsOf(nodes []*gpunode.Node) string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = fmt.Sprintf("%s (%s)", n.Name, n.Fault)
	}
	return text.First(names, maxNames)
}

// namesOf lists the names of the first few nodes.
func namesOf(nodes []*gpunode.Node) string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.Name
	}
	return text.First(names, maxNames)
}
