package crd

import "testing"

// requirement is a patch that leaves one requirement, beside what mode Static needs.
func requirement(r string) string {
	return `spec: {karpenter: {requirements: [{key: node.kubernetes.io/instance-type, operator: In, values: [p5.48xlarge]}, ` + r + `]}}`
}

var refusedKarpenterPools = map[string]refused{
	"name of 21 letters": {
		patch: `metadata: {name: ` + long(21) + `}`,
		want:  []string{`metadata.name: ` + long(21) + ` must have at most 20 characters in a pool with spec.karpenter: its NodePools are called <team>.<pool>.<mode>`},
	},
	"scrubbed": {
		patch: `spec: {reclaim: {requireScrub: true}}`,
		want:  []string{`spec.reclaim.requireScrub: Invalid value: is for static nodes: Karpenter's are ended, not handed on; leave it out`},
	},
	"empty": {
		patch: `spec: {karpenter: {capacity: null, mode: null, nodeClassRef: null, requirements: null, labels: null, taints: null,
			nodeResources: null, consolidateAfter: null}}`,
		want: []string{
			`spec.karpenter.capacity: Required value`,
			`spec.karpenter.nodeClassRef: Required value`,
			`spec.karpenter.requirements: Required value`,
		},
	},
	"unknown field": {
		patch: `spec: {karpenter: {replicas: 1}}`,
		want:  []string{`GPUPool in version "v1alpha1" cannot be handled as a GPUPool: strict decoding error: unknown field "spec.karpenter.replicas"`},
	},
	"capacity of -8": {
		patch: `spec: {karpenter: {capacity: -8}}`,
		want:  []string{`spec.karpenter.capacity: Invalid value: -8: spec.karpenter.capacity in body should be greater than or equal to 0`},
	},
	"capacity of 100008": {
		patch: `spec: {karpenter: {capacity: 100008}}`,
		want:  []string{`spec.karpenter.capacity: Invalid value: 100008: spec.karpenter.capacity in body should be less than or equal to 100000`},
	},
	"capacity of half a node": {
		patch: `spec: {karpenter: {capacity: 60}}`,
		want:  []string{`spec.karpenter.capacity: Invalid value: 60 must be a multiple of gpusPerNode, 8: nodes are granted whole`},
	},
	"unknown mode": {
		patch: `spec: {karpenter: {mode: Spot, consolidateAfter: null}}`,
		want:  []string{`spec.karpenter.mode: Unsupported value: "Spot": supported values: "Static", "Dynamic"`},
	},
	"Dynamic without resources": {
		patch: `spec: {karpenter: {nodeResources: null}}`,
		want:  []string{`spec.karpenter.nodeResources: Invalid value: is required for mode Dynamic, quotas follow from it before the first node is there: say what one node offers, for example cpu: 180 and memory: 1900Gi`},
	},
	"Static with consolidation": {
		patch: `spec: {karpenter: {mode: Static}}`,
		want:  []string{`spec.karpenter.consolidateAfter: Invalid value: 10m is for mode Dynamic, in mode Static nodes stay for as long as they are granted: leave it out, also when mode changes to Static`},
	},
	"Static, as it is by default, with consolidation": {
		patch: `spec: {karpenter: {mode: null}}`,
		want:  []string{`spec.karpenter.consolidateAfter: Invalid value: 10m is for mode Dynamic, in mode Static nodes stay for as long as they are granted: leave it out, also when mode changes to Static`},
	},
	"Static without instance types": {
		patch: `spec: {karpenter: {mode: Static, consolidateAfter: null, requirements: [{key: topology.kubernetes.io/zone, operator: Exists}]}}`,
		want:  []string{`spec.karpenter.requirements: Invalid value: must name the instance types in mode Static: add one with key node.kubernetes.io/instance-type, operator In`},
	},
	"Static with all instance types but one": {
		patch: `spec: {karpenter: {mode: Static, consolidateAfter: null, requirements: [{key: node.kubernetes.io/instance-type, operator: NotIn, values: [x]}]}}`,
		want:  []string{`spec.karpenter.requirements: Invalid value: must name the instance types in mode Static: add one with key node.kubernetes.io/instance-type, operator In`},
	},
	"node class without group, kind and name": {
		patch: `spec: {karpenter: {nodeClassRef: {group: null, kind: null, name: null}}}`,
		want: []string{
			`spec.karpenter.nodeClassRef.group: Required value`,
			`spec.karpenter.nodeClassRef.kind: Required value`,
			`spec.karpenter.nodeClassRef.name: Required value`,
		},
	},
	"node class with a version": {
		patch: `spec: {karpenter: {nodeClassRef: {group: karpenter.k8s.aws/v1}}}`,
		want:  []string{`spec.karpenter.nodeClassRef.group: Invalid value: "karpenter.k8s.aws/v1": must be an API group without a version, for example karpenter.k8s.aws`},
	},
	"node class of a kind in lower case": {
		patch: `spec: {karpenter: {nodeClassRef: {kind: ec2nodeclasses}}}`,
		want:  []string{`spec.karpenter.nodeClassRef.kind: Invalid value: "ec2nodeclasses": must be a kind, for example EC2NodeClass`},
	},
	"node class with a name that is none": {
		patch: `spec: {karpenter: {nodeClassRef: {name: Default}}}`,
		want:  []string{`spec.karpenter.nodeClassRef.name: Invalid value: "Default": must be the name of an object, for example default`},
	},
	"node class with long names": {
		patch: `spec: {karpenter: {nodeClassRef: {group: ` + long(254) + `, kind: X` + long(63) + `, name: ` + long(254) + `}}}`,
		want: []string{
			`spec.karpenter.nodeClassRef.group: Too long: may not be more than 253 bytes`,
			`spec.karpenter.nodeClassRef.kind: Too long: may not be more than 63 bytes`,
			`spec.karpenter.nodeClassRef.name: Too long: may not be more than 253 bytes`,
		},
	},
	"no requirements": {
		patch: `spec: {karpenter: {requirements: []}}`,
		want:  []string{`spec.karpenter.requirements: Invalid value: 0: spec.karpenter.requirements in body should have at least 1 items`},
	},
	"requirements, 33 of them": {
		patch: `spec: {karpenter: {requirements: ` + many(33, `{key: k%d, operator: Exists}`) + `}}`,
		want:  []string{`spec.karpenter.requirements: Too many: 33: must have at most 32 items`},
	},
	"requirement without key and operator": {
		patch: requirement(`{values: [x]}`),
		want:  []string{`spec.karpenter.requirements[1].key: Required value`, `spec.karpenter.requirements[1].operator: Required value`},
	},
	"requirement with a key that is none": {
		patch: requirement(`{key: rack number, operator: Exists}`),
		want:  []string{`spec.karpenter.requirements[1].key: Invalid value: "rack number": must be the key of a node label, for example node.kubernetes.io/instance-type`},
	},
	"requirement with a key of 317 letters": {
		patch: requirement(`{key: ` + long(253) + `/` + long(63) + `, operator: Exists}`),
		want:  []string{`spec.karpenter.requirements[1].key: Too long: may not be more than 316 bytes`},
	},
	"requirement on another team": {
		patch: requirement(`{key: foundation.team/team, operator: In, values: [saebom]}`),
		want:  []string{`spec.karpenter.requirements[1].key: Invalid value: "foundation.team/team": is for the operator and Karpenter to set: leave it out, and choose nodes by other labels or by karpenter.sh/capacity-type`},
	},
	"requirement on what kubelets cannot set": {
		patch: requirement(`{key: node-restriction.kubernetes.io/foundation-team, operator: In, values: [saebom]}`),
		want:  []string{`spec.karpenter.requirements[1].key: Invalid value: "node-restriction.kubernetes.io/foundation-team": is for the operator and Karpenter to set: leave it out, and choose nodes by other labels or by karpenter.sh/capacity-type`},
	},
	"requirement on a NodePool": {
		patch: requirement(`{key: karpenter.sh/nodepool, operator: Exists}`),
		want:  []string{`spec.karpenter.requirements[1].key: Invalid value: "karpenter.sh/nodepool": is for the operator and Karpenter to set: leave it out, and choose nodes by other labels or by karpenter.sh/capacity-type`},
	},
	"requirement on a host": {
		patch: requirement(`{key: kubernetes.io/hostname, operator: In, values: [x]}`),
		want:  []string{`spec.karpenter.requirements[1].key: Invalid value: "kubernetes.io/hostname": is for the operator and Karpenter to set: leave it out, and choose nodes by other labels or by karpenter.sh/capacity-type`},
	},
	"requirement with an unknown operator": {
		patch: requirement(`{key: rack, operator: Equal, values: [x]}`),
		want:  []string{`spec.karpenter.requirements[1].operator: Unsupported value: "Equal": supported values: "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"`},
	},
	"requirement In without values": {
		patch: requirement(`{key: rack, operator: In}`),
		want:  []string{`spec.karpenter.requirements[1]: Invalid value: rack In without values: give In and NotIn values, Gt and Lt one whole number, Exists and DoesNotExist none`},
	},
	"requirement NotIn with no values": {
		patch: requirement(`{key: rack, operator: NotIn, values: []}`),
		want:  []string{`spec.karpenter.requirements[1]: Invalid value: rack NotIn without values: give In and NotIn values, Gt and Lt one whole number, Exists and DoesNotExist none`},
	},
	"requirement Exists with values": {
		patch: requirement(`{key: rack, operator: Exists, values: [a, b]}`),
		want:  []string{`spec.karpenter.requirements[1]: Invalid value: rack Exists [a, b]: give In and NotIn values, Gt and Lt one whole number, Exists and DoesNotExist none`},
	},
	"requirement DoesNotExist with values": {
		patch: requirement(`{key: rack, operator: DoesNotExist, values: [a]}`),
		want:  []string{`spec.karpenter.requirements[1]: Invalid value: rack DoesNotExist [a]: give In and NotIn values, Gt and Lt one whole number, Exists and DoesNotExist none`},
	},
	"requirement Gt without a number": {
		patch: requirement(`{key: rack, operator: Gt}`),
		want:  []string{`spec.karpenter.requirements[1]: Invalid value: rack Gt without values: give In and NotIn values, Gt and Lt one whole number, Exists and DoesNotExist none`},
	},
	"requirement Gt with a word": {
		patch: requirement(`{key: rack, operator: Gt, values: [a]}`),
		want:  []string{`spec.karpenter.requirements[1]: Invalid value: rack Gt [a]: give In and NotIn values, Gt and Lt one whole number, Exists and DoesNotExist none`},
	},
	"requirement Lt with two numbers": {
		patch: requirement(`{key: rack, operator: Lt, values: ["1", "2"]}`),
		want:  []string{`spec.karpenter.requirements[1]: Invalid value: rack Lt [1, 2]: give In and NotIn values, Gt and Lt one whole number, Exists and DoesNotExist none`},
	},
	"requirement Lt with more than a number can be": {
		patch: requirement(`{key: rack, operator: Lt, values: ["9999999999999999999"]}`),
		want:  []string{`spec.karpenter.requirements[1]: Invalid value: rack Lt [9999999999999999999]: give In and NotIn values, Gt and Lt one whole number, Exists and DoesNotExist none`},
	},
	"requirement with 65 values": {
		patch: requirement(`{key: rack, operator: In, values: ` + many(65, `v%d`) + `}`),
		want:  []string{`spec.karpenter.requirements[1].values: Too many: 65: must have at most 64 items`},
	},
	"requirement with a value of 64 letters": {
		patch: requirement(`{key: rack, operator: In, values: [` + long(64) + `]}`),
		want:  []string{`spec.karpenter.requirements[1].values[0]: Too long: may not be more than 63 bytes`},
	},
	"requirement with a value that no label has": {
		patch: requirement(`{key: rack, operator: In, values: [row a]}`),
		want:  []string{`spec.karpenter.requirements[1].values[0]: Invalid value: "row a": must be the value of a node label: letters, digits, hyphens, dots and underscores`},
	},
	"labels, 17 of them": {
		patch: `spec: {karpenter: {labels: ` + keys(15, `l%d: x`) + `}}`,
		want:  []string{`spec.karpenter.labels: Too many: 17: must have at most 16 items`},
	},
	"label with a key that is none": {
		patch: `spec: {karpenter: {labels: {rack number: a1}}}`,
		want:  []string{`spec.karpenter.labels: Invalid value: rack number must be a label of nodes: a key of at most 317 characters such as example.com/rack, and a value of at most 63`},
	},
	"label with a key of 318 letters": {
		patch: `spec: {karpenter: {labels: {? ` + long(254) + `/` + long(63) + ` : a1}}}`,
		want:  []string{` must be a label of nodes: a key of at most 317 characters such as example.com/rack, and a value of at most 63`},
	},
	"label with a value of 64 letters": {
		patch: `spec: {karpenter: {labels: {rack: ` + long(64) + `}}}`,
		want:  []string{` must be a label of nodes: a key of at most 317 characters such as example.com/rack, and a value of at most 63`},
	},
	"label of a team": {
		patch: `spec: {karpenter: {labels: {foundation.team/team: saebom}}}`,
		want:  []string{`spec.karpenter.labels: Invalid value: foundation.team/team is for the operator and Karpenter to set: leave it out`},
	},
	"label that kubelets cannot set": {
		patch: `spec: {karpenter: {labels: {node-restriction.kubernetes.io/foundation-team: saebom}}}`,
		want:  []string{`spec.karpenter.labels: Invalid value: node-restriction.kubernetes.io/foundation-team is for the operator and Karpenter to set: leave it out`},
	},
	"label of Karpenter": {
		patch: `spec: {karpenter: {labels: {karpenter.sh/nodepool: x}}}`,
		want:  []string{`spec.karpenter.labels: Invalid value: karpenter.sh/nodepool is for the operator and Karpenter to set: leave it out`},
	},
	"label of a host": {
		patch: `spec: {karpenter: {labels: {kubernetes.io/hostname: x}}}`,
		want:  []string{`spec.karpenter.labels: Invalid value: kubernetes.io/hostname is for the operator and Karpenter to set: leave it out`},
	},
	"taints, 17 of them": {
		patch: `spec: {karpenter: {taints: ` + many(17, `{key: k%d, effect: NoSchedule}`) + `}}`,
		want:  []string{`spec.karpenter.taints: Too many: 17: must have at most 16 items`},
	},
	"taint without key and effect": {
		patch: `spec: {karpenter: {taints: [{value: x}]}}`,
		want:  []string{`spec.karpenter.taints[0].effect: Required value`, `spec.karpenter.taints[0].key: Required value`},
	},
	"taint with a key that is none": {
		patch: `spec: {karpenter: {taints: [{key: in use, effect: NoSchedule}]}}`,
		want:  []string{`spec.karpenter.taints[0].key: Invalid value: "in use": must be the key of a taint, for example nvidia.com/gpu`},
	},
	"taint with a key of 318 letters": {
		patch: `spec: {karpenter: {taints: [{key: ` + long(254) + `/` + long(63) + `, effect: NoSchedule}]}}`,
		want:  []string{`spec.karpenter.taints[0].key: Too long: may not be more than 317 bytes`},
	},
	"taint with a value that is none": {
		patch: `spec: {karpenter: {taints: [{key: gpu, value: in use, effect: NoSchedule}]}}`,
		want:  []string{`spec.karpenter.taints[0].value: Invalid value: "in use": must be the value of a taint: letters, digits, hyphens, dots and underscores`},
	},
	"taint with a value of 64 letters": {
		patch: `spec: {karpenter: {taints: [{key: gpu, value: ` + long(64) + `, effect: NoSchedule}]}}`,
		want:  []string{`spec.karpenter.taints[0].value: Too long: may not be more than 63 bytes`},
	},
	"taint with an unknown effect": {
		patch: `spec: {karpenter: {taints: [{key: gpu, effect: Never}]}}`,
		want:  []string{`spec.karpenter.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"`},
	},
	"taint twice": {
		patch: `spec: {karpenter: {taints: [{key: gpu, value: a, effect: NoSchedule}, {key: gpu, value: b, effect: NoSchedule}]}}`,
		want:  []string{`spec.karpenter.taints[1]: Duplicate value: {"effect":"NoSchedule","key":"gpu"}`},
	},
	"taint of a team": {
		patch: `spec: {karpenter: {taints: [{key: foundation.team/team, value: saebom, effect: NoSchedule}]}}`,
		want:  []string{`spec.karpenter.taints[0].key: Invalid value: "foundation.team/team": is for the operator and Karpenter to set: leave it out`},
	},
	"taint of Karpenter": {
		patch: `spec: {karpenter: {taints: [{key: karpenter.sh/unregistered, effect: NoExecute}]}}`,
		want:  []string{`spec.karpenter.taints[0].key: Invalid value: "karpenter.sh/unregistered": is for the operator and Karpenter to set: leave it out`},
	},
	"resources of pods and GPUs": {
		patch: `spec: {karpenter: {nodeResources: {ephemeral-storage: null, nvidia.com/gpu: 8}}}`,
		want:  []string{`spec.karpenter.nodeResources: Invalid value: nvidia.com/gpu is not one of cpu, memory and ephemeral-storage: leave it out, pods and GPUs follow from the grant`},
	},
	"resources, four of them": {
		patch: `spec: {karpenter: {nodeResources: {pods: 110}}}`,
		want:  []string{`spec.karpenter.nodeResources: Too many: 4: must have at most 3 items`},
	},
	"no resources": {
		patch: `spec: {karpenter: {nodeResources: {cpu: null, memory: null, ephemeral-storage: null}}}`,
		want: []string{
			`spec.karpenter.nodeResources: Invalid value: 0: spec.karpenter.nodeResources in body should have at least 1 properties`,
			`spec.karpenter.nodeResources: Invalid value: must have cpu and memory: quotas of both follow from it`,
		},
	},
	"resources without memory": {
		patch: `spec: {karpenter: {nodeResources: {memory: null}}}`,
		want:  []string{`spec.karpenter.nodeResources: Invalid value: must have cpu and memory: quotas of both follow from it`},
	},
	"resources without CPU": {
		patch: `spec: {karpenter: {nodeResources: {cpu: null}}}`,
		want:  []string{`spec.karpenter.nodeResources: Invalid value: must have cpu and memory: quotas of both follow from it`},
	},
	"resources of nothing": {
		patch: `spec: {karpenter: {nodeResources: {cpu: 0}}}`,
		want:  []string{`spec.karpenter.nodeResources: Invalid value: cpu must be more than 0 and at most 64Ti`},
	},
	"resources of no memory": {
		patch: `spec: {karpenter: {nodeResources: {memory: "0"}}}`,
		want:  []string{`spec.karpenter.nodeResources: Invalid value: memory must be more than 0 and at most 64Ti`},
	},
	"resources of less than nothing": {
		patch: `spec: {karpenter: {nodeResources: {cpu: "-1"}}}`,
		want:  []string{`spec.karpenter.nodeResources[cpu]: Invalid value: "-1": -1 must be a quantity from 0 to 100Pi in at most 32 characters, for example 64 or 512Gi`},
	},
	"resources with a long quantity": {
		patch: `spec: {karpenter: {nodeResources: {cpu: "1.0000000000000000000000000000000"}}}`,
		want:  []string{`spec.karpenter.nodeResources.cpu: Too long: may not be more than 32 bytes`},
	},
	"consolidation after 721h": {
		patch: `spec: {karpenter: {consolidateAfter: 721h}}`,
		want:  []string{`spec.karpenter.consolidateAfter: Invalid value: "721h": must be between 0s and 720h, written in hours, minutes and seconds, for example 5m`},
	},
	"consolidation never": {
		patch: `spec: {karpenter: {consolidateAfter: Never}}`,
		want:  []string{`spec.karpenter.consolidateAfter: Invalid value: "Never": must be between 0s and 720h, written in hours, minutes and seconds, for example 5m`},
	},
	"consolidation empty": {
		patch: `spec: {karpenter: {consolidateAfter: ""}}`,
		want: []string{
			`spec.karpenter.consolidateAfter: Invalid value: "": spec.karpenter.consolidateAfter in body should be at least 2 chars long`,
			`spec.karpenter.consolidateAfter: Invalid value: "": must be between 0s and 720h, written in hours, minutes and seconds, for example 5m`,
		},
	},
}

func TestRefusedKarpenterPools(t *testing.T) {
	testRefusedPools(t, karpenterPool, refusedKarpenterPools)
}
