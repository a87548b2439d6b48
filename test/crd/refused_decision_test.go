package crd

import "testing"

// decided is a patch of the decisions.
func decided(decisions string) string {
	return `spec: {decisions: [` + decisions + `]}`
}

// selectedTeams are n decisions that select teams t0, t1 and so on.
func selectedTeams(n int) string {
	return decisionsOn(n, "Selected", "2025-08-04")
}

var refusedDecisions = map[string]refused{
	"sixth team for five seats": {
		patch: decided(selectedTeams(5) + `, {teamName: saebyeok, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2025-09-01T00:00:00+09:00"}`),
		want:  []string{`spec.decisions: Invalid value: saebyeok is the last of 6 teams that are selected for 5 seats: decide otherwise on 1 of them, or raise spec.seats`},
	},
	"sixth team though others were not eliminated": {
		patch: decided(selectedTeams(5) + `,
			{teamName: t0, outcome: Eliminated, reason: r, decisionTime: "2026-01-15T00:00:00+09:00", overturnTime: "2026-01-20T00:00:00+09:00", overturnReason: r},
			{teamName: saebyeok, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2026-01-16T00:00:00+09:00"}`),
		want: []string{`spec.decisions: Invalid value: saebyeok is the last of 6 teams that are selected for 5 seats: decide otherwise on 1 of them, or raise spec.seats`},
	},
	"sixth team as one that was eliminated is selected again": {
		patch: decided(selectedTeams(5) + `,
			{teamName: t0, outcome: Eliminated, reason: r, decisionTime: "2026-01-15T00:00:00+09:00"},
			{teamName: saebyeok, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2026-01-16T00:00:00+09:00"},
			{teamName: t0, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2026-01-17T00:00:00+09:00"}`),
		want: []string{`spec.decisions: Invalid value: t0 is the last of 6 teams that are selected for 5 seats: decide otherwise on 1 of them, or raise spec.seats`},
	},
	"sixth team that was rejected before, listed first": {
		patch: decided(`{teamName: saebyeok, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2026-01-16T00:00:00+09:00"}, ` + selectedTeams(5) + `,
			{teamName: saebyeok, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want: []string{`spec.decisions: Invalid value: t4 is the last of 6 teams that are selected for 5 seats: decide otherwise on 1 of them, or raise spec.seats`},
	},
	"seven teams for five seats": {
		patch: decided(selectedTeams(7)),
		want:  []string{`spec.decisions: Invalid value: t6 is the last of 7 teams that are selected for 5 seats: decide otherwise on 2 of them, or raise spec.seats`},
	},
	"fewer seats": {
		patch: `spec: {seats: 3}`,
		want:  []string{`spec.decisions: Invalid value: saebyeok is the last of 4 teams that are selected for 3 seats: decide otherwise on 1 of them, or raise spec.seats`},
	},
	"decision on an unknown evaluation": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, evaluation: interview, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions: Invalid value: the decision on hanbit names interview, which spec.evaluations does not have: add the evaluation there or correct the decision`},
	},
	"selection on an unknown evaluation": {
		patch: decided(`{teamName: hanbit, outcome: Selected, evaluation: interview, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions: Invalid value: the decision on hanbit names interview, which spec.evaluations does not have: add the evaluation there or correct the decision`},
	},
	"decision on an evaluation and spec.evaluations empty": {
		patch: `spec: {evaluations: null, decisions: [{teamName: hanbit, outcome: Selected, evaluation: interview, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}]}`,
		want:  []string{`spec.decisions: Invalid value: the decision on hanbit names interview, which spec.evaluations does not have: add the evaluation there or correct the decision`},
	},
	"selection without evaluation": {
		patch: decided(selectedTeams(1) + `, {teamName: hanbit, outcome: Selected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions: Invalid value: hanbit is selected without an evaluation: name the one that it was decided on`},
	},
	"selection before the evaluation is closed": {
		patch: `spec: {evaluations: [{name: presentation}], decisions: [` + selectedTeams(1) + `]}`,
		want:  []string{`spec.decisions: Invalid value: t0 is selected on presentation, which is not closed: set its closeTime, to decisionTime or earlier`},
	},
	"selection before the evaluation was closed": {
		patch: `spec: {evaluations: [{name: presentation, closeTime: "2025-08-04T10:00:01+09:00"}], decisions: [` + selectedTeams(1) + `]}`,
		want:  []string{`spec.decisions: Invalid value: t0 is selected on presentation, which was closed later: move decisionTime to its closeTime or later`},
	},
	"selection though a gate failed": {
		patch: `spec: {gates: [{name: openness}, {name: originality}], evaluations: [{name: presentation, closeTime: "2025-08-01T00:00:00Z", results: [
				{teamName: t0, gates: {openness: Failed, originality: Failed}, waivers: {openness: r, originality: r}},
				{teamName: t1, gates: {openness: Failed, originality: Failed}, waivers: {openness: r}}]}],
			decisions: [` + selectedTeams(3) + `]}`,
		want: []string{`spec.decisions: Invalid value: t1 is selected although it failed originality in presentation: record a waiver with its reason there, or decide otherwise`},
	},
	"selection on the second of two evaluations though a gate failed": {
		patch: decided(`{teamName: naru, outcome: Selected, evaluation: stage-1, reason: r, decisionTime: "2026-01-15T10:00:00+09:00"}`),
		want:  []string{`spec.decisions: Invalid value: naru is selected although it failed originality in stage-1: record a waiver with its reason there, or decide otherwise`},
	},
	"final before it was decided": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00", finalTime: "2025-08-04T00:59:59Z"}`),
		want:  []string{`spec.decisions[0].finalTime: Invalid value: hanbit cannot be final before it was decided: move finalTime to decisionTime or later, or leave it out`},
	},
	"effective before it was decided": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00", effectiveTime: "2025-08-04T00:59:59Z"}`),
		want:  []string{`spec.decisions[0].effectiveTime: Invalid value: hanbit cannot take effect before it was decided: move effectiveTime to decisionTime or later, or leave it out`},
	},
	"withdrawal with an objection window": {
		patch: decided(`{teamName: hanbit, outcome: Withdrawn, reason: r, decisionTime: "2025-08-04T10:00:00+09:00", finalTime: "2025-08-14T00:00:00+09:00"}`),
		want:  []string{`spec.decisions[0].finalTime: Invalid value: hanbit withdraws, which nobody objects to: leave finalTime out`},
	},
	"overturned without reason": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00", overturnTime: "2025-08-14T00:00:00+09:00"}`),
		want:  []string{`spec.decisions[0].overturnTime: Invalid value: hanbit: overturnTime and overturnReason go together: give both, or neither`},
	},
	"overturned at no time": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00", overturnReason: r}`),
		want:  []string{`spec.decisions[0].overturnTime: Invalid value: hanbit: overturnTime and overturnReason go together: give both, or neither`},
	},
	"overturned before it was decided": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00", overturnTime: "2025-08-01T00:00:00+09:00", overturnReason: r}`),
		want:  []string{`spec.decisions[0].overturnTime: Invalid value: hanbit cannot be overturned before it was decided: move overturnTime to decisionTime or later`},
	},
	"overturned for an empty reason": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00", overturnTime: "2025-08-14T00:00:00+09:00", overturnReason: ""}`),
		want:  []string{`spec.decisions[0].overturnReason: Invalid value: "": spec.decisions[0].overturnReason in body should be at least 1 chars long`},
	},
	"overturned for a reason of 513 letters": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00", overturnTime: "2025-08-14T00:00:00+09:00", overturnReason: ` + long(513) + `}`),
		want:  []string{`spec.decisions[0].overturnReason: Too long: may not be more than 512 bytes`},
	},
	"eliminated and never selected": {
		patch: decided(selectedTeams(1) + `, {teamName: dasom, outcome: Eliminated, evaluation: presentation, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions: Invalid value: dasom is eliminated without having been selected before: correct decisionTime, or decide Rejected instead`},
	},
	"eliminated before it was selected": {
		patch: decided(selectedTeams(1) + `, {teamName: t0, outcome: Eliminated, reason: r, decisionTime: "2025-08-04T09:59:59+09:00"}`),
		want:  []string{`spec.decisions: Invalid value: t0 is eliminated without having been selected before: correct decisionTime, or decide Rejected instead`},
	},
	"decision twice": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}, {teamName: hanbit, outcome: Withdrawn, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions[1]: Duplicate value: {"decisionTime":"2025-08-04T10:00:00+09:00","teamName":"hanbit"}`},
	},
	"decision on nobody": {
		patch: decided(`{outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions[0].teamName: Required value`},
	},
	"decision on a team with upper case letters": {
		patch: decided(`{teamName: Hanbit, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions[0].teamName: Invalid value: "Hanbit": must be the name of a FoundationTeam: lower case letters, digits and hyphens`},
	},
	"decision on a team of 41 letters": {
		patch: decided(`{teamName: ` + long(41) + `, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions[0].teamName: Too long: may not be more than 40 bytes`},
	},
	"decision without outcome": {
		patch: decided(`{teamName: hanbit, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions[0].outcome: Required value`},
	},
	"decision to suspend": {
		patch: decided(`{teamName: hanbit, outcome: Suspended, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions[0].outcome: Unsupported value: "Suspended": supported values: "Selected", "Rejected", "Eliminated", "Withdrawn"`},
	},
	"decision without reason": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions[0].reason: Required value`},
	},
	"decision for an empty reason": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, reason: "", decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions[0].reason: Invalid value: "": spec.decisions[0].reason in body should be at least 1 chars long`},
	},
	"decision for a reason of 513 letters": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, reason: ` + long(513) + `, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions[0].reason: Too long: may not be more than 512 bytes`},
	},
	"decision at no time": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, reason: r}`),
		want:  []string{`spec.decisions[0].decisionTime: Required value`},
	},
	"decision on a day without time": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, reason: r, decisionTime: "2025-08-04"}`),
		want:  []string{`spec.decisions[0].decisionTime: Invalid value: "2025-08-04": must be a time such as 2027-01-01T09:00:00+09:00`},
	},
	"decision on an evaluation of 64 letters": {
		patch: decided(`{teamName: hanbit, outcome: Rejected, evaluation: ` + long(64) + `, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`),
		want:  []string{`spec.decisions[0].evaluation: Too long: may not be more than 63 bytes`},
	},
	"decisions, 513 of them": {
		patch: `spec: {decisions: ` + many(513, `{teamName: t%d, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00+09:00"}`) + `}`,
		want:  []string{`spec.decisions: Too many: 513: must have at most 512 items`},
	},
}

func TestRefusedDecisions(t *testing.T) {
	testRefusedPrograms(t, refusedDecisions)
}
