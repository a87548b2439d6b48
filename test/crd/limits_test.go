package crd

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The API server estimates what a rule can cost when a CRD is installed, and counts what it does cost when an object is
// checked: the largest object must stay within that budget too.

// largestTeam is as large as a FoundationTeam's spec can be.
func largestTeam() string {
	return `
apiVersion: foundation.team/v1alpha1
kind: FoundationTeam
metadata: {name: largest-` + long(32) + `}
spec:
  programName: ` + long(63) + `
  displayName: ` + strings.Repeat("한", 128) + `
  consortium:
    lead: ` + long(128) + `
    participants: ` + many(64, long(125)+"%d") + `
  term: {startTime: "2026-01-01T00:00:00.000000000+09:00", endTime: "2026-07-01T00:00:00.000000000+09:00"}
  gpus: ` + many(32, `{name: award%d`+long(56)+`, poolName: `+long(63)+`, count: 100000,
    startTime: "2026-01-01T00:00:00.000000000+09:00", endTime: "2026-07-01T00:00:00.000000000+09:00", stage: `+long(63)+`, ifPassed: `+long(63)+`}`) + `
  namespaces: ` + withLast(many(31, `{name: ns%d`+long(18)+`, quota: `+largestQuota()+`}`), `{name: last}`) + `
  volumes: ` + many(64, `{name: volume%d`+long(55)+`, namespace: last, size: "`+largestSize+`",
    storageClassName: `+long(253)+`, accessModes: [ReadWriteOnce, ReadOnlyMany, ReadWriteMany]}`) + `
  staff: ` + many(200, largestPerson) + `
  budget: ` + many(64, `{name: grant%d`+long(56)+`, line: Staff, amount: 999999999999968,
    instalments: `+many(32, `{dueTime: "2026-01-01T00:00:00.000000000+09:00", amount: 31249999999999}`)+`}`) + `
  retention: {dataAccess: 87599h59m60s, keep: 875999h59m60s}
`
}

const largestSize = "11111111111111111"

var largestPerson = `{name: person%d` + long(54) + `, role: DataSteward, organization: ` + long(128) + `,
    subject: {kind: Group, name: group%d` + long(245) + `}, startTime: "2026-01-01T00:00:00.000000000+00:00", endTime: "2026-07-01T00:00:00.000000000+00:00"}`

// subjectAgain is a person with a subject that another has.
var subjectAgain = strings.Replace(strings.ReplaceAll(largestPerson, "%d", "7"), "person7", "again", 1)

func largestQuota() string {
	return keys(32, long(200)+`%d.storageclass.storage.k8s.io/persistentvolumeclaims: "`+strings.Repeat("0", 16)+strings.Repeat("1", 16)+`"`)
}

// keys is a YAML map of n entries; %d in an entry is its number, from 0.
func keys(n int, entry string) string {
	return "{" + strings.Trim(many(n, entry), "[]") + "}"
}

// withLast is a YAML list with one more entry.
func withLast(list, entry string) string {
	return strings.TrimSuffix(list, "]") + ", " + entry + "]"
}

// largestPool is as large as a GPUPool's spec can be.
func largestPool() string {
	return `
apiVersion: foundation.team/v1alpha1
kind: GPUPool
metadata: {name: largest-` + long(55) + `}
spec:
  model: ` + long(64) + `
  source: Leased
  supplier: ` + long(128) + `
  ineligible: ` + many(64, long(125)+"%d") + `
  resourceName: ` + long(180) + `/` + long(63) + `
  deviceClassName: ` + long(63) + `
  gpusPerNode: 1024
  availability: {startTime: "2026-01-01T00:00:00.000000000+00:00", endTime: "2027-01-01T00:00:00.000000000+00:00"}
  static:
    nodeSelector:
      matchLabels: ` + keys(16, "? "+long(315)+`%d : `+long(63)) + `
      matchExpressions: ` + many(16, `{key: `+long(317)+`, operator: In, values: `+many(32, long(61)+"%d")+`}`) + `
    topologyKeys: ` + many(8, long(252)+`%d/`+long(63)) + `
    taints: ` + many(16, `{key: `+long(251)+`%d/`+long(63)+`, value: `+long(63)+`, effect: PreferNoSchedule}`) + `
  reclaim: {gracePeriod: 719h59m60s, forceAfter: 1439h59m60s, requireScrub: true}
`
}

// largestKarpenterPool is as large as the spec of a GPUPool with Karpenter can be.
func largestKarpenterPool() string {
	return `
apiVersion: foundation.team/v1alpha1
kind: GPUPool
metadata: {name: largest-` + long(12) + `}
spec:
  model: ` + long(64) + `
  deviceClassName: ` + long(63) + `
  gpusPerNode: 1000
  karpenter:
    capacity: 100000
    mode: Dynamic
    nodeClassRef: {group: ` + long(253) + `, kind: X` + long(62) + `, name: ` + long(253) + `}
    requirements: ` + many(32, `{key: `+long(250)+`%d/`+long(63)+`, operator: In, values: `+many(64, long(61)+"%d")+`}`) + `
    labels: ` + keys(16, "? "+long(251)+`%d/`+long(63)+` : `+long(63)) + `
    taints: ` + many(16, `{key: `+long(251)+`%d/`+long(63)+`, value: `+long(63)+`, effect: PreferNoSchedule}`) + `
    nodeResources: ` + largestResources + `
    consolidateAfter: 719h59m60s
  reclaim: {gracePeriod: 719h59m60s, forceAfter: 1439h59m60s}
`
}

var largestResources = strings.ReplaceAll(`{cpu: "#", memory: "#", ephemeral-storage: "#"}`, "#", strings.Repeat("0", 18)+strings.Repeat("1", 14))

func TestLargestTeam(t *testing.T) {
	t.Parallel()
	created := store(t, teams, patched(t, largestTeam(), ""))
	// First the status: each write of it makes a new version of the object, which the updates start from.
	withStatus, err := teams.UpdateStatus(t.Context(), patched(t, toManifest(t, created), `
status:
  observedGeneration: 1
  conditions: `+many(16, `{type: C%d, status: "True", reason: R, message: `+long(1024)+`, lastTransitionTime: "2026-01-01T00:00:00Z"}`)+`
  gpus: {summary: 0/1, nodeSummary: 0/1, requested: 1, granted: 0, ready: 0, used: 0, pools: `+many(256, `{name: p%d, requested: 1, granted: 0, ready: 0, held: 0, shortfall: 1, message: `+long(1024)+`}`)+`}
  namespaces: `+many(1024, `{name: n%d, state: Retired, granted: 0, used: 0}`)+`
  volumes: `+many(2048, `{name: v%d, namespace: hanbit-old, state: Retired, capacity: 1Ti}`)+`
`), metav1.UpdateOptions{FieldValidation: metav1.FieldValidationStrict})
	if err != nil {
		t.Fatal(err)
	}
	live := toManifest(t, withStatus)

	t.Run("every volume grows", func(t *testing.T) {
		t.Parallel()
		if _, err := update(t, teams, patched(t, strings.ReplaceAll(live, largestSize, "9"+largestSize[1:]), "")); err != nil {
			t.Error(err)
		}
	})

	mistakes := map[string]refused{
		"every volume names an unknown namespace": {
			patch: `spec: {namespaces: [{name: other}]}`,
			want:  []string{" is in namespace last, which spec.namespaces does not have"},
		},
		"every award is outside the term": {
			patch: `spec: {term: {startTime: "2026-02-01T00:00:00Z", endTime: "2026-03-01T00:00:00Z"}}`,
			want:  []string{" begins before spec.term.startTime", " lasts beyond spec.term.endTime"},
		},
		"a subject twice among 100": {
			patch: `spec: {staff: ` + withLast(many(99, largestPerson), subjectAgain) + `}`,
			want:  []string{" has the same subject as another entry, Group group7xxx"},
		},
		"a subject twice among 200": {
			patch: `spec: {staff: ` + withLast(many(199, largestPerson), subjectAgain) + `}`,
			want:  []string{"spec.staff: Invalid value: entries have the same subject"},
		},
	}
	for name, tt := range mistakes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := update(t, teams, patched(t, live, tt.patch))
			expectRefusal(t, err, tt.want)
		})
	}
}

func TestLargestPool(t *testing.T) {
	t.Parallel()
	for name, manifest := range map[string]string{"static": largestPool(), "karpenter": largestKarpenterPool()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testLargestPool(t, manifest)
		})
	}
}

func testLargestPool(t *testing.T, manifest string) {
	t.Helper()
	created := store(t, pools, patched(t, manifest, ""))
	if _, err := update(t, pools, patched(t, toManifest(t, created), `spec: {model: other}`)); err != nil {
		t.Error(err)
	}
	full := patched(t, toManifest(t, created), `
status:
  capacity: {total: 1, healthy: 1, granted: 1, held: 1, free: 0, spares: 0, shortfall: 0}
  grants: `+many(4096, `{teamName: t%d, uid: u%d, requested: 1, granted: 1, held: 1, ready: 1, shortfall: 0}`)+`
`)
	_, err := pools.UpdateStatus(t.Context(), full, metav1.UpdateOptions{FieldValidation: metav1.FieldValidationStrict})
	if err != nil {
		t.Error(err)
	}
}
