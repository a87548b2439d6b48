package crd

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// volumes are what a team's updates start from.
const volumes = `
spec:
  volumes:
  - {name: corpus, namespace: train, size: 200Ti, storageClassName: fast, accessModes: [ReadWriteMany]}
  - {name: shared, namespace: eval, size: 1Ti, accessModes: [ReadWriteOnce, ReadOnlyMany]}
  - {name: scratch, namespace: eval, size: 1Ti}
`

var refusedTeamUpdates = map[string]refused{
	"volume moves to another namespace": {
		patch: `spec: {volumes: [{name: corpus, namespace: eval, size: 200Ti, storageClassName: fast}]}`,
		want:  []string{`spec.volumes[0].namespace: Invalid value: "eval": cannot change, the data would stay behind: keep train and add a volume of another name in eval`},
	},
	"volume gets another class": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 200Ti, storageClassName: slow}]}`,
		want:  []string{`spec.volumes[0].storageClassName: Invalid value: corpus cannot change its storageClassName, the data would stay behind: keep fast and add a volume of another name`},
	},
	"volume loses its class": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 200Ti}]}`,
		want:  []string{`spec.volumes[0].storageClassName: Invalid value: corpus cannot change its storageClassName, the data would stay behind: keep fast and add a volume of another name`},
	},
	"volume gets a class": {
		patch: `spec: {volumes: [{name: scratch, namespace: eval, size: 1Ti, storageClassName: fast}]}`,
		want:  []string{`spec.volumes[0].storageClassName: Invalid value: scratch cannot change its storageClassName, the data would stay behind: leave it out and add a volume of another name`},
	},
	"volume gets other modes": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 200Ti, storageClassName: fast, accessModes: [ReadOnlyMany]}]}`,
		want:  []string{`spec.volumes[0].accessModes: Invalid value: cannot change: keep ReadWriteMany, or add a volume of another name`},
	},
	"volume loses a mode": {
		patch: `spec: {volumes: [{name: shared, namespace: eval, size: 1Ti, accessModes: [ReadWriteOnce]}]}`,
		want:  []string{`spec.volumes[0].accessModes: Invalid value: cannot change: keep ReadWriteOnce, ReadOnlyMany, or add a volume of another name`},
	},
	"volume stays in a namespace that is removed": {
		patch: `spec: {namespaces: [{name: eval}]}`,
		want:  []string{`spec.volumes: Invalid value: corpus is in namespace train, which spec.namespaces does not have: add the namespace there or correct the volume`},
	},
}

var refusedPoolUpdates = map[string]refused{
	"pool gets another resource": {
		patch: `spec: {resourceName: amd.com/gpu}`,
		want:  []string{`spec.resourceName: Invalid value: "amd.com/gpu": cannot change, quotas that are in use name it: keep example.com/gpu and make a new GPUPool`},
	},
	"pool gets the default resource back": {
		patch: `spec: {resourceName: null}`,
		want:  []string{`spec.resourceName: Invalid value: "nvidia.com/gpu": cannot change, quotas that are in use name it: keep example.com/gpu and make a new GPUPool`},
	},
	"pool gets other nodes": {
		patch: `spec: {gpusPerNode: 4}`,
		want:  []string{`spec.gpusPerNode: Invalid value: 4: cannot change, grants are counted by it: keep it and make a new GPUPool for other nodes`},
	},
	"pool gets another device class": {
		patch: `spec: {deviceClassName: mig.nvidia.com}`,
		want:  []string{`spec.deviceClassName: Invalid value: mig.nvidia.com cannot replace gpu.nvidia.com, quotas that are in use name it: keep gpu.nvidia.com and make a new GPUPool`},
	},
	"pool loses its device class": {
		patch: `spec: {deviceClassName: null}`,
		want:  []string{`spec.deviceClassName: Invalid value: cannot be taken out, quotas that are in use name it: keep gpu.nvidia.com and make a new GPUPool`},
	},
	"static pool becomes a Karpenter pool": {
		patch: `spec: {static: null, reclaim: {requireScrub: null}, karpenter: {capacity: 8, nodeClassRef: {group: a.b, kind: C, name: d},
			requirements: [{key: node.kubernetes.io/instance-type, operator: In, values: [x]}]}}`,
		want: []string{`spec: Invalid value: static and karpenter cannot be changed into each other, teams have the nodes: keep static and make a new GPUPool`},
	},
}

var refusedKarpenterPoolUpdates = map[string]refused{
	"pool becomes static": {
		patch: `spec: {karpenter: null, static: {nodeSelector: {matchLabels: {gpu: h100}}}}`,
		want:  []string{`spec: Invalid value: static and karpenter cannot be changed into each other, teams have the nodes: keep karpenter and make a new GPUPool`},
	},
	"node class of another group": {
		patch: `spec: {karpenter: {nodeClassRef: {group: karpenter.azure.com}}}`,
		want:  []string{`spec.karpenter.nodeClassRef: Invalid value: karpenter.azure.com EC2NodeClass cannot replace karpenter.k8s.aws EC2NodeClass, NodePools cannot follow: keep group and kind and make a new GPUPool`},
	},
	"node class of another kind": {
		patch: `spec: {karpenter: {nodeClassRef: {kind: AKSNodeClass}}}`,
		want:  []string{`spec.karpenter.nodeClassRef: Invalid value: karpenter.k8s.aws AKSNodeClass cannot replace karpenter.k8s.aws EC2NodeClass, NodePools cannot follow: keep group and kind and make a new GPUPool`},
	},
	"mode becomes Static and consolidateAfter stays": {
		patch: `spec: {karpenter: {mode: Static}}`,
		want:  []string{`spec.karpenter.consolidateAfter: Invalid value: 10m is for mode Dynamic, in mode Static nodes stay for as long as they are granted: leave it out, also when mode changes to Static`},
	},
}

var refusedProgramUpdates = map[string]refused{
	"fewer seats than teams": {
		patch: `spec: {seats: 3}`,
		want:  []string{`spec.decisions: Invalid value: saebyeok is the last of 4 teams that are selected for 3 seats: decide otherwise on 1 of them, or raise spec.seats`},
	},
	"an elimination is removed and no seat is free": {
		patch: `spec: {seats: 4, decisions: [` + decisionsOn(5, "Selected", "2025-08-04") + `]}`,
		want:  []string{`spec.decisions: Invalid value: t4 is the last of 5 teams that are selected for 4 seats: decide otherwise on 1 of them, or raise spec.seats`},
	},
	"a criterion loses weight": {
		patch: `spec: {criteria: [{name: technology, weight: 30}, {name: strategy, weight: 30}, {name: impact, weight: 40}]}`,
		want:  []string{`spec.evaluations: Invalid value: presentation: hanbit has 36 for technology, whose weight is 30: lower the score or raise the weight`},
	},
	"gate is removed while results name it": {
		patch: `spec: {gates: null}`,
		want:  []string{`spec.evaluations: Invalid value: presentation: hanbit has a result for originality, which spec.gates does not have: add the gate there or correct the result`},
	},
	"evaluations are removed while decisions name them": {
		patch: `spec: {evaluations: null}`,
		want:  []string{`spec.decisions: Invalid value: the decision on hanbit names presentation, which spec.evaluations does not have: add the evaluation there or correct the decision`},
	},
}

var acceptedTeamUpdates = map[string]string{
	"team joins another programme":             `spec: {programName: other}`,
	"team leaves the programme":                `spec: {programName: null, budget: null, gpus: null}`,
	"award of money grows":                     `spec: {budget: [{name: corpus, line: Data, amount: 5600000000, dueTime: "2026-01-15T00:00:00+09:00"}]}`,
	"data is kept for less time":               `spec: {retention: {dataAccess: 0s, keep: 0s}}`,
	"volume grows":                             `spec: {volumes: [{name: corpus, namespace: train, size: 201Ti, storageClassName: fast}]}`,
	"volume is written in another unit":        `spec: {volumes: [{name: corpus, namespace: train, size: 204800Gi, storageClassName: fast}]}`,
	"volume's modes in another order":          `spec: {volumes: [{name: shared, namespace: eval, size: 1Ti, accessModes: [ReadOnlyMany, ReadWriteOnce]}]}`,
	"volumes and their namespaces are removed": `spec: {volumes: null, namespaces: [{name: rest}]}`,
	"volume is added":                          `spec: {volumes: [{name: tokens, namespace: eval, size: 1Ti}]}`,
	"award shrinks to nothing":                 `spec: {gpus: [{name: stage-1, poolName: b200, count: 0}]}`,
	"everything optional is removed":           `spec: {consortium: null, term: null, gpus: null, namespaces: null, volumes: null, staff: null}`,
	"term ends early, awards with it":          `spec: {term: {endTime: "2026-02-01T00:00:00Z"}, gpus: [{name: stage-1, poolName: b200, count: 512}]}`,
	"person gets another role":                 `spec: {staff: [{name: kim, role: Viewer, subject: {kind: User, name: kim@hanbit.example}}]}`,
	"deletion policy is changed":               `spec: {deletionPolicy: Delete}`,
	"namespaces swap names with the data":      `spec: {namespaces: [{name: eval, gpuWeight: 7}, {name: train, gpuWeight: 1}]}`,
}

var acceptedProgramUpdates = map[string]string{
	"a stage is moved": `spec: {stages: [{name: stage-1, startTime: "2025-08-01T00:00:00+09:00", endTime: "2026-03-01T00:00:00+09:00"}]}`,
	"everything optional of a programme is removed": `spec: {criteria: null, gates: null, evaluations: null, decisions: null, stages: null, ceilings: null, budget: null, retention: null}`,
	"no more seats than teams":                      `spec: {seats: 4}`,
	"another time zone":                             `spec: {timeZone: null, currency: null}`,
}

var acceptedPoolUpdates = map[string]string{
	"availability gets an end":              `spec: {availability: {endTime: "2026-06-01T00:00:00Z"}}`,
	"availability loses its end":            `spec: {availability: {endTime: null}}`,
	"other organisations become ineligible": `spec: {ineligible: [Example Telecom, Example Other]}`,
	"more nodes are chosen":                 `spec: {static: {nodeSelector: {matchLabels: {gpu.example.com/model: null, fleet: all}}}}`,
	"another grace period":                  `spec: {reclaim: {gracePeriod: 1h30m}}`,
	"leased nodes were bought":              `spec: {source: Purchased, supplier: null}`,
	"scrubbing is no longer required":       `spec: {reclaim: {requireScrub: false}}`,
	"forceAfter is removed":                 `spec: {reclaim: {forceAfter: null}}`,
	"reclaim is removed":                    `spec: {reclaim: null}`,
}

var acceptedKarpenterPoolUpdates = map[string]string{
	"device class is added":          `spec: {deviceClassName: gpu.nvidia.com}`,
	"mode becomes Static":            `spec: {karpenter: {mode: Static, consolidateAfter: null}}`,
	"mode becomes Static by default": `spec: {karpenter: {mode: null, consolidateAfter: null, nodeResources: null}}`,
	"more nodes":                     `spec: {karpenter: {capacity: 512}}`,
	"no nodes":                       `spec: {karpenter: {capacity: 0}}`,
	"another node class":             `spec: {karpenter: {nodeClassRef: {name: other}}}`,
	"other instances":                `spec: {karpenter: {requirements: [{key: topology.kubernetes.io/zone, operator: Exists}]}}`,
	"optional settings are removed":  `spec: {karpenter: {labels: null, taints: null, consolidateAfter: null}}`,
}

var acceptedStaticNodeUpdates = map[string]string{
	"mode becomes Dynamic": `spec: {karpenter: {mode: Dynamic, consolidateAfter: 1h, nodeResources: {cpu: 1, memory: 1Gi}}}`,
}

func TestTeamUpdates(t *testing.T) {
	testUpdates(t, teams, patched(t, team, volumes), refusedTeamUpdates, acceptedTeamUpdates)
}

func TestProgramUpdates(t *testing.T) {
	testUpdates(t, programs, patched(t, program, ""), refusedProgramUpdates, acceptedProgramUpdates)
}

func TestPoolUpdates(t *testing.T) {
	testUpdates(t, pools, patched(t, pool, `spec: {resourceName: example.com/gpu}`), refusedPoolUpdates, acceptedPoolUpdates)
}

func TestKarpenterPoolUpdates(t *testing.T) {
	testUpdates(t, pools, patched(t, karpenterPool, ""), refusedKarpenterPoolUpdates, acceptedKarpenterPoolUpdates)
}

func TestStaticNodeUpdates(t *testing.T) {
	testUpdates(t, pools, patched(t, smallestKarpenterPool, ""), nil, acceptedStaticNodeUpdates)
}

func testUpdates(
	t *testing.T, api dynamic.ResourceInterface, before *unstructured.Unstructured,
	refused map[string]refused, accepted map[string]string,
) {
	t.Helper()
	before.SetName("updates")
	before = store(t, api, before)
	live := toManifest(t, before)
	for name, tt := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := update(t, api, patched(t, live, tt.patch))
			expectRefusal(t, err, tt.want)
		})
	}
	for name, patch := range accepted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := update(t, api, patched(t, live, patch)); err != nil {
				t.Error(err)
			}
		})
	}
}
