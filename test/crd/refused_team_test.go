package crd

import (
	"testing"
)

// refused is a patch that makes a manifest wrong, and every reason that the API server must name.
type refused struct {
	patch string
	want  []string
}

var refusedTeams = map[string]refused{
	"name with upper case letters": {
		patch: `metadata: {name: Hanbit}`,
		want: []string{
			`metadata.name: Invalid value: "Hanbit": a lowercase RFC 1123 subdomain`,
			`metadata.name: Hanbit must be at most 40 lower case letters, digits and hyphens, start with a letter and end with a letter or digit: namespaces are named after it`,
		},
	},
	"name of 41 letters": {
		patch: `metadata: {name: ` + long(41) + `}`,
		want:  []string{`must be at most 40 lower case letters, digits and hyphens, start with a letter and end with a letter or digit: namespaces are named after it`},
	},
	"name that starts with a digit": {
		patch: `metadata: {name: 1hanbit}`,
		want:  []string{`metadata.name: 1hanbit must be at most 40 lower case letters, digits and hyphens, start with a letter and end with a letter or digit: namespaces are named after it`},
	},
	"name that ends with a hyphen": {
		patch: `metadata: {name: hanbit-}`,
		want: []string{
			`metadata.name: Invalid value: "hanbit-": a lowercase RFC 1123 subdomain`,
			`metadata.name: hanbit- must be at most 40 lower case letters, digits and hyphens, start with a letter and end with a letter or digit: namespaces are named after it`,
		},
	},
	"name with a dot": {
		patch: `metadata: {name: hanbit.kr}`,
		want:  []string{`metadata.name: hanbit.kr must be at most 40 lower case letters, digits and hyphens, start with a letter and end with a letter or digit: namespaces are named after it`},
	},
	"name kube": {
		patch: `metadata: {name: kube}`,
		want:  []string{`metadata.name: kube is reserved, its namespaces could be mistaken for the cluster's own: take a name that does not start with kube-, kubernetes-, foundation-, openshift- or default-`},
	},
	"name kube-system": {
		patch: `metadata: {name: kube-system}`,
		want:  []string{`metadata.name: kube-system is reserved, its namespaces could be mistaken for the cluster's own: take a name that does not start with kube-, kubernetes-, foundation-, openshift- or default-`},
	},
	"name kubernetes": {
		patch: `metadata: {name: kubernetes}`,
		want:  []string{`metadata.name: kubernetes is reserved, its namespaces could be mistaken for the cluster's own: take a name that does not start with kube-, kubernetes-, foundation-, openshift- or default-`},
	},
	"name foundation-system": {
		patch: `metadata: {name: foundation-system}`,
		want:  []string{`metadata.name: foundation-system is reserved, its namespaces could be mistaken for the cluster's own: take a name that does not start with kube-, kubernetes-, foundation-, openshift- or default-`},
	},
	"name openshift": {
		patch: `metadata: {name: openshift}`,
		want:  []string{`metadata.name: openshift is reserved, its namespaces could be mistaken for the cluster's own: take a name that does not start with kube-, kubernetes-, foundation-, openshift- or default-`},
	},
	"name default": {
		patch: `metadata: {name: default}`,
		want:  []string{`metadata.name: default is reserved, its namespaces could be mistaken for the cluster's own: take a name that does not start with kube-, kubernetes-, foundation-, openshift- or default-`},
	},
	"no spec": {
		patch: `spec: null`,
		want:  []string{`spec: Required value`},
	},
	"unknown field": {
		patch: `spec: {nodes: 64}`,
		want:  []string{`FoundationTeam in version "v1alpha1" cannot be handled as a FoundationTeam: strict decoding error: unknown field "spec.nodes"`},
	},
	"unknown field in a list": {
		patch: `spec: {gpus: [{name: stage-1, poolName: b200, count: 8, nodes: 1}]}`,
		want:  []string{`FoundationTeam in version "v1alpha1" cannot be handled as a FoundationTeam: strict decoding error: unknown field "spec.gpus[0].nodes"`},
	},
	"unknown field of a subject": {
		patch: `spec: {staff: [{name: kim, role: Lead, subject: {kind: User, name: kim, namespace: default}}]}`,
		want:  []string{`FoundationTeam in version "v1alpha1" cannot be handled as a FoundationTeam: strict decoding error: unknown field "spec.staff[0].subject.namespace"`},
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
		patch: `spec: {displayName: "Han\nbit"}`,
		want:  []string{`spec.displayName: Invalid value: "Han\nbit": must not begin or end with a space, nor have control characters or line breaks`},
	},
	"consortium without lead": {
		patch: `spec: {consortium: {lead: null}}`,
		want:  []string{`spec.consortium.lead: Required value`},
	},
	"lead of 129 letters": {
		patch: `spec: {consortium: {lead: ` + long(129) + `}}`,
		want:  []string{`spec.consortium.lead: Too long: may not be more than 128 bytes`},
	},
	"lead that ends with a space": {
		patch: `spec: {consortium: {lead: "Hanbit AI "}}`,
		want:  []string{`spec.consortium.lead: Invalid value: "Hanbit AI ": must not begin or end with a space, nor have control characters: organisations are compared letter by letter`},
	},
	"lead that is a participant too": {
		patch: `spec: {consortium: {participants: [Example Corpus Inc., Hanbit AI]}}`,
		want:  []string{`spec.consortium.participants: Invalid value: Hanbit AI is the lead already: take it out of participants`},
	},
	"participant twice": {
		patch: `spec: {consortium: {participants: [Example Corpus Inc., Example Corpus Inc.]}}`,
		want:  []string{`spec.consortium.participants[1]: Duplicate value: "Example Corpus Inc."`},
	},
	"participant empty": {
		patch: `spec: {consortium: {participants: [""]}}`,
		want: []string{
			`spec.consortium.participants[0]: Invalid value: "": spec.consortium.participants[0] in body should be at least 1 chars long`,
			`spec.consortium.participants[0]: Invalid value: "": must not begin or end with a space, nor have control characters: organisations are compared letter by letter`,
		},
	},
	"participant of 129 letters": {
		patch: `spec: {consortium: {participants: [` + long(129) + `]}}`,
		want:  []string{`spec.consortium.participants[0]: Too long: may not be more than 128 bytes`},
	},
	"participant that begins with a space": {
		patch: `spec: {consortium: {participants: [" Example Corpus Inc."]}}`,
		want:  []string{`spec.consortium.participants[0]: Invalid value: " Example Corpus Inc.": must not begin or end with a space, nor have control characters: organisations are compared letter by letter`},
	},
	"participants, 65 of them": {
		patch: `spec: {consortium: {participants: ` + many(65, `Example %d`) + `}}`,
		want:  []string{`spec.consortium.participants: Too many: 65: must have at most 64 items`},
	},
	"term empty": {
		patch: `spec: {term: {startTime: null, endTime: null}}`,
		want:  []string{`spec.term: Invalid value: 0: spec.term in body should have at least 1 properties`},
	},
	"term that ends before it starts": {
		patch: `spec: {gpus: null, term: {startTime: "2026-07-01T00:00:00Z", endTime: "2026-01-01T00:00:00Z"}}`,
		want:  []string{`spec.term.endTime: Invalid value: must be after startTime: move endTime, or leave it out for an open end`},
	},
	"term that ends as it starts": {
		patch: `spec: {gpus: null, term: {startTime: "2026-01-01T09:00:00+09:00", endTime: "2026-01-01T00:00:00Z"}}`,
		want:  []string{`spec.term.endTime: Invalid value: must be after startTime: move endTime, or leave it out for an open end`},
	},
	"term without time of day": {
		patch: `spec: {term: {startTime: "2026-01-01"}}`,
		want:  []string{`spec.term.startTime: Invalid value: "2026-01-01": must be a time such as 2027-01-01T09:00:00+09:00`},
	},
	"suspend that is no boolean": {
		patch: `spec: {suspend: "yes"}`,
		want:  []string{`spec.suspend: Invalid value: "string": spec.suspend in body must be of type boolean: "string"`},
	},
	"priority 1001": {
		patch: `spec: {priority: 1001}`,
		want:  []string{`spec.priority: Invalid value: 1001: spec.priority in body should be less than or equal to 1000`},
	},
	"priority -1001": {
		patch: `spec: {priority: -1001}`,
		want:  []string{`spec.priority: Invalid value: -1001: spec.priority in body should be greater than or equal to -1000`},
	},
	"award without name": {
		patch: `spec: {gpus: [{poolName: b200, count: 8}]}`,
		want:  []string{`spec.gpus[0].name: Required value`},
	},
	"award with a name in upper case": {
		patch: `spec: {gpus: [{name: Stage-1, poolName: b200, count: 8}]}`,
		want:  []string{`spec.gpus[0].name: Invalid value: "Stage-1": must be lower case letters, digits and hyphens, and start and end with a letter or digit`},
	},
	"award with a name of 64 letters": {
		patch: `spec: {gpus: [{name: ` + long(64) + `, poolName: b200, count: 8}]}`,
		want:  []string{`spec.gpus[0].name: Too long: may not be more than 63 bytes`},
	},
	"award twice": {
		patch: `spec: {gpus: [{name: stage-1, poolName: b200, count: 8}, {name: stage-1, poolName: h100, count: 8}]}`,
		want:  []string{`spec.gpus[1]: Duplicate value: {"name":"stage-1"}`},
	},
	"award without pool": {
		patch: `spec: {gpus: [{name: stage-1, count: 8}]}`,
		want:  []string{`spec.gpus[0].poolName: Required value`},
	},
	"award with an invalid pool": {
		patch: `spec: {gpus: [{name: stage-1, poolName: NVIDIA B200, count: 8}]}`,
		want:  []string{`spec.gpus[0].poolName: Invalid value: "NVIDIA B200": must be the name of a GPUPool: lower case letters, digits and hyphens`},
	},
	"award without count": {
		patch: `spec: {gpus: [{name: stage-1, poolName: b200}]}`,
		want:  []string{`spec.gpus[0].count: Required value`},
	},
	"award of -8 GPUs": {
		patch: `spec: {gpus: [{name: stage-1, poolName: b200, count: -8}]}`,
		want:  []string{`spec.gpus[0].count: Invalid value: -8: spec.gpus[0].count in body should be greater than or equal to 0`},
	},
	"award of 100001 GPUs": {
		patch: `spec: {gpus: [{name: stage-1, poolName: b200, count: 100001}]}`,
		want:  []string{`spec.gpus[0].count: Invalid value: 100001: spec.gpus[0].count in body should be less than or equal to 100000`},
	},
	"award of 1.5 GPUs": {
		patch: `spec: {gpus: [{name: stage-1, poolName: b200, count: 1.5}]}`,
		want: []string{
			`spec.gpus[0].count: Invalid value: "float64": spec.gpus[0].count in body must be of type int32: "float64"`,
			`"": Checked value must be of type integer with format int32 in spec.gpus[0].count`,
		},
	},
	"award that ends before it starts": {
		patch: `spec: {gpus: [{name: stage-1, poolName: b200, count: 8, startTime: "2026-05-01T00:00:00Z", endTime: "2026-04-01T00:00:00Z"}]}`,
		want:  []string{`spec.gpus[0].endTime: Invalid value: stage-1 must end after it starts: move endTime, or leave it out to use the end of the term`},
	},
	"award that starts before the term": {
		patch: `spec: {gpus: [{name: stage-0, poolName: b200, count: 8, startTime: "2025-12-31T14:59:59Z"}]}`,
		want:  []string{`spec.gpus: Invalid value: stage-0 begins before spec.term.startTime or is over by then: move it into the term, or leave its startTime out to begin with the term`},
	},
	"award that is over before the term": {
		patch: `spec: {gpus: [{name: stage-0, poolName: b200, count: 8, endTime: "2025-12-31T15:00:00Z"}]}`,
		want:  []string{`spec.gpus: Invalid value: stage-0 begins before spec.term.startTime or is over by then: move it into the term, or leave its startTime out to begin with the term`},
	},
	"award that lasts beyond the term": {
		patch: `spec: {gpus: [{name: stage-3, poolName: b200, count: 8, endTime: "2026-06-30T15:00:01Z"}]}`,
		want:  []string{`spec.gpus: Invalid value: stage-3 lasts beyond spec.term.endTime or begins only then: move it into the term, or leave its endTime out to end with the term`},
	},
	"award that starts as the term ends": {
		patch: `spec: {gpus: [{name: stage-3, poolName: b200, count: 8, startTime: "2026-06-30T15:00:00Z"}]}`,
		want:  []string{`spec.gpus: Invalid value: stage-3 lasts beyond spec.term.endTime or begins only then: move it into the term, or leave its endTime out to end with the term`},
	},
	"awards, 33 of them": {
		patch: `spec: {gpus: ` + many(33, `{name: a%d, poolName: b200, count: 1}`) + `}`,
		want:  []string{`spec.gpus: Too many: 33: must have at most 32 items`},
	},
	"GPUs and no namespaces": {
		patch: `spec: {namespaces: null, volumes: null}`,
		want:  []string{`spec.namespaces: Invalid value: GPUs are awarded but no namespace has a gpuWeight above 0: add a namespace, or give one a gpuWeight`},
	},
	"GPUs and every weight 0": {
		patch: `spec: {namespaces: [{name: train, gpuWeight: 0}]}`,
		want:  []string{`spec.namespaces: Invalid value: GPUs are awarded but no namespace has a gpuWeight above 0: add a namespace, or give one a gpuWeight`},
	},
	"unknown deletion policy": {
		patch: `spec: {deletionPolicy: Orphan}`,
		want:  []string{`spec.deletionPolicy: Unsupported value: "Orphan": supported values: "Retain", "Delete"`},
	},
}

func TestRefusedTeams(t *testing.T) {
	testRefusedTeams(t, refusedTeams)
}

func testRefusedTeams(t *testing.T, table map[string]refused) {
	t.Helper()
	for name, tt := range table {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := create(t, teams, patched(t, team, tt.patch))
			expectRefusal(t, err, tt.want)
		})
	}
}
