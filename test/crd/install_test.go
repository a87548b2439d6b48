package crd

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsclient "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/typed/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// folder is where the generated CRDs are.
const folder = "../../config/crd"

func TestCRDsInstallWithoutWarnings(t *testing.T) {
	t.Parallel()
	warnings := &recorder{}
	recorded := rest.CopyConfig(config)
	recorded.WarningHandlerWithContext = warnings
	client, err := apiextensionsclient.NewForConfig(recorded)
	if err != nil {
		t.Fatal(err)
	}
	for _, crd := range crds(t) {
		// The real ones are there already; of another group they are new to the API server.
		crd.Spec.Group = "install." + crd.Spec.Group
		crd.Name = crd.Spec.Names.Plural + "." + crd.Spec.Group
		_, err := client.CustomResourceDefinitions().Create(t.Context(), crd, metav1.CreateOptions{
			DryRun:          []string{metav1.DryRunAll},
			FieldValidation: metav1.FieldValidationStrict,
		})
		if err != nil {
			t.Error(err)
		}
	}
	if len(warnings.texts) > 0 {
		t.Errorf("the API server warns: %s", strings.Join(warnings.texts, "\n"))
	}
}

func TestCRDsAreEstablished(t *testing.T) {
	t.Parallel()
	client, err := apiextensionsclient.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, crd := range crds(t) {
		live, err := client.CustomResourceDefinitions().Get(t.Context(), crd.Name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, condition := range live.Status.Conditions {
			good := condition.Type == apiextensionsv1.Established || condition.Type == apiextensionsv1.NamesAccepted
			if good != (condition.Status == apiextensionsv1.ConditionTrue) {
				t.Errorf("%s is %s=%s: %s", crd.Name, condition.Type, condition.Status, condition.Message)
			}
		}
	}
}

func TestKustomizationHasEveryCRD(t *testing.T) {
	t.Parallel()
	var kustomization struct {
		Resources []string `json:"resources"`
	}
	read(t, filepath.Join(folder, "kustomization.yaml"), &kustomization)
	var want []string
	for _, file := range crdFiles(t) {
		want = append(want, "bases/"+filepath.Base(file))
	}
	if !slices.Equal(kustomization.Resources, want) {
		t.Errorf("config/crd/kustomization.yaml has %v, want %v", kustomization.Resources, want)
	}
}

// crds are the generated CRDs.
func crds(t *testing.T) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	var all []*apiextensionsv1.CustomResourceDefinition
	for _, file := range crdFiles(t) {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		read(t, file, crd)
		all = append(all, crd)
	}
	return all
}

func crdFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "bases", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no CRDs in %s: run make manifests (%v)", folder, err)
	}
	return files
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// recorder keeps the API server's warnings.
type recorder struct {
	mu    sync.Mutex
	texts []string
}

func (r *recorder) HandleWarningHeaderWithContext(_ context.Context, _ int, _, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts = append(r.texts, text)
}
