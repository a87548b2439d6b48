package crd

import "testing"

var refusedPools = map[string]refused{
	"name with upper case letters": {
		patch: `metadata: {name: B200}`,
		want: []string{
			`metadata.name: Invalid value: "B200": a lowercase RFC 1123 subdomain`,
			`metadata.name: B200 must be at most 63 lower case letters, digits and hyphens, and start and end with a letter or digit: nodes are labelled with it`,
		},
	},
	"name of 64 letters": {
		patch: `metadata: {name: ` + long(64) + `}`,
		want:  []string{`must be at most 63 lower case letters, digits and hyphens, and start and end with a letter or digit: nodes are labelled with it`},
	},
	"name with a dot": {
		patch: `metadata: {name: b200.seoul}`,
		want:  []string{`metadata.name: b200.seoul must be at most 63 lower case letters, digits and hyphens, and start and end with a letter or digit: nodes are labelled with it`},
	},
	"no spec": {
		patch: `spec: null`,
		want:  []string{`spec: Required value`},
	},
	"unknown field": {
		patch: `spec: {count: 1024}`,
		want:  []string{`GPUPool in version "v1alpha1" cannot be handled as a GPUPool: strict decoding error: unknown field "spec.count"`},
	},
	"unknown field of reclaim": {
		patch: `spec: {reclaim: {forced: true}}`,
		want:  []string{`GPUPool in version "v1alpha1" cannot be handled as a GPUPool: strict decoding error: unknown field "spec.reclaim.forced"`},
	},
	"no model": {
		patch: `spec: {model: null}`,
		want:  []string{`spec.model: Required value`},
	},
	"model empty": {
		patch: `spec: {model: ""}`,
		want: []string{
			`spec.model: Invalid value: "": spec.model in body should be at least 1 chars long`,
			`spec.model: Invalid value: "": must not begin or end with a space, nor have control characters or line breaks`,
		},
	},
	"model of 65 letters": {
		patch: `spec: {model: ` + long(65) + `}`,
		want:  []string{`spec.model: Too long: may not be more than 64 bytes`},
	},
	"model that ends with a space": {
		patch: `spec: {model: "NVIDIA B200 "}`,
		want:  []string{`spec.model: Invalid value: "NVIDIA B200 ": must not begin or end with a space, nor have control characters or line breaks`},
	},
	"unknown source": {
		patch: `spec: {source: Borrowed}`,
		want:  []string{`spec.source: Unsupported value: "Borrowed": supported values: "Leased", "Purchased", "Owned"`},
	},
	"static nodes with a taint of the operator": {
		patch: `spec: {static: {taints: [{key: foundation.team/team, effect: NoSchedule}]}}`,
		want:  []string{`spec.static.taints[0].key: Invalid value: "foundation.team/team": is for the operator and Karpenter to set: leave it out`},
	},
	"broken nodes are replaced after more than a month": {
		patch: `spec: {repair: {replaceAfter: 721h}}`,
		want:  []string{`spec.repair.replaceAfter: Invalid value: "721h": must be between 0s and 720h, written in hours, minutes and seconds, for example 10m`},
	},
	"less than no spares": {
		patch: `spec: {repair: {spares: -1}}`,
		want:  []string{`spec.repair.spares: Invalid value: -1: spec.repair.spares in body should be greater than or equal to 0`},
	},
	"leased from nobody": {
		patch: `spec: {supplier: null}`,
		want:  []string{`spec.supplier: Invalid value: is required for source Leased: name the organisation that leases the GPUs out, which may not draw from the pool`},
	},
	"supplier of 129 letters": {
		patch: `spec: {supplier: ` + long(129) + `}`,
		want:  []string{`spec.supplier: Too long: may not be more than 128 bytes`},
	},
	"supplier that ends with a space": {
		patch: `spec: {supplier: "Example Telecom "}`,
		want:  []string{`spec.supplier: Invalid value: "Example Telecom ": must not begin or end with a space, nor have control characters: organisations are compared letter by letter`},
	},
	"ineligible twice": {
		patch: `spec: {ineligible: [Example Telecom, Example Telecom]}`,
		want:  []string{`spec.ineligible[1]: Duplicate value: "Example Telecom"`},
	},
	"ineligible that begins with a space": {
		patch: `spec: {ineligible: [" Example Telecom"]}`,
		want:  []string{`spec.ineligible[0]: Invalid value: " Example Telecom": must not begin or end with a space, nor have control characters: organisations are compared letter by letter`},
	},
	"ineligible, 65 of them": {
		patch: `spec: {ineligible: ` + many(65, `Example %d`) + `}`,
		want:  []string{`spec.ineligible: Too many: 65: must have at most 64 items`},
	},
	"resource without domain": {
		patch: `spec: {resourceName: gpu}`,
		want:  []string{`spec.resourceName: Invalid value: "gpu": must be an extended resource such as nvidia.com/gpu: <domain>/<name>, not under kubernetes.io`},
	},
	"resource of Kubernetes": {
		patch: `spec: {resourceName: kubernetes.io/gpu}`,
		want:  []string{`spec.resourceName: Invalid value: "kubernetes.io/gpu": must be an extended resource such as nvidia.com/gpu: <domain>/<name>, not under kubernetes.io`},
	},
	"resource of a domain of Kubernetes": {
		patch: `spec: {resourceName: gpu.kubernetes.io/any}`,
		want:  []string{`spec.resourceName: Invalid value: "gpu.kubernetes.io/any": must be an extended resource such as nvidia.com/gpu: <domain>/<name>, not under kubernetes.io`},
	},
	"resource that looks like a quota": {
		patch: `spec: {resourceName: requests.nvidia.com/gpu}`,
		want:  []string{`spec.resourceName: Invalid value: "requests.nvidia.com/gpu": must be an extended resource such as nvidia.com/gpu: <domain>/<name>, not under kubernetes.io`},
	},
	"resource of a domain in upper case": {
		patch: `spec: {resourceName: NVIDIA.com/gpu}`,
		want:  []string{`spec.resourceName: Invalid value: "NVIDIA.com/gpu": must be an extended resource such as nvidia.com/gpu: <domain>/<name>, not under kubernetes.io`},
	},
	"resource of a domain with two dots": {
		patch: `spec: {resourceName: nvidia..com/gpu}`,
		want:  []string{`spec.resourceName: Invalid value: "nvidia..com/gpu": must be an extended resource such as nvidia.com/gpu: <domain>/<name>, not under kubernetes.io`},
	},
	"resource with a name of 64 letters": {
		patch: `spec: {resourceName: nvidia.com/` + long(64) + `}`,
		want:  []string{`must be an extended resource such as nvidia.com/gpu: <domain>/<name>, not under kubernetes.io`},
	},
	"resource of 245 letters": {
		patch: `spec: {resourceName: ` + long(241) + `/gpu}`,
		want:  []string{`spec.resourceName: Too long: may not be more than 244 bytes`},
	},
	"no GPUs per node": {
		patch: `spec: {gpusPerNode: null}`,
		want:  []string{`spec.gpusPerNode: Required value`},
	},
	"0 GPUs per node": {
		patch: `spec: {gpusPerNode: 0}`,
		want:  []string{`spec.gpusPerNode: Invalid value: 0: spec.gpusPerNode in body should be greater than or equal to 1`},
	},
	"1025 GPUs per node": {
		patch: `spec: {gpusPerNode: 1025}`,
		want:  []string{`spec.gpusPerNode: Invalid value: 1025: spec.gpusPerNode in body should be less than or equal to 1024`},
	},
	"availability empty": {
		patch: `spec: {availability: {startTime: null, endTime: null}}`,
		want:  []string{`spec.availability: Invalid value: 0: spec.availability in body should have at least 1 properties`},
	},
	"availability that ends before it starts": {
		patch: `spec: {availability: {startTime: "2027-02-01T00:00:00Z"}}`,
		want:  []string{`spec.availability.endTime: Invalid value: must be after startTime: move endTime, or leave it out for an open end`},
	},
	"device class in upper case": {
		patch: `spec: {deviceClassName: GPU.nvidia.com}`,
		want:  []string{`spec.deviceClassName: Invalid value: "GPU.nvidia.com": must be the name of a DeviceClass, for example gpu.nvidia.com`},
	},
	"device class with two dots": {
		patch: `spec: {deviceClassName: gpu..nvidia.com}`,
		want:  []string{`spec.deviceClassName: Invalid value: "gpu..nvidia.com": must be the name of a DeviceClass, for example gpu.nvidia.com`},
	},
	"device class empty": {
		patch: `spec: {deviceClassName: ""}`,
		want: []string{
			`spec.deviceClassName: Invalid value: "": spec.deviceClassName in body should be at least 1 chars long`,
			`spec.deviceClassName: Invalid value: "": must be the name of a DeviceClass, for example gpu.nvidia.com`,
		},
	},
	"device class of 64 letters": {
		patch: `spec: {deviceClassName: ` + long(64) + `}`,
		want:  []string{`spec.deviceClassName: Too long: may not be more than 63 bytes`},
	},
	"neither static nor karpenter": {
		patch: `spec: {static: null}`,
		want:  []string{`spec: Invalid value: has neither static nor karpenter: give one, static for nodes that exist or karpenter for nodes that Karpenter makes`},
	},
	"both static and karpenter": {
		patch: `spec: {reclaim: null, karpenter: {capacity: 8, nodeClassRef: {group: a.b, kind: C, name: d},
			requirements: [{key: node.kubernetes.io/instance-type, operator: In, values: [x]}]}}`,
		want: []string{`spec: Invalid value: has both static and karpenter: give one, static for nodes that exist or karpenter for nodes that Karpenter makes`},
	},
	"no node selector": {
		patch: `spec: {static: {nodeSelector: null}}`,
		want:  []string{`spec.static.nodeSelector: Required value`},
	},
	"node selector empty": {
		patch: `spec: {static: {nodeSelector: {matchLabels: null, matchExpressions: null}}}`,
		want:  []string{`spec.static.nodeSelector: Invalid value: must choose by at least one label: an empty selector would take every node of the cluster`},
	},
	"node selector with no labels": {
		patch: `spec: {static: {nodeSelector: {matchLabels: {gpu.example.com/model: null}, matchExpressions: []}}}`,
		want:  []string{`spec.static.nodeSelector: Invalid value: must choose by at least one label: an empty selector would take every node of the cluster`},
	},
	"node selector with 17 labels": {
		patch: `spec: {static: {nodeSelector: {matchLabels: ` + keys(16, `l%d: b`) + `}}}`,
		want:  []string{`spec.static.nodeSelector.matchLabels: Invalid value: must be at most 16 labels, with keys of at most 317 and values of at most 63 characters`},
	},
	"node selector with a value of 64 letters": {
		patch: `spec: {static: {nodeSelector: {matchLabels: {model: ` + long(64) + `}}}}`,
		want:  []string{`spec.static.nodeSelector.matchLabels: Invalid value: must be at most 16 labels, with keys of at most 317 and values of at most 63 characters`},
	},
	"node selector with a key of 318 letters": {
		patch: `spec: {static: {nodeSelector: {matchLabels: {? ` + long(318) + ` : b200}}}}`,
		want:  []string{`spec.static.nodeSelector.matchLabels: Invalid value: must be at most 16 labels, with keys of at most 317 and values of at most 63 characters`},
	},
	"node selector with 17 expressions": {
		patch: `spec: {static: {nodeSelector: {matchExpressions: ` + many(17, `{key: k%d, operator: Exists}`) + `}}}`,
		want:  []string{`spec.static.nodeSelector.matchExpressions: Invalid value: must be at most 16 expressions, with keys of at most 317 characters and at most 32 values each`},
	},
	"node selector with 33 values": {
		patch: `spec: {static: {nodeSelector: {matchExpressions: [{key: model, operator: In, values: ` + many(33, `v%d`) + `}]}}}`,
		want:  []string{`spec.static.nodeSelector.matchExpressions: Invalid value: must be at most 16 expressions, with keys of at most 317 characters and at most 32 values each`},
	},
	"node selector with a value of 64 letters in an expression": {
		patch: `spec: {static: {nodeSelector: {matchExpressions: [{key: model, operator: In, values: [b200, ` + long(64) + `]}]}}}`,
		want:  []string{`spec.static.nodeSelector.matchExpressions: Invalid value: must have values of at most 63 characters, as node labels have`},
	},
	"node selector with an unknown operator": {
		patch: `spec: {static: {nodeSelector: {matchExpressions: [{key: model, operator: Gt, values: ['7']}]}}}`,
		want:  []string{`spec.static.nodeSelector.matchExpressions: Invalid value: operator must be In or NotIn with values, or Exists or DoesNotExist without`},
	},
	"node selector with In and no values": {
		patch: `spec: {static: {nodeSelector: {matchExpressions: [{key: model, operator: In}]}}}`,
		want:  []string{`spec.static.nodeSelector.matchExpressions: Invalid value: operator must be In or NotIn with values, or Exists or DoesNotExist without`},
	},
	"node selector with Exists and values": {
		patch: `spec: {static: {nodeSelector: {matchExpressions: [{key: model, operator: Exists, values: [b200]}]}}}`,
		want:  []string{`spec.static.nodeSelector.matchExpressions: Invalid value: operator must be In or NotIn with values, or Exists or DoesNotExist without`},
	},
	"topology key empty": {
		patch: `spec: {static: {topologyKeys: [""]}}`,
		want: []string{
			`spec.static.topologyKeys[0]: Invalid value: "": spec.static.topologyKeys[0] in body should be at least 1 chars long`,
			`spec.static.topologyKeys[0]: Invalid value: "": must be the key of a node label, for example topology.kubernetes.io/zone`,
		},
	},
	"topology key that is none": {
		patch: `spec: {static: {topologyKeys: [rack number]}}`,
		want:  []string{`spec.static.topologyKeys[0]: Invalid value: "rack number": must be the key of a node label, for example topology.kubernetes.io/zone`},
	},
	"topology key of 318 letters": {
		patch: `spec: {static: {topologyKeys: [` + long(254) + `/` + long(63) + `]}}`,
		want:  []string{`spec.static.topologyKeys[0]: Too long: may not be more than 317 bytes`},
	},
	"topology key twice": {
		patch: `spec: {static: {topologyKeys: [rack, spine, rack]}}`,
		want:  []string{`spec.static.topologyKeys: Invalid value: rack is there twice: take one out`},
	},
	"topology keys, 9 of them": {
		patch: `spec: {static: {topologyKeys: ` + many(9, `k%d`) + `}}`,
		want:  []string{`spec.static.topologyKeys: Too many: 9: must have at most 8 items`},
	},
	"grace period of 721h": {
		patch: `spec: {reclaim: {gracePeriod: 721h, forceAfter: null}}`,
		want:  []string{`spec.reclaim.gracePeriod: Invalid value: "721h": must be between 0s and 720h, written in hours, minutes and seconds, for example 72h or 1h30m`},
	},
	"grace period of -1h": {
		patch: `spec: {reclaim: {gracePeriod: -1h}}`,
		want:  []string{`spec.reclaim.gracePeriod: Invalid value: "-1h": must be between 0s and 720h, written in hours, minutes and seconds, for example 72h or 1h30m`},
	},
	"grace period in days": {
		patch: `spec: {reclaim: {gracePeriod: 3d}}`,
		want:  []string{`spec.reclaim.gracePeriod: Invalid value: "3d": must be between 0s and 720h, written in hours, minutes and seconds, for example 72h or 1h30m`},
	},
	"grace period without unit": {
		patch: `spec: {reclaim: {gracePeriod: "72"}}`,
		want:  []string{`spec.reclaim.gracePeriod: Invalid value: "72": must be between 0s and 720h, written in hours, minutes and seconds, for example 72h or 1h30m`},
	},
	"grace period that is a number": {
		patch: `spec: {reclaim: {gracePeriod: 72}}`,
		want:  []string{`spec.reclaim.gracePeriod: Invalid value: "integer": spec.reclaim.gracePeriod in body must be of type string: "integer"`},
	},
	"grace period empty": {
		patch: `spec: {reclaim: {gracePeriod: ""}}`,
		want: []string{
			`spec.reclaim.gracePeriod: Invalid value: "": spec.reclaim.gracePeriod in body should be at least 2 chars long`,
			`spec.reclaim.gracePeriod: Invalid value: "": must be between 0s and 720h, written in hours, minutes and seconds, for example 72h or 1h30m`,
		},
	},
	"force before the grace period": {
		patch: `spec: {reclaim: {forceAfter: 71h59m}}`,
		want:  []string{`spec.reclaim.forceAfter: Invalid value: 71h59m is before gracePeriod, 72h, is over, and both are counted from the same moment: make it as long or longer`},
	},
	"force before the grace period that is the default": {
		patch: `spec: {reclaim: {gracePeriod: null, forceAfter: 71h}}`,
		want:  []string{`spec.reclaim.forceAfter: Invalid value: 71h is before gracePeriod, 72h, is over, and both are counted from the same moment: make it as long or longer`},
	},
	"force of 1441h": {
		patch: `spec: {reclaim: {forceAfter: 1441h}}`,
		want:  []string{`spec.reclaim.forceAfter: Invalid value: "1441h": must be between 0s and 1440h, written in hours, minutes and seconds, for example 96h`},
	},
	"force in days": {
		patch: `spec: {reclaim: {forceAfter: 4d}}`,
		want:  []string{`spec.reclaim.forceAfter: Invalid value: "4d": must be between 0s and 1440h, written in hours, minutes and seconds, for example 96h`},
	},
	"force empty": {
		patch: `spec: {reclaim: {forceAfter: ""}}`,
		want: []string{
			`spec.reclaim.forceAfter: Invalid value: "": spec.reclaim.forceAfter in body should be at least 2 chars long`,
			`spec.reclaim.forceAfter: Invalid value: "": must be between 0s and 1440h, written in hours, minutes and seconds, for example 96h`,
		},
	},
	"force that is a switch": {
		patch: `spec: {reclaim: {forceAfter: true}}`,
		want:  []string{`spec.reclaim.forceAfter: Invalid value: "boolean": spec.reclaim.forceAfter in body must be of type string: "boolean"`},
	},
	"require scrub that is a word": {
		patch: `spec: {reclaim: {requireScrub: always}}`,
		want:  []string{`spec.reclaim.requireScrub: Invalid value: "string": spec.reclaim.requireScrub in body must be of type boolean: "string"`},
	},
}

func TestRefusedPools(t *testing.T) {
	testRefusedPools(t, pool, refusedPools)
}

func testRefusedPools(t *testing.T, manifest string, table map[string]refused) {
	t.Helper()
	for name, tt := range table {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := create(t, pools, patched(t, manifest, tt.patch))
			expectRefusal(t, err, tt.want)
		})
	}
}
