package replica

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"foundation.team/operator/test/support/audit"
)

// auditPolicy logs every request once, when it was answered.
const auditPolicy = `{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]}`

// Audited makes an API server log who asked for what. It returns an option of support.Start and the path of the log.
func Audited(dir string) (option func(*envtest.Environment), path string, err error) {
	policy, path := filepath.Join(dir, "audit-policy.yaml"), filepath.Join(dir, "audit.log")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return nil, "", fmt.Errorf("write the audit policy: %w", err)
	}
	return func(env *envtest.Environment) {
		env.ControlPlane.GetAPIServer().Configure().Set("audit-policy-file", policy).Set("audit-log-path", path).Set("audit-log-maxsize", "4096")
	}, path, nil
}

// Leader returns who took or renewed the lease last, and when that replica first did so without another one in between; empty while
// nobody has. Replicas are known by the names of their users.
func Leader(events []audit.Event) (name string, since time.Time) {
	renewals := slices.DeleteFunc(slices.Clone(events), func(e audit.Event) bool {
		return e.ObjectRef.Resource != "leases" || !e.IsWrite() || e.ResponseStatus.Code >= http.StatusBadRequest
	})
	slices.SortStableFunc(renewals, func(a, b audit.Event) int { return a.Received.Compare(b.Received.Time) })
	for _, e := range renewals {
		if e.User.Username != name {
			name, since = e.User.Username, e.Received.Time
		}
	}
	return name, since
}

// Writes returns what a replica asked to change from a time on, the lease aside.
func Writes(events []audit.Event, name string, since time.Time) []audit.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e audit.Event) bool {
		return e.User.Username != name || !e.IsWrite() || e.ObjectRef.Resource == "leases" || e.Received.Time.Before(since)
	})
}

// ReadLog reads an audit log that is being written: its last line may be half there.
func ReadLog(path string) ([]audit.Event, error) {
	events, err := audit.ReadLog(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return events, err
}
