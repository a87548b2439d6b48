package attack

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

func TestWhatShipsIsAccepted(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"default", "lab"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			g := gomega.NewWithT(t)
			// CRDs are here by other means, hence the force.
			_, err := kubectl(t.Context(), "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-k", filepath.Join(configDir, part))
			g.Expect(err).NotTo(gomega.HaveOccurred())
		})
	}
}

func TestTheManagersPodIsAdmitted(t *testing.T) {
	t.Parallel()
	g := gomega.NewWithT(t)
	built, err := kubectl(t.Context(), "kustomize", filepath.Join(configDir, "manager"))
	g.Expect(err).NotTo(gomega.HaveOccurred())
	var deployment appsv1.Deployment
	for document := range strings.SplitSeq(built, "\n---\n") {
		if strings.Contains(document, "kind: Deployment\n") {
			g.Expect(yaml.UnmarshalStrict([]byte(document), &deployment)).To(gomega.Succeed())
		}
	}
	p := &corev1.Pod{ObjectMeta: deployment.Spec.Template.ObjectMeta, Spec: deployment.Spec.Template.Spec}
	p.Name, p.Namespace = "manager", deployment.Namespace
	g.Expect(masters.Create(t.Context(), p, client.DryRunAll)).To(gomega.Succeed())
	g.Expect(p.Spec.Containers[0].Image).To(gomega.Equal("foundation-operator:latest"))
}
