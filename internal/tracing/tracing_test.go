package tracing_test

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"k8s.io/client-go/rest"

	"foundation.team/operator/internal/tracing"
	"foundation.team/operator/test/support/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }

// collector is an OpenTelemetry collector that keeps what it is sent.
type collector struct {
	collectorv1.UnimplementedTraceServiceServer
	mu    sync.Mutex
	spans map[string]*tracev1.Span
}

func (c *collector) Export(_ context.Context, sent *collectorv1.ExportTraceServiceRequest) (*collectorv1.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range sent.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans[span.GetName()] = span
			}
		}
	}
	return &collectorv1.ExportTraceServiceResponse{}, nil
}

// A reconcile, its steps and its requests to the API server are one trace, and the API server is told of it.
func TestSpansAreExported(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := &collector{spans: map[string]*tracev1.Span{}}
	server := grpc.NewServer()
	collectorv1.RegisterTraceServiceServer(server, got)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()

	told := make(chan string, 1)
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told <- r.Header.Get("Traceparent") }))
	defer api.Close()

	cfg := &rest.Config{Host: api.URL}
	stop, err := tracing.Start(t.Context(), cfg, tracing.Options{Endpoint: listener.Addr().String(), SamplingRatePerMillion: tracing.All, Version: "v0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, endReconcile := tracing.Reconcile(t.Context(), "foundationteam", "hanbit")
	inStep, endStep := tracing.Step(ctx, "observe")
	request(inStep, t, cfg)
	endStep(nil)
	endReconcile(errors.New("a quota is missing"))
	stop()

	root, step, call := got.spans["reconcile"], got.spans["observe"], got.spans["HTTP GET"]
	if root == nil || step == nil || call == nil {
		t.Fatalf("exported: %v", got.spans)
	}
	if string(step.GetParentSpanId()) != string(root.GetSpanId()) || string(call.GetParentSpanId()) != string(step.GetSpanId()) {
		t.Error("the request is not in the step, or the step not in the reconcile")
	}
	if header, want := <-told, hex.EncodeToString(root.GetTraceId()); !strings.HasPrefix(header, "00-"+want) {
		t.Errorf("the API server is told %q, the trace is %s", header, want)
	}
	about := map[string]string{}
	for _, attribute := range root.GetAttributes() {
		about[attribute.GetKey()] = attribute.GetValue().GetStringValue()
	}
	if diff := cmp.Diff(map[string]string{"controller": "foundationteam", "name": "hanbit"}, about); diff != "" {
		t.Error(diff)
	}
	if root.GetStatus().GetMessage() != "a quota is missing" {
		t.Errorf("the reconcile's status is %v", root.GetStatus())
	}
}

// request asks the API server for something.
func request(ctx context.Context, t *testing.T, cfg *rest.Config) {
	t.Helper()
	httpClient, err := rest.HTTPClientFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, cfg.Host, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	httpClient.CloseIdleConnections()
}

// Without an endpoint requests go as they went, and a step costs next to nothing.
func TestOff(t *testing.T) {
	cfg := &rest.Config{}
	stop, err := tracing.Start(t.Context(), cfg, tracing.Options{})
	if err != nil || cfg.WrapTransport != nil {
		t.Errorf("requests are wrapped: %v, %v", cfg.WrapTransport != nil, err)
	}
	stop()
}

// BenchmarkOff measures a step of which no trace is exported.
func BenchmarkOff(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, end := tracing.Step(b.Context(), "observe")
		end(nil)
	}
}
