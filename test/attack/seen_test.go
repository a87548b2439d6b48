package attack

import (
	"testing"

	"github.com/onsi/gomega"
	"k8s.io/utils/clock"

	operatorguards "foundation.team/operator/internal/guards"
)

// What kubectl installs is what the operator wants to see. It is not the same text: kustomize wraps lines its own way.
func TestTheOperatorSeesItsGuards(t *testing.T) { // not parallel: other tests take guards away
	g := gomega.NewWithT(t)
	watch := &operatorguards.ClusterChecker{Client: masters, Clock: clock.RealClock{}}
	g.Eventually(func(g gomega.Gomega) {
		result, err := watch.Check(t.Context())
		g.Expect(err).NotTo(gomega.HaveOccurred())
		g.Expect(result.OK()).To(gomega.BeTrue(), result.Message)
	}).WithTimeout(activeWithin).WithPolling(pollInterval).Should(gomega.Succeed())
}
