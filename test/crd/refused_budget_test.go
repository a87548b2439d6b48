package crd

import "testing"

// refusedBudgets are about what a team has of a programme.
var refusedBudgets = map[string]refused{
	"programme without name": {
		patch: `spec: {programName: ""}`,
		want:  []string{`spec.programName: Invalid value: "": spec.programName in body should be at least 1 chars long`, `spec.programName: Invalid value: "": must be the name of a FoundationProgram: lower case letters, digits and hyphens`},
	},
	"programme with an invalid name": {
		patch: `spec: {programName: Sovereign Models}`,
		want:  []string{`spec.programName: Invalid value: "Sovereign Models": must be the name of a FoundationProgram: lower case letters, digits and hyphens`},
	},
	"programme of 64 letters": {
		patch: `spec: {programName: ` + long(64) + `}`,
		want:  []string{`spec.programName: Too long: may not be more than 63 bytes`},
	},
	"award for a stage without programme": {
		patch: `spec: {programName: null, budget: null, gpus: [{name: first, poolName: b200, count: 8}, {name: second, poolName: b200, count: 8, stage: stage-2}]}`,
		want:  []string{`spec.gpus: Invalid value: second names a stage, and stages are a programme's: set spec.programName, or leave stage and ifPassed out`},
	},
	"award that depends on a stage without programme": {
		patch: `spec: {programName: null, budget: null, gpus: [{name: second, poolName: b200, count: 8, ifPassed: stage-1}]}`,
		want:  []string{`spec.gpus: Invalid value: second names a stage, and stages are a programme's: set spec.programName, or leave stage and ifPassed out`},
	},
	"award for an invalid stage": {
		patch: `spec: {gpus: [{name: second, poolName: b200, count: 8, stage: Stage 2}]}`,
		want:  []string{`spec.gpus[0].stage: Invalid value: "Stage 2": must be the name of one of the programme's stages`},
	},
	"award for a stage of 64 letters": {
		patch: `spec: {gpus: [{name: second, poolName: b200, count: 8, stage: ` + long(64) + `}]}`,
		want:  []string{`spec.gpus[0].stage: Too long: may not be more than 63 bytes`},
	},
	"award that depends on an invalid stage": {
		patch: `spec: {gpus: [{name: second, poolName: b200, count: 8, ifPassed: Stage 1}]}`,
		want:  []string{`spec.gpus[0].ifPassed: Invalid value: "Stage 1": must be the name of one of the programme's stages`},
	},
	"award that depends on a stage of 64 letters": {
		patch: `spec: {gpus: [{name: second, poolName: b200, count: 8, ifPassed: ` + long(64) + `}]}`,
		want:  []string{`spec.gpus[0].ifPassed: Too long: may not be more than 63 bytes`},
	},
	"budget without programme": {
		patch: `spec: {programName: null, gpus: null}`,
		want:  []string{`spec.budget: Invalid value: is money of a programme: set spec.programName, or leave it out`},
	},
	"award of money that is never due": {
		patch: `spec: {budget: [{name: corpus, line: Data, amount: 1}]}`,
		want:  []string{`spec.budget[0]: Invalid value: corpus has neither dueTime nor instalments: give one, dueTime for money that is due at once`},
	},
	"award of money that is due at once and in instalments": {
		patch: `spec: {budget: [{name: corpus, line: Data, amount: 1, dueTime: "2026-01-15T00:00:00Z", instalments: [{dueTime: "2026-01-15T00:00:00Z", amount: 1}]}]}`,
		want:  []string{`spec.budget[0]: Invalid value: corpus has both dueTime and instalments: give one, dueTime for money that is due at once`},
	},
	"instalments that do not add up": {
		patch: `spec: {budget: [{name: researchers, line: Staff, amount: 2000000000, instalments: [{dueTime: "2026-01-01T00:00:00Z", amount: 500000000}, {dueTime: "2026-04-01T00:00:00Z", amount: 500000000}]}]}`,
		want:  []string{`spec.budget[0].instalments: Invalid value: researchers: instalments add up to 1000000000, and amount is 2000000000: make them the same`},
	},
	"instalments, none of them": {
		patch: `spec: {budget: [{name: researchers, line: Staff, amount: 0, instalments: []}]}`,
		want:  []string{`spec.budget[0].instalments: Invalid value: 0: spec.budget[0].instalments in body should have at least 1 items`},
	},
	"instalments, 33 of them": {
		patch: `spec: {budget: [{name: researchers, line: Staff, amount: 33, instalments: ` + many(33, `{dueTime: "2026-01-15T00:00:00Z", amount: 1}`) + `}]}`,
		want:  []string{`spec.budget[0].instalments: Too many: 33: must have at most 32 items`},
	},
	"instalment without date": {
		patch: `spec: {budget: [{name: researchers, line: Staff, amount: 1, instalments: [{amount: 1}]}]}`,
		want:  []string{`spec.budget[0].instalments[0].dueTime: Required value`},
	},
	"instalment without amount": {
		patch: `spec: {budget: [{name: researchers, line: Staff, amount: 1, instalments: [{dueTime: "2026-01-15T00:00:00Z"}]}]}`,
		want:  []string{`spec.budget[0].instalments[0].amount: Required value`},
	},
	"instalments of too little and too much": {
		patch: `spec: {budget: [{name: researchers, line: Staff, amount: 1000000000000000,
			instalments: [{dueTime: "2026-01-15T00:00:00Z", amount: -1}, {dueTime: "2026-01-15T00:00:00Z", amount: 1000000000000001}]}]}`,
		want: []string{
			`spec.budget[0].instalments[0].amount: Invalid value: -1: spec.budget[0].instalments[0].amount in body should be greater than or equal to 0`,
			`spec.budget[0].instalments[1].amount: Invalid value: 1000000000000001: spec.budget[0].instalments[1].amount in body should be less than or equal to 1000000000000000`,
		},
	},
	"instalment on a day without time": {
		patch: `spec: {budget: [{name: researchers, line: Staff, amount: 1, instalments: [{dueTime: "2026-01-15", amount: 1}]}]}`,
		want:  []string{`spec.budget[0].instalments[0].dueTime: Invalid value: "2026-01-15": must be a time such as 2027-01-01T09:00:00+09:00`},
	},
	"award of money due on a day without time": {
		patch: `spec: {budget: [{name: corpus, line: Data, amount: 1, dueTime: "2026-01-15"}]}`,
		want:  []string{`spec.budget[0].dueTime: Invalid value: "2026-01-15": must be a time such as 2027-01-01T09:00:00+09:00`},
	},
	"award of money without name": {
		patch: `spec: {budget: [{line: Data, amount: 1, dueTime: "2026-01-15T00:00:00Z"}]}`,
		want:  []string{`spec.budget[0].name: Required value`},
	},
	"award of money with a space": {
		patch: `spec: {budget: [{name: the corpus, line: Data, amount: 1, dueTime: "2026-01-15T00:00:00Z"}]}`,
		want:  []string{`spec.budget[0].name: Invalid value: "the corpus": must be lower case letters, digits and hyphens, and start and end with a letter or digit`},
	},
	"award of money with a name of 64 letters": {
		patch: `spec: {budget: [{name: ` + long(64) + `, line: Data, amount: 1, dueTime: "2026-01-15T00:00:00Z"}]}`,
		want:  []string{`spec.budget[0].name: Too long: may not be more than 63 bytes`},
	},
	"award of money twice": {
		patch: `spec: {budget: [{name: corpus, line: Data, amount: 1, dueTime: "2026-01-15T00:00:00Z"}, {name: corpus, line: Staff, amount: 1, dueTime: "2026-01-15T00:00:00Z"}]}`,
		want:  []string{`spec.budget[1]: Duplicate value: {"name":"corpus"}`},
	},
	"award of money without line": {
		patch: `spec: {budget: [{name: corpus, amount: 1, dueTime: "2026-01-15T00:00:00Z"}]}`,
		want:  []string{`spec.budget[0].line: Required value`},
	},
	"award of money for power": {
		patch: `spec: {budget: [{name: corpus, line: Power, amount: 1, dueTime: "2026-01-15T00:00:00Z"}]}`,
		want:  []string{`spec.budget[0].line: Unsupported value: "Power": supported values: "GPU", "Data", "Staff"`},
	},
	"award of money without amount": {
		patch: `spec: {budget: [{name: corpus, line: Data, dueTime: "2026-01-15T00:00:00Z"}]}`,
		want:  []string{`spec.budget[0].amount: Required value`},
	},
	"awards of too little and too much money": {
		patch: `spec: {budget: [{name: a, line: Data, amount: -1, dueTime: "2026-01-15T00:00:00Z"}, {name: b, line: Data, amount: 1000000000000001, dueTime: "2026-01-15T00:00:00Z"}]}`,
		want: []string{
			`spec.budget[0].amount: Invalid value: -1: spec.budget[0].amount in body should be greater than or equal to 0`,
			`spec.budget[1].amount: Invalid value: 1000000000000001: spec.budget[1].amount in body should be less than or equal to 1000000000000000`,
		},
	},
	"awards of money, 65 of them": {
		patch: `spec: {budget: ` + many(65, `{name: g%d, line: Data, amount: 1, dueTime: "2026-01-15T00:00:00Z"}`) + `}`,
		want:  []string{`spec.budget: Too many: 65: must have at most 64 items`},
	},
	"retention of nothing": {
		patch: `spec: {retention: {dataAccess: null, keep: null}}`,
		want:  []string{`spec.retention: Invalid value: 0: spec.retention in body should have at least 1 properties`},
	},
	"data access in days": {
		patch: `spec: {retention: {dataAccess: 30d}}`,
		want:  []string{`spec.retention.dataAccess: Invalid value: "30d": must be between 0s and 87600h, written in hours, minutes and seconds, for example 720h`},
	},
	"data kept for less time than data access lasts": {
		patch: `spec: {retention: {keep: 359h}}`,
		want:  []string{`spec.retention.keep: Invalid value: 359h is shorter than dataAccess, 360h, and both are counted from the same moment: make it as long or longer`},
	},
}

func TestRefusedBudgets(t *testing.T) {
	testRefusedTeams(t, refusedBudgets)
}
