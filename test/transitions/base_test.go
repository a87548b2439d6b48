package transitions

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"foundation.team/operator/test/support/builder"
	"foundation.team/operator/test/support/openapi"
)

// The objects that are edited have all fields. Their names are made of TEAM, POOL, BURST and NATION; nothing in them begins or ends
// while the test runs.

const baseTeam = `
apiVersion: foundation.team/v1alpha1
kind: FoundationTeam
metadata: {name: TEAM}
spec:
  programName: NATION
  displayName: 한빛 컨소시엄
  consortium: {lead: Hanbit AI, participants: [Example University, Example Corpus]}
  term: {startTime: "2020-01-01T00:00:00Z", endTime: "2190-01-01T00:00:00Z"}
  suspend: false
  priority: 10
  gpus:
  - {name: first, poolName: POOL, count: 8, startTime: "2020-01-01T00:00:00Z", endTime: "2190-01-01T00:00:00Z"}
  - {name: second, poolName: BURST, count: 8, stage: stage-1, ifPassed: stage-0}
  namespaces:
  - {name: train, gpuWeight: 7, quota: {pods: 500, requests.storage: 300Ti}}
  - {name: eval, gpuWeight: 1}
  volumes:
  - {name: corpus, namespace: train, size: 2Ti, storageClassName: fast, accessModes: [ReadWriteMany]}
  - {name: results, namespace: eval, size: 1Ti}
  staff:
  - {name: kim, role: Lead, organization: Hanbit AI, subject: {kind: User, name: kim@TEAM}, startTime: "2020-01-01T00:00:00Z", endTime: "2190-01-01T00:00:00Z"}
  - {name: visitors, role: Viewer, subject: {kind: Group, name: visitors-TEAM}}
  budget:
  - {name: corpus, line: Data, amount: 2800, dueTime: "2189-01-15T00:00:00Z"}
  - name: researchers
    line: Staff
    amount: 2000
    instalments: [{dueTime: "2188-01-01T00:00:00Z", amount: 500}, {dueTime: "2188-04-01T00:00:00Z", amount: 1500}]
  retention: {dataAccess: 360h, keep: 4320h}
  deletionPolicy: Retain
`

const baseProgram = `
apiVersion: foundation.team/v1alpha1
kind: FoundationProgram
metadata: {name: NATION}
spec:
  displayName: 독자 모델 사업
  timeZone: Asia/Seoul
  currency: KRW
  seats: 2
  criteria: [{name: technology, displayName: Technology, weight: 60}, {name: impact, displayName: Impact, weight: 40}]
  gates: [{name: originality, description: The model is trained from scratch.}]
  evaluations:
  - name: written
    closeTime: "2020-01-01T18:00:00Z"
    results:
    - {teamName: TEAM, scores: {technology: "36", impact: "24.25"}, gates: {originality: Failed}, waivers: {originality: It is mended.}}
    - {teamName: other, scores: {technology: "30", impact: "20"}, gates: {originality: Passed}}
  decisions:
  - {teamName: TEAM, outcome: Selected, evaluation: written, reason: First., decisionTime: "2020-01-02T10:00:00Z", finalTime: "2020-01-03T10:00:00Z", effectiveTime: "2020-01-04T10:00:00Z"}
  - {teamName: other, outcome: Rejected, reason: Second., decisionTime: "2020-01-02T10:00:00Z", overturnTime: "2020-01-05T10:00:00Z", overturnReason: A mistake.}
  stages:
  - {name: stage-0, startTime: "2020-01-01T00:00:00Z", endTime: "2020-02-01T00:00:00Z", passed: [TEAM, other]}
  - {name: stage-1, startTime: "2020-02-01T00:00:00Z", endTime: "2190-01-01T00:00:00Z"}
  ceilings:
    gpus: 64
    pools: [{poolName: POOL, count: 16}, {poolName: BURST, count: 16}]
    budget: [{line: Data, perYear: 5000}, {line: Staff, perYear: 5000}]
  budget: [{line: Data, amount: 9000}, {line: Staff, amount: 9000}]
  retention: {dataAccess: 720h, keep: 2160h}
`

const basePool = `
apiVersion: foundation.team/v1alpha1
kind: GPUPool
metadata: {name: POOL}
spec:
  model: Example X1
  source: Leased
  supplier: Example Telecom
  ineligible: [Example Rival, Example Other]
  resourceName: example.com/gpu
  deviceClassName: gpu.example.com
  gpusPerNode: 8
  availability: {startTime: "2019-01-01T00:00:00Z", endTime: "2191-01-01T00:00:00Z"}
  static:
    nodeSelector:
      matchLabels: {example.com/pool: POOL}
      matchExpressions: [{key: example.com/pool, operator: In, values: [POOL, other]}]
    topologyKeys: [example.com/spine, example.com/rack]
    taints: [{key: example.com/gpu, value: present, effect: NoSchedule}, {key: example.com/other, effect: NoSchedule}]
  reclaim: {gracePeriod: 0s, forceAfter: 96h, requireScrub: false}
  repair: {replaceAfter: 15m, spares: 1}
`

const baseBurst = `
apiVersion: foundation.team/v1alpha1
kind: GPUPool
metadata: {name: BURST}
spec:
  model: Example X2
  gpusPerNode: 8
  karpenter:
    capacity: 64
    mode: Dynamic
    nodeClassRef: {group: karpenter.example.com, kind: ExampleNodeClass, name: default}
    requirements:
    - {key: node.kubernetes.io/instance-type, operator: In, values: [large, larger]}
    - {key: example.com/fabric, operator: Exists}
    labels: {example.com/rack: a1}
    taints: [{key: example.com/gpu, value: present, effect: NoSchedule}]
    nodeResources: {cpu: 190, memory: 1900Gi, ephemeral-storage: 25Ti}
    consolidateAfter: 10m
  reclaim: {gracePeriod: 24h, forceAfter: 24h}
`

// names are the names of the objects of one place.
type names struct{ team, pool, burst, nation string }

func (n names) replacer() *strings.Replacer {
	return strings.NewReplacer("TEAM", n.team, "POOL", n.pool, "BURST", n.burst, "NATION", n.nation)
}

// base is an object that edits are made in.
type base struct{ name, kind, manifest string }

// kinds are the bases of all objects, in the order in which they are created.
var kinds = []base{
	{"program", "FoundationProgram", baseProgram}, {"pool", "GPUPool", basePool}, {"burst", "GPUPool", baseBurst}, {"team", "FoundationTeam", baseTeam},
}

func object(manifest string) map[string]any {
	decoded := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(manifest), &decoded); err != nil {
		panic(err) // it is a constant
	}
	return decoded
}

// specOf is the spec of a base.
func specOf(manifest string) map[string]any {
	spec, ok := object(manifest)["spec"].(map[string]any)
	if !ok {
		panic("a base without a spec")
	}
	return spec
}

// node is a node of a place's pool.
func node(name, pool string) *corev1.Node {
	made := builder.Node(name, builder.Labelled("example.com/pool", pool), builder.Tainted("example.com/gpu", "present"))
	made.Status.Allocatable["example.com/gpu"] = made.Status.Allocatable["nvidia.com/gpu"]
	made.ResourceVersion, made.UID = "", ""
	return made
}

func TestBasesHaveEveryField(t *testing.T) {
	schemas, err := openapi.Kinds()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]any{}
	for _, base := range kinds {
		values[base.kind] = append(values[base.kind], (&unstructured.Unstructured{Object: object(base.manifest)}).Object["spec"])
	}
	for kind, specs := range values {
		for _, field := range openapi.Unused(openapi.At(schemas[kind], "spec"), "spec", specs...) {
			t.Errorf("no base of a %s has %s: add it, so that it is edited", kind, field)
		}
	}
}
