// Package tracing has the spans of what the operator does: OpenTelemetry's, exported if the operator is told where to, and else
// nothing that costs anything.
package tracing

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/tracing"
	tracingv1 "k8s.io/component-base/tracing/api/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// name is the service's and the instrumentation scope's.
const name = "foundation-operator"

// All is a sampling rate of everything: see Options.
const All = 1_000_000

// tracer follows whatever provider Start sets.
var tracer = otel.Tracer(name)

// Options say whether and where spans are exported.
type Options struct {
	// Endpoint is host:port of a collector that takes OTLP by gRPC, without TLS as Kubernetes' own components send it: an agent on
	// the node or in the pod. Empty exports nothing.
	Endpoint string
	// SamplingRatePerMillion is how many of a million reconciles are exported, from 0 to All.
	SamplingRatePerMillion int32
	// Version is the operator's.
	Version string
}

// lastWithin is how long the last spans may take to be sent when the process ends.
const lastWithin = 500 * time.Millisecond

// Start has spans exported from now on, those of cfg's requests to the API server too, which passes their traces on. The
// function that it returns sends what is not sent yet. Nothing waits for the collector, and nothing fails for it: what it does not
// take is dropped, and logged.
func Start(ctx context.Context, cfg *rest.Config, options Options) (stop func(), err error) {
	if options.Endpoint == "" {
		return func() {}, nil
	}
	provider, err := tracing.NewProvider(ctx,
		&tracingv1.TracingConfiguration{Endpoint: &options.Endpoint, SamplingRatePerMillion: &options.SamplingRatePerMillion}, nil,
		[]resource.Option{resource.WithAttributes(semconv.ServiceName(name), semconv.ServiceVersion(options.Version))})
	if err != nil {
		return nil, fmt.Errorf("export traces to %s: %w", options.Endpoint, err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.FromContext(ctx).Info("traces were not exported", "endpoint", options.Endpoint, "reason", err.Error())
	}))
	otel.SetTracerProvider(provider)
	cfg.Wrap(tracing.WrapperFor(provider))
	return func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWithin)
		defer cancel()
		if err := provider.Shutdown(ending); err != nil {
			otel.Handle(err)
		}
	}, nil
}

// Reconcile begins the span of a reconcile of a controller's object. The caller ends it with what became of it.
func Reconcile(ctx context.Context, controller, object string) (_ context.Context, end func(error)) {
	return Step(ctx, "reconcile", attribute.String("controller", controller), attribute.String("name", object))
}

// Step begins the span of a step of it. The caller ends it:
//
//	ctx, end := tracing.Step(ctx, "observe")
//	defer end(nil)
func Step(ctx context.Context, what string, about ...attribute.KeyValue) (_ context.Context, end func(error)) {
	ctx, span := tracer.Start(ctx, what, trace.WithAttributes(about...))
	return ctx, func(err error) {
		if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}
}
