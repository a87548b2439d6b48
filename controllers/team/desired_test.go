package team

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/test/support/builder"
)

func TestBuildNamespace(t *testing.T) {
	hanbit := twoNamespaces()
	mine := map[string]string{
		foundationv1alpha1.LabelTeam:                 "hanbit",
		"pod-security.kubernetes.io/enforce":         "restricted",
		"pod-security.kubernetes.io/enforce-version": "latest",
		"pod-security.kubernetes.io/warn":            "restricted",
		"pod-security.kubernetes.io/warn-version":    "latest",
		"pod-security.kubernetes.io/audit":           "restricted",
		"pod-security.kubernetes.io/audit-version":   "latest",
	}
	plus := func(keys ...string) map[string]string {
		labels := maps.Clone(mine)
		for _, key := range keys {
			labels[key] = "true"
		}
		return labels
	}
	tests := map[string]struct {
		in   Input
		want map[string]string
	}{
		"active":    {input(hanbit), mine},
		"suspended": {input(twoNamespaces(builder.Suspended())), mine},
		"locked":    {input(twoNamespaces(builder.Deleted()), builder.OwnedNamespace(hanbit, "train")), plus(foundationv1alpha1.LabelLocked)},
		"retired": {
			input(builder.Team("hanbit"), builder.OwnedNamespace(hanbit, "train")), plus(foundationv1alpha1.LabelLocked, foundationv1alpha1.LabelRetired),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := typed[corev1.Namespace](t, namespaceOf(t, Build(NewModel(tt.in)), "train").Namespace)
			if diff := cmp.Diff(tt.want, got.Labels); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(map[string]string{foundationv1alpha1.AnnotationTeamUID: "hanbit-uid"}, got.Annotations); diff != "" {
				t.Error(diff)
			}
			if len(got.OwnerReferences) > 0 {
				t.Error("a namespace is left to garbage collection")
			}
		})
	}
}

// all returns the objects of a namespace.
func (n DesiredNamespace) all() []apply.Object {
	return slices.Concat([]apply.Object{n.Namespace, n.Quota}, n.Isolation, n.Volumes, n.Access)
}

func TestEveryObjectHasOwnerMetadata(t *testing.T) {
	desired := Build(NewModel(input(twoNamespaces(builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Volume("corpus", "train", "1Ti", ""), builder.Award("b200", 64)))))
	objects := slices.Concat(desired.Access, desired.Flow)
	for _, p := range desired.Namespaces {
		objects = append(objects, p.all()...)
	}
	if len(objects) != 2+2+2*(2+3+1)+1 {
		t.Errorf("%d objects", len(objects))
	}
	for _, obj := range objects {
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
		if err != nil {
			t.Fatal(err)
		}
		meta := &unstructured.Unstructured{Object: fields}
		if meta.GetLabels()[foundationv1alpha1.LabelTeam] != "hanbit" || meta.GetAnnotations()[foundationv1alpha1.AnnotationTeamUID] != "hanbit-uid" {
			t.Errorf("%s %s: labels %v, annotations %v", *obj.GetKind(), *obj.GetName(), meta.GetLabels(), meta.GetAnnotations())
		}
	}
}

func TestNetworkPolicies(t *testing.T) {
	desired := namespaceOf(t, Build(NewModel(input(twoNamespaces()))), "train")
	policies := map[string]networkingv1.NetworkPolicySpec{}
	for _, obj := range desired.Isolation {
		if *obj.GetKind() == "NetworkPolicy" {
			policy := typed[networkingv1.NetworkPolicy](t, obj)
			policies[policy.Namespace+"/"+policy.Name] = policy.Spec
		}
	}
	both := []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	team := []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{foundationv1alpha1.LabelTeam: "hanbit"}}}}
	port := policies["hanbit-train/foundation-team-allow-dns"].Egress[0].Ports[0].Port
	want := map[string]networkingv1.NetworkPolicySpec{
		"hanbit-train/foundation-team-default-deny": {PolicyTypes: both},
		"hanbit-train/foundation-team-allow-same-team": {
			PolicyTypes: both, Ingress: []networkingv1.NetworkPolicyIngressRule{{From: team}}, Egress: []networkingv1.NetworkPolicyEgressRule{{To: team}},
		},
		"hanbit-train/foundation-team-allow-dns": {
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
			Egress: []networkingv1.NetworkPolicyEgressRule{{
				To: []networkingv1.NetworkPolicyPeer{{
					NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "kube-system"}},
					PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}},
				}},
				Ports: []networkingv1.NetworkPolicyPort{{Protocol: new(corev1.ProtocolUDP), Port: port}, {Protocol: new(corev1.ProtocolTCP), Port: port}},
			}},
		},
	}
	if diff := cmp.Diff(want, policies); diff != "" {
		t.Error(diff)
	}
	if port.IntValue() != 53 {
		t.Errorf("DNS is port %v", port)
	}
}

func TestDefaultLimits(t *testing.T) {
	counted := corev1.ResourceList{"limits.memory": resource.MustParse("8Gi"), "limits.cpu": resource.MustParse("8"), corev1.ResourcePods: resource.MustParse("8")}
	for name, tt := range map[string]struct {
		team *foundationv1alpha1.FoundationTeam
		want string
	}{
		"no limits":                         {twoNamespaces(), ""},
		"limits where the quota counts any": {builder.Team("hanbit", builder.NamespaceQuota("train", 1, counted)), "cpu,memory"},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := namespaceOf(t, Build(NewModel(input(tt.team))), "train").Namespace
			if got := namespace.Annotations[foundationv1alpha1.AnnotationDefaultLimits]; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
