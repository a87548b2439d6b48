package apply_test

import (
	"context"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/controllers/pool"
	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/builder"
)

// NodePool is no built-in kind, so this uses an API server with Karpenter's own CRDs: a NodePool is accepted, sent
// once, and sent again only when one of its fields differs.
func TestApplyNodePool(t *testing.T) {
	api := withKarpenter(t)
	tests := map[string]struct {
		mods []builder.PoolMod
		mode string
	}{
		"Static":  {nil, "s"},
		"Dynamic": {[]builder.PoolMod{builder.Dynamic()}, "d"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := nodePoolTest{t: t, api: api, key: client.ObjectKey{Name: "hanbit.b200." + tt.mode}, mods: tt.mods}
			n.applier = apply.New(counting(api, &n.sent), api)
			n.checkStrictly()
			n.steps()
		})
	}
}

// nodePoolTest applies one NodePool to an API server.
type nodePoolTest struct {
	t       *testing.T
	api     client.WithWatch
	applier *apply.Applier
	key     client.ObjectKey
	mods    []builder.PoolMod
	sent    int
}

// wanted is the NodePool that a pool builds for so many GPUs.
func (n *nodePoolTest) wanted(gpus int32, live ...*karpenter.NodePool) *karpenter.NodePoolApplyConfiguration {
	n.t.Helper()
	mods := append([]builder.PoolMod{builder.Karpenter(16384), func(p *foundationv1alpha1.GPUPool) {
		spec := p.Spec.Karpenter
		spec.Labels = map[string]string{"example.com/fabric": "ib", "example.com/rack": ""}
		spec.Taints = []foundationv1alpha1.NodeTaint{{Key: "nvidia.com/gpu", Effect: corev1.TaintEffectNoExecute}}
		spec.Requirements = append(spec.Requirements,
			foundationv1alpha1.NodeRequirement{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpExists},
			foundationv1alpha1.NodeRequirement{Key: "example.com/generation", Operator: corev1.NodeSelectorOpGt, Values: []string{"3"}})
	}}, n.mods...)
	in := pool.Input{
		Pool: builder.Pool("b200", mods...), Now: builder.Now, NodePools: live,
		Teams: []lifecycle.Team{lifecycle.NewTeam(builder.Team("hanbit", builder.Award("b200", gpus)), nil)},
	}
	built := pool.BuildPlan(in, pool.Decide(in)).NodePools
	if len(built) != 1 || *built[0].Name != n.key.Name {
		n.t.Fatalf("the pool builds %d NodePools, want %s", len(built), n.key.Name)
	}
	return built[0]
}

// checkStrictly makes the API server refuse unknown fields.
func (n *nodePoolTest) checkStrictly() {
	n.t.Helper()
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(n.wanted(16))
	if err != nil {
		n.t.Fatal(err)
	}
	if err := n.api.Create(n.t.Context(), &unstructured.Unstructured{Object: fields}, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
		n.t.Fatal(err)
	}
}

func (n *nodePoolTest) steps() {
	// A thousand of a thing is written in more than one way.
	const some, many = 16, 8000
	n.apply("a new one", n.wanted(some), 1)
	n.apply("the same again", n.wanted(some), 0)
	n.disturb("karpenter", func(live *karpenter.NodePool) {
		live.Annotations["karpenter.sh/nodepool-hash"] = "17821347214121"
		live.Labels["app"] = "x"
	})
	n.apply("after Karpenter wrote on it", n.wanted(some), 0)
	n.writeStatus()
	n.apply("after Karpenter wrote its status", n.wanted(some), 0)

	n.disturb("kubectl", func(live *karpenter.NodePool) {
		for name := range live.Spec.Limits {
			live.Spec.Limits[name] = resource.MustParse("999")
		}
	})
	n.apply("after somebody raised its limit", n.wanted(some), 1)
	n.disturb("kubectl", func(live *karpenter.NodePool) { live.Spec.Template.Metadata.Labels["example.com/fabric"] = "ethernet" })
	n.apply("after somebody relabelled its nodes", n.wanted(some), 1)
	n.disturb("kubectl", func(live *karpenter.NodePool) { live.Spec.Template.Spec.Taints = live.Spec.Template.Spec.Taints[1:] })
	n.apply("after somebody opened its nodes", n.wanted(some), 1)
	n.disturb("kubectl", func(live *karpenter.NodePool) { live.Spec.Disruption.Budgets = nil })
	n.apply("after somebody let Karpenter move work", n.wanted(some), 1)
	n.disturb("kubectl", func(live *karpenter.NodePool) { delete(live.Labels, foundationv1alpha1.LabelPool) })
	n.apply("after somebody took a mark off", n.wanted(some), 1)
	n.apply("healed", n.wanted(some), 0)

	n.apply("grown", n.wanted(many), 1)
	n.apply("grown, again", n.wanted(many), 0)
	open := n.live()
	n.apply("to be closed", n.wanted(0, open), 1)
	n.apply("closed", n.wanted(0, open), 0)
	if live := n.live(); live.Labels["app"] != "x" || live.Annotations["karpenter.sh/nodepool-hash"] == "" {
		n.t.Errorf("what others wrote is lost: %v, %v", live.Labels, live.Annotations)
	}
}

// apply applies a configuration, checks how many requests that takes, and that it holds then.
func (n *nodePoolTest) apply(what string, config *karpenter.NodePoolApplyConfiguration, want int) {
	n.t.Helper()
	spec := config.Spec.DeepCopy()
	before := n.sent
	if err := n.applier.Apply(n.t.Context(), owner, config); err != nil {
		n.t.Fatalf("%s: %v", what, err)
	}
	if got := n.sent - before; got != want {
		n.t.Errorf("%s: %d requests, want %d", what, got, want)
	}
	live := n.live()
	if !equality.Semantic.DeepEqual(*spec, live.Spec) || !owner.Owns(live) || live.Labels[foundationv1alpha1.LabelPool] != "b200" {
		n.t.Errorf("%s: it is\n%+v with %v\nwant\n%+v", what, live.Spec, live.Labels, *spec)
	}
}

func (n *nodePoolTest) live() *karpenter.NodePool {
	n.t.Helper()
	live := &karpenter.NodePool{}
	if err := n.api.Get(n.t.Context(), n.key, live); err != nil {
		n.t.Fatal(err)
	}
	return live
}

func (n *nodePoolTest) disturb(manager string, change func(*karpenter.NodePool)) {
	n.t.Helper()
	live := n.live()
	before := live.DeepCopy()
	change(live)
	if err := n.api.Patch(n.t.Context(), live, client.MergeFrom(before), client.FieldOwner(manager)); err != nil {
		n.t.Fatal(err)
	}
}

func (n *nodePoolTest) writeStatus() {
	n.t.Helper()
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(karpenter.GroupVersion.WithKind("NodePool"))
	if err := n.api.Get(n.t.Context(), n.key, live); err != nil {
		n.t.Fatal(err)
	}
	before := live.DeepCopy()
	live.Object["status"] = map[string]any{"nodes": int64(2), "resources": map[string]any{"nodes": "2"}}
	if err := n.api.Status().Patch(n.t.Context(), live, client.MergeFrom(before), client.FieldOwner("karpenter")); err != nil {
		n.t.Fatal(err)
	}
}

// withKarpenter starts an API server that serves Karpenter's kinds.
func withKarpenter(t *testing.T) client.WithWatch {
	t.Helper()
	env, err := support.Start(func(env *envtest.Environment) {
		env.CRDDirectoryPaths = append(env.CRDDirectoryPaths, filepath.Join(env.BinaryAssetsDirectory, binaries.KarpenterCRDsFile))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	api, err := client.NewWithWatch(env.Config, client.Options{Scheme: setup.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// counting counts the apply requests.
func counting(api client.WithWatch, sent *int) client.Client {
	return interceptor.NewClient(api, interceptor.Funcs{
		Patch: func(ctx context.Context, api client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			*sent++
			return api.Patch(ctx, obj, patch, opts...)
		},
	})
}
