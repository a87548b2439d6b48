// Package leader proves that of two replicas of the operator only the one that holds the lease writes.
package leader

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/leak"
	"foundation.team/operator/test/support/replica"
)

// plane is what all tests share: an API server with an audit log, and the operator's binary.
var plane struct {
	*envtest.Environment
	client   client.Client
	dir      string
	auditLog *replica.Log
	binary   string
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	log.SetLogger(logr.Discard())
	if plane.dir, err = os.MkdirTemp("", "leader-"); err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(plane.dir) }()
	root, err := binaries.Root(".")
	if err != nil {
		return 0, err
	}
	if plane.binary, err = support.BuildManager(context.Background(), root, plane.dir); err != nil {
		return 0, err
	}
	audited, written, err := replica.Audited(plane.dir)
	if err != nil {
		return 0, err
	}
	plane.auditLog = written
	if plane.Environment, err = support.Start(audited); err != nil {
		return 0, err
	}
	defer func() {
		if err = plane.Stop(); err == nil && code == 0 {
			err = leak.Check()
		}
	}()
	if err := support.InstallGuards(context.Background(), plane.Config); err != nil {
		return 0, err
	}
	if plane.client, err = client.New(plane.Config, client.Options{Scheme: setup.Scheme()}); err != nil {
		return 0, err
	}
	return m.Run(), nil
}
