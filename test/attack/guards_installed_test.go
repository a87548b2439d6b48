package attack

import (
	"testing"

	"github.com/onsi/gomega"
	"k8s.io/utils/clock"

	operatorguards "foundation.team/operator/internal/guards"
)

// The operator must recognise the policies as kubectl installs them, although kustomize wraps lines differently from the
// text that the operator embeds.
func TestTheOperatorSeesItsGuards(t *testing.T) { // not parallel: other tests delete policies
	g := gomega.NewWithT(t)
	watch := &operatorguards.ClusterChecker{Client: masters, Clock: clock.RealClock{}}
	g.Eventually(func(g gomega.Gomega) {
		result, err := watch.Check(t.Context())
		g.Expect(err).NotTo(gomega.HaveOccurred())
		g.Expect(result.OK()).To(gomega.BeTrue(), result.Message)
	}).WithTimeout(activeWithin).WithPolling(pollInterval).Should(gomega.Succeed())
}
