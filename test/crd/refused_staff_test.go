package crd

import "testing"

// refusedStaff are about a team's staff.
var refusedStaff = map[string]refused{
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
		want:  []string{`spec.staff[0].subject.name: Invalid value: "*": stands for everybody: name a person or a group of your identity provider`},
	},
	"subject of the cluster after a space": {
		patch: `spec: {staff: [{name: all, role: Lead, subject: {kind: User, name: ' system:admin'}}]}`,
		want:  []string{`spec.staff[0].subject.name: Invalid value: " system:admin": names that start with system: belong to the cluster: name a person or a group of your identity provider`},
	},
	"subject of two lines": {
		patch: `spec: {staff: [{name: all, role: Lead, subject: {kind: User, name: "kim\nUser eve"}}]}`,
		want:  []string{`spec.staff[0].subject.name: Invalid value: "kim\nUser eve": must not have control or invisible characters or line breaks: write it as your identity provider does`},
	},
	"subject with an invisible character": {
		patch: `spec: {staff: [{name: all, role: Lead, subject: {kind: User, name: "ki\u200bm"}}]}`,
		want:  []string{`must not have control or invisible characters or line breaks: write it as your identity provider does`},
	},
	"subject of 254 letters": {
		patch: `spec: {staff: [{name: kim, role: Lead, subject: {kind: User, name: ` + long(254) + `}}]}`,
		want:  []string{`spec.staff[0].subject.name: Too long: may not be more than 253 bytes`},
	},
}

func TestRefusedStaff(t *testing.T) { testRefusedTeams(t, refusedStaff) }
