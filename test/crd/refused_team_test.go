package crd

import (
	"strings"
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
		want:  []string{`spec.term.startTime: Invalid value: "2026-01-01": spec.term.startTime in body must be of type date-time: "2026-01-01"`},
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
	"namespace without name": {
		patch: `spec: {namespaces: [{gpuWeight: 1}], volumes: null}`,
		want:  []string{`spec.namespaces[0].name: Required value`},
	},
	"namespace with a hyphen": {
		patch: `spec: {namespaces: [{name: pre-train}], volumes: null}`,
		want:  []string{`spec.namespaces[0].name: Invalid value: "pre-train": must be lower case letters and digits without hyphens: the namespace is called <team>-<name>`},
	},
	"namespace of 23 letters": {
		patch: `spec: {namespaces: [{name: ` + long(23) + `}], volumes: null}`,
		want:  []string{`spec.namespaces[0].name: Too long: may not be more than 22 bytes`},
	},
	"namespace twice": {
		patch: `spec: {namespaces: [{name: train}, {name: train, gpuWeight: 7}]}`,
		want:  []string{`spec.namespaces[1]: Duplicate value: {"name":"train"}`},
	},
	"namespaces, 33 of them": {
		patch: `spec: {namespaces: ` + many(33, `{name: ns%d}`) + `, volumes: null}`,
		want:  []string{`spec.namespaces: Too many: 33: must have at most 32 items`},
	},
	"weight -1": {
		patch: `spec: {namespaces: [{name: eval}, {name: train, gpuWeight: -1}]}`,
		want:  []string{`spec.namespaces[1].gpuWeight: Invalid value: -1: spec.namespaces[1].gpuWeight in body should be greater than or equal to 0`},
	},
	"weight 1001": {
		patch: `spec: {namespaces: [{name: train, gpuWeight: 1001}]}`,
		want:  []string{`spec.namespaces[0].gpuWeight: Invalid value: 1001: spec.namespaces[0].gpuWeight in body should be less than or equal to 1000`},
	},
	"quota of GPUs": {
		patch: `spec: {namespaces: [{name: train, quota: {pods: 10, requests.nvidia.com/gpu: 8}}]}`,
		want:  []string{`spec.namespaces[0].quota: Invalid value: requests.nvidia.com/gpu cannot be overridden: use pods, services`},
	},
	"quota of GPUs by device class": {
		patch: `spec: {namespaces: [{name: train, quota: {b200.deviceclass.resource.k8s.io/devices: 8}}]}`,
		want:  []string{`spec.namespaces[0].quota: Invalid value: b200.deviceclass.resource.k8s.io/devices cannot be overridden: use pods, services`},
	},
	"quota of objects without kind": {
		patch: `spec: {namespaces: [{name: train, quota: {count/: 8}}]}`,
		want:  []string{`spec.namespaces[0].quota: Invalid value: count/ cannot be overridden: use pods, services`},
	},
	"quota of -1": {
		patch: `spec: {namespaces: [{name: train, quota: {pods: -1}}]}`,
		want:  []string{`spec.namespaces[0].quota: Invalid value: pods must be a quantity of 0 or more in at most 32 characters, for example 64 or 512Gi`},
	},
	"quota of -1Gi": {
		patch: `spec: {namespaces: [{name: train, quota: {requests.memory: -1Gi}}]}`,
		want:  []string{`spec.namespaces[0].quota: Invalid value: requests.memory must be a quantity of 0 or more in at most 32 characters, for example 64 or 512Gi`},
	},
	"quota of no quantity": {
		patch: `spec: {namespaces: [{name: train, quota: {requests.memory: much}}]}`,
		want:  []string{`spec.namespaces[0].quota.requests.memory: Invalid value: "much": spec.namespaces[0].quota.requests.memory in body should match '^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$'`},
	},
	"quota of 33 digits": {
		patch: `spec: {namespaces: [{name: train, quota: {pods: "` + strings.Repeat(`1`, 33) + `"}}]}`,
		want:  []string{`spec.namespaces[0].quota: Invalid value: pods must be a quantity of 0 or more in at most 32 characters, for example 64 or 512Gi`},
	},
	"quota with a key of 254 letters": {
		patch: `spec: {namespaces: [{name: train, quota: {count/` + long(248) + `: 1}}]}`,
		want:  []string{`spec.namespaces[0].quota: Invalid value: keys must have at most 253 characters`},
	},
	"quota with 33 keys": {
		patch: `spec: {namespaces: [{name: train, quota: ` + keys(33, `count/a%d: 1`) + `}]}`,
		want:  []string{`spec.namespaces[0].quota: Too many: 33: must have at most 32 items`},
	},
	"volume without name": {
		patch: `spec: {volumes: [{namespace: train, size: 200Ti}]}`,
		want:  []string{`spec.volumes[0].name: Required value`},
	},
	"volume with a dot": {
		patch: `spec: {volumes: [{name: corpus.v1, namespace: train, size: 200Ti}]}`,
		want:  []string{`spec.volumes[0].name: Invalid value: "corpus.v1": must be lower case letters, digits and hyphens, and start and end with a letter or digit`},
	},
	"volume of one name in two namespaces": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 1Ti}, {name: corpus, namespace: eval, size: 1Ti}]}`,
		want:  []string{`spec.volumes[1]: Duplicate value: {"name":"corpus"}`},
	},
	"volume without namespace": {
		patch: `spec: {volumes: [{name: corpus, size: 200Ti}]}`,
		want:  []string{`spec.volumes[0].namespace: Required value`},
	},
	"volume in an unknown namespace": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 1Ti}, {name: tokens, namespace: prep, size: 1Ti}]}`,
		want:  []string{`spec.volumes: Invalid value: tokens is in namespace prep, which spec.namespaces does not have: add the namespace there or correct the volume`},
	},
	"volume and no namespaces": {
		patch: `spec: {gpus: null, namespaces: null}`,
		want:  []string{`spec.volumes: Invalid value: corpus is in namespace train, which spec.namespaces does not have: add the namespace there or correct the volume`},
	},
	"volume without size": {
		patch: `spec: {volumes: [{name: corpus, namespace: train}]}`,
		want:  []string{`spec.volumes[0].size: Required value`},
	},
	"volume of size 0": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 0Ti}]}`,
		want:  []string{`spec.volumes[0].size: Invalid value: "0Ti": must be a quantity of at least 1 byte, for example 200Ti`},
	},
	"volume of size -1Ti": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: -1Ti}]}`,
		want:  []string{`spec.volumes[0].size: Invalid value: "-1Ti": must be a quantity of at least 1 byte, for example 200Ti`},
	},
	"volume of a tenth of a byte": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 100m}]}`,
		want:  []string{`spec.volumes[0].size: Invalid value: "100m": must be a quantity of at least 1 byte, for example 200Ti`},
	},
	"volume of size 200Tb": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 200Tb}]}`,
		want:  []string{`spec.volumes[0].size: Invalid value: "200Tb": must be a quantity of at least 1 byte, for example 200Ti`},
	},
	"volume of size 200 without unit": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 200}]}`,
		want:  []string{`spec.volumes[0].size: Invalid value: "integer": spec.volumes[0].size in body must be of type string: "integer"`},
	},
	"volume of size with 21 digits": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: "` + strings.Repeat(`1`, 21) + `"}]}`,
		want:  []string{`spec.volumes[0].size: Too long: may not be more than 20 bytes`},
	},
	"volume of an invalid class": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 1Ti, storageClassName: Fast}]}`,
		want:  []string{`spec.volumes[0].storageClassName: Invalid value: "Fast": must be the name of a StorageClass: lower case letters, digits, hyphens and dots`},
	},
	"volume of an empty class": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 1Ti, storageClassName: ""}]}`,
		want: []string{
			`spec.volumes[0].storageClassName: Invalid value: "": spec.volumes[0].storageClassName in body should be at least 1 chars long`,
			`spec.volumes[0].storageClassName: Invalid value: "": must be the name of a StorageClass: lower case letters, digits, hyphens and dots`,
		},
	},
	"volume of an unknown mode": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 1Ti, accessModes: [ReadWriteAll]}]}`,
		want:  []string{`spec.volumes[0].accessModes[0]: Unsupported value: "ReadWriteAll": supported values: "ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"`},
	},
	"volume without modes": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 1Ti, accessModes: []}]}`,
		want:  []string{`spec.volumes[0].accessModes: Invalid value: 0: spec.volumes[0].accessModes in body should have at least 1 items`},
	},
	"volume of a mode twice": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 1Ti, accessModes: [ReadWriteMany, ReadWriteMany]}]}`,
		want:  []string{`spec.volumes[0].accessModes[1]: Duplicate value: "ReadWriteMany"`},
	},
	"volume for one pod and many": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 1Ti, accessModes: [ReadWriteOncePod, ReadWriteMany]}]}`,
		want:  []string{`spec.volumes[0].accessModes: Invalid value: ReadWriteOncePod goes with no other access mode: take it out, or take out the others`},
	},
	"volumes, 65 of them": {
		patch: `spec: {volumes: ` + many(65, `{name: v%d, namespace: train, size: 1Ti}`) + `}`,
		want:  []string{`spec.volumes: Too many: 65: must have at most 64 items`},
	},
	"staff without name": {
		patch: `spec: {staff: [{role: Lead, subject: {kind: User, name: kim}}]}`,
		want:  []string{`spec.staff[0].name: Required value`},
	},
	"staff with a name in Korean": {
		patch: `spec: {staff: [{name: 김, role: Lead, subject: {kind: User, name: kim}}]}`,
		want:  []string{`spec.staff[0].name: Invalid value: "김": must be lower case letters, digits and hyphens, and start and end with a letter or digit`},
	},
	"staff twice": {
		patch: `spec: {staff: [{name: kim, role: Lead, subject: {kind: User, name: a}}, {name: kim, role: Viewer, subject: {kind: User, name: b}}]}`,
		want:  []string{`spec.staff[1]: Duplicate value: {"name":"kim"}`},
	},
	"staff without role": {
		patch: `spec: {staff: [{name: kim, subject: {kind: User, name: kim}}]}`,
		want:  []string{`spec.staff[0].role: Required value`},
	},
	"staff of an unknown role": {
		patch: `spec: {staff: [{name: kim, role: Admin, subject: {kind: User, name: kim}}]}`,
		want:  []string{`spec.staff[0].role: Unsupported value: "Admin": supported values: "Lead", "Engineer", "DataSteward", "Viewer"`},
	},
	"staff without subject": {
		patch: `spec: {staff: [{name: kim, role: Lead}]}`,
		want:  []string{`spec.staff[0].subject: Required value`},
	},
	"staff that ends before it starts": {
		patch: `spec: {staff: [{name: kim, role: Lead, subject: {kind: User, name: kim}, startTime: "2026-03-01T00:00:00Z", endTime: "2026-02-01T00:00:00Z"}]}`,
		want:  []string{`spec.staff[0].endTime: Invalid value: kim must end after it starts: move endTime, or leave it out to use the end of the term`},
	},
	"staff of an organisation with a tab": {
		patch: `spec: {staff: [{name: kim, role: Lead, organization: "Hanbit\tAI", subject: {kind: User, name: kim}}]}`,
		want:  []string{`spec.staff[0].organization: Invalid value: "Hanbit\tAI": must not begin or end with a space, nor have control characters: organisations are compared letter by letter`},
	},
	"staff, 201 of them": {
		patch: `spec: {staff: ` + many(201, `{name: s%d, role: Viewer, subject: {kind: User, name: u%d}}`) + `}`,
		want:  []string{`spec.staff: Too many: 201: must have at most 200 items`},
	},
	"subject twice": {
		patch: `spec: {staff: [{name: kim, role: Viewer, subject: {kind: User, name: kim@hanbit.example}}, {name: kim-too, role: Lead, subject: {kind: User, name: kim@hanbit.example}}]}`,
		want:  []string{`spec.staff: Invalid value: kim has the same subject as another entry, User kim@hanbit.example: list each subject once, with the one role it shall have`},
	},
	"subject that is a service account": {
		patch: `spec: {staff: [{name: bot, role: Engineer, subject: {kind: ServiceAccount, name: bot}}]}`,
		want:  []string{`spec.staff[0].subject.kind: Unsupported value: "ServiceAccount": supported values: "User", "Group"`},
	},
	"subject without kind": {
		patch: `spec: {staff: [{name: kim, role: Lead, subject: {name: kim}}]}`,
		want:  []string{`spec.staff[0].subject.kind: Required value`},
	},
	"subject without name": {
		patch: `spec: {staff: [{name: kim, role: Lead, subject: {kind: User}}]}`,
		want:  []string{`spec.staff[0].subject.name: Required value`},
	},
	"subject system:masters": {
		patch: `spec: {staff: [{name: all, role: Lead, subject: {kind: Group, name: 'system:masters'}}]}`,
		want:  []string{`spec.staff[0].subject.name: Invalid value: "system:masters": names that start with system: belong to the cluster: name a person or a group of your identity provider`},
	},
	"subject system:authenticated in other letters": {
		patch: `spec: {staff: [{name: all, role: Lead, subject: {kind: Group, name: 'System:Authenticated'}}]}`,
		want:  []string{`spec.staff[0].subject.name: Invalid value: "System:Authenticated": names that start with system: belong to the cluster: name a person or a group of your identity provider`},
	},
	"subject that is a service account by its user name": {
		patch: `spec: {staff: [{name: bot, role: Lead, subject: {kind: User, name: 'system:serviceaccount:rival:default'}}]}`,
		want:  []string{`spec.staff[0].subject.name: Invalid value: "system:serviceaccount:rival:default": names that start with system: belong to the cluster: name a person or a group of your identity provider`},
	},
	"subject with an asterisk": {
		patch: `spec: {staff: [{name: all, role: Lead, subject: {kind: User, name: '*'}}]}`,
		want:  []string{`spec.staff[0].subject.name: Invalid value: "*": must not have spaces, control characters or asterisks: write it as your identity provider does`},
	},
	"subject with a space": {
		patch: `spec: {staff: [{name: all, role: Lead, subject: {kind: User, name: ' system:admin'}}]}`,
		want:  []string{`spec.staff[0].subject.name: Invalid value: " system:admin": must not have spaces, control characters or asterisks: write it as your identity provider does`},
	},
	"subject of 254 letters": {
		patch: `spec: {staff: [{name: kim, role: Lead, subject: {kind: User, name: ` + long(254) + `}}]}`,
		want:  []string{`spec.staff[0].subject.name: Too long: may not be more than 253 bytes`},
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
