package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// planLabel is on what people make for a plan, so that its operator is told of nothing else.
const planLabel = "fault.example.com/plan"

// call is one request of an operator, the nth with its key in a step of the workload.
type call struct {
	step  int
	write bool
	// event is true for writes of events, which are not harmed.
	event bool
	// key is the method and the path.
	key string
	nth int
}

func (c call) String() string { return fmt.Sprintf("step %d, %s (%d)", c.step, c.key, c.nth) }

// kind is what goes wrong with a request.
type kind string

const (
	killedBefore kind = "killed before it is sent"
	killedAfter  kind = "killed after it was done"
	answerLost   kind = "done, and the answer lost"
	conflict     kind = "409"
	tooMany      kind = "429"
	unavailable  kind = "503"
	forbidden    kind = "403"
	invalid      kind = "422"
)

// writeFaults are what goes wrong with writes, readFaults with reads.
var (
	writeFaults = []kind{killedBefore, killedAfter, answerLost, conflict, tooMany, unavailable, forbidden, invalid}
	readFaults  = []kind{unavailable, tooMany, killedAfter}
)

var errKilled = errors.New("the process was killed")

// proxy is between one operator and the API server. It narrows what the operator lists and watches to one plan, writes
// down the requests, and does one harm in a step.
type proxy struct {
	plan string
	next http.RoundTripper

	mu    sync.Mutex
	step  int
	nth   map[string]int
	calls []call
	// harms are what goes wrong, in each step one thing at most.
	harms []*harm
	// killed is closed when the operator is to be dead: nothing it writes arrives any more.
	killed    chan struct{}
	lastWrite time.Time
}

func newProxy(plan string) *proxy {
	return &proxy{plan: plan, nth: map[string]int{}, killed: make(chan struct{}), lastWrite: realClock.Now()}
}

// wrap lets a client's requests go through the proxy.
func (p *proxy) wrap(next http.RoundTripper) http.RoundTripper {
	p.next = next
	return p
}

// last returns the last requests.
func (p *proxy) last(count int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, c := range p.calls[max(0, len(p.calls)-count):] {
		fmt.Fprintf(&b, "\n  %s", c)
	}
	return b.String()
}

// count returns how many requests a step took.
func (p *proxy) count(step int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := 0
	for _, c := range p.calls {
		if c.step == step {
			count++
		}
	}
	return count
}

// successor returns a proxy for the operator that comes after this one. What went wrong with a request does not again.
func (p *proxy) successor() *proxy {
	next := newProxy(p.plan)
	next.begin(p.step)
	next.harms = p.harms
	return next
}

// begin begins a step of the workload.
func (p *proxy) begin(step int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.step, p.nth, p.lastWrite = step, map[string]int{}, realClock.Now()
}

func (p *proxy) currentStep() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.step
}

// quietFor returns for how long nothing was written.
func (p *proxy) quietFor() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return realClock.Since(p.lastWrite)
}

func (p *proxy) isHarmed() bool {
	return slices.ContainsFunc(p.harms, (*harm).isDone)
}

// streamFaultOf returns what goes wrong with a watch in a step; nil if nothing does.
func (p *proxy) streamFaultOf(step int) *streamFault {
	for _, h := range p.harms {
		if h.stream != nil && h.stream.step == step {
			return h.stream
		}
	}
	return nil
}

// kill lets no write of the operator arrive any more. What it reads hurts nobody, and a manager that is told to end before it has
// read every kind never does (see setup.Run).
func (p *proxy) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.killed:
	default:
		close(p.killed)
	}
}

func (p *proxy) isKilled() bool {
	select {
	case <-p.killed:
		return true
	default:
		return false
	}
}

// RoundTrip sends a request, or does the harm.
func (p *proxy) RoundTrip(req *http.Request) (*http.Response, error) {
	p.narrow(req)
	switch {
	case p.isKilled() && req.Method == http.MethodGet:
		return p.next.RoundTrip(req)
	case p.isKilled():
		discard(req)
		return nil, errKilled
	case req.URL.Query().Get("watch") != "":
		return p.watch(req)
	}
	if kind, harm := p.note(req); harm {
		return p.harm(req, kind)
	}
	return p.next.RoundTrip(req)
}

// note writes a request down, and returns the harm that is to be done to it.
func (p *proxy) note(req *http.Request) (kind, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	write := req.Method != http.MethodGet
	event := strings.Contains(req.URL.Path, "/events") // of no consequence, and sent in the background
	if write && !event {
		p.lastWrite = realClock.Now()
	}
	key := normalText(req.Method+" "+req.URL.Path, p.plan)
	p.nth[key]++
	this := call{step: p.step, write: write, event: event, key: key, nth: p.nth[key]}
	p.calls = append(p.calls, this)
	for _, h := range p.harms {
		if h.at != nil && *h.at == this && !h.done.Swap(true) {
			return h.kind, true
		}
	}
	return "", false
}

// harm does to a request what goes wrong with it.
func (p *proxy) harm(req *http.Request, kind kind) (*http.Response, error) {
	switch kind {
	case killedBefore:
		p.kill()
		discard(req)
		return nil, errKilled
	case killedAfter, answerLost:
		resp, err := p.next.RoundTrip(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		if kind == killedAfter {
			p.kill()
			return nil, errKilled
		}
		return nil, io.ErrUnexpectedEOF
	default:
		discard(req)
		return refusal(req, kind), nil
	}
}

func discard(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// refusal is the API server's answer to a request that it refuses.
func refusal(req *http.Request, kind kind) *http.Response {
	what := schema.GroupResource{Resource: "requests"}
	var status *apierrors.StatusError
	header := http.Header{"Content-Type": {"application/json"}}
	switch kind {
	case conflict:
		status = apierrors.NewConflict(what, req.URL.Path, errors.New("injected"))
	case tooMany:
		status = apierrors.NewTooManyRequests("injected", 1)
		header.Set("Retry-After", "1")
	case forbidden:
		status = apierrors.NewForbidden(what, req.URL.Path, errors.New("injected"))
	case invalid:
		status = apierrors.NewInvalid(schema.GroupKind{Kind: "Request"}, req.URL.Path, nil)
	default:
		status = apierrors.NewServiceUnavailable("injected")
	}
	answer := status.Status()
	answer.APIVersion, answer.Kind = "v1", "Status"
	body, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	return &http.Response{
		StatusCode: int(answer.Code), Status: http.StatusText(int(answer.Code)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}
}

// narrow adds to the selector of a list or watch of the whole cluster, so that the operator sees one plan.
func (p *proxy) narrow(req *http.Request) {
	resource := collection(req.URL.Path)
	var selector string
	switch {
	case req.Method != http.MethodGet || resource == "":
		return
	case slices.Contains([]string{"foundationteams", "gpupools", "foundationprograms", "nodes"}, resource):
		selector = planLabel + "=" + p.plan
	case slices.Contains([]string{
		"teamrecords", "namespaces", "resourcequotas", "limitranges", "persistentvolumeclaims", "networkpolicies", "rolebindings", "clusterroles", "clusterrolebindings",
		"prioritylevelconfigurations", "flowschemas",
	}, resource):
		selector = fmt.Sprintf("%s in (%s-a,%s-b)", foundationv1alpha1.LabelTeam, p.plan, p.plan)
	default:
		return
	}
	query := req.URL.Query()
	if s := p.streamFaultOf(p.currentStep()); s != nil && s.kind == frozen && s.resource == resource && s.version != "" && query.Get("watch") == "" && query.Get("resourceVersion") == "0" {
		query.Set("resourceVersion", s.version)
		query.Set("resourceVersionMatch", "Exact")
	}
	if own := query.Get("labelSelector"); own != "" {
		selector = own + "," + selector
	}
	query.Set("labelSelector", selector)
	req.URL.RawQuery = query.Encode()
}

// collection returns the resource of which a path is all that the cluster has; empty for any other path.
func collection(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) == 3 && parts[0] == "api" || len(parts) == 4 && parts[0] == "apis" {
		return parts[len(parts)-1]
	}
	return ""
}
