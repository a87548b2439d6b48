package decode_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/decode"
	"foundation.team/operator/internal/karpenter"
)

func read(t *testing.T, manifest string, obj client.Object) {
	t.Helper()
	live := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &live.Object); err != nil {
		t.Fatal(err)
	}
	decode.Read(live, obj)
}

func TestRead(t *testing.T) {
	tests := map[string]struct {
		manifest string
		unread   []string
		want     string
	}{
		"all of it": {
			manifest: `spec: {term: {endTime: "2027-01-01T09:00:00+09:00"}}`,
			want:     `spec: {term: {endTime: "2027-01-01T00:00:00Z"}}`,
		},
		"a bound": {
			manifest: `spec: {suspend: true, term: {startTime: "2026-01-01T00:00:00Z", endTime: "2027-01-01T00:00:00z"}}`,
			unread:   []string{`spec.term.endTime: "2027-01-01T00:00:00z" cannot be read: "2027-01-01T00:00:00z" is no time: write it as 2027-01-01T09:00:00+09:00`},
			want:     `spec: {suspend: true, term: {startTime: "2026-01-01T00:00:00Z"}}`,
		},
		"the first second of time": {
			manifest: `spec: {term: {endTime: "0001-01-01T00:00:00Z"}}`,
			unread:   []string{`spec.term.endTime: "0001-01-01T00:00:00Z" cannot be read: "0001-01-01T00:00:00Z" is not from 1970 to 2199`},
			want:     `spec: {term: {}}`,
		},
		"an end of a staff entry": {
			manifest: `spec: {staff: [{name: kim, role: Viewer, subject: {kind: User, name: kim}, endTime: tomorrow}, {name: lee, role: Viewer, subject: {kind: User, name: lee}}]}`,
			unread:   []string{`spec.staff[0].endTime: "tomorrow" cannot be read: "tomorrow" is no time: write it as 2027-01-01T09:00:00+09:00`},
			want:     `spec: {staff: [{name: lee, role: Viewer, subject: {kind: User, name: lee}}]}`,
		},
		"a quantity of a namespace": {
			manifest: `spec: {namespaces: [{name: train, gpuWeight: 1, quota: {pods: 1e1.5, secrets: 7}}]}`,
			unread:   []string{`spec.namespaces[0].quota[pods]: "1e1.5" cannot be read: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`},
			want:     `spec: {namespaces: [{name: train, gpuWeight: 1, quota: {secrets: 7}}]}`,
		},
		"a number and a switch": {
			manifest: `spec: {priority: 99999999999, suspend: maybe, gpus: [{name: a, poolName: b200, count: -99999999999}]}`,
			unread: []string{
				`spec.gpus[0].count: -99999999999 cannot be read: json: cannot unmarshal number -99999999999 into Go value of type int32`,
				`spec.priority: 99999999999 cannot be read: json: cannot unmarshal number 99999999999 into Go value of type int32`,
				`spec.suspend: "maybe" cannot be read: json: cannot unmarshal string into Go value of type bool`,
			},
			want: `spec: {gpus: []}`,
		},
		"a spec of another shape": {
			manifest: `spec: [much]`,
			unread:   []string{`spec: ["much"] cannot be read: json: cannot unmarshal array into Go value of type v1alpha1.FoundationTeamSpec`},
			want:     `spec: {}`,
		},
		"a time in status is written anew": {
			manifest: `{spec: {}, status: {state: InTerm, nextTransitionTime: "2027-01-01T00:00:00z"}}`,
			want:     `{spec: {}, status: {state: InTerm}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			const meta = "apiVersion: foundation.team/v1alpha1\nkind: FoundationTeam\nmetadata: {name: hanbit, uid: u, finalizers: [f]}\n"
			asBlock := func(text string) string {
				if text[0] != '{' {
					return meta + text
				}
				var fields map[string]any
				if err := yaml.Unmarshal([]byte(text), &fields); err != nil {
					t.Fatal(err)
				}
				block, err := yaml.Marshal(fields)
				if err != nil {
					t.Fatal(err)
				}
				return meta + string(block)
			}
			got := &foundationv1alpha1.FoundationTeam{}
			read(t, asBlock(tt.manifest), got)
			if diff := cmp.Diff(tt.unread, got.Unreadable); diff != "" {
				t.Error(diff)
			}
			want := &foundationv1alpha1.FoundationTeam{}
			if err := yaml.Unmarshal([]byte(asBlock(tt.want)), want); err != nil {
				t.Fatal(err)
			}
			got.Unreadable = nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A grant of which one time cannot be read is still a grant.
func TestReadKeepsGrants(t *testing.T) {
	pool := &foundationv1alpha1.GPUPool{}
	read(t, `{spec: {availability: {endTime: never}}, status: {grants: [{teamName: hanbit, uid: u, granted: 8, evictionTime: soon}]}}`, pool)
	if len(pool.Unreadable) != 1 || len(pool.Status.Grants) != 1 || pool.Status.Grants[0].Granted != 8 {
		t.Errorf("read %+v", pool)
	}
}

// A NodePool is no kind of the operator's: what cannot be read of it is as if it were not there.
func TestReadNodePool(t *testing.T) {
	pool := &karpenter.NodePool{}
	read(t, `{metadata: {name: of-somebody}, spec: {limits: {cpu: 1e1.5, memory: 1Gi}}, status: {conditions: [{type: Ready, lastTransitionTime: "2027-01-01T00:00:00z"}]}}`, pool)
	if memory := pool.Spec.Limits.Memory(); pool.Name != "of-somebody" || len(pool.Spec.Limits) != 1 || memory.Value() != 1<<30 || len(pool.Status.Conditions) != 0 {
		t.Errorf("read %+v", pool)
	}
}

// Nobody can mark an object through the API, and the mark is never written.
func TestTheMarkIsNoPartOfTheAPI(t *testing.T) {
	team := &foundationv1alpha1.FoundationTeam{}
	read(t, `{spec: {}, unreadable: [x], Unreadable: [x]}`, team)
	if team.Unreadable != nil {
		t.Error("an object was marked by what it says")
	}
	team.SetUnreadable([]string{"spec.term.endTime"})
	asJSON, err := json.Marshal(team)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(asJSON, &fields); err != nil {
		t.Fatal(err)
	}
	if _, written := fields["Unreadable"]; written || len(fields) > 2 {
		t.Errorf("written as %s", asJSON)
	}
	if diff := cmp.Diff(team.Unreadable, team.DeepCopy().Unreadable); diff != "" {
		t.Error(diff)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"spec": {"staff": [{"endTime": "z"}]}}`, `{"metadata": {"labels": {"a": 5}}, "spec": {"namespaces": [{"quota": {"pods": {}}}]}}`, `{"spec": 5, "status": []}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, manifest string) {
		live := &unstructured.Unstructured{}
		if json.Unmarshal([]byte(manifest), &live.Object) != nil || live.Object == nil {
			t.Skip()
		}
		for _, obj := range []client.Object{
			&foundationv1alpha1.FoundationTeam{}, &foundationv1alpha1.FoundationProgram{}, &foundationv1alpha1.GPUPool{}, &foundationv1alpha1.TeamRecord{},
		} {
			decode.Read(live, obj)
		}
	})
}
