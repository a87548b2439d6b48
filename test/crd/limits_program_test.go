package crd

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// One FoundationProgram cannot have everything at its largest, it would be larger than etcd takes: these have as many
// entries as there can be of everything that rules go through.

// manyTeams is a name of 40 letters for each number below 1000.
var manyTeams = `t%d` + strings.Repeat("x", 36)

// judgedTeams are 8 evaluations of 128 teams by 16 criteria and 16 gates, half of which each team failed.
func judgedTeams() string {
	result := `{teamName: ` + manyTeams + `, scores: @scores, gates: @gates, waivers: @waivers}`
	results := strings.NewReplacer(
		"@scores", keys(16, `c%d: "5.25"`),
		"@gates", withMore(keys(8, `g%d: Failed`), keys(8, `h%d: Passed`)),
		"@waivers", keys(8, `g%d: r`),
	).Replace(many(128, result))
	evaluation := `{name: e%d, closeTime: "2025-08-01T18:00:00+09:00", results: @results}`
	return strings.ReplaceAll(many(8, evaluation), "@results", results)
}

// withMore is a YAML map with the entries of another.
func withMore(one, other string) string {
	return strings.TrimSuffix(one, "}") + ", " + strings.TrimPrefix(other, "{")
}

// decidedTeams are 512 decisions: 256 teams were selected on the last evaluation, and eliminated. They are listed the
// last first, for the rules the hardest order.
func decidedTeams() string {
	entry := `{teamName: ` + manyTeams + `, outcome: @outcome, evaluation: e7, reason: r, decisionTime: "@day", finalTime: "@day", effectiveTime: "@day"}`
	selected := strings.NewReplacer("@outcome", "Selected", "@day", "2025-08-04T10:00:00+09:00").Replace(many(256, entry))
	eliminated := strings.NewReplacer("@outcome", "Eliminated", "@day", "2026-01-15T10:00:00+09:00").Replace(many(256, entry))
	return strings.TrimSuffix(eliminated, "]") + ", " + strings.TrimPrefix(selected, "[")
}

// largestProgram has as many entries as a FoundationProgram can have.
func largestProgram() string {
	return `
apiVersion: foundation.team/v1alpha1
kind: FoundationProgram
metadata: {name: largest-` + long(55) + `}
spec:
  displayName: ` + strings.Repeat("한", 128) + `
  timeZone: America/Argentina/ComodRivadavia
  currency: KRW
  seats: 1
  criteria: ` + withLast(many(15, `{name: c%d, displayName: `+long(128)+`, weight: 6}`), `{name: c15, weight: 10}`) + `
  gates: ` + many(8, `{name: g%d, description: `+long(512)+`}, {name: h%d}`) + `
  evaluations: ` + judgedTeams() + `
  decisions: ` + decidedTeams() + `
  stages: ` + many(16, `{name: s%d, startTime: "2025-08-01T00:00:00Z", endTime: "2026-08-01T00:00:00Z", passed: `+many(512, `t%d`)+`}`) + `
  ceilings:
    gpus: 1000000
    pools: ` + many(32, `{poolName: p%d`+long(60)+`, count: 100000}`) + `
    budget: [{line: GPU, perYear: 1000000000000000}, {line: Data, perYear: 1}, {line: Staff, perYear: 1}]
  budget: [{line: GPU, amount: 1000000000000000}, {line: Data, amount: 1}, {line: Staff, amount: 1}]
  retention: {dataAccess: 87599h59m60s, keep: 875999h59m60s}
`
}

// wordyProgram has the longest words, in few entries where there can be many: teams without any result, and decisions that took
// long to explain.
func wordyProgram() string {
	const day = `"2025-08-04T10:00:00.000000000+09:00"`
	decision := `{teamName: ` + manyTeams + `, outcome: @outcome, evaluation: ` + long(63) + `, reason: ` + long(512) + `, decisionTime: @day, finalTime: @day, effectiveTime: @day}`
	decided := strings.NewReplacer("@outcome", "Rejected", "@day", day).Replace(many(64, decision))
	overturned := strings.Replace(strings.NewReplacer("@outcome", "Rejected", "@day", day).Replace(manyTeamsEntry(decision, 64)), "}",
		`, overturnTime: "2025-08-05T10:00:00.000000000+09:00", overturnReason: `+long(512)+`}`, 1)
	named := func(name string) string { return name + long(63-len(name)) }
	return `
apiVersion: foundation.team/v1alpha1
kind: FoundationProgram
metadata: {name: wordy-` + long(57) + `}
spec:
  seats: 1
  criteria: ` + withLast(many(15, `{name: `+named("c%d0")+`, weight: 6}`), `{name: `+named("c15")+`, weight: 10}`) + `
  gates: ` + many(16, `{name: `+named("g%d0")+`, description: `+long(512)+`}`) + `
  evaluations: ` + withLast(strings.ReplaceAll(many(7, `{name: `+long(62)+`%d, closeTime: `+day+`, results: @results}`),
		"@results", many(128, `{teamName: `+manyTeams+`}`)), `{name: `+long(63)+`, closeTime: `+day+`, results: [{teamName: alone, scores: {`+named("c15")+`: "5.25"},
    gates: `+keys(16, named("g%d0")+`: Failed`)+`, waivers: `+keys(16, named("g%d0")+`: `+long(512))+`}]}`) + `
  decisions: ` + withLast(decided, overturned) + `
  stages: ` + many(16, `{name: `+long(61)+`%d, startTime: `+day+`, endTime: "2026-08-04T10:00:00.000000000+09:00", passed: `+many(64, manyTeams)+`}`) + `
`
}

func manyTeamsEntry(entry string, n int) string {
	return strings.ReplaceAll(entry, "%d", fmt.Sprint(n))
}

func TestLargestProgram(t *testing.T) {
	t.Parallel()
	created := store(t, programs, patched(t, largestProgram(), ""))
	created.SetManagedFields(nil) // as large as the rest, and nothing to change
	live := toManifest(t, created)

	waivers := regexp.MustCompile(`,"waivers":{[^}]*}`)

	changes := map[string]string{
		"every score changes":    strings.ReplaceAll(live, `"5.25"`, `"5.99"`),
		"every decision changes": strings.ReplaceAll(live, "2026-01-15", "2026-01-16"),
	}
	for name, manifest := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := update(t, programs, patched(t, manifest, "")); err != nil {
				t.Error(err)
			}
		})
	}

	mistakes := map[string]struct{ manifest, patch, want string }{
		"every score is too high": {
			manifest: strings.ReplaceAll(live, `"5.25"`, `"10.01"`),
			want:     " has 10.01 for c0, whose weight is 6: lower the score or raise the weight",
		},
		"every score is for something else": {
			manifest: live,
			patch:    `spec: {criteria: [{name: other, weight: 100}]}`,
			want:     ", which spec.criteria does not have: add the criterion there or correct the score",
		},
		"every result is for another gate": {
			manifest: live,
			patch:    `spec: {gates: [{name: other}]}`,
			want:     ", which spec.gates does not have: add the gate there or correct the result",
		},
		"everyone failed another gate": {
			manifest: strings.ReplaceAll(live, `"h7":"Passed"`, `"h7":"Failed"`),
			want:     " is selected although it failed h7 in e7: record a waiver with its reason there, or decide otherwise",
		},
		"everyone failed everything": {
			manifest: waivers.ReplaceAllString(strings.ReplaceAll(live, `:"Passed"`, `:"Failed"`), ""),
			want:     " is selected although it failed g0 in e7: record a waiver with its reason there, or decide otherwise",
		},
		"the evaluation is not closed": {
			manifest: strings.ReplaceAll(live, `"closeTime":"2025-08-01T18:00:00+09:00",`, ""),
			want:     " is selected on e7, which is not closed: set its closeTime, to decisionTime or earlier",
		},
		"every decision is on another evaluation": {
			manifest: strings.ReplaceAll(live, `"evaluation":"e7"`, `"evaluation":"e8"`),
			want:     " names e8, which spec.evaluations does not have: add the evaluation there or correct the decision",
		},
		"every team has a seat": {
			manifest: live,
			patch:    `spec: {decisions: ` + many(512, `{teamName: `+manyTeams+`, outcome: Selected, evaluation: e7, reason: r, decisionTime: "2025-08-04T10:00:00Z"}`) + `}`,
			want:     " is the last of 512 teams that are selected for 1 seats: decide otherwise on 511 of them, or raise spec.seats",
		},
		"every team is eliminated": {
			manifest: live,
			patch:    `spec: {decisions: ` + many(512, `{teamName: `+manyTeams+`, outcome: Eliminated, evaluation: e7, reason: r, decisionTime: "2025-08-04T10:00:00Z"}`) + `}`,
			want:     " is eliminated without having been selected before: correct decisionTime, or decide Rejected instead",
		},
	}
	for name, tt := range mistakes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := update(t, programs, patched(t, tt.manifest, tt.patch))
			expectRefusal(t, err, []string{tt.want})
		})
	}
}

func TestLargestProgramStatus(t *testing.T) {
	t.Parallel()
	created := store(t, programs, patched(t, smallestProgram, `metadata: {name: largest-status}`))
	full := patched(t, toManifest(t, created), `
status:
  observedGeneration: 1
  seats: {summary: 0/1, filled: 0, pending: 0, free: 1, held: `+many(512, `{teamName: t%d, startTime: "2025-08-04T10:00:00Z", endTime: "2026-08-04T10:00:00Z"}`)+`}
  rankings: `+many(8, `{evaluation: e%d, closed: true, entries: `+many(128, `{rank: 1, teamName: t%d, total: "87.75", withinSeats: true, asClosed: {rank: 2, total: "86.75"}}`)+`}`)+`
  teams: `+many(2048, `{name: t%d, outcome: Rejected, state: NotSelected, message: m}`)+`
  heldBack: `+many(4096, `{teamName: t%d, award: g, line: Data, amount: 1, reason: CeilingExceeded, message: m}`)+`
  gpus: `+many(64, `{poolName: p%d, awarded: 1, heldBack: 0}`)+`
`)
	_, err := programs.UpdateStatus(t.Context(), full, metav1.UpdateOptions{FieldValidation: metav1.FieldValidationStrict})
	if err != nil {
		t.Error(err)
	}
}

// largestRecord is as large as a TeamRecord can be and etcd takes.
func largestRecord() string {
	const (
		times      = `startTime: "2026-01-01T00:00:00Z", endTime: "2026-07-01T00:00:00Z"`
		instalment = `{dueTime: "2026-01-01T00:00:00Z", amount: 1000000000000000}`
	)
	staff := `{name: ` + long(60) + `, role: DataSteward, subject: {kind: Group, name: ` + long(253) + `}, ` + times + `}`
	return `
apiVersion: foundation.team/v1alpha1
kind: TeamRecord
metadata: {name: largest}
spec:
  teamName: ` + long(40) + `
  uids: ` + many(32, long(62)+"%d") + `
  facts:
    decision: {outcome: Selected, decisionTime: "2026-01-01T00:00:00Z", reason: ` + long(512) + `, evaluation: ` + long(63) + `, rank: 128, score: "87.75"}
    gpus: ` + many(32, `{name: `+long(61)+`%d, poolName: `+long(63)+`, count: 1, `+times+`, stage: `+long(63)+`, ifPassed: `+long(63)+`}`) + `
    budget: ` + many(64, `{name: `+long(61)+`%d, line: Staff, amount: 1, instalments: [`+strings.Repeat(instalment+", ", 31)+instalment+`]}`) + `
    volumes: ` + many(64, `{name: `+long(61)+`%d, namespace: `+long(22)+`, size: 200Ti}`) + `
    staff: ` + many(200, strings.Replace(staff, long(60), long(60)+"%d", 1)) + `
    settings: ` + many(640, `{name: `+long(125)+`%d, value: `+long(128)+`}`) + `
  payments: ` + many(256, `{programName: `+long(63)+`, award: `+long(60)+`%d, line: Staff, year: 2026, amount: 1000000000000000}`) + `
  history: ` + many(200, `{time: "2026-01-01T00:00:00Z", field: staff, name: `+long(60)+`%d, from: {staff: `+staff+`}, to: {staff: `+staff+`}, by: `+long(128)+`, late: 99h0m0s}`) + `
`
}

func TestLargestRecord(t *testing.T) {
	t.Parallel()
	store(t, records, patched(t, largestRecord(), ""))
}
