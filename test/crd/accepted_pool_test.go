package crd

import "testing"

var acceptedPools = map[string]accepted{
	"everything": {
		manifest: pool,
		want:     pool,
	},
	"required fields alone": {
		manifest: smallestPool,
		want:     `spec: {source: Owned, resourceName: nvidia.com/gpu, reclaim: {gracePeriod: 72h, forceAfter: null, requireScrub: false}, repair: {replaceAfter: 10m, spares: 0}}`,
	},
	"reclaim without grace period": {
		manifest: smallestPool,
		patch:    `spec: {reclaim: {}}`,
		want:     `spec: {reclaim: {gracePeriod: 72h}}`,
	},
	"name of 63 letters": {
		manifest: smallestPool,
		patch:    `metadata: {name: ` + long(63) + `}`,
	},
	"purchased from nobody in particular": {
		manifest: smallestPool,
		patch:    `spec: {source: Purchased}`,
	},
	"another resource": {
		manifest: smallestPool,
		patch:    `spec: {resourceName: gpu.intel.com/i915_monitoring}`,
	},
	"a resource name as long as it gets": {
		manifest: smallestPool,
		patch:    `spec: {resourceName: ` + long(180) + `/` + long(63) + `}`,
	},
	"1 GPU per node": {
		manifest: smallestPool,
		patch:    `spec: {gpusPerNode: 1}`,
	},
	"1024 GPUs per node": {
		manifest: smallestPool,
		patch:    `spec: {gpusPerNode: 1024}`,
	},
	"availability with an end alone": {
		manifest: smallestPool,
		patch:    `spec: {availability: {endTime: "2027-01-01T00:00:00Z"}}`,
	},
	"nodes by expressions": {
		manifest: smallestPool,
		patch: `spec: {static: {nodeSelector: {matchLabels: null, matchExpressions: [
			{key: gpu, operator: In, values: ` + many(32, `v%d`) + `}, {key: zone, operator: NotIn, values: [` + long(63) + `]},
			{key: rack, operator: Exists}, {key: spare, operator: DoesNotExist, values: []}]}}}`,
	},
	"nodes by 16 labels": {
		manifest: smallestPool,
		patch:    `spec: {static: {nodeSelector: {matchLabels: ` + keys(15, `l%d: v`) + `}}}`,
	},
	"topology keys with and without a domain": {
		manifest: smallestPool,
		patch:    `spec: {static: {topologyKeys: [topology.kubernetes.io/zone, rack]}}`,
	},
	"static nodes with taints of others": {
		manifest: smallestPool,
		patch:    `spec: {static: {taints: [{key: example.com/dedicated, value: gpu, effect: NoSchedule}, {key: example.com/dedicated, effect: NoExecute}]}}`,
	},
	"repair without anything": {
		manifest: smallestPool,
		patch:    `spec: {repair: {}}`,
		want:     `spec: {repair: {replaceAfter: 10m, spares: 0}}`,
	},
	"broken nodes are not replaced": {
		manifest: smallestPool,
		patch:    `spec: {repair: {replaceAfter: 0s}}`,
	},
	"spares and a long patience": {
		manifest: smallestPool,
		patch:    `spec: {repair: {replaceAfter: 720h, spares: 1024}}`,
	},
	"grace period of 0s": {
		manifest: smallestPool,
		patch:    `spec: {reclaim: {gracePeriod: 0s}}`,
	},
	"grace period of 720h": {
		manifest: smallestPool,
		patch:    `spec: {reclaim: {gracePeriod: 720h}}`,
	},
	"grace period as Go writes it": {
		manifest: smallestPool,
		patch:    `spec: {reclaim: {gracePeriod: 1h30m0s}}`,
	},
	"force as soon as the grace period is over": {
		manifest: smallestPool,
		patch:    `spec: {reclaim: {gracePeriod: 30m, forceAfter: 1800s}}`,
	},
	"force as soon as the default grace period is over": {
		manifest: smallestPool,
		patch:    `spec: {reclaim: {forceAfter: 72h}}`,
		want:     `spec: {reclaim: {gracePeriod: 72h, forceAfter: 72h}}`,
	},
	"force at once": {
		manifest: smallestPool,
		patch:    `spec: {reclaim: {gracePeriod: 0s, forceAfter: 0s}}`,
	},
	"force after 1440h": {
		manifest: smallestPool,
		patch:    `spec: {reclaim: {gracePeriod: 720h, forceAfter: 1440h}}`,
	},
	"scrubbed before each assignment": {
		manifest: smallestPool,
		patch:    `spec: {reclaim: {requireScrub: true}}`,
		want:     `spec: {reclaim: {gracePeriod: 72h, requireScrub: true}}`,
	},
	"a device class": {
		manifest: smallestPool,
		patch:    `spec: {deviceClassName: ` + long(63) + `}`,
	},
	"Karpenter pool with every field": {
		manifest: karpenterPool,
		want:     karpenterPool,
	},
	"Karpenter pool with required fields alone": {
		manifest: smallestKarpenterPool,
		want:     `spec: {karpenter: {mode: Static}, static: null, reclaim: {gracePeriod: 72h, requireScrub: false}}`,
	},
	"Karpenter pool that does not require scrubbing, explicitly": {
		manifest: smallestKarpenterPool,
		patch:    `spec: {reclaim: {requireScrub: false}}`,
	},
	"Karpenter pool with a name of 20 letters": {
		manifest: smallestKarpenterPool,
		patch:    `metadata: {name: ` + long(20) + `}`,
	},
	"Static with resources": {
		manifest: smallestKarpenterPool,
		patch:    `spec: {karpenter: {nodeResources: {cpu: 190, memory: "1e12"}}}`,
	},
	"Dynamic with nothing more than it needs": {
		manifest: smallestKarpenterPool,
		patch: `spec: {karpenter: {mode: Dynamic, nodeResources: {cpu: 500m, memory: 1Gi},
			requirements: [{key: topology.kubernetes.io/zone, operator: DoesNotExist, values: []}]}}`,
	},
	"Dynamic with a device class": {
		manifest: smallestKarpenterPool,
		patch:    `spec: {deviceClassName: gpu.nvidia.com, karpenter: {mode: Dynamic, nodeResources: {cpu: 1, memory: 1}, consolidateAfter: 0s}}`,
	},
	"consolidation after 720h": {
		manifest: karpenterPool,
		patch:    `spec: {karpenter: {consolidateAfter: 720h}}`,
	},
	"capacity of 100000": {
		manifest: smallestKarpenterPool,
		patch:    `spec: {karpenter: {capacity: 100000}}`,
	},
	"requirements by every operator": {
		manifest: karpenterPool,
		patch: `spec: {karpenter: {requirements: [{key: a, operator: In, values: ` + many(64, `v%d`) + `}, {key: b, operator: NotIn, values: [x]},
			{key: c, operator: Exists}, {key: d, operator: DoesNotExist}, {key: e, operator: Gt, values: ["0"]}, {key: f, operator: Lt, values: ["8"]}]}}`,
	},
	"labels that only look reserved": {
		manifest: karpenterPool,
		patch: `spec: {karpenter: {labels: {foundation.teams/team: x, karpenter.kwok.sh/rack: x},
			requirements: [{key: karpenter.kwok.sh/rack, operator: Exists}],
			taints: [{key: karpenter.kwok.sh/rack, effect: PreferNoSchedule}]}}`,
	},
}

func TestAcceptedPools(t *testing.T) {
	testAccepted(t, pools, acceptedPools)
}
