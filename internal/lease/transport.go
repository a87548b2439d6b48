package lease

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"k8s.io/client-go/rest"
)

// Guard returns a config whose writes pass the fence, whoever sends them: a controller, the recorder of events, whatever is written
// next year. Reads always pass.
//
// A write is checked twice: when it is handed to the transport, and when its bytes are handed to the kernel. In between a process can
// be stopped for any time. What was handed over before the lease ran out arrives whether the process runs or not.
func (f *Fence) Guard(cfg *rest.Config) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	dial := cfg.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext // as client-go does
	}
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return guardedConn{conn, f}, nil
	}
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return guardedTransport{next, f} })
	return cfg
}

// guardedTransport sends writes only while the fence is open.
type guardedTransport struct {
	next  http.RoundTripper
	fence *Fence
}

// RoundTrip sends a request, or returns ErrNotHeld.
func (t guardedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if isRead(req.Method) {
		return t.next.RoundTrip(req)
	}
	ctx, end, err := t.fence.begin(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // a transport closes it whatever happens
		}
		return nil, fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, err)
	}
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		if errors.Is(context.Cause(ctx), ErrNotHeld) {
			err = fmt.Errorf("%s %s was cut off, and may have been done: %w", req.Method, req.URL.Path, ErrNotHeld)
		}
		end()
		return nil, err
	}
	resp.Body = endingBody{resp.Body, end}
	return resp, nil
}

// WrappedRoundTripper lets client-go find the transport that it made.
func (t guardedTransport) WrappedRoundTripper() http.RoundTripper { return t.next }

func isRead(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// endingBody ends a write when its answer has been read.
type endingBody struct {
	io.ReadCloser
	end func()
}

// Close closes the body.
func (b endingBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}

// guardedConn takes no bytes once the lease has run out: reads that share the connection fail with the writes, and are sent again on
// a new one if the lease is held again.
type guardedConn struct {
	net.Conn
	fence *Fence
}

// Write writes, or returns ErrNotHeld.
func (c guardedConn) Write(data []byte) (int, error) {
	if c.fence.hasExpired() {
		return 0, errors.Join(ErrNotHeld, c.Close())
	}
	return c.Conn.Write(data)
}
