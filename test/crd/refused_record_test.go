package crd

import "testing"

var refusedRecords = map[string]refused{
	"no spec": {
		patch: `spec: null`,
		want:  []string{`spec: Required value`},
	},
	"unknown field": {
		patch: `spec: {scores: 36}`,
		want:  []string{`TeamRecord in version "v1alpha1" cannot be handled as a TeamRecord: strict decoding error: unknown field "spec.scores"`},
	},
	"no team": {
		patch: `spec: {teamName: null}`,
		want:  []string{`spec.teamName: Required value`},
	},
	"team of 41 letters": {
		patch: `spec: {teamName: ` + long(41) + `}`,
		want:  []string{`spec.teamName: Too long: may not be more than 40 bytes`},
	},
	"no UID": {
		patch: `spec: {uids: []}`,
		want:  []string{`spec.uids: Invalid value: 0: spec.uids in body should have at least 1 items`},
	},
	"UIDs, 33 of them": {
		patch: `spec: {uids: ` + many(33, `u%d`) + `}`,
		want:  []string{`spec.uids: Too many: 33: must have at most 32 items`},
	},
	"UID of 65 letters": {
		patch: `spec: {uids: [` + long(65) + `]}`,
		want:  []string{`spec.uids[0]: Too long: may not be more than 64 bytes`},
	},
	"programme of 64 letters": {
		patch: `spec: {programName: ` + long(64) + `}`,
		want:  []string{`spec.programName: Too long: may not be more than 63 bytes`},
	},
	"lead of 129 letters": {
		patch: `spec: {lead: ` + long(129) + `}`,
		want:  []string{`spec.lead: Too long: may not be more than 128 bytes`},
	},
	"digest of 65 letters": {
		patch: `spec: {digest: ` + long(65) + `}`,
		want:  []string{`spec.digest: Too long: may not be more than 64 bytes`},
	},
	"state of 33 letters": {
		patch: `spec: {state: ` + long(33) + `}`,
		want:  []string{`spec.state: Too long: may not be more than 32 bytes`},
	},
	"fact of 1025 letters": {
		patch: `spec: {facts: [` + long(1025) + `]}`,
		want:  []string{`spec.facts[0]: Too long: may not be more than 1024 bytes`},
	},
	"facts, 257 of them": {
		patch: `spec: {facts: ` + many(257, `f%d`) + `}`,
		want:  []string{`spec.facts: Too many: 257: must have at most 256 items`},
	},
	"change of nothing at no time": {
		patch: `spec: {history: [{from: a, to: b}]}`,
		want: []string{
			`spec.history[0].time: Required value`,
			`spec.history[0].what: Required value`,
		},
	},
	"change of too long a thing by too long a name": {
		patch: `spec: {history: [{time: "2026-01-01T00:00:00Z", what: ` + long(257) + `, from: ` + long(1025) + `, to: ` + long(1025) + `, by: ` + long(129) + `, late: ` + long(33) + `}]}`,
		want: []string{
			`spec.history[0].to: Too long: may not be more than 1024 bytes`,
			`spec.history[0].what: Too long: may not be more than 256 bytes`,
			`spec.history[0].by: Too long: may not be more than 128 bytes`,
			`spec.history[0].from: Too long: may not be more than 1024 bytes`,
			`spec.history[0].late: Too long: may not be more than 32 bytes`,
		},
	},
	"changes, 201 of them": {
		patch: `spec: {history: ` + many(201, `{time: "2026-01-01T00:00:00Z", what: w%d}`) + `}`,
		want:  []string{`spec.history: Too many: 201: must have at most 200 items`},
	},
}

func TestRefusedRecords(t *testing.T) {
	for name, tt := range refusedRecords {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := create(t, records, patched(t, record, tt.patch))
			expectRefusal(t, err, tt.want)
		})
	}
}
