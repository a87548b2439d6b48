package attack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"foundation.team/operator/hack/lab/binaries"
	lab "foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
)

var (
	// mutantsOnly is true if only TestMutants is wanted, which breaks the policies, roles and quotas one after the other.
	mutantsOnly = os.Getenv("MUTANTS") != ""
	// wholeControlPlane is true if the tests that need controllers and a scheduler run too: it takes minutes.
	wholeControlPlane = os.Getenv("FULL") != "" || mutantsOnly
)

// crossNamespace is a feature gate that is off by default. Without it the API server drops dataSourceRef.namespace, and
// there is nothing for a policy to refuse.
const crossNamespace = "CrossNamespaceVolumeDataSource=true"

// gpuNodes is how many nodes with GPUs a whole control plane has.
const gpuNodes = 8

// testControlPlane is an API server alone, or a whole control plane with controllers and a scheduler.
type testControlPlane struct {
	config     *rest.Config
	kubeconfig string // a path
	kubectl    string // a path
	// logs are those of the controllers; there are none without them.
	logs []string
	stop func() error
}

// startControlPlane starts it; dir is for its files.
func startControlPlane(ctx context.Context, dir string) (*testControlPlane, error) {
	if wholeControlPlane {
		return startLab(ctx, dir)
	}
	env, err := support.Start(func(env *envtest.Environment) {
		env.ControlPlane.GetAPIServer().Configure().Append("feature-gates", crossNamespace)
		env.CRDDirectoryPaths = append(env.CRDDirectoryPaths, filepath.Join(env.BinaryAssetsDirectory, binaries.KarpenterCRDsFile))
	})
	if err != nil {
		return nil, err
	}
	p := &testControlPlane{
		config: env.Config, kubeconfig: filepath.Join(dir, "kubeconfig"),
		kubectl: filepath.Join(env.BinaryAssetsDirectory, "kubectl"), stop: env.Stop,
	}
	if err := os.WriteFile(p.kubeconfig, env.KubeConfig, 0o600); err != nil {
		return nil, errors.Join(err, env.Stop())
	}
	return p, nil
}

// startLab installs Karpenter's CRDs, but not Karpenter, which would change the NodePools of the fixtures.
func startLab(ctx context.Context, dir string) (*testControlPlane, error) {
	root, err := binaries.Root(".")
	if err != nil {
		return nil, err
	}
	bin, err := binaries.Ensure(ctx, root, os.Stderr)
	if err != nil {
		return nil, err
	}
	labDir := filepath.Join(dir, "lab")
	c, err := lab.Start(ctx, lab.Options{
		Dir: labDir, BinDir: bin, Nodes: gpuNodes, APIServerArgs: []string{"--feature-gates=" + crossNamespace},
	})
	if err != nil {
		return nil, err
	}
	stop := func() error { return c.Stop(context.WithoutCancel(ctx)) }
	_, err = c.Kubectl(ctx, "apply", "--server-side", "-f", filepath.Join(bin, binaries.KarpenterCRDsFile))
	if err == nil {
		err = c.InstallOperator(ctx, root)
	}
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	config, err := c.RESTConfig()
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	logs, err := filepath.Glob(filepath.Join(labDir, "*", "kube-*.log"))
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return &testControlPlane{config: config, kubeconfig: c.Kubeconfig(), kubectl: filepath.Join(bin, "kubectl"), logs: logs, stop: stop}, nil
}

// awaitControllers waits until new namespaces have their default service accounts, the fixture's PersistentVolumeClaim is
// bound, volumes without one are released and quotas are counted.
func awaitControllers(ctx context.Context) error {
	if !wholeControlPlane {
		return nil
	}
	done := func(ctx context.Context) (bool, error) {
		for _, namespace := range []string{train, rivalTrain, locked, audited, trusted, plain, unconfined, adopted, exhausted, working, flooded, "kube-system", "foundation-system"} {
			if masters.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "default"}, &corev1.ServiceAccount{}) != nil {
				return false, nil //nolint:nilerr // not yet
			}
		}
		live := clone(ownedClaim)
		if err := masters.Get(ctx, client.ObjectKeyFromObject(live), live); err != nil {
			return false, err
		}
		if live.Status.Phase != corev1.ClaimBound {
			return false, nil
		}
		for _, volume := range []*corev1.PersistentVolume{clone(leftVolume), clone(strayVolume)} {
			if err := masters.Get(ctx, client.ObjectKeyFromObject(volume), volume); err != nil {
				return false, err
			}
			if volume.Status.Phase != corev1.VolumeReleased {
				return false, nil
			}
		}
		var quotas corev1.ResourceQuotaList
		if err := masters.List(ctx, &quotas); err != nil {
			return false, err
		}
		for i := range quotas.Items {
			if len(quotas.Items[i].Status.Used) != len(quotas.Items[i].Spec.Hard) {
				return false, nil
			}
		}
		return true, nil
	}
	if err := wait.PollUntilContextTimeout(ctx, pollInterval, activeWithin, true, done); err != nil {
		return fmt.Errorf("wait for the controllers: %w", err)
	}
	return nil
}

// startWithin bounds the start of the control plane and the creation of the fixtures.
const startWithin = 5 * time.Minute
