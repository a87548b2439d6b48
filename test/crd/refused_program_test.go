package crd

import "testing"

var refusedPrograms = map[string]refused{
	"name with upper case letters": {
		patch: `metadata: {name: Sovereign}`,
		want: []string{
			`metadata.name: Invalid value: "Sovereign": a lowercase RFC 1123 subdomain`,
			`metadata.name: Sovereign must be at most 63 lower case letters, digits and hyphens, and start and end with a letter or digit`,
		},
	},
	"name of 64 letters": {
		patch: `metadata: {name: ` + long(64) + `}`,
		want:  []string{`must be at most 63 lower case letters, digits and hyphens, and start and end with a letter or digit`},
	},
	"name with a dot": {
		patch: `metadata: {name: models.kr}`,
		want:  []string{`metadata.name: models.kr must be at most 63 lower case letters, digits and hyphens, and start and end with a letter or digit`},
	},
	"no spec": {
		patch: `spec: null`,
		want:  []string{`spec: Required value`},
	},
	"unknown field": {
		patch: `spec: {winners: 5}`,
		want:  []string{`FoundationProgram in version "v1alpha1" cannot be handled as a FoundationProgram: strict decoding error: unknown field "spec.winners"`},
	},
	"unknown field of a decision": {
		patch: `spec: {decisions: [{teamName: gaon, outcome: Rejected, reason: r, decisionTime: "2025-08-04T10:00:00Z", rank: 1}]}`,
		want:  []string{`FoundationProgram in version "v1alpha1" cannot be handled as a FoundationProgram: strict decoding error: unknown field "spec.decisions[0].rank"`},
	},
	"display name empty": {
		patch: `spec: {displayName: ""}`,
		want: []string{
			`spec.displayName: Invalid value: "": spec.displayName in body should be at least 1 chars long`,
			`spec.displayName: Invalid value: "": must not begin or end with a space, nor have control characters or line breaks`,
		},
	},
	"display name of 129 letters": {
		patch: `spec: {displayName: ` + long(129) + `}`,
		want:  []string{`spec.displayName: Too long: may not be more than 128 bytes`},
	},
	"display name with a line break": {
		patch: `spec: {displayName: "Models\nof 2025"}`,
		want:  []string{`spec.displayName: Invalid value: "Models\nof 2025": must not begin or end with a space, nor have control characters or line breaks`},
	},
	"time zone that does not exist": {
		patch: `spec: {timeZone: Asia/Soul}`,
		want:  []string{`spec.timeZone: Invalid value: "string": unknown time zone Asia/Soul evaluating rule: must be an IANA time zone, for example Asia/Seoul`},
	},
	"time zone that is an offset": {
		patch: `spec: {timeZone: "+09:00"}`,
		want:  []string{`spec.timeZone: Invalid value: "+09:00": must be an IANA time zone, for example Asia/Seoul`},
	},
	"time zone that is the machine's": {
		patch: `spec: {timeZone: Local}`,
		want:  []string{`spec.timeZone: Invalid value: "Local": must be an IANA time zone, for example Asia/Seoul`},
	},
	"time zone empty": {
		patch: `spec: {timeZone: ""}`,
		want:  []string{`spec.timeZone: Invalid value: "": spec.timeZone in body should be at least 1 chars long`},
	},
	"time zone of 65 letters": {
		patch: `spec: {timeZone: ` + long(65) + `}`,
		want:  []string{`spec.timeZone: Too long: may not be more than 64 bytes`},
	},
	"currency by its name": {
		patch: `spec: {currency: won}`,
		want:  []string{`spec.currency: Invalid value: "won": must be a currency's ISO 4217 code, for example KRW`},
	},
	"currency of 2 letters": {
		patch: `spec: {currency: KR}`,
		want: []string{
			`spec.currency: Invalid value: "KR": spec.currency in body should be at least 3 chars long`,
			`spec.currency: Invalid value: "KR": must be a currency's ISO 4217 code, for example KRW`,
		},
	},
	"currency of 4 letters": {
		patch: `spec: {currency: KRWX}`,
		want:  []string{`spec.currency: Too long: may not be more than 3 bytes`},
	},
	"no seats": {
		patch: `spec: {seats: null}`,
		want:  []string{`spec.seats: Required value`},
	},
	"seats 0": {
		patch: `spec: {seats: 0, decisions: null}`,
		want:  []string{`spec.seats: Invalid value: 0: spec.seats in body should be greater than or equal to 1`},
	},
	"seats 513": {
		patch: `spec: {seats: 513}`,
		want:  []string{`spec.seats: Invalid value: 513: spec.seats in body should be less than or equal to 512`},
	},
	"weights 40, 30 and 35": {
		patch: `spec: {criteria: [{name: technology, weight: 40}, {name: strategy, weight: 30}, {name: impact, weight: 35}]}`,
		want:  []string{`spec.criteria: Invalid value: weights add up to 105: they must add up to 100`},
	},
	"weights 40 and 30": {
		patch: `spec: {criteria: [{name: technology, weight: 40}, {name: strategy, weight: 30}], evaluations: null, decisions: null}`,
		want:  []string{`spec.criteria: Invalid value: weights add up to 70: they must add up to 100`},
	},
	"weight 0": {
		patch: `spec: {criteria: [{name: technology, weight: 40}, {name: strategy, weight: 30}, {name: impact, weight: 30}, {name: luck, weight: 0}]}`,
		want:  []string{`spec.criteria[3].weight: Invalid value: 0: spec.criteria[3].weight in body should be greater than or equal to 1`},
	},
	"weight 101": {
		patch: `spec: {criteria: [{name: technology, weight: 101}], evaluations: null, decisions: null}`,
		want: []string{
			`spec.criteria[0].weight: Invalid value: 101: spec.criteria[0].weight in body should be less than or equal to 100`,
			`spec.criteria: Invalid value: weights add up to 101: they must add up to 100`,
		},
	},
	"criterion without weight": {
		patch: `spec: {criteria: [{name: technology}]}`,
		want:  []string{`spec.criteria[0].weight: Required value`},
	},
	"criterion without name": {
		patch: `spec: {criteria: [{weight: 100}]}`,
		want:  []string{`spec.criteria[0].name: Required value`},
	},
	"criterion with a space": {
		patch: `spec: {criteria: [{name: the impact, weight: 100}], evaluations: null, decisions: null}`,
		want:  []string{`spec.criteria[0].name: Invalid value: "the impact": must be lower case letters, digits and hyphens, and start and end with a letter or digit`},
	},
	"criterion of 64 letters": {
		patch: `spec: {criteria: [{name: ` + long(64) + `, weight: 100}]}`,
		want:  []string{`spec.criteria[0].name: Too long: may not be more than 63 bytes`},
	},
	"criterion twice": {
		patch: `spec: {criteria: [{name: technology, weight: 40}, {name: strategy, weight: 30}, {name: impact, weight: 15}, {name: impact, weight: 15}], evaluations: null, decisions: null}`,
		want:  []string{`spec.criteria[3]: Duplicate value: {"name":"impact"}`},
	},
	"criterion with an empty display name": {
		patch: `spec: {criteria: [{name: technology, displayName: "", weight: 100}], evaluations: null, decisions: null}`,
		want:  []string{`spec.criteria[0].displayName: Invalid value: "": spec.criteria[0].displayName in body should be at least 1 chars long`},
	},
	"criterion with a display name of 129 letters": {
		patch: `spec: {criteria: [{name: technology, displayName: ` + long(129) + `, weight: 100}]}`,
		want:  []string{`spec.criteria[0].displayName: Too long: may not be more than 128 bytes`},
	},
	"criteria, 17 of them": {
		patch: `spec: {criteria: ` + many(17, `{name: c%d, weight: 1}`) + `}`,
		want:  []string{`spec.criteria: Too many: 17: must have at most 16 items`},
	},
	"gate without name": {
		patch: `spec: {gates: [{description: d}]}`,
		want:  []string{`spec.gates[0].name: Required value`},
	},
	"gate with an underscore": {
		patch: `spec: {gates: [{name: originality}, {name: open_source}]}`,
		want:  []string{`spec.gates[1].name: Invalid value: "open_source": must be lower case letters, digits and hyphens, and start and end with a letter or digit`},
	},
	"gate of 64 letters": {
		patch: `spec: {gates: [{name: ` + long(64) + `}]}`,
		want:  []string{`spec.gates[0].name: Too long: may not be more than 63 bytes`},
	},
	"gate twice": {
		patch: `spec: {gates: [{name: originality}, {name: originality}]}`,
		want:  []string{`spec.gates[1]: Duplicate value: {"name":"originality"}`},
	},
	"gate with an empty description": {
		patch: `spec: {gates: [{name: originality, description: ""}]}`,
		want:  []string{`spec.gates[0].description: Invalid value: "": spec.gates[0].description in body should be at least 1 chars long`},
	},
	"gate with a description of 513 letters": {
		patch: `spec: {gates: [{name: originality, description: ` + long(513) + `}]}`,
		want:  []string{`spec.gates[0].description: Too long: may not be more than 512 bytes`},
	},
	"gates, 17 of them": {
		patch: `spec: {gates: ` + many(17, `{name: g%d}`) + `}`,
		want:  []string{`spec.gates: Too many: 17: must have at most 16 items`},
	},
	"stage without name": {
		patch: `spec: {stages: [{startTime: "2025-08-01T00:00:00Z", endTime: "2026-02-01T00:00:00Z"}]}`,
		want:  []string{`spec.stages[0].name: Required value`},
	},
	"stage with a space": {
		patch: `spec: {stages: [{name: stage 1, startTime: "2025-08-01T00:00:00Z", endTime: "2026-02-01T00:00:00Z"}]}`,
		want:  []string{`spec.stages[0].name: Invalid value: "stage 1": must be lower case letters, digits and hyphens, and start and end with a letter or digit`},
	},
	"stage of 64 letters": {
		patch: `spec: {stages: [{name: ` + long(64) + `, startTime: "2025-08-01T00:00:00Z", endTime: "2026-02-01T00:00:00Z"}]}`,
		want:  []string{`spec.stages[0].name: Too long: may not be more than 63 bytes`},
	},
	"stage twice": {
		patch: `spec: {stages: [{name: stage-1, startTime: "2025-08-01T00:00:00Z", endTime: "2026-02-01T00:00:00Z"},
			{name: stage-1, startTime: "2026-02-01T00:00:00Z", endTime: "2026-07-01T00:00:00Z"}]}`,
		want: []string{`spec.stages[1]: Duplicate value: {"name":"stage-1"}`},
	},
	"stage without start and end": {
		patch: `spec: {stages: [{name: stage-1}]}`,
		want: []string{
			`spec.stages[0].endTime: Required value`,
			`spec.stages[0].startTime: Required value`,
		},
	},
	"stage that ends before it starts": {
		patch: `spec: {stages: [{name: stage-1, startTime: "2026-02-01T00:00:00Z", endTime: "2025-08-01T00:00:00Z"}]}`,
		want:  []string{`spec.stages[0].endTime: Invalid value: stage-1 must end after it starts: move endTime`},
	},
	"stage that ends as it starts": {
		patch: `spec: {stages: [{name: stage-1, startTime: "2026-02-01T00:00:00+09:00", endTime: "2026-01-31T15:00:00Z"}]}`,
		want:  []string{`spec.stages[0].endTime: Invalid value: stage-1 must end after it starts: move endTime`},
	},
	"stage with a date without time": {
		patch: `spec: {stages: [{name: stage-1, startTime: "2025-08-01", endTime: "2026-02-01T00:00:00Z"}]}`,
		want:  []string{`spec.stages[0].startTime: Invalid value: "2025-08-01": must be a time such as 2027-01-01T09:00:00+09:00`},
	},
	"stages, 17 of them": {
		patch: `spec: {stages: ` + many(17, `{name: s%d, startTime: "2025-08-01T00:00:00Z", endTime: "2026-02-01T00:00:00Z"}`) + `}`,
		want:  []string{`spec.stages: Too many: 17: must have at most 16 items`},
	},
	"team that passed twice": {
		patch: `spec: {stages: [{name: stage-1, startTime: "2025-08-01T00:00:00Z", endTime: "2026-02-01T00:00:00Z", passed: [hanbit, naru, hanbit]}]}`,
		want:  []string{`spec.stages[0].passed[2]: Duplicate value: "hanbit"`},
	},
	"team that passed without name": {
		patch: `spec: {stages: [{name: stage-1, startTime: "2025-08-01T00:00:00Z", endTime: "2026-02-01T00:00:00Z", passed: [""]}]}`,
		want: []string{
			`spec.stages[0].passed[0]: Invalid value: "": spec.stages[0].passed[0] in body should be at least 1 chars long`,
			`spec.stages[0].passed[0]: Invalid value: "": must be the name of a FoundationTeam: lower case letters, digits and hyphens`,
		},
	},
	"team that passed with upper case letters": {
		patch: `spec: {stages: [{name: stage-1, startTime: "2025-08-01T00:00:00Z", endTime: "2026-02-01T00:00:00Z", passed: [Hanbit]}]}`,
		want:  []string{`spec.stages[0].passed[0]: Invalid value: "Hanbit": must be the name of a FoundationTeam: lower case letters, digits and hyphens`},
	},
	"team of 41 letters that passed": {
		patch: `spec: {stages: [{name: stage-1, startTime: "2025-08-01T00:00:00Z", endTime: "2026-02-01T00:00:00Z", passed: [` + long(41) + `]}]}`,
		want:  []string{`spec.stages[0].passed[0]: Too long: may not be more than 40 bytes`},
	},
	"teams that passed, 513 of them": {
		patch: `spec: {stages: [{name: stage-1, startTime: "2025-08-01T00:00:00Z", endTime: "2026-02-01T00:00:00Z", passed: ` + many(513, `t%d`) + `}]}`,
		want:  []string{`spec.stages[0].passed: Too many: 513: must have at most 512 items`},
	},
}

func TestRefusedPrograms(t *testing.T) {
	testRefusedPrograms(t, refusedPrograms)
}

func testRefusedPrograms(t *testing.T, table map[string]refused) {
	t.Helper()
	for name, tt := range table {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := create(t, programs, patched(t, program, tt.patch))
			expectRefusal(t, err, tt.want)
		})
	}
}
