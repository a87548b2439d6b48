package lease

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
)

const duration = 15 * time.Second

func noLoss(t *testing.T) func(error) {
	t.Helper()
	return func(why error) { t.Errorf("lost: %v", why) }
}

// guarded returns an HTTP client for a server, of which writes pass the fence.
func guarded(t *testing.T, f *Fence, handler http.HandlerFunc) (*http.Client, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := rest.HTTPClientFor(f.Guard(&rest.Config{Host: server.URL}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return client, server.URL
}

func send(t *testing.T, client *http.Client, method, url string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func TestWritesPassWhileTheLeaseIsHeld(t *testing.T) {
	begins := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		happens func(*Fence, *clocktesting.FakeClock)
		write   bool
		// read is false if what shares the connections with writes cannot be read, either.
		read bool
	}{
		"the lease was never held":       {func(*Fence, *clocktesting.FakeClock) {}, false, true},
		"the lease was taken":            {func(f *Fence, _ *clocktesting.FakeClock) { f.renewed(begins, duration) }, true, true},
		"just before it is out of proof": {func(f *Fence, c *clocktesting.FakeClock) { f.renewed(begins, duration); c.Step(12*time.Second - 1) }, true, true},
		"it was not renewed":             {func(f *Fence, c *clocktesting.FakeClock) { f.renewed(begins, duration); c.Step(12 * time.Second) }, false, false},
		"the answer to a renewal was late": {func(f *Fence, c *clocktesting.FakeClock) {
			c.Step(12 * time.Second)
			f.renewed(begins, duration)
		}, false, false},
		"it was renewed in time": {func(f *Fence, c *clocktesting.FakeClock) {
			f.renewed(begins, duration)
			c.Step(10 * time.Second)
			f.renewed(c.Now(), duration)
			c.Step(10 * time.Second)
		}, true, true},
		"it was renewed too late, and nobody had taken it": {func(f *Fence, c *clocktesting.FakeClock) {
			f.renewed(begins, duration)
			c.Step(14 * time.Second)
			f.renewed(c.Now(), duration)
		}, true, true},
		"it was released":                      {func(f *Fence, _ *clocktesting.FakeClock) { f.renewed(begins, duration); f.shut() }, false, false},
		"it was lost":                          {func(f *Fence, _ *clocktesting.FakeClock) { f.renewed(begins, duration); f.lose(errors.New("x")) }, false, false},
		"nothing opens it again after a loss":  {func(f *Fence, _ *clocktesting.FakeClock) { f.lose(errors.New("x")); f.renewed(begins, duration) }, false, false},
		"a standby that sees the history lost": {func(f *Fence, _ *clocktesting.FakeClock) { f.lose(errors.New("x")) }, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := clocktesting.NewFakeClock(begins)
			f := NewFence(c, func(error) {})
			client, url := guarded(t, f, func(http.ResponseWriter, *http.Request) {})
			tt.happens(f, c)
			for method, want := range map[string]bool{
				http.MethodPost: tt.write, http.MethodPut: tt.write, http.MethodPatch: tt.write, http.MethodDelete: tt.write, http.MethodGet: tt.read,
			} {
				err := send(t, client, method, url)
				if (err == nil) != want || err != nil && method != http.MethodGet && !errors.Is(err, ErrNotHeld) {
					t.Errorf("%s: %v", method, err)
				}
			}
			if len(f.inFlight) > 0 {
				t.Errorf("%d writes never ended", len(f.inFlight))
			}
		})
	}
}

// A write that the API server has not answered when the lease runs out is taken back: it may wait in a queue there.
func TestWritesUnderWayAreCutOff(t *testing.T) {
	for name, ends := range map[string]func(*Fence, *clocktesting.FakeClock){
		"the lease runs out": func(_ *Fence, c *clocktesting.FakeClock) { c.Step(12 * time.Second) },
		"it is released":     func(f *Fence, _ *clocktesting.FakeClock) { f.shut() },
	} {
		t.Run(name, func(t *testing.T) {
			c := clocktesting.NewFakeClock(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
			f := NewFence(c, noLoss(t))
			arrived, dropped := make(chan struct{}), make(chan struct{})
			client, url := guarded(t, f, func(_ http.ResponseWriter, req *http.Request) {
				_, _ = io.Copy(io.Discard, req.Body) // a server notices that a client is gone only when it has read all
				close(arrived)
				<-req.Context().Done()
				close(dropped)
			})
			f.renewed(c.Now(), duration)
			done := make(chan error, 1)
			go func() { done <- send(t, client, http.MethodPost, url) }()
			<-arrived
			ends(f, c)
			<-dropped
			if err := <-done; !errors.Is(err, ErrNotHeld) || !strings.Contains(err.Error(), "may have been done") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// A process that is stopped between the check of a write and its first byte sends no byte when it goes on.
func TestNoByteIsSentAfterAStop(t *testing.T) {
	c := clocktesting.NewFakeClock(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	f := NewFence(c, noLoss(t))
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = theirs.Close() })
	cfg := f.Guard(&rest.Config{Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil }})
	conn, err := cfg.Dial(t.Context(), "tcp", "api.example:443")
	if err != nil {
		t.Fatal(err)
	}
	f.renewed(c.Now(), duration)
	_, end, err := f.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	c.Step(time.Minute)
	if n, err := conn.Write([]byte("x")); n != 0 || !errors.Is(err, ErrNotHeld) {
		t.Errorf("sent %d bytes, error %v", n, err)
	}
	if _, err := theirs.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is open")
	}
}

var _ clock.WithDelayedExecution = &clocktesting.FakeClock{}
