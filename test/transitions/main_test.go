// Package transitions edits every field of a team, a programme and a pool in every way that its schema suggests, and judges what the
// operator makes of it.
package transitions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"foundation.team/operator/controllers"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/leak"
)

var (
	// k8s reads and writes as an admin, cached as the operator reads.
	k8s, cached client.Client
	// failed is what the operator logged of reconciles that failed.
	failed failureLog
)

// failureLog is what the operator logged as errors.
type failureLog struct {
	sync.Mutex
	lines []string
}

func (l *failureLog) add(prefix, args string) {
	l.Lock()
	defer l.Unlock()
	if strings.Contains(args, "the reconcile failed") || strings.Contains(args, "a reconcile panicked") {
		l.lines = append(l.lines, prefix+" "+args)
	}
}

// about returns what was logged about an object.
func (l *failureLog) about(name string) []string {
	l.Lock()
	defer l.Unlock()
	var about []string
	for _, line := range l.lines {
		if strings.Contains(line, fmt.Sprintf("%q", name)) {
			about = append(about, line)
		}
	}
	return about
}

func (l *failureLog) panics() int {
	l.Lock()
	defer l.Unlock()
	panics := 0
	for _, line := range l.lines {
		if strings.Contains(line, "a reconcile panicked") {
			panics++
		}
	}
	return panics
}

func TestMain(m *testing.M) {
	log.SetLogger(funcr.New(failed.add, funcr.Options{}))
	code, err := run(m)
	if code == 0 && err == nil {
		err = leak.Check()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run starts a control plane with the operator, runs the tests, and stops first the one, then the other.
func run(m *testing.M) (code int, err error) {
	env, err := support.Start()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, env.Stop()) }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stopped, err := startOperator(ctx, env.Config)
	if err != nil {
		return 1, err
	}
	code = m.Run()
	cancel()
	return code, <-stopped
}

func startOperator(ctx context.Context, config *rest.Config) (chan error, error) {
	if err := support.InstallGuards(ctx, config); err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	config.QPS = -1
	var err error
	if k8s, err = client.New(config, client.Options{Scheme: setup.Scheme()}); err != nil {
		return nil, err
	}
	mgr, err := support.NewManager(config)
	if err != nil {
		return nil, err
	}
	if err := controllers.Add(ctx, mgr, clock.RealClock{}, controllers.Options{Debounce: 50 * time.Millisecond}); err != nil {
		return nil, err
	}
	cached = mgr.GetClient()
	stopped := make(chan error, 1)
	go func() { stopped <- mgr.Start(ctx) }()
	select {
	case <-mgr.Elected(): // every kind is cached then
		return stopped, nil
	case err := <-stopped:
		return nil, fmt.Errorf("start the operator: %w", err)
	}
}
