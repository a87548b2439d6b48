package attack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// fixtureVersion is the newest version of the levels for which the module has fixtures.
const fixtureVersion = "v1.37"

// TestPodSecurity tries the fixtures by which Kubernetes tests its own pod security levels. Pods that the restricted level
// allows are admitted in a team's namespace. Pods that it forbids are refused, or changed by a policy so that they comply.
func TestPodSecurity(t *testing.T) {
	t.Parallel()
	g := gomega.NewWithT(t)
	tried := 0
	for _, level := range []string{"restricted", "baseline"} {
		for _, verdict := range []string{"pass", "fail"} {
			pods, err := securityFixtures(t.Context(), level, verdict)
			g.Expect(err).NotTo(gomega.HaveOccurred())
			tried += len(pods)
			for file, p := range pods {
				t.Run(filepath.Join(level, verdict, file), func(t *testing.T) {
					t.Parallel()
					g := gomega.NewWithT(t)
					meant := level == "restricted" && verdict == "pass"
					err := expectSecure(t.Context(), p, meant)
					tallied.count(storage, err == nil)
					g.Expect(err).NotTo(gomega.HaveOccurred())
					err = admitted(t.Context(), unconfined, p.DeepCopy())
					tallied.count(storage, err == nil)
					g.Expect(err).NotTo(gomega.HaveOccurred(), "where nothing is enforced")
				})
			}
		}
	}
	g.Expect(tried).To(gomega.BeNumerically(">", 120))
}

// expectSecure creates a pod in a team's namespace and expects that it complies when it is admitted, or is refused by pod
// security.
func expectSecure(ctx context.Context, p *corev1.Pod, meant bool) error {
	sent := p.DeepCopy()
	err := admitted(ctx, train, sent)
	switch {
	case err == nil:
		if err := compliant(sent); err != nil {
			return fmt.Errorf("was admitted: %w", err)
		}
		return nil
	case meant:
		return fmt.Errorf("was refused: %w", err)
	case compliant(p) == nil:
		return fmt.Errorf("complies, and was refused: %w", err)
	case !strings.Contains(err.Error(), `violates PodSecurity "restricted:latest": `):
		return fmt.Errorf("was refused, but not for pod security: %w", err)
	}
	return nil
}

// admitted returns the answer to the creation of a pod, which is changed to what was admitted.
func admitted(ctx context.Context, namespace string, p *corev1.Pod) error {
	p.Namespace = namespace
	return masters.Create(ctx, p, client.DryRunAll)
}

// compliant returns what the restricted level forbids in a pod.
func compliant(p *corev1.Pod) error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return err
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	verdict := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &p.ObjectMeta, &p.Spec))
	if !verdict.Allowed {
		return errors.New(verdict.ForbiddenDetail())
	}
	return nil
}

// securityFixtures returns the pods that a level allows or forbids.
func securityFixtures(ctx context.Context, level, verdict string) (map[string]*corev1.Pod, error) {
	dir, err := moduleDir(ctx, "k8s.io/pod-security-admission")
	if err != nil {
		return nil, err
	}
	return readPods(filepath.Join(dir, "test", "testdata", level, fixtureVersion, verdict))
}

// moduleDir returns the source directory of a module that go.mod requires.
func moduleDir(ctx context.Context, module string) (string, error) {
	output, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("find module %s: %w", module, err)
	}
	return strings.TrimSpace(string(output)), nil
}

func readPods(dir string) (map[string]*corev1.Pod, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	pods := map[string]*corev1.Pod{}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			return nil, err
		}
		p := &corev1.Pod{}
		if err := yaml.UnmarshalStrict(content, p); err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
		p.Name = strings.ReplaceAll(p.Name, "_", "-") // those of files are no names of pods
		if strings.HasPrefix(p.Name, "procmount") {
			p.Spec.HostUsers = new(false) // the API server knows an unmasked /proc only so
		}
		pods[file.Name()] = p
	}
	return pods, nil
}
