package crd

import (
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
)

// smallestTeam, smallestPool and smallestKarpenterPool have nothing that can be left out.
const (
	smallestTeam = `{apiVersion: foundation.team/v1alpha1, kind: FoundationTeam, metadata: {name: small}, spec: {}}`
	smallestPool = `
apiVersion: foundation.team/v1alpha1
kind: GPUPool
metadata: {name: small}
spec:
  model: NVIDIA B200
  gpusPerNode: 8
  static: {nodeSelector: {matchLabels: {gpu: b200}}}
`
	smallestKarpenterPool = `
apiVersion: foundation.team/v1alpha1
kind: GPUPool
metadata: {name: small}
spec:
  model: NVIDIA B200
  gpusPerNode: 8
  karpenter:
    capacity: 8
    nodeClassRef: {group: karpenter.kwok.sh, kind: KWOKNodeClass, name: default}
    requirements: [{key: node.kubernetes.io/instance-type, operator: In, values: [gpu-8]}]
`
)

// accepted is a manifest that the API server must take, after a patch, and a part of what must come of it.
type accepted struct {
	manifest string
	patch    string
	want     string
}

var acceptedTeams = map[string]accepted{
	"everything": {
		manifest: team,
		want:     team,
	},
	"required fields alone": {
		manifest: smallestTeam,
		want:     `spec: {priority: 0, deletionPolicy: Retain}`,
	},
	"defaults in lists": {
		manifest: smallestTeam,
		patch: `spec: {namespaces: [{name: train}, {name: eval, gpuWeight: 0}],
			volumes: [{name: corpus, namespace: train, size: 1Ti}]}`,
		want: `spec: {namespaces: [{name: train, gpuWeight: 1}, {name: eval, gpuWeight: 0}],
			volumes: [{name: corpus, namespace: train, size: 1Ti, accessModes: [ReadWriteMany]}]}`,
	},
	"name of 40 letters and namespace of 22": {
		manifest: smallestTeam,
		patch:    `{metadata: {name: ` + long(40) + `}, spec: {namespaces: [{name: ` + long(22) + `}]}}`,
	},
	"name of one letter": {
		manifest: smallestTeam,
		patch:    `metadata: {name: a}`,
	},
	"names that only look reserved": {
		manifest: smallestTeam,
		patch:    `{metadata: {name: kubera}, spec: {namespaces: [{name: system}, {name: default}]}}`,
	},
	"display name of 128 Korean letters": {
		manifest: smallestTeam,
		patch:    `spec: {displayName: ` + strings.Repeat("한", 128) + `}`,
	},
	"participants, 64 of them": {
		manifest: smallestTeam,
		patch:    `spec: {consortium: {lead: Hanbit AI, participants: ` + many(64, `Example %d`) + `}}`,
	},
	"term with a start alone": {
		manifest: smallestTeam,
		patch:    `spec: {term: {startTime: "2026-01-01T00:00:00Z"}}`,
	},
	"term with an end alone": {
		manifest: smallestTeam,
		patch:    `spec: {term: {endTime: "2026-01-01T00:00:00Z"}}`,
	},
	"award that is the whole term in another time zone": {
		manifest: team,
		patch: `spec: {gpus: [{name: all, poolName: b200, count: 8,
			startTime: "2025-12-31T15:00:00Z", endTime: "2026-06-30T15:00:00Z"}]}`,
	},
	"award of a second": {
		manifest: team,
		patch: `spec: {gpus: [{name: short, poolName: b200, count: 8,
			startTime: "2026-06-30T14:59:59Z", endTime: "2026-06-30T15:00:00Z"}]}`,
	},
	"award without term": {
		manifest: team,
		patch:    `spec: {term: null, gpus: [{name: old, poolName: b200, count: 8, endTime: "2020-01-01T00:00:00Z"}]}`,
	},
	"awards of 0 and of 100000 GPUs": {
		manifest: team,
		patch:    `spec: {gpus: [{name: none, poolName: b200, count: 0}, {name: all, poolName: h100, count: 100000}]}`,
	},
	"award of 0 GPUs without namespaces": {
		manifest: smallestTeam,
		patch:    `spec: {gpus: [{name: none, poolName: b200, count: 0}], namespaces: [{name: train, gpuWeight: 0}]}`,
	},
	"award to one namespace of two": {
		manifest: team,
		patch:    `spec: {namespaces: [{name: train, gpuWeight: 1000}, {name: eval, gpuWeight: 0}]}`,
	},
	"priority at its bounds": {
		manifest: smallestTeam,
		patch:    `spec: {priority: -1000}`,
	},
	"groups with spaces": {
		manifest: smallestTeam,
		patch: `spec: {staff: [{name: a, role: Engineer, subject: {kind: Group, name: "ML Engineers"}}, {name: b, role: Viewer, subject: {kind: Group, name: "CN=모델 팀,OU=R&D (KR),DC=example"}},
			{name: c, role: Viewer, subject: {kind: User, name: "everybody*"}}]}`,
	},
	"quota of every kind": {
		manifest: smallestTeam,
		patch: `spec: {namespaces: [{name: train, quota: {pods: 0, requests.cpu: "64", requests.memory: 512Gi,
			limits.ephemeral-storage: 1.5Ti, count/deployments.apps: 10,
			fast.storageclass.storage.k8s.io/requests.storage: 1Pi,
			fast.storageclass.storage.k8s.io/persistentvolumeclaims: 3}}]}`,
	},
	"volumes with sizes at their bounds": {
		manifest: team,
		patch: `spec: {volumes: [{name: least, namespace: train, size: "1"}, {name: part, namespace: eval, size: 1.5Ti},
			{name: most, namespace: train, size: 100Pi}]}`,
	},
	"volume for one pod": {
		manifest: team,
		patch:    `spec: {volumes: [{name: own, namespace: train, size: 1Ti, accessModes: [ReadWriteOncePod]}]}`,
	},
	"user and group of one name": {
		manifest: team,
		patch: `spec: {staff: [{name: a, role: Lead, subject: {kind: User, name: hanbit}},
			{name: b, role: Viewer, subject: {kind: Group, name: hanbit}}]}`,
	},
	"subjects that only look reserved": {
		manifest: team,
		patch: `spec: {staff: [{name: a, role: Lead, subject: {kind: User, name: "oidc:system:kim"}},
			{name: b, role: DataSteward, subject: {kind: Group, name: systems}},
			{name: c, role: Engineer, subject: {kind: User, name: 김@hanbit.example}}]}`,
	},
	"subject of 253 letters": {
		manifest: team,
		patch:    `spec: {staff: [{name: a, role: Lead, subject: {kind: User, name: ` + long(253) + `}}]}`,
	},
	"staff for longer than the term": {
		manifest: team,
		patch: `spec: {staff: [{name: a, role: Lead, subject: {kind: User, name: a},
			startTime: "2020-01-01T00:00:00Z", endTime: "2030-01-01T00:00:00Z"}]}`,
	},
	"no programme": {
		manifest: team,
		patch:    `spec: {programName: null, budget: null, gpus: [{name: stage-1, poolName: b200, count: 512}]}`,
	},
	"programme of 63 letters": {
		manifest: smallestTeam,
		patch:    `spec: {programName: ` + long(63) + `}`,
	},
	"award for a stage that begins late and ends early": {
		manifest: team,
		patch:    `spec: {gpus: [{name: a, poolName: b200, count: 8, stage: s, ifPassed: r, startTime: "2026-03-01T00:00:00+09:00", endTime: "2026-04-01T00:00:00+09:00"}]}`,
	},
	"budget of nothing without programme": {
		manifest: smallestTeam,
		patch:    `spec: {budget: []}`,
	},
	"awards of money at their bounds": {
		manifest: team,
		patch: `spec: {budget: [{name: none, line: GPU, amount: 0, dueTime: "2026-01-15T00:00:00Z"},
			{name: most, line: GPU, amount: 1000000000000000, dueTime: "2026-01-15T00:00:00Z"},
			{name: rates, line: Staff, amount: 64, instalments: ` + many(32, `{dueTime: "2026-01-15T00:00:00Z", amount: 2}`) + `},
			{name: once, line: Data, amount: 0, instalments: [{dueTime: "2026-01-15T00:00:00Z", amount: 0}]}]}`,
	},
	"data kept exactly as long as data access lasts": {
		manifest: smallestTeam,
		patch:    `spec: {retention: {dataAccess: 2777h46m, keep: 9999960s}}`,
	},
	"data locked at once": {
		manifest: smallestTeam,
		patch:    `spec: {retention: {dataAccess: 0s}}`,
	},
	"data kept for 100 years": {
		manifest: smallestTeam,
		patch:    `spec: {retention: {keep: 876000h}}`,
	},
	"suspended, to be deleted": {
		manifest: team,
		patch:    `spec: {suspend: true, deletionPolicy: Delete}`,
	},
}

func TestAcceptedTeams(t *testing.T) {
	testAccepted(t, teams, acceptedTeams)
}

func testAccepted(t *testing.T, api dynamic.ResourceInterface, table map[string]accepted) {
	t.Helper()
	for name, tt := range table {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			created, err := create(t, api, patched(t, tt.manifest, tt.patch))
			if err != nil {
				t.Fatal(err)
			}
			object := patched(t, tt.manifest, tt.patch) // server-side apply has types of its own
			if _, err := api.Apply(t.Context(), object.GetName(), object, metav1.ApplyOptions{FieldManager: "test", DryRun: []string{metav1.DryRunAll}}); err != nil {
				t.Error(err)
			}
			got, err := created.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			// What is wanted is there if it changes nothing.
			with, err := jsonpatch.MergePatch(got, toJSON(t, tt.want))
			if err != nil {
				t.Fatal(err)
			}
			if !jsonpatch.Equal(got, with) {
				t.Errorf("became\n%s\nwant in it\n%s", got, tt.want)
			}
		})
	}
}
