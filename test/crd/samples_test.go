package crd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/internal/ranking"
	"foundation.team/operator/test/support"
)

// TestSamplesAreAccepted builds everything below config/samples that has a kustomization, as a user does, and what the demo
// applies.
func TestSamplesAreAccepted(t *testing.T) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	apis := map[string]dynamic.ResourceInterface{
		"FoundationProgram": client.Resource(resource("foundationprograms")),
		"FoundationTeam":    teams,
		"GPUPool":           pools,
	}
	// The demo's programme office gets rights of its own, which this API server need not know.
	ignored := map[string]bool{"ClusterRole": true, "ClusterRoleBinding": true}
	demo := filepath.Join(repositoryRoot(t), "hack", "demo", "manifests", "programme")
	for _, dir := range append(sampleDirs(t), demo) {
		t.Run(filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir), func(t *testing.T) {
			for _, object := range kustomized(t, dir) {
				api, known := apis[object.GetKind()]
				if dir == demo && ignored[object.GetKind()] {
					continue
				}
				if !known {
					t.Errorf("%s %s: no sample should need this kind", object.GetKind(), object.GetName())
					continue
				}
				if _, err := create(t, api, object); err != nil {
					t.Errorf("%s %s: %v", object.GetKind(), object.GetName(), err)
				}
			}
		})
	}
}

// TestSampleProgrammesHold checks what a reader takes for granted: every decision is on a team of the sample, and every
// award fits into its pool.
func TestSampleProgrammesHold(t *testing.T) {
	const poolSize = 1024
	tests := map[string]struct {
		selected, rejected []string
		money              int64
		scored             bool
	}{
		"programme": {
			selected: []string{"lg-ai-research", "naver-cloud", "nc-ai", "sk-telecom", "upstage"},
			rejected: []string{
				"bionexus", "junction-med", "kaist", "kakao", "konan-technology", "kt", "lunit", "motif-technologies",
				"pioncorporation", "sionic-ai",
			},
			money: 157_600_000_000,
		},
		"scoring": {
			selected: []string{"dasom", "hanbit", "mirae", "naru", "onnuri"},
			rejected: []string{"byeol", "garam", "saebyeok"},
			scored:   true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var program foundationv1alpha1.FoundationProgram
			var members []string
			awarded := map[string]int32{}
			for _, object := range kustomized(t, filepath.Join(samplesDir(t), name)) {
				switch object.GetKind() {
				case "FoundationProgram":
					decode(t, object, &program)
				case "FoundationTeam":
					var member foundationv1alpha1.FoundationTeam
					decode(t, object, &member)
					members = append(members, member.Name)
					for _, award := range member.Spec.GPUs {
						awarded[award.PoolName] += *award.Count
					}
				}
			}
			slices.Sort(members)
			if all := slices.Sorted(slices.Values(slices.Concat(tt.selected, tt.rejected))); !slices.Equal(members, all) {
				t.Errorf("teams are %v, want %v", members, all)
			}
			for outcome, want := range map[foundationv1alpha1.Outcome][]string{
				foundationv1alpha1.OutcomeSelected: tt.selected,
				foundationv1alpha1.OutcomeRejected: tt.rejected,
			} {
				if got := decidedOn(program, outcome); !slices.Equal(got, want) {
					t.Errorf("%s are %v, want %v", outcome, got, want)
				}
			}
			var money int64
			for _, line := range program.Spec.Budget {
				money += *line.Amount
			}
			if money != tt.money {
				t.Errorf("the budget adds up to %d, want %d", money, tt.money)
			}
			if scored := len(program.Spec.Evaluations) > 0; scored != tt.scored {
				t.Errorf("has scores: %v, want %v", scored, tt.scored)
			}
			for pool, gpus := range awarded {
				if gpus > poolSize {
					t.Errorf("%d GPUs of %s are awarded, of %d", gpus, pool, poolSize)
				}
			}
		})
	}
}

// TestSampleScoresRank holds the totals in the sample's comments, and the ranks in its reasons, to what comes of it.
func TestSampleScoresRank(t *testing.T) {
	var program foundationv1alpha1.FoundationProgram
	for _, object := range kustomized(t, filepath.Join(samplesDir(t), "scoring")) {
		if object.GetKind() == "FoundationProgram" {
			decode(t, object, &program)
		}
	}
	var got []string
	for _, one := range ranking.Rankings(&program.Spec, nil, time.Time{}) {
		if one.Evaluation != "presentation" {
			continue
		}
		for _, entry := range one.Entries {
			got = append(got, fmt.Sprintf("%d %s %s", entry.Rank, entry.TeamName, entry.Total))
		}
	}
	want := []string{"1 saebyeok 92", "2 hanbit 88.5", "3 naru 86", "4 mirae 84", "5 onnuri 82.25", "6 dasom 80.5", "6 garam 80.5"}
	if !slices.Equal(got, want) {
		t.Errorf("ranked %v, want %v", got, want)
	}
}

// decidedOn returns the teams with a decision of that outcome, sorted.
func decidedOn(program foundationv1alpha1.FoundationProgram, outcome foundationv1alpha1.Outcome) []string {
	var names []string
	for _, decision := range program.Spec.Decisions {
		if decision.Outcome == outcome {
			names = append(names, decision.TeamName)
		}
	}
	slices.Sort(names)
	return names
}

func repositoryRoot(t *testing.T) string {
	t.Helper()
	root, err := binaries.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func samplesDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(repositoryRoot(t), "config", "samples")
}

// sampleDirs are the directories below config/samples, itself included, that have a kustomization.
func sampleDirs(t *testing.T) []string {
	t.Helper()
	var dirs []string
	err := filepath.WalkDir(samplesDir(t), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "kustomization.yaml" {
			dirs = append(dirs, filepath.Dir(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) == 0 {
		t.Fatal("config/samples has no kustomization")
	}
	return dirs
}

// kustomized is what kubectl makes of a directory.
func kustomized(t *testing.T, dir string) []*unstructured.Unstructured {
	t.Helper()
	root := repositoryRoot(t)
	if err := support.DependOn(root, "config", "hack/demo/manifests"); err != nil {
		t.Fatal(err)
	}
	var complaint bytes.Buffer
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, ".lab", "bin", "kubectl"), "kustomize", dir)
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("kubectl kustomize %s: %v: %s", dir, err, complaint.String())
	}
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(out), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatalf("decode what is in %s: %v", dir, err)
		}
		objects = append(objects, object)
	}
}

func decode(t *testing.T, object *unstructured.Unstructured, into any) {
	t.Helper()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into); err != nil {
		t.Fatalf("decode %s %s: %v", object.GetKind(), object.GetName(), err)
	}
}
