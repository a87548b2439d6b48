package attack

import (
	"path/filepath"
	"testing"

	"github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"
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
	p := managersPod(t)
	g.Expect(masters.Create(t.Context(), p, client.DryRunAll)).To(gomega.Succeed())
	g.Expect(p.Spec.Containers[0].Image).To(gomega.Equal("foundation-operator:latest"))
}
