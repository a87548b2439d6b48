// Package lease makes sure that of several replicas only the one that holds the lease writes, also when a replica was stopped,
// or starved of CPU, for longer than its lease lasted and goes on then.
package lease

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// ErrNotHeld is returned for a write of a replica that cannot prove that it holds the lease.
var ErrNotHeld = errors.New("not sent: this replica does not hold the lease, or has not renewed it for too long")

// validFor returns for how long after the start of a renewal its holder may write. Others take the lease when they have not seen it
// renewed for its whole duration, by their own clock, and they see a renewal only after it began. The fifth that is left is for
// clocks of different speed and for a request that the API server has in hand. It is longer than the renew deadline, so it is never this
// that stops a replica which runs and cannot reach the API server.
func validFor(duration time.Duration) time.Duration { return duration * 4 / 5 }

// Fence lets writes through while this replica provably holds the lease, by its own clock and its own last renewal. That costs no
// request. It is safe for concurrent use.
type Fence struct {
	clock  clock.WithDelayedExecution
	onLost func(error)

	mu sync.Mutex
	// began is when the last renewal began; zero while the lease is not held. validFor is for how long it counts.
	began    time.Time
	validFor time.Duration
	// wasHeld is true from the first renewal on.
	wasHeld bool
	// isLost is true once the lease, or the history that it is in, was seen to be lost.
	isLost bool
	// inFlight are the writes that are under way, with what ends them.
	inFlight map[*context.CancelCauseFunc]struct{}
	expiry   clock.Timer

	seen observed
}

// NewFence returns a Fence that lets nothing through until the lease is held. onLost is called once, when another replica was seen to
// hold the lease instead of this one, or the API server's history went back; nothing that this process remembers can be relied on
// then, so it should end the process.
func NewFence(c clock.WithDelayedExecution, onLost func(error)) *Fence {
	var once sync.Once
	return &Fence{
		clock: c, inFlight: map[*context.CancelCauseFunc]struct{}{},
		onLost: func(why error) { once.Do(func() { onLost(why) }) },
	}
}

// isOpen reports whether the lease is provably held. It goes by two clocks: the monotonic one, which nobody can set back, and the wall
// clock, which goes on while the machine sleeps.
func (f *Fence) isOpen() bool {
	if f.isLost || f.began.IsZero() {
		return false
	}
	now := f.clock.Now()
	return max(now.Sub(f.began), now.Round(0).Sub(f.began.Round(0))) < f.validFor
}

// begin returns the context of a write, and what to call when it has ended. The context ends when the lease can no longer be proven
// to be held: the API server then drops what it has not begun.
func (f *Fence) begin(ctx context.Context) (context.Context, func(), error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.isOpen() {
		return nil, nil, ErrNotHeld
	}
	ctx, cancel := context.WithCancelCause(ctx)
	f.inFlight[&cancel] = struct{}{}
	return ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.inFlight, &cancel)
		cancel(nil)
	}, nil
}

// hasExpired reports whether the lease was held and cannot be proven to be held any more.
func (f *Fence) hasExpired() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wasHeld && !f.isOpen()
}

// renewed opens the fence: a renewal that began then has succeeded.
func (f *Fence) renewed(began time.Time, duration time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.began, f.validFor, f.wasHeld = began, validFor(duration), true
	if f.expiry != nil {
		f.expiry.Stop()
	}
	f.expiry = f.clock.AfterFunc(f.validFor-f.clock.Now().Sub(began), func() { go f.expire() }) // a clock of tests is locked meanwhile
}

// expire ends the writes that are under way when the lease was not renewed in time.
func (f *Fence) expire() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.isOpen() {
		f.cancelAll()
	}
}

// shut closes the fence at once.
func (f *Fence) shut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.began = time.Time{}
	if f.expiry != nil {
		f.expiry.Stop()
	}
	f.cancelAll()
}

func (f *Fence) cancelAll() {
	for cancel := range f.inFlight {
		(*cancel)(ErrNotHeld)
	}
}

// lose closes the fence for good and tells why.
func (f *Fence) lose(why error) {
	f.mu.Lock()
	f.isLost = true
	f.mu.Unlock()
	f.shut()
	f.onLost(why)
}
