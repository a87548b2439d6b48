package index_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/test/support/builder"
)

// indexer records the registered indexes and fails where the test wants that.
type indexer struct {
	functions map[string]client.IndexerFunc
	failAt    string
}

func (i *indexer) IndexField(_ context.Context, obj client.Object, field string, extract client.IndexerFunc) error {
	key := fmt.Sprintf("%T %s", obj, field)
	if key == i.failAt {
		return errors.New("no")
	}
	i.functions[key] = extract
	return nil
}

func TestRegister(t *testing.T) {
	team := builder.Team("hanbit", builder.InProgram("sovereign-models"),
		builder.Award("h100", 8), builder.Award("b200", 8), builder.Award("h100", 16),
		builder.Namespace("train", 1), builder.Namespace("eval", 1),
		builder.Volume("corpus", "train", "1Ti", "fast"), builder.Volume("scratch", "train", "1Ti", ""), builder.Volume("more", "eval", "1Ti", "fast"))
	tests := map[string]struct {
		obj  client.Object
		want []string
	}{
		"*v1alpha1.FoundationTeam " + index.AwardPool:     {team, []string{"b200", "h100"}},
		"*v1alpha1.FoundationTeam " + index.Program:       {team, []string{"sovereign-models"}},
		"*v1alpha1.FoundationTeam " + index.StorageClass:  {team, []string{"fast"}},
		"*v1alpha1.FoundationTeam " + index.NamespaceName: {team, []string{"hanbit-train", "hanbit-eval"}},
		"*v1.PersistentVolume " + index.Team:              {builder.KeptVolume(team, "pv-1", "train", "corpus"), []string{"hanbit"}},
		"*v1alpha1.TeamRecord " + index.RecordTeam: {
			&foundationv1alpha1.TeamRecord{Spec: foundationv1alpha1.TeamRecordSpec{TeamName: "hanbit"}}, []string{"hanbit"},
		},
		"*v1.Namespace " + index.Team:     {builder.OwnedNamespace(team, "train"), []string{"hanbit"}},
		"*v1.ResourceQuota " + index.Team: {builder.ForeignNamespace("other"), nil},
	}
	fields := &indexer{functions: map[string]client.IndexerFunc{}}
	if err := index.Register(t.Context(), fields); err != nil {
		t.Fatal(err)
	}
	if want := 6 + len(apply.Kinds()); len(fields.functions) != want {
		t.Errorf("%d indexes, want %d", len(fields.functions), want)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			extract := fields.functions[name]
			if extract == nil {
				t.Fatalf("no such index among %v", fields.functions)
			}
			if diff := cmp.Diff(tt.want, extract(tt.obj)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for name, extract := range fields.functions {
		if got := extract(&corev1.Pod{}); len(got) > 0 {
			t.Errorf("%s of a pod is %v", name, got)
		}
	}
}

func TestRegisterFails(t *testing.T) {
	all := &indexer{functions: map[string]client.IndexerFunc{}}
	if err := index.Register(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for name := range all.functions {
		t.Run(name, func(t *testing.T) {
			if err := index.Register(t.Context(), &indexer{functions: map[string]client.IndexerFunc{}, failAt: name}); err == nil {
				t.Error("no error")
			}
		})
	}
}

// Every kind that is made for teams can be found by team.
func TestOwnedKindsCarryLabels(t *testing.T) {
	for _, kind := range apply.Kinds() {
		obj := kind.New()
		if obj.SetLabels(map[string]string{foundationv1alpha1.LabelTeam: "hanbit"}); obj.GetLabels()[foundationv1alpha1.LabelTeam] != "hanbit" {
			t.Errorf("%T has no labels", obj)
		}
	}
}
