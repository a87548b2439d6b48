package karpenter_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"foundation.team/operator/internal/karpenter"
)

// ours and theirs are field managers.
const ours, theirs = "ours", "theirs"

// wanted is a NodePool with every field that the operator can set.
func wanted() *karpenter.NodePoolApplyConfiguration {
	config := karpenter.NewNodePool("hanbit.b200.s")
	config.WithLabels(map[string]string{"a": "b"}).WithAnnotations(map[string]string{"c": "d"})
	config.Spec = &karpenter.NodePoolSpec{
		Replicas: new(int64(2)),
		Limits:   corev1.ResourceList{"nodes": resource.MustParse("2000")},
		Template: &karpenter.Template{
			Metadata: &karpenter.TemplateMeta{Labels: map[string]string{"e": "f"}, Annotations: map[string]string{"g": "h"}},
			Spec: &karpenter.TemplateSpec{
				Taints:       []karpenter.Taint{{Key: "i", Value: "j", Effect: corev1.TaintEffectNoSchedule}, {Key: "k", Effect: corev1.TaintEffectNoExecute}},
				Requirements: []karpenter.Requirement{{Key: "l", Operator: corev1.NodeSelectorOpIn, Values: []string{"m", "n"}}, {Key: "o", Operator: corev1.NodeSelectorOpExists}},
				NodeClassRef: &karpenter.NodeClassRef{Group: "p", Kind: "Q", Name: "r"},
				ExpireAfter:  "Never",
			},
		},
		Disruption: &karpenter.Disruption{
			ConsolidationPolicy: "WhenEmpty", ConsolidateAfter: "300s",
			Budgets: []karpenter.Budget{{Nodes: "0", Reasons: []string{"Drifted"}}, {Nodes: "100%"}},
		},
	}
	return config
}

// live returns the object after ours applied the configuration and theirs wrote other fields.
func live(t *testing.T, managed string) *karpenter.NodePool {
	t.Helper()
	config := wanted()
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(config)
	if err != nil {
		t.Fatal(err)
	}
	nodePool := &karpenter.NodePool{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, nodePool); err != nil {
		t.Fatal(err)
	}
	nodePool.UID, nodePool.ResourceVersion = "x", "7"
	nodePool.Annotations["karpenter.sh/nodepool-hash"] = "123"
	nodePool.Labels["app"] = "y"
	nodePool.ManagedFields = []metav1.ManagedFieldsEntry{
		{Manager: theirs, Operation: metav1.ManagedFieldsOperationUpdate, FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{"f:karpenter.sh/nodepool-hash":{}},"f:labels":{"f:app":{}}}}`)},
		{Manager: ours, Operation: metav1.ManagedFieldsOperationApply, FieldsV1: metav1.NewFieldsV1(managed)},
	}
	return nodePool
}

// managed are the fields of wanted as the API server records them by Karpenter's schema.
const managed = `{
	"f:metadata": {"f:labels": {"f:a": {}}, "f:annotations": {"f:c": {}}},
	"f:spec": {
		"f:replicas": {}, "f:limits": {"f:nodes": {}},
		"f:template": {
			"f:metadata": {"f:labels": {}, "f:annotations": {"f:g": {}}},
			"f:spec": {"f:taints": {}, "f:requirements": {}, "f:expireAfter": {}, "f:nodeClassRef": {"f:group": {}, "f:kind": {}, "f:name": {}}}
		},
		"f:disruption": {"f:consolidationPolicy": {}, "f:consolidateAfter": {}, "f:budgets": {}}
	}
}`

// Extract returns exactly what was applied, and nothing that other managers wrote.
func TestExtractNodePool(t *testing.T) {
	got, err := karpenter.ExtractNodePool(live(t, managed), ours)
	if err != nil {
		t.Fatal(err)
	}
	if !equality.Semantic.DeepEqual(wanted(), got) {
		t.Error(cmp.Diff(wanted(), got))
	}
}

// A field that another manager has taken over is not extracted.
func TestExtractNodePoolWithoutAStolenField(t *testing.T) {
	stolen := `{"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:limits": {"f:nodes": {}}}}`
	got, err := karpenter.ExtractNodePool(live(t, stolen), ours)
	if err != nil {
		t.Fatal(err)
	}
	want := karpenter.NewNodePool("hanbit.b200.s")
	want.WithLabels(map[string]string{"a": "b"})
	want.Spec = &karpenter.NodePoolSpec{Limits: corev1.ResourceList{"nodes": resource.MustParse("2000")}}
	if !equality.Semantic.DeepEqual(want, got) {
		t.Error(cmp.Diff(want, got))
	}
}

// For a manager that never applied the object, only the name is extracted.
func TestExtractNodePoolOfAnother(t *testing.T) {
	got, err := karpenter.ExtractNodePool(live(t, managed), "somebody")
	if err != nil {
		t.Fatal(err)
	}
	if want := karpenter.NewNodePool("hanbit.b200.s"); !equality.Semantic.DeepEqual(want, got) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestExtractNodePoolSaysWhichItCannotRead(t *testing.T) {
	_, err := karpenter.ExtractNodePool(live(t, `{"spec": {}}`), ours)
	if err == nil || !strings.HasPrefix(err.Error(), "extract the fields of NodePool hanbit.b200.s: ") {
		t.Errorf("error %v", err)
	}
}

// What is sent has kind, version and name, and no field that was not set.
func TestNodePoolApplyConfiguration(t *testing.T) {
	config := karpenter.NewNodePool("hanbit.b200.d")
	got, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"kind":"NodePool","apiVersion":"karpenter.sh/v1","metadata":{"name":"hanbit.b200.d"}}`; string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
	if *config.GetKind() != "NodePool" || *config.GetAPIVersion() != "karpenter.sh/v1" || *config.GetName() != "hanbit.b200.d" || config.GetNamespace() != nil {
		t.Errorf("%s %s %s in %v", *config.GetAPIVersion(), *config.GetKind(), *config.GetName(), config.GetNamespace())
	}
}

// The kinds are those that the API server knows, with their lists.
func TestAddToScheme(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := karpenter.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"NodePool", "NodePoolList", "NodeClaim", "NodeClaimList"} {
		if !scheme.Recognizes(karpenter.GroupVersion.WithKind(kind)) {
			t.Errorf("%s is not known", kind)
		}
	}
}
