package crd

import (
	"strings"
	"testing"
)

// refusedNamespaces are about a team's namespaces and volumes.
var refusedNamespaces = map[string]refused{
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
	"quota by a second key for the same objects": {
		patch: `spec: {namespaces: [{name: train, quota: {count/services: 80}}]}`,
		want:  []string{`spec.namespaces[0].quota: Invalid value: count/services cannot be overridden: use pods, services`},
	},
	"quota of no resource's name": {
		patch: `spec: {namespaces: [{name: train, quota: {count/Deployments.apps: 8}}]}`,
		want:  []string{`spec.namespaces[0].quota: Invalid value: count/Deployments.apps cannot be overridden: use pods, services`},
	},
	"quota of no StorageClass's name": {
		patch: `spec: {namespaces: [{name: train, quota: {Fast.storageclass.storage.k8s.io/requests.storage: 1Ti}}]}`,
		want:  []string{`spec.namespaces[0].quota: Invalid value: Fast.storageclass.storage.k8s.io/requests.storage cannot be overridden: use pods, services`},
	},
	"quota that leaves the operator no role binding": {
		patch: `spec: {namespaces: [{name: train, quota: {count/rolebindings.rbac.authorization.k8s.io: "9"}}]}`,
		want:  []string{`spec.namespaces[0].quota: Invalid value: network policies and role bindings must be 10 or more: the operator's are counted, too`},
	},
	"quota of -1": {
		patch: `spec: {namespaces: [{name: train, quota: {pods: -1}}]}`,
		want:  []string{`spec.namespaces[0].quota[pods]: Invalid value: -1: -1 must be a quantity from 0 to 100Pi in at most 32 characters, for example 64 or 512Gi`},
	},
	"quota of -1Gi": {
		patch: `spec: {namespaces: [{name: train, quota: {requests.memory: -1Gi}}]}`,
		want:  []string{`spec.namespaces[0].quota[requests.memory]: Invalid value: "-1Gi": -1Gi must be a quantity from 0 to 100Pi in at most 32 characters, for example 64 or 512Gi`},
	},
	"quota of no quantity": {
		patch: `spec: {namespaces: [{name: train, quota: {requests.memory: much}}]}`,
		want:  []string{`spec.namespaces[0].quota[requests.memory]: Invalid value: "much": much must be a quantity from 0 to 100Pi in at most 32 characters, for example 64 or 512Gi`},
	},
	"quota of 33 digits": {
		patch: `spec: {namespaces: [{name: train, quota: {pods: "` + strings.Repeat(`1`, 33) + `"}}]}`,
		want:  []string{`spec.namespaces[0].quota.pods: Too long: may not be more than 32 bytes`},
	},
	"quota with a key of 254 letters": {
		patch: `spec: {namespaces: [{name: train, quota: {` + long(203) + `.storageclass.storage.k8s.io/persistentvolumeclaims: 1}}]}`,
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
		want:  []string{`spec.volumes[0].size: Invalid value: "0Ti": 0Ti must be at least 1 byte, for example 200Ti`},
	},
	"volume of size -1Ti": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: -1Ti}]}`,
		want:  []string{`spec.volumes[0].size: Invalid value: "-1Ti": -1Ti must be a quantity from 0 to 100Pi in at most 32 characters, for example 64 or 512Gi`},
	},
	"volume of a tenth of a byte": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 100m}]}`,
		want:  []string{`spec.volumes[0].size: Invalid value: "100m": 100m must be at least 1 byte, for example 200Ti`},
	},
	"volume of size 200Tb": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 200Tb}]}`,
		want:  []string{`spec.volumes[0].size: Invalid value: "200Tb": 200Tb must be a quantity from 0 to 100Pi in at most 32 characters, for example 64 or 512Gi`},
	},
	"volume of size 200 without unit": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: 200}]}`,
		want:  []string{`spec.volumes[0].size: Invalid value: 200: 200 is without a unit: write for example 200Gi, or in quotes if these are bytes`},
	},
	"volume of size with 21 digits": {
		patch: `spec: {volumes: [{name: corpus, namespace: train, size: "` + strings.Repeat(`1`, 21) + `"}]}`,
		want:  []string{`spec.volumes[0].size: Invalid value: "111111111111111111111": 111111111111111111111 must be a quantity from 0 to 100Pi in at most 32 characters, for example 64 or 512Gi`},
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
}

func TestRefusedNamespaces(t *testing.T) { testRefusedTeams(t, refusedNamespaces) }
