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
	"state of 33 letters": {
		patch: `spec: {state: ` + long(33) + `}`,
		want:  []string{`spec.state: Too long: may not be more than 32 bytes`},
	},
	"facts that are too long": {
		patch: `spec: {facts: {decision: {outcome: Selected, reason: ` + long(513) + `}, staff: [{name: ` + long(64) + `, role: Lead, subject: {kind: User, name: ` + long(254) + `}}]}}`,
		want: []string{
			`spec.facts.decision.reason: Too long: may not be more than 512 bytes`,
			`spec.facts.staff[0].name: Too long: may not be more than 63 bytes`,
			`spec.facts.staff[0].subject.name: Too long: may not be more than 253 bytes`,
		},
	},
	"facts that are too many": {
		patch: `spec: {facts: {gpus: ` + many(33, `{name: g%d, poolName: p, count: 1}`) + `, budget: ` + many(65, `{name: b%d, line: Data, amount: 1}`) +
			`, volumes: ` + many(65, `{name: v%d, size: 1Ti}`) + `, staff: ` + many(201, `{name: s%d, role: Lead, subject: {kind: User, name: u}}`) + `}}`,
		want: []string{
			`spec.facts.budget: Too many: 65: must have at most 64 items`,
			`spec.facts.gpus: Too many: 33: must have at most 32 items`,
			`spec.facts.staff: Too many: 201: must have at most 200 items`,
			`spec.facts.volumes: Too many: 65: must have at most 64 items`,
		},
	},
	"change of nothing at no time": {
		patch: `spec: {history: [{from: {state: InTerm}, to: {state: Ended}}]}`,
		want: []string{
			`spec.history[0].time: Required value`,
			`spec.history[0].field: Required value`,
		},
	},
	"change of too long a thing by too long a name": {
		patch: `spec: {history: [{time: "2026-01-01T00:00:00Z", field: ` + long(33) + `, name: ` + long(129) + `, from: {state: ` + long(33) + `}, to: {programName: ` + long(64) + `}, by: ` + long(129) + `}]}`,
		want: []string{
			`spec.history[0].to.programName: Too long: may not be more than 63 bytes`,
			`spec.history[0].field: Too long: may not be more than 32 bytes`,
			`spec.history[0].name: Too long: may not be more than 128 bytes`,
			`spec.history[0].by: Too long: may not be more than 128 bytes`,
			`spec.history[0].from.state: Too long: may not be more than 32 bytes`,
		},
	},
	"changes, 201 of them": {
		patch: `spec: {history: ` + many(201, `{time: "2026-01-01T00:00:00Z", field: f%d}`) + `}`,
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
