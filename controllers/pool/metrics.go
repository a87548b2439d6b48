package pool

import (
	"github.com/prometheus/client_golang/prometheus"

	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/metrics"
)

// reportNodes sets the metric of a pool's nodes.
func reportNodes(pool string, nodes []gpunode.Node) {
	count := map[gpunode.State]int{}
	for i := range nodes {
		count[nodes[i].State]++
	}
	for _, state := range gpunode.States() {
		metrics.PoolNodes.WithLabelValues(pool, string(state)).Set(float64(count[state]))
	}
}

// forgetNodes removes the metric of a pool that is gone.
func forgetNodes(pool string) {
	metrics.PoolNodes.DeletePartialMatch(prometheus.Labels{metrics.LabelPool: pool})
}
