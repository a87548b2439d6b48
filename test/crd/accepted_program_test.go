package crd

import (
	"strings"
	"testing"
)

// smallestProgram has nothing that can be left out.
const smallestProgram = `{apiVersion: foundation.team/v1alpha1, kind: FoundationProgram, metadata: {name: small}, spec: {seats: 1}}`

// decisionsOn are n decisions on teams t0, t1 and so on, on the same day.
func decisionsOn(n int, outcome, day string) string {
	entry := `{teamName: t%d, outcome: ` + outcome + `, evaluation: presentation, reason: r, decisionTime: "` + day + `T10:00:00+09:00"}`
	return strings.Trim(many(n, entry), "[]")
}

var acceptedPrograms = map[string]accepted{
	"everything": {
		manifest: program,
		want:     program,
	},
	"required fields alone": {
		manifest: smallestProgram,
		want:     `spec: {timeZone: UTC, seats: 1}`,
	},
	"name of 63 letters": {
		manifest: smallestProgram,
		patch:    `metadata: {name: ` + long(63) + `}`,
	},
	"name of a digit": {
		manifest: smallestProgram,
		patch:    `metadata: {name: "5"}`,
	},
	"512 seats": {
		manifest: smallestProgram,
		patch:    `spec: {seats: 512}`,
	},
	"a time zone of three parts": {
		manifest: smallestProgram,
		patch:    `spec: {timeZone: America/Argentina/Buenos_Aires}`,
	},
	"a time zone by its distance": {
		manifest: smallestProgram,
		patch:    `spec: {timeZone: Etc/GMT-9}`,
	},
	"one criterion": {
		manifest: smallestProgram,
		patch:    `spec: {criteria: [{name: all, weight: 100}], evaluations: [{name: e, results: [{teamName: hanbit, scores: {all: "100.00"}}]}]}`,
	},
	"16 criteria": {
		manifest: smallestProgram,
		patch:    `spec: {criteria: ` + withLast(many(15, `{name: c%d, weight: 1}`), `{name: rest, weight: 85}`) + `}`,
	},
	"scores at their bounds": {
		manifest: program,
		patch: judged(`[{teamName: hanbit, scores: {technology: "40", strategy: "0", impact: "29.99"}},
			{teamName: naru, scores: {technology: "40.00", strategy: "0.0", impact: "030"}}]`),
	},
	"results without scores, and without results": {
		manifest: program,
		patch:    `spec: {evaluations: [{name: written, results: [{teamName: hanbit}]}, {name: presentation}], decisions: null}`,
	},
	"rejection before the evaluation is closed": {
		manifest: program,
		patch: `spec: {evaluations: [{name: written}],
			decisions: [{teamName: hanbit, outcome: Rejected, evaluation: written, reason: r, decisionTime: "2025-07-28T10:00:00+09:00"}]}`,
	},
	"selection as the evaluation is closed": {
		manifest: program,
		patch:    decided(`{teamName: hanbit, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2025-08-01T09:00:00Z"}`),
	},
	"selection without evaluations": {
		manifest: smallestProgram,
		patch:    decided(`{teamName: hanbit, outcome: Selected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
	},
	"selection of a team without result": {
		manifest: program,
		patch:    decided(`{teamName: garam, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
	},
	"selection that was overturned as a gate had failed": {
		manifest: program,
		patch: decided(`{teamName: dasom, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2025-08-04T10:00:00+09:00",
			overturnTime: "2025-08-10T00:00:00+09:00", overturnReason: The layers came from elsewhere.}`),
	},
	"selection that was overturned as the evaluation was opened again": {
		manifest: program,
		patch: `spec: {evaluations: [{name: presentation}], decisions: [{teamName: dasom, outcome: Selected, evaluation: presentation, reason: r,
			decisionTime: "2025-08-04T10:00:00+09:00", overturnTime: "2025-08-10T00:00:00+09:00", overturnReason: r}]}`,
	},
	"decisions that are final and effective at once, and overturned at once": {
		manifest: program,
		patch: decided(`{teamName: hanbit, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2025-08-04T10:00:00+09:00",
			finalTime: "2025-08-04T01:00:00Z", effectiveTime: "2025-08-04T01:00:00Z", overturnTime: "2025-08-04T01:00:00Z", overturnReason: r}`),
	},
	"withdrawal before anyone is selected": {
		manifest: program,
		patch:    decided(`{teamName: hanbit, outcome: Withdrawn, reason: r, decisionTime: "2025-07-28T10:00:00+09:00", effectiveTime: "2025-07-29T00:00:00+09:00"}`),
	},
	"nobody is selected": {
		manifest: program,
		patch:    decided(decisionsOn(15, "Rejected", "2025-08-04")),
	},
	"15 applicants, 5 selected, 2 of them eliminated and 1 more selected": {
		manifest: program,
		patch: decided(strings.ReplaceAll(decisionsOn(10, "Rejected", "2025-08-04"), "teamName: t", "teamName: r") + `, ` + selectedTeams(5) + `,
			` + decisionsOn(2, "Eliminated", "2026-01-15") + `,
			{teamName: r3, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2026-02-20T10:00:00+09:00"}`),
	},
	"every seat is taken again": {
		manifest: program,
		patch: decided(selectedTeams(5) + `, ` + decisionsOn(2, "Eliminated", "2026-01-15") + `,
			{teamName: saebyeok, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2026-02-20T10:00:00+09:00"},
			{teamName: t0, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2026-02-20T10:00:00+09:00"}`),
	},
	"an elimination that was overturned, and every seat taken": {
		manifest: program,
		patch: decided(`{teamName: t0, outcome: Eliminated, reason: r, decisionTime: "2026-01-15T10:00:00+09:00", overturnTime: "2026-01-20T00:00:00+09:00", overturnReason: r}, ` +
			selectedTeams(5)),
	},
	"a team that is selected twice has one seat": {
		manifest: program,
		patch:    decided(selectedTeams(5) + `, ` + decisionsOn(1, "Selected", "2025-08-05")),
	},
	"names that begin alike have their own seats": {
		manifest: program,
		patch: `spec: {seats: 2, decisions: [
			{teamName: han, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"},
			{teamName: han-bit, outcome: Eliminated, reason: r, decisionTime: "2025-08-05T10:00:00+09:00"},
			{teamName: han-bit, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"},
			{teamName: hanbit, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}]}`,
	},
	"elimination as it is selected, in another time zone": {
		manifest: program,
		patch:    decided(selectedTeams(1) + `, {teamName: t0, outcome: Eliminated, reason: r, decisionTime: "2025-08-04T01:00:00Z"}`),
	},
	"stage of a second, passed by 512 teams": {
		manifest: smallestProgram,
		patch:    `spec: {stages: [{name: s, startTime: "2026-01-01T00:00:00+09:00", endTime: "2025-12-31T15:00:01Z", passed: ` + many(512, `t%d`) + `}]}`,
	},
	"ceilings and money at their bounds": {
		manifest: smallestProgram,
		patch: `spec: {ceilings: {gpus: 1000000, pools: [{poolName: b200, count: 0}, {poolName: ` + long(63) + `, count: 100000}],
			budget: [{line: GPU, perYear: 0}, {line: Staff, perYear: 1000000000000000}]},
			budget: [{line: Data, amount: 0}, {line: GPU, amount: 1000000000000000}]}`,
	},
	"ceilings of nothing": {
		manifest: smallestProgram,
		patch:    `spec: {ceilings: {}}`,
	},
	"retention by one period alone": {
		manifest: smallestProgram,
		patch:    `spec: {retention: {keep: 100h}}`,
	},
}

func TestAcceptedPrograms(t *testing.T) {
	testAccepted(t, programs, acceptedPrograms)
}

func TestAcceptedRecords(t *testing.T) {
	testAccepted(t, records, map[string]accepted{
		"everything": {manifest: record, want: record},
		"required fields alone": {
			manifest: record,
			patch:    `{metadata: {name: ` + long(40) + `}, spec: {programName: null, lead: null, state: null, stateTransitionTime: null, facts: null, history: null}}`,
		},
	})
}
