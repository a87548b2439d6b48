package crd

import "testing"

// refusedCeilings are about what teams may be given, what there is to give, and how long data is kept.
var refusedCeilings = map[string]refused{
	"ceiling of -1 GPUs": {
		patch: `spec: {ceilings: {gpus: -1}}`,
		want:  []string{`spec.ceilings.gpus: Invalid value: -1: spec.ceilings.gpus in body should be greater than or equal to 0`},
	},
	"ceiling of 1000001 GPUs": {
		patch: `spec: {ceilings: {gpus: 1000001}}`,
		want:  []string{`spec.ceilings.gpus: Invalid value: 1000001: spec.ceilings.gpus in body should be less than or equal to 1000000`},
	},
	"ceiling of a pool twice": {
		patch: `spec: {ceilings: {pools: [{poolName: b200, count: 512}, {poolName: b200, count: 1024}]}}`,
		want:  []string{`spec.ceilings.pools[1]: Duplicate value: {"poolName":"b200"}`},
	},
	"ceiling of no pool": {
		patch: `spec: {ceilings: {pools: [{count: 512}]}}`,
		want:  []string{`spec.ceilings.pools[0].poolName: Required value`},
	},
	"ceiling of an invalid pool": {
		patch: `spec: {ceilings: {pools: [{poolName: NVIDIA B200, count: 512}]}}`,
		want:  []string{`spec.ceilings.pools[0].poolName: Invalid value: "NVIDIA B200": must be the name of a GPUPool: lower case letters, digits and hyphens`},
	},
	"ceiling of a pool of 64 letters": {
		patch: `spec: {ceilings: {pools: [{poolName: ` + long(64) + `, count: 512}]}}`,
		want:  []string{`spec.ceilings.pools[0].poolName: Too long: may not be more than 63 bytes`},
	},
	"ceiling of a pool without number": {
		patch: `spec: {ceilings: {pools: [{poolName: b200}]}}`,
		want:  []string{`spec.ceilings.pools[0].count: Required value`},
	},
	"ceilings of -1 and 100001 GPUs of pools": {
		patch: `spec: {ceilings: {pools: [{poolName: b200, count: -1}, {poolName: h100, count: 100001}]}}`,
		want: []string{
			`spec.ceilings.pools[0].count: Invalid value: -1: spec.ceilings.pools[0].count in body should be greater than or equal to 0`,
			`spec.ceilings.pools[1].count: Invalid value: 100001: spec.ceilings.pools[1].count in body should be less than or equal to 100000`,
		},
	},
	"ceilings of 33 pools": {
		patch: `spec: {ceilings: {pools: ` + many(33, `{poolName: p%d, count: 1}`) + `}}`,
		want:  []string{`spec.ceilings.pools: Too many: 33: must have at most 32 items`},
	},
	"ceiling of money for power": {
		patch: `spec: {ceilings: {budget: [{line: Power, perYear: 1}]}}`,
		want:  []string{`spec.ceilings.budget[0].line: Unsupported value: "Power": supported values: "GPU", "Data", "Staff"`},
	},
	"ceiling of a line twice": {
		patch: `spec: {ceilings: {budget: [{line: Data, perYear: 1}, {line: Data, perYear: 2}]}}`,
		want:  []string{`spec.ceilings.budget[1]: Duplicate value: {"line":"Data"}`},
	},
	"ceiling of money without line": {
		patch: `spec: {ceilings: {budget: [{perYear: 1}]}}`,
		want:  []string{`spec.ceilings.budget[0].line: Required value`},
	},
	"ceiling of money without amount": {
		patch: `spec: {ceilings: {budget: [{line: Data}]}}`,
		want:  []string{`spec.ceilings.budget[0].perYear: Required value`},
	},
	"ceilings of too little and too much money": {
		patch: `spec: {ceilings: {budget: [{line: Data, perYear: -1}, {line: Staff, perYear: 1000000000000001}]}}`,
		want: []string{
			`spec.ceilings.budget[0].perYear: Invalid value: -1: spec.ceilings.budget[0].perYear in body should be greater than or equal to 0`,
			`spec.ceilings.budget[1].perYear: Invalid value: 1000000000000001: spec.ceilings.budget[1].perYear in body should be less than or equal to 1000000000000000`,
		},
	},
	"ceilings of 4 lines": {
		patch: `spec: {ceilings: {budget: [{line: Data, perYear: 1}, {line: Staff, perYear: 1}, {line: GPU, perYear: 1}, {line: GPU, perYear: 1}]}}`,
		want: []string{
			`spec.ceilings.budget: Too many: 4: must have at most 3 items`,
			`spec.ceilings.budget[3]: Duplicate value: {"line":"GPU"}`,
		},
	},
	"budget for power": {
		patch: `spec: {budget: [{line: Power, amount: 1}]}`,
		want:  []string{`spec.budget[0].line: Unsupported value: "Power": supported values: "GPU", "Data", "Staff"`},
	},
	"budget of a line twice": {
		patch: `spec: {budget: [{line: Data, amount: 1}, {line: Data, amount: 2}]}`,
		want:  []string{`spec.budget[1]: Duplicate value: {"line":"Data"}`},
	},
	"budget without line": {
		patch: `spec: {budget: [{amount: 1}]}`,
		want:  []string{`spec.budget[0].line: Required value`},
	},
	"budget without amount": {
		patch: `spec: {budget: [{line: Data}]}`,
		want:  []string{`spec.budget[0].amount: Required value`},
	},
	"budgets of too little and too much money": {
		patch: `spec: {budget: [{line: Data, amount: -1}, {line: Staff, amount: 1000000000000001}]}`,
		want: []string{
			`spec.budget[0].amount: Invalid value: -1: spec.budget[0].amount in body should be greater than or equal to 0`,
			`spec.budget[1].amount: Invalid value: 1000000000000001: spec.budget[1].amount in body should be less than or equal to 1000000000000000`,
		},
	},
	"budget of half a won": {
		patch: `spec: {budget: [{line: Data, amount: 0.5}]}`,
		want: []string{
			`spec.budget[0].amount: Invalid value: "float64": spec.budget[0].amount in body must be of type int64: "float64"`,
			`"": Checked value must be of type integer with format int64 in spec.budget[0].amount`,
		},
	},
	"budget of 4 lines": {
		patch: `spec: {budget: [{line: Data, amount: 1}, {line: Staff, amount: 1}, {line: GPU, amount: 1}, {line: GPU, amount: 1}]}`,
		want: []string{
			`spec.budget: Too many: 4: must have at most 3 items`,
			`spec.budget[3]: Duplicate value: {"line":"GPU"}`,
		},
	},
	"retention of nothing": {
		patch: `spec: {retention: {dataAccess: null, keep: null}}`,
		want:  []string{`spec.retention: Invalid value: 0: spec.retention in body should have at least 1 properties`},
	},
	"data access in days": {
		patch: `spec: {retention: {dataAccess: 30d}}`,
		want:  []string{`spec.retention.dataAccess: Invalid value: "30d": must be between 0s and 87600h, written in hours, minutes and seconds, for example 720h`},
	},
	"data access empty": {
		patch: `spec: {retention: {dataAccess: ""}}`,
		want: []string{
			`spec.retention.dataAccess: Invalid value: "": spec.retention.dataAccess in body should be at least 2 chars long`,
			`spec.retention.dataAccess: Invalid value: "": must be between 0s and 87600h, written in hours, minutes and seconds, for example 720h`,
		},
	},
	"data access that is a number": {
		patch: `spec: {retention: {dataAccess: 720}}`,
		want:  []string{`spec.retention.dataAccess: Invalid value: "integer": spec.retention.dataAccess in body must be of type string: "integer"`},
	},
	"data access of 87601h": {
		patch: `spec: {retention: {dataAccess: 87601h, keep: 876000h}}`,
		want:  []string{`spec.retention.dataAccess: Invalid value: "87601h": must be between 0s and 87600h, written in hours, minutes and seconds, for example 720h`},
	},
	"kept for days": {
		patch: `spec: {retention: {keep: 90d}}`,
		want:  []string{`spec.retention.keep: Invalid value: "90d": must be between 0s and 876000h, written in hours, minutes and seconds, for example 2160h`},
	},
	"kept empty": {
		patch: `spec: {retention: {keep: ""}}`,
		want: []string{
			`spec.retention.keep: Invalid value: "": spec.retention.keep in body should be at least 2 chars long`,
			`spec.retention.keep: Invalid value: "": must be between 0s and 876000h, written in hours, minutes and seconds, for example 2160h`,
		},
	},
	"kept for 876001h": {
		patch: `spec: {retention: {keep: 876001h}}`,
		want:  []string{`spec.retention.keep: Invalid value: "876001h": must be between 0s and 876000h, written in hours, minutes and seconds, for example 2160h`},
	},
	"data kept for less time than data access lasts": {
		patch: `spec: {retention: {dataAccess: 720h, keep: 719h59m}}`,
		want:  []string{`spec.retention.keep: Invalid value: 719h59m is shorter than dataAccess, 720h, and both are counted from the same moment: make it as long or longer`},
	},
	"retention periods of 33 characters": {
		patch: `spec: {retention: {dataAccess: ` + long(33) + `, keep: ` + long(33) + `}}`,
		want: []string{
			`spec.retention.dataAccess: Too long: may not be more than 32 bytes`,
			`spec.retention.keep: Too long: may not be more than 32 bytes`,
		},
	},
}

func TestRefusedCeilings(t *testing.T) {
	testRefusedPrograms(t, refusedCeilings)
}
