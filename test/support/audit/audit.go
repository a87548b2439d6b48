package audit

import (
	"context"
	"fmt"
	"io"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/hack/lab/cluster"
)

// Check compares the operator's rights with those that it used in a suite's lab, which keeps an audit log, and prints
// both as a table. The error says what is wrong. It makes sense after a full run alone.
func Check(ctx context.Context, suite Suite, lab *cluster.Cluster, c client.Reader, out io.Writer) error {
	granted, err := RightsOf(ctx, c, cluster.OperatorNamespace, cluster.OperatorServiceAccount)
	if err != nil {
		return fmt.Errorf("read the operator's rights: %w", err)
	}
	events, err := ReadLog(lab.AuditLog())
	if err != nil {
		return err
	}
	report := Compare(granted, events)
	_, _ = fmt.Fprintf(out, "\nthe operator's rights, and how often %s needed them:\n%s", suite, report)
	if problems := report.Problems(suite, Exceptions); len(problems) > 0 {
		return fmt.Errorf("rights and their use differ:\n%s", strings.Join(problems, "\n"))
	}
	return nil
}
