package attack

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// limited is a namespace of the team whose quota counts limits of CPU and memory.
const limited = "hanbit-limited"

func limitedNamespace() *corev1.Namespace {
	n := namespace(limited, map[string]string{foundationv1alpha1.LabelTeam: team})
	n.Annotations[foundationv1alpha1.AnnotationDefaultLimits] = "cpu,memory"
	return n
}

// resourcesOf returns what the containers of a pod request, and after a slash their limits, a container a line.
func resourcesOf(p *corev1.Pod) string {
	var lines []string
	for _, c := range append(p.Spec.InitContainers, p.Spec.Containers...) {
		var parts []string
		for _, list := range []corev1.ResourceList{c.Resources.Requests, c.Resources.Limits} {
			var amounts []string
			for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
				if amount, set := list[name]; set {
					amounts = append(amounts, amount.String())
				}
			}
			parts = append(parts, strings.Join(amounts, " "))
		}
		lines = append(lines, strings.TrimSpace(strings.Join(parts, " / ")))
	}
	return strings.Join(lines, "\n")
}

// defaultResources are pods with what the policy makes of their resources.
func defaultResources() map[string]struct {
	pod  *corev1.Pod
	want string
} {
	says := func(requests, limits corev1.ResourceList) podOption {
		return func(p *corev1.Pod) {
			p.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: requests, Limits: limits}
		}
	}
	asWhole := func(requests, limits corev1.ResourceList) podOption {
		return func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, container("side"))
			p.Spec.Resources = &corev1.ResourceRequirements{Requests: requests, Limits: limits}
		}
	}
	of := func(cpu, memory string) corev1.ResourceList {
		list := corev1.ResourceList{}
		for name, amount := range map[corev1.ResourceName]string{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory} {
			if amount != "" {
				list[name] = resource.MustParse(amount)
			}
		}
		return list
	}
	small := asWhole(of("100m", "256Mi"), of("200m", "512Mi"))
	starts := func(p *corev1.Pod) { p.Spec.InitContainers = []corev1.Container{container("prepare")} }
	return map[string]struct {
		pod  *corev1.Pod
		want string
	}{
		"nothing is said":                             {pod(train), "500m 1Gi 1Gi /"},
		"an init container says nothing":              {pod(train, starts), "500m 1Gi 1Gi /\n500m 1Gi 1Gi /"},
		"requests are left alone":                     {pod(train, says(of("4", ""), nil)), "4 1Gi 1Gi /"},
		"a limit is the request, too":                 {pod(train, says(nil, of("100m", "64Mi"))), "100m 64Mi 1Gi / 100m 64Mi"},
		"resources of the pod":                        {pod(train, small), "1Gi /\n1Gi /"},
		"memory of the pod":                           {pod(train, asWhole(of("", "64Mi"), nil)), "500m 1Gi /\n500m 1Gi /"},
		"limits are counted, nothing is said":         {pod(limited), "500m 1Gi 1Gi / 500m 1Gi"},
		"limits are counted, more is requested":       {pod(limited, says(of("4", "8Gi"), nil)), "4 8Gi 1Gi / 4 8Gi"},
		"limits are counted, less is requested":       {pod(limited, says(of("10m", "16Mi"), nil)), "10m 16Mi 1Gi / 500m 1Gi"},
		"limits are counted, and one is set":          {pod(limited, says(nil, of("100m", ""))), "100m 1Gi 1Gi / 100m 1Gi"},
		"limits are counted, and the pod has its own": {pod(limited, small), "1Gi /\n1Gi /"},
	}
}

// A default must make no pod invalid that is valid without it.
func TestDefaultsKeepPodsValid(t *testing.T) {
	t.Parallel()
	for name, tt := range defaultResources() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gomega.NewWithT(t)
			admitted := clone(tt.pod)
			g.Expect(masters.Create(t.Context(), admitted, client.DryRunAll)).To(gomega.Succeed())
			g.Expect(resourcesOf(admitted)).To(gomega.Equal(tt.want))
		})
	}
}

// resourceChecks are the same as checks of the policy that sets the defaults.
func resourceChecks() []check {
	var all []check
	for name, tt := range defaultResources() {
		all = append(all, check{name, func(ctx context.Context) error {
			admitted := clone(tt.pod)
			if err := masters.Create(ctx, admitted, client.DryRunAll); err != nil {
				return err
			}
			if got := resourcesOf(admitted); got != tt.want {
				return fmt.Errorf("%s: %q, want %q", name, got, tt.want)
			}
			return nil
		}})
	}
	return all
}
