package replica

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"foundation.team/operator/test/support/audit"
)

// auditPolicy logs every request once, when it was answered.
const auditPolicy = `{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]}`

// Audited makes an API server log who asked for what. It returns an option of support.Start and the log.
func Audited(dir string) (option func(*envtest.Environment), log *Log, err error) {
	policy, path := filepath.Join(dir, "audit-policy.yaml"), filepath.Join(dir, "audit.log")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return nil, nil, fmt.Errorf("write the audit policy: %w", err)
	}
	return func(env *envtest.Environment) {
		env.ControlPlane.GetAPIServer().Configure().Set("audit-policy-file", policy).Set("audit-log-path", path).Set("audit-log-maxsize", "4096")
	}, &Log{path: path}, nil
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

// Log is an audit log that is being written, and read again and again.
type Log struct {
	path   string
	mu     sync.Mutex
	offset int64
	events []audit.Event
}

// Read returns all events until now. It reads what is new since the last time; the last line may be half there, and is read later.
func (l *Log) Read() ([]audit.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	file, err := os.Open(l.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	defer func() { _ = file.Close() }()
	written, err := io.ReadAll(io.NewSectionReader(file, l.offset, math.MaxInt64-l.offset))
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	whole := written[:bytes.LastIndexByte(written, '\n')+1]
	events, err := audit.Read(bytes.NewReader(whole))
	if err != nil {
		return nil, err
	}
	l.offset += int64(len(whole))
	l.events = append(l.events, events...)
	return l.events, nil
}
