package fault

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// What goes wrong with a watch.
const (
	eventLost    kind = "an event lost, and later 410"
	eventDelayed kind = "events delayed"
	streamClosed kind = "the stream closed"
	streamGone   kind = "410"
	frozen       kind = "frozen across a restart"
)

var watchFaults = []kind{eventLost, eventDelayed, streamClosed, streamGone, frozen}

const (
	// heldFor is how long events are held back.
	heldFor = 4 * time.Second
	// lostFor is after how long a stream that lost an event ends.
	lostFor = 2 * time.Second
)

// streamFault is what goes wrong with the watch of one resource in one step.
type streamFault struct {
	resource string
	step     int
	kind     kind
	// version is the resourceVersion that a frozen list is of.
	version string

	mu sync.Mutex
	// since is when the step began.
	since time.Time
	done  bool
}

func (f *streamFault) arm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.since = realClock.Now()
}

// next says what becomes of an event that comes now.
func (f *streamFault) next() (pass bool, hold time.Duration, end bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.since.IsZero() {
		return true, 0, false
	}
	switch f.kind {
	case eventDelayed, frozen:
		if left := heldFor - realClock.Since(f.since); left > 0 {
			f.done = true
			return true, left, false
		}
	case eventLost:
		if !f.done {
			f.done = true
			return false, lostFor, true
		}
	case streamClosed, streamGone:
		if !f.done {
			f.done = true
			return false, 0, true
		}
	default:
	}
	return true, 0, false
}

func (f *streamFault) isDone() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

// watch sends a watch and harms its stream, if that is what goes wrong.
func (p *proxy) watch(req *http.Request) (*http.Response, error) {
	var faults []*streamFault
	for _, h := range p.harms {
		if h.stream != nil && h.stream.resource == collection(req.URL.Path) {
			faults = append(faults, h.stream)
		}
	}
	if len(faults) == 0 {
		return p.next.RoundTrip(req)
	}
	frozen := slices.ContainsFunc(faults, func(f *streamFault) bool { return f.kind == frozen })
	if frozen && req.URL.Query().Get("sendInitialEvents") != "" {
		discard(req)
		return refusal(req, invalid), nil // the client lists then
	}
	req.Header.Set("Accept", "application/json") // the events are told apart by lines
	resp, err := p.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	for _, fault := range faults {
		resp.Body = fault.harm(resp.Body)
	}
	return resp, nil
}

// harm returns the stream of events with the fault in it.
func (f *streamFault) harm(body io.ReadCloser) io.ReadCloser {
	reader, writer := io.Pipe()
	unread, giveUp := context.WithCancel(context.Background())
	go func() {
		defer func() { _ = body.Close() }()
		events := bufio.NewReaderSize(body, 64<<10)
		for {
			event, err := events.ReadBytes('\n')
			if err != nil {
				_ = writer.CloseWithError(err)
				return
			}
			pass, hold, end := true, time.Duration(0), false
			if !bytes.HasPrefix(event, []byte(`{"type":"BOOKMARK"`)) {
				pass, hold, end = f.next()
			}
			select {
			case <-realClock.After(hold): // the fault itself
			case <-unread.Done():
				return
			}
			if end {
				if f.kind != streamClosed {
					_, _ = writer.Write(goneEvent())
				}
				_ = writer.Close()
				return
			}
			if pass {
				if _, err := writer.Write(event); err != nil {
					return
				}
			}
		}
	}()
	return &pipedBody{PipeReader: reader, upstream: body, giveUp: giveUp}
}

// pipedBody closes the stream that it is made from, too.
type pipedBody struct {
	*io.PipeReader
	upstream io.Closer
	// giveUp ends what holds an event back that nobody reads any more.
	giveUp func()
}

// Close ends both streams.
func (b *pipedBody) Close() error {
	b.giveUp()
	_ = b.upstream.Close()
	return b.PipeReader.Close()
}

// goneEvent is how an API server ends a watch whose history it does not have any more.
func goneEvent() []byte {
	status := apierrors.NewResourceExpired("injected").Status()
	status.APIVersion, status.Kind = "v1", "Status"
	event, err := json.Marshal(struct {
		Type   watch.EventType `json:"type"`
		Object metav1.Status   `json:"object"`
	}{watch.Error, status})
	if err != nil {
		panic(err)
	}
	return append(event, '\n')
}
