// Package metrics has the operator's own metrics, which its metrics server serves beside those of controller-runtime. Their names
// follow https://prometheus.io/docs/practices/naming. Labels are names of teams and pools and words of the operator: what staff write
// freely is in none.
package metrics

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// Labels of metrics.
const (
	LabelController = "controller"
	LabelKind       = "kind"
	LabelPool       = "pool"
	LabelResult     = "result"
	LabelState      = "state"
	LabelTeam       = "team"
)

// What becomes of an object that the operator looks at, as the label result of Applies.
const (
	// Sent is one that was written.
	Sent = "sent"
	// Skipped is one that was as desired: nothing was sent.
	Skipped = "skipped"
	// Conflict is one that is somebody else's.
	Conflict = "conflict"
	// Failed is any other error.
	Failed = "failed"
)

// Definition is what docs/metrics.md says of a metric.
type Definition struct {
	Name, Type, Help string
	Labels           []string
}

var definitions []Definition

// Definitions returns all of the operator's own metrics, by name.
func Definitions() []Definition {
	sorted := slices.Clone(definitions)
	slices.SortFunc(sorted, func(a, b Definition) int { return strings.Compare(a.Name, b.Name) })
	return sorted
}

var (
	// ReconcileFailures counts reconciles that failed. controller-runtime's own counter stays at 0, because no error gets there.
	ReconcileFailures = counter("foundation_reconcile_failures_total",
		"Reconciles that failed. They are tried again within 15 seconds.", LabelController)
	// UnreadableObjects is kept by informers.
	UnreadableObjects = gauge("foundation_unreadable_objects",
		"Objects of which the operator cannot read all. Their conditions say which value, a TeamRecord's event does.", LabelKind)
	// Applies counts what becomes of the objects that the operator makes, each time that it looks at one.
	Applies = counter("foundation_applies_total",
		"Looks at an object that the operator makes: sent (it was written), skipped (it was as desired), conflict (it is somebody else's) or failed.", LabelKind, LabelResult)
	// PoolNodes is set by each reconcile of a pool.
	PoolNodes = gauge("foundation_pool_nodes",
		"Nodes of a GPUPool by where they are on their way from one team to another (docs/pools.md).", LabelPool, LabelState)
	// TeamReady is observed once for each edit.
	TeamReady = histogram("foundation_team_ready_duration_seconds",
		"Time from an edit of a FoundationTeam's spec, or its creation, until the team is Ready with it.", prometheus.ExponentialBuckets(0.5, 2, 14))
	// Lateness is observed when a change is recorded as late.
	Lateness = histogram("foundation_lateness_seconds",
		"How late the operator did what time should have changed, of what was later than a minute: it did not run, or could not write.", prometheus.ExponentialBuckets(60, 2, 12))
)

func define(name, kind, help string, labels []string) {
	definitions = append(definitions, Definition{Name: name, Type: kind, Help: help, Labels: labels})
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	define(name, "counter", help, labels)
	made := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	metrics.Registry.MustRegister(made)
	return made
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	define(name, "gauge", help, labels)
	made := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	metrics.Registry.MustRegister(made)
	return made
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	define(name, "histogram", help, nil)
	made := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	metrics.Registry.MustRegister(made)
	return made
}

// description describes a gauge that a Collector makes.
func description(name, help string, labels ...string) *prometheus.Desc {
	define(name, "gauge", help, labels)
	return prometheus.NewDesc(name, help, labels, nil)
}
