package e2e

import (
	"io"
	"net/http"

	. "github.com/onsi/gomega"

	"foundation.team/operator/test/support/dsl"
)

// waitMetrics waits until the operator's metrics server has these lines.
func waitMetrics(s *dsl.Story, lines ...string) {
	s.Helper()
	s.WaitUntil(func(g Gomega) {
		request, err := http.NewRequestWithContext(s.Context(), http.MethodGet, "http://"+lab.Operator.MetricsAddress()+"/metrics", nil)
		g.Expect(err).NotTo(HaveOccurred())
		response, err := http.DefaultClient.Do(request)
		g.Expect(err).NotTo(HaveOccurred())
		defer func() { _ = response.Body.Close() }()
		page, err := io.ReadAll(response.Body)
		g.Expect(err).NotTo(HaveOccurred())
		for _, line := range lines {
			g.Expect(string(page)).To(ContainSubstring("\n" + line + "\n"))
		}
	})
}
