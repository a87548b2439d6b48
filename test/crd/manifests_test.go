package crd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// team is a FoundationTeam that uses all there is.
const team = `
apiVersion: foundation.team/v1alpha1
kind: FoundationTeam
metadata: {name: hanbit}
spec:
  programName: sovereign-models
  displayName: 한빛 컨소시엄
  consortium:
    lead: Hanbit AI
    participants: [Seoul Example University, Example Corpus Inc.]
  term: {startTime: "2026-01-01T00:00:00+09:00", endTime: "2026-07-01T00:00:00+09:00"}
  suspend: false
  priority: 10
  gpus:
  - {name: stage-1, poolName: b200, count: 512}
  - {name: stage-2, poolName: b200, count: 512, startTime: "2026-04-01T00:00:00+09:00", endTime: "2026-07-01T00:00:00+09:00"}
  - {name: stage-3, poolName: h100, count: 1024, stage: stage-3, ifPassed: stage-2}
  namespaces:
  - {name: train, gpuWeight: 7, quota: {pods: 500, requests.storage: 300Ti, count/jobs.batch: "100"}}
  - {name: eval, gpuWeight: 1}
  volumes:
  - {name: corpus, namespace: train, size: 200Ti, storageClassName: fast, accessModes: [ReadWriteMany]}
  staff:
  - {name: kim, role: Lead, organization: Hanbit AI, subject: {kind: User, name: kim@hanbit.example}}
  - {name: visitors, role: Viewer, subject: {kind: Group, name: hanbit-visitors}, startTime: "2026-01-05T00:00:00+09:00", endTime: "2026-02-01T00:00:00+09:00"}
  budget:
  - {name: corpus, line: Data, amount: 2800000000, dueTime: "2026-01-15T00:00:00+09:00"}
  - name: researchers
    line: Staff
    amount: 2000000000
    instalments:
    - {dueTime: "2026-01-01T00:00:00+09:00", amount: 500000000}
    - {dueTime: "2026-04-01T00:00:00+09:00", amount: 1500000000}
  retention: {dataAccess: 360h, keep: 4320h}
  deletionPolicy: Retain
`

// program is a FoundationProgram that uses all there is. It has five seats. Of the five teams that were selected one was
// eliminated for good and one came back after it objected.
const program = `
apiVersion: foundation.team/v1alpha1
kind: FoundationProgram
metadata: {name: sovereign-models}
spec:
  displayName: 독자 모델 사업
  timeZone: Asia/Seoul
  currency: KRW
  seats: 5
  criteria:
  - {name: technology, displayName: Technology and experience, weight: 40}
  - {name: strategy, displayName: Goals and strategy, weight: 30}
  - {name: impact, displayName: Impact and contribution, weight: 30}
  gates:
  - {name: originality, description: The model is trained from scratch.}
  evaluations:
  - name: presentation
    closeTime: "2025-08-01T18:00:00+09:00"
    results:
    - {teamName: hanbit, scores: {technology: "36", strategy: "27.5", impact: "24.25"}, gates: {originality: Passed}}
    - teamName: naru
      scores: {technology: "40", strategy: "29", impact: "27"}
      gates: {originality: Failed}
      waivers: {originality: It replaces the layers in question in the first stage.}
    - {teamName: mirae, scores: {technology: "33", strategy: "25", impact: "26"}, gates: {originality: Passed}}
    - {teamName: onnuri, scores: {technology: "31", strategy: "26", impact: "23"}}
    - {teamName: saebyeok, scores: {technology: "30.5", strategy: "24", impact: "22"}}
    - {teamName: dasom, scores: {technology: "12", strategy: "30", impact: "0"}, gates: {originality: Failed}}
    - {teamName: gaon}
  - name: stage-1
    closeTime: "2026-01-14T18:00:00+09:00"
    results:
    - {teamName: mirae, scores: {technology: "20", strategy: "25", impact: "20"}}
    - {teamName: naru, gates: {originality: Failed}}
  decisions:
  - {teamName: gaon, outcome: Withdrawn, reason: It joined another team., decisionTime: "2025-07-30T10:00:00+09:00"}
  - teamName: hanbit
    outcome: Selected
    evaluation: presentation
    reason: Second.
    decisionTime: "2025-08-04T10:00:00+09:00"
    finalTime: "2025-08-14T00:00:00+09:00"
    effectiveTime: "2025-09-01T00:00:00+09:00"
  - {teamName: naru, outcome: Selected, evaluation: presentation, reason: First., decisionTime: "2025-08-04T10:00:00+09:00"}
  - {teamName: mirae, outcome: Selected, evaluation: presentation, reason: Fourth., decisionTime: "2025-08-04T10:00:00+09:00"}
  - {teamName: onnuri, outcome: Selected, evaluation: presentation, reason: Third., decisionTime: "2025-08-04T10:00:00+09:00"}
  - {teamName: saebyeok, outcome: Selected, evaluation: presentation, reason: Fifth., decisionTime: "2025-08-04T10:00:00+09:00"}
  - {teamName: dasom, outcome: Rejected, evaluation: presentation, reason: Sixth., decisionTime: "2025-08-04T10:00:00+09:00"}
  - teamName: mirae
    outcome: Eliminated
    evaluation: stage-1
    reason: The lowest score.
    decisionTime: "2026-01-15T10:00:00+09:00"
    finalTime: "2026-01-25T10:00:00+09:00"
    overturnTime: "2026-01-24T09:00:00+09:00"
    overturnReason: A score was entered for the wrong team.
  - teamName: naru
    outcome: Eliminated
    evaluation: stage-1
    reason: The layers in question are still there.
    decisionTime: "2026-01-15T10:00:00+09:00"
    effectiveTime: "2026-01-16T00:00:00+09:00"
  stages:
  - name: stage-1
    startTime: "2025-08-01T00:00:00+09:00"
    endTime: "2026-02-01T00:00:00+09:00"
    passed: [hanbit, mirae, onnuri, saebyeok]
  - {name: stage-2, startTime: "2026-02-01T00:00:00+09:00", endTime: "2026-07-01T00:00:00+09:00"}
  ceilings:
    gpus: 1024
    pools: [{poolName: b200, count: 512}, {poolName: h100, count: 1024}]
    budget: [{line: Data, perYear: 5000000000}, {line: Staff, perYear: 2000000000}]
  budget:
  - {line: GPU, amount: 133600000000}
  - {line: Data, amount: 14000000000}
  - {line: Staff, amount: 10000000000}
  retention: {dataAccess: 720h, keep: 2160h}
`

// record is a TeamRecord that uses all there is.
const record = `
apiVersion: foundation.team/v1alpha1
kind: TeamRecord
metadata: {name: hanbit}
spec:
  teamName: hanbit
  uids: [0c2f4a6e-1111-4222-8333-444455556666, 1d305b7f-1111-4222-8333-444455556666]
  programName: sovereign-models
  lead: Hanbit AI
  suspensionKept: true
  state: InTerm
  stateTransitionTime: "2026-01-01T00:00:00+09:00"
  tenure:
    phase: In
    begun: true
    plannedEndTime: "2027-01-01T00:00:00+09:00"
    plannedEndObservedTime: "2026-01-01T00:00:00+09:00"
    endedTime: "2027-01-01T00:00:00+09:00"
    dataAccessEndTime: "2027-01-16T00:00:00+09:00"
    keepEndTime: "2027-07-01T00:00:00+09:00"
    confirmation: {observedTime: "2027-02-01T00:00:00+09:00", deletionPolicy: Delete, keep: 4320h0m0s, plannedEndTime: "2027-01-01T00:00:00+09:00"}
  payments:
  - {programName: sovereign-models, award: corpus, line: Data, year: 2026, amount: 2800000000}
  facts:
    term: {startTime: "2026-01-01T00:00:00+09:00", endTime: "2027-01-01T00:00:00+09:00"}
    suspend: true
    programName: sovereign-models
    decision: {outcome: Selected, decisionTime: "2025-08-04T10:00:00+09:00", reason: first by score}
    gpus:
    - {name: stage-1, poolName: b200, count: 512, startTime: "2026-01-01T00:00:00+09:00", endTime: "2026-07-01T00:00:00+09:00", stage: stage-1, ifPassed: stage-0}
    budget:
    - {name: corpus, line: Data, amount: 2800000000, dueTime: "2026-03-01T00:00:00+09:00"}
    - {name: people, line: Staff, amount: 10, instalments: [{dueTime: "2026-03-01T00:00:00+09:00", amount: 10}]}
    volumes:
    - {name: corpus, namespace: train, size: 200Ti}
    staff:
    - {name: kim, role: Lead, subject: {kind: User, name: kim@hanbit.example}, startTime: "2026-01-01T00:00:00+09:00", endTime: "2026-07-01T00:00:00+09:00"}
  history:
  - {time: "2026-01-01T00:02:00+09:00", field: state, from: {state: NotStarted}, to: {state: InTerm}, late: 2m0s}
  - {time: "2026-01-05T09:00:00+09:00", field: gpus, name: stage-1, from: {gpus: {name: stage-1, poolName: b200, count: 256}}, to: {gpus: {name: stage-1, poolName: b200, count: 512}}, by: kubectl-client-side-apply}
  - {time: "2026-01-06T09:00:00+09:00", field: manifest, by: kubectl-client-side-apply}
`

// pool is a GPUPool of static nodes that uses all there is.
const pool = `
apiVersion: foundation.team/v1alpha1
kind: GPUPool
metadata: {name: b200}
spec:
  model: NVIDIA B200
  source: Leased
  supplier: Example Telecom
  ineligible: [Example Rival Telecom]
  resourceName: nvidia.com/gpu
  deviceClassName: gpu.nvidia.com
  gpusPerNode: 8
  availability: {startTime: "2026-01-01T00:00:00+09:00", endTime: "2027-01-01T00:00:00+09:00"}
  static:
    nodeSelector:
      matchLabels: {gpu.example.com/model: b200}
      matchExpressions: [{key: gpu.example.com/fabric, operator: In, values: [a, b]}]
    topologyKeys: [topology.example.com/spine, topology.example.com/rack]
    taints: [{key: example.com/gpu, value: present, effect: NoSchedule}]
  reclaim: {gracePeriod: 72h, forceAfter: 96h, requireScrub: true}
  repair: {replaceAfter: 15m, spares: 2}
`

// karpenterPool is a GPUPool of Karpenter's nodes that uses all there is.
const karpenterPool = `
apiVersion: foundation.team/v1alpha1
kind: GPUPool
metadata: {name: burst}
spec:
  model: NVIDIA H100
  source: Leased
  supplier: Example Cloud
  gpusPerNode: 8
  karpenter:
    capacity: 256
    mode: Dynamic
    nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}
    requirements:
    - {key: node.kubernetes.io/instance-type, operator: In, values: [p5.48xlarge, p5e.48xlarge]}
    - {key: topology.kubernetes.io/zone, operator: NotIn, values: [ap-northeast-2d]}
    - {key: karpenter.sh/capacity-type, operator: In, values: [reserved]}
    - {key: karpenter.k8s.aws/instance-cpu, operator: Gt, values: ["95"]}
    - {key: example.com/fabric, operator: Exists}
    labels: {example.com/rack: a1, gang: ""}
    taints: [{key: nvidia.com/gpu, value: present, effect: NoSchedule}, {key: nvidia.com/gpu, effect: NoExecute}]
    nodeResources: {cpu: 190, memory: 1900Gi, ephemeral-storage: 25Ti}
    consolidateAfter: 10m
  reclaim: {gracePeriod: 24h, forceAfter: 24h}
`

// patched is the manifest with a JSON merge patch, written in YAML: null takes a field out, lists are replaced whole.
func patched(t *testing.T, manifest, patch string) *unstructured.Unstructured {
	t.Helper()
	doc, err := jsonpatch.MergePatch(toJSON(t, manifest), toJSON(t, patch))
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(doc); err != nil {
		t.Fatal(err)
	}
	return object
}

// toJSON is a YAML document as JSON, and an empty one as {}.
func toJSON(t *testing.T, document string) []byte {
	t.Helper()
	if document == "" {
		return []byte("{}")
	}
	out, err := yaml.YAMLToJSONStrict([]byte(document))
	if err != nil {
		t.Fatalf("%v in\n%s", err, document)
	}
	return out
}

// create asks the API server to create the object and to forget it: everything is checked, nothing is stored.
func create(t *testing.T, api dynamic.ResourceInterface, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	t.Helper()
	return api.Create(t.Context(), object, metav1.CreateOptions{
		DryRun:          []string{metav1.DryRunAll},
		FieldValidation: metav1.FieldValidationStrict,
	})
}

// store has the API server store the object until the test is over.
func store(t *testing.T, api dynamic.ResourceInterface, object *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	stored, err := api.Create(t.Context(), object, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.Delete(context.WithoutCancel(t.Context()), object.GetName(), metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return stored
}

// update asks the API server to update the object and to forget it.
func update(t *testing.T, api dynamic.ResourceInterface, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	t.Helper()
	return api.Update(t.Context(), object, metav1.UpdateOptions{
		DryRun:          []string{metav1.DryRunAll},
		FieldValidation: metav1.FieldValidationStrict,
	})
}

// expectRefusal checks that the API server refused a manifest for the wanted reasons and for no other.
func expectRefusal(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatalf("was accepted, want it refused: %s", strings.Join(want, "; "))
	}
	reasons := refusals(err)
	for _, reason := range want {
		if !strings.Contains(strings.Join(reasons, "\n"), reason) {
			t.Errorf("the refusal does not say\n  %s\nit says\n  %s", reason, strings.Join(reasons, "\n  "))
		}
	}
	if len(reasons) != len(want) {
		t.Errorf("refused for %d reasons, want %d:\n  %s", len(reasons), len(want), strings.Join(reasons, "\n  "))
	}
}

// refusals are the reasons of a refusal, one for each field that is wrong.
func refusals(err error) []string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || !apierrors.IsInvalid(err) || status.Status().Details == nil {
		return []string{err.Error()}
	}
	var reasons []string
	for _, cause := range status.Status().Details.Causes {
		if !strings.Contains(cause.Message, "some validation rules were not checked") {
			reasons = append(reasons, cause.Field+": "+cause.Message)
		}
	}
	return reasons
}

// many is a YAML list of n entries; %d in an entry is its number, from 0.
func many(n int, entry string) string {
	entries := make([]string, n)
	for i := range entries {
		entries[i] = strings.ReplaceAll(entry, "%d", fmt.Sprint(i))
	}
	return "[" + strings.Join(entries, ", ") + "]"
}

// long is a word of n letters.
func long(n int) string {
	return strings.Repeat("x", n)
}

// toManifest is an object as a manifest.
func toManifest(t *testing.T, object *unstructured.Unstructured) string {
	t.Helper()
	out, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
