package setup

import (
	"context"
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

func TestRunReturnsWhatTheManagerDoes(t *testing.T) {
	g := NewWithT(t)
	fails := manager.RunnableFunc(func(context.Context) error { return errors.New("no port") })
	g.Expect(Run(t.Context(), fails, clock.RealClock{})).To(MatchError("no port"))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ends := manager.RunnableFunc(func(ctx context.Context) error { <-ctx.Done(); return nil })
	g.Expect(Run(ctx, ends, clock.RealClock{})).To(Succeed())
}

// A manager that is told to end while it reads its kinds never returns.
func TestRunEndsInTime(t *testing.T) {
	g := NewWithT(t)
	release := make(chan struct{})
	returned := make(chan struct{})
	hangs := manager.RunnableFunc(func(context.Context) error { defer close(returned); <-release; return nil })
	ctx, cancel := context.WithCancel(t.Context())
	clk := clocktesting.NewFakeClock(time.Unix(0, 0))
	done := make(chan error, 1)
	go func() { done <- Run(ctx, hangs, clk) }()
	cancel()
	g.Eventually(clk.HasWaiters).Should(BeTrue())
	clk.Step(shutdownLimit - time.Millisecond)
	g.Consistently(done, 50*time.Millisecond).ShouldNot(Receive())
	clk.Step(time.Millisecond)
	g.Eventually(done).Should(Receive(MatchError(ContainSubstring("does not end within 9s"))))
	close(release)
	<-returned
}
