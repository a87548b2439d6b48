package crd

import "testing"

// judged is a patch of the evaluations to a single one with the results.
func judged(results string) string {
	return `spec: {evaluations: [{name: presentation, closeTime: "2025-08-01T18:00:00+09:00", results: ` + results + `}], decisions: null}`
}

var refusedEvaluations = map[string]refused{
	"evaluation without name": {
		patch: `spec: {evaluations: [{}], decisions: null}`,
		want:  []string{`spec.evaluations[0].name: Required value`},
	},
	"evaluation with a space": {
		patch: `spec: {evaluations: [{name: first round}], decisions: null}`,
		want:  []string{`spec.evaluations[0].name: Invalid value: "first round": must be lower case letters, digits and hyphens, and start and end with a letter or digit`},
	},
	"evaluation of 64 letters": {
		patch: `spec: {evaluations: [{name: ` + long(64) + `}], decisions: null}`,
		want:  []string{`spec.evaluations[0].name: Too long: may not be more than 63 bytes`},
	},
	"evaluation twice": {
		patch: `spec: {evaluations: [{name: written}, {name: written}], decisions: null}`,
		want:  []string{`spec.evaluations[1]: Duplicate value: {"name":"written"}`},
	},
	"evaluation twice and a decision on it": {
		patch: `spec: {evaluations: [{name: written, closeTime: "2025-08-01T00:00:00Z"}, {name: written, closeTime: "2025-08-01T00:00:00Z"}],
			decisions: [{teamName: hanbit, outcome: Selected, evaluation: written, reason: r, decisionTime: "2025-08-04T10:00:00Z"}]}`,
		want: []string{`spec.evaluations[1]: Duplicate value: {"name":"written"}`},
	},
	"evaluation with a close time that is no time": {
		patch: `spec: {evaluations: [{name: written, closeTime: yesterday}], decisions: null}`,
		want:  []string{`spec.evaluations[0].closeTime: Invalid value: "yesterday": must be a time such as 2027-01-01T09:00:00+09:00`},
	},
	"evaluations, 9 of them": {
		patch: `spec: {evaluations: ` + many(9, `{name: e%d}`) + `, decisions: null}`,
		want:  []string{`spec.evaluations: Too many: 9: must have at most 8 items`},
	},
	"result without team": {
		patch: judged(`[{scores: {technology: "36"}}]`),
		want:  []string{`spec.evaluations[0].results[0].teamName: Required value`},
	},
	"result of a team with upper case letters": {
		patch: judged(`[{teamName: Hanbit}]`),
		want:  []string{`spec.evaluations[0].results[0].teamName: Invalid value: "Hanbit": must be the name of a FoundationTeam: lower case letters, digits and hyphens`},
	},
	"result of a team of 41 letters": {
		patch: judged(`[{teamName: ` + long(41) + `}]`),
		want:  []string{`spec.evaluations[0].results[0].teamName: Too long: may not be more than 40 bytes`},
	},
	"result of a team twice": {
		patch: judged(`[{teamName: hanbit, scores: {technology: "36"}}, {teamName: hanbit, scores: {technology: "37"}}]`),
		want:  []string{`spec.evaluations[0].results[1]: Duplicate value: {"teamName":"hanbit"}`},
	},
	"results twice and decisions on them": {
		patch: `spec: {evaluations: [{name: presentation, closeTime: "2025-08-01T00:00:00Z", results: [
				{teamName: naru, gates: {originality: Failed}}, {teamName: naru, gates: {originality: Failed}}]}],
			decisions: [{teamName: naru, outcome: Selected, evaluation: presentation, reason: r, decisionTime: "2025-08-04T10:00:00Z"}]}`,
		want: []string{`spec.evaluations[0].results[1]: Duplicate value: {"teamName":"naru"}`},
	},
	"results, 129 of them": {
		patch: judged(many(129, `{teamName: t%d}`)),
		want:  []string{`spec.evaluations[0].results: Too many: 129: must have at most 128 items`},
	},
	"score above the weight": {
		patch: judged(`[{teamName: hanbit, scores: {technology: "40", strategy: "30"}}, {teamName: naru, scores: {technology: "40", strategy: "31"}}]`),
		want:  []string{`spec.evaluations: Invalid value: presentation: naru has 31 for strategy, whose weight is 30: lower the score or raise the weight`},
	},
	"score above the weight by a hundredth": {
		patch: judged(`[{teamName: hanbit, scores: {technology: "40.01"}}]`),
		want:  []string{`spec.evaluations: Invalid value: presentation: hanbit has 40.01 for technology, whose weight is 40: lower the score or raise the weight`},
	},
	"score for an unknown criterion": {
		patch: judged(`[{teamName: hanbit, scores: {technology: "36"}}, {teamName: naru, scores: {technology: "36", charm: "3"}}]`),
		want:  []string{`spec.evaluations: Invalid value: presentation: naru has a score for charm, which spec.criteria does not have: add the criterion there or correct the score`},
	},
	"score without criteria": {
		patch: `spec: {criteria: null, evaluations: [{name: written, results: [{teamName: hanbit, scores: {technology: "36"}}]}], decisions: null}`,
		want:  []string{`spec.evaluations: Invalid value: written: hanbit has a score for technology, which spec.criteria does not have: add the criterion there or correct the score`},
	},
	"score of 36 without quotes": {
		patch: judged(`[{teamName: hanbit, scores: {technology: 36}}]`),
		want:  []string{`spec.evaluations[0].results[0].scores.technology: Invalid value: "integer": spec.evaluations[0].results[0].scores.technology in body must be of type string: "integer"`},
	},
	"score of 27.5 without quotes": {
		patch: judged(`[{teamName: hanbit, scores: {technology: 27.5}}]`),
		want:  []string{`spec.evaluations[0].results[0].scores.technology: Invalid value: "number": spec.evaluations[0].results[0].scores.technology in body must be of type string: "number"`},
	},
	"score of -1": {
		patch: judged(`[{teamName: hanbit, scores: {strategy: "30", technology: "-1"}}]`),
		want:  []string{`spec.evaluations[0].results[0].scores[technology]: Invalid value: "-1": must be a score of 0 or more with at most two decimals, in quotes, for example "36" or "27.5"`},
	},
	"score with three decimals": {
		patch: judged(`[{teamName: hanbit, scores: {technology: "27.555"}}]`),
		want:  []string{`spec.evaluations[0].results[0].scores[technology]: Invalid value: "27.555": must be a score of 0 or more with at most two decimals, in quotes, for example "36" or "27.5"`},
	},
	"score with a point and no decimals": {
		patch: judged(`[{teamName: hanbit, scores: {technology: "27."}}]`),
		want:  []string{`spec.evaluations[0].results[0].scores[technology]: Invalid value: "27.": must be a score of 0 or more with at most two decimals, in quotes, for example "36" or "27.5"`},
	},
	"score with decimals alone": {
		patch: judged(`[{teamName: hanbit, scores: {technology: ".5"}}]`),
		want:  []string{`spec.evaluations[0].results[0].scores[technology]: Invalid value: ".5": must be a score of 0 or more with at most two decimals, in quotes, for example "36" or "27.5"`},
	},
	"score with a suffix": {
		patch: judged(`[{teamName: hanbit, scores: {technology: 27500m}}]`),
		want:  []string{`spec.evaluations[0].results[0].scores[technology]: Invalid value: "27500m": must be a score of 0 or more with at most two decimals, in quotes, for example "36" or "27.5"`},
	},
	"score with an exponent": {
		patch: judged(`[{teamName: hanbit, scores: {technology: "3e1"}}]`),
		want:  []string{`spec.evaluations[0].results[0].scores[technology]: Invalid value: "3e1": must be a score of 0 or more with at most two decimals, in quotes, for example "36" or "27.5"`},
	},
	"score of 7 digits": {
		patch: judged(`[{teamName: hanbit, scores: {technology: "0000036"}}]`),
		want:  []string{`spec.evaluations[0].results[0].scores.technology: Too long: may not be more than 6 bytes`},
	},
	"score that is a word": {
		patch: judged(`[{teamName: hanbit, scores: {technology: good}}]`),
		want:  []string{`spec.evaluations[0].results[0].scores[technology]: Invalid value: "good": must be a score of 0 or more with at most two decimals, in quotes, for example "36" or "27.5"`},
	},
	"score empty": {
		patch: judged(`[{teamName: hanbit, scores: {technology: ""}}]`),
		want: []string{
			`spec.evaluations[0].results[0].scores.technology: Invalid value: "": spec.evaluations[0].results[0].scores.technology in body should be at least 1 chars long`,
			`spec.evaluations[0].results[0].scores[technology]: Invalid value: "": must be a score of 0 or more with at most two decimals, in quotes, for example "36" or "27.5"`,
		},
	},
	"score with two points": {
		patch: judged(`[{teamName: hanbit, scores: {technology: "1..5"}}]`),
		want:  []string{`spec.evaluations[0].results[0].scores[technology]: Invalid value: "1..5": must be a score of 0 or more with at most two decimals, in quotes, for example "36" or "27.5"`},
	},
	"score for a criterion of 64 letters": {
		patch: judged(`[{teamName: hanbit, scores: {` + long(64) + `: "1"}}]`),
		want:  []string{`spec.evaluations: Invalid value: presentation: hanbit has a score for xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, which spec.criteria does not have: add the criterion there or correct the score`},
	},
	"scores, 17 of them": {
		patch: judged(`[{teamName: hanbit, scores: ` + keys(17, `c%d: "1"`) + `}]`),
		want:  []string{`spec.evaluations[0].results[0].scores: Too many: 17: must have at most 16 items`},
	},
	"unknown gate": {
		patch: judged(`[{teamName: hanbit, gates: {originality: Passed}}, {teamName: naru, gates: {originality: Passed, charm: Passed}}]`),
		want:  []string{`spec.evaluations: Invalid value: presentation: naru has a result for charm, which spec.gates does not have: add the gate there or correct the result`},
	},
	"gate and spec.gates empty": {
		patch: `spec: {gates: null, evaluations: [{name: written, results: [{teamName: hanbit, gates: {originality: Passed}}]}], decisions: null}`,
		want:  []string{`spec.evaluations: Invalid value: written: hanbit has a result for originality, which spec.gates does not have: add the gate there or correct the result`},
	},
	"gate with an unknown outcome": {
		patch: judged(`[{teamName: hanbit, gates: {originality: Half}}]`),
		want:  []string{`spec.evaluations[0].results[0].gates.originality: Unsupported value: "Half": supported values: "Passed", "Failed"`},
	},
	"gate with a name of 64 letters in a result": {
		patch: judged(`[{teamName: hanbit, gates: {` + long(64) + `: Passed}}]`),
		want:  []string{`spec.evaluations: Invalid value: presentation: hanbit has a result for xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, which spec.gates does not have: add the gate there or correct the result`},
	},
	"gates of a result, 17 of them": {
		patch: judged(`[{teamName: hanbit, gates: ` + keys(17, `g%d: Passed`) + `}]`),
		want:  []string{`spec.evaluations[0].results[0].gates: Too many: 17: must have at most 16 items`},
	},
	"waiver of a gate that was passed": {
		patch: judged(`[{teamName: naru, gates: {originality: Passed}, waivers: {originality: r}}]`),
		want:  []string{`spec.evaluations[0].results[0].waivers: Invalid value: naru has a waiver for originality, which it has not failed: leave it out`},
	},
	"waiver of a gate without result": {
		patch: judged(`[{teamName: naru, gates: {originality: Failed}, waivers: {originality: r, openness: r}}]`),
		want:  []string{`spec.evaluations[0].results[0].waivers: Invalid value: naru has a waiver for openness, which it has not failed: leave it out`},
	},
	"waiver without gates": {
		patch: judged(`[{teamName: naru, waivers: {originality: r}}]`),
		want:  []string{`spec.evaluations[0].results[0].waivers: Invalid value: naru has a waiver for originality, which it has not failed: leave it out`},
	},
	"waiver without reason": {
		patch: judged(`[{teamName: naru, gates: {originality: Failed}, waivers: {originality: ""}}]`),
		want:  []string{`spec.evaluations[0].results[0].waivers: Invalid value: originality must have a reason of 1 to 512 characters`},
	},
	"waiver with a reason of 513 letters": {
		patch: judged(`[{teamName: naru, gates: {originality: Failed}, waivers: {originality: ` + long(513) + `}}]`),
		want:  []string{`spec.evaluations[0].results[0].waivers: Invalid value: originality must have a reason of 1 to 512 characters`},
	},
	"waivers, 17 of them": {
		patch: judged(`[{teamName: naru, gates: {originality: Failed}, waivers: ` + keys(17, `g%d: r`) + `}]`),
		want:  []string{`spec.evaluations[0].results[0].waivers: Too many: 17: must have at most 16 items`},
	},
}

func TestRefusedEvaluations(t *testing.T) {
	testRefusedPrograms(t, refusedEvaluations)
}
