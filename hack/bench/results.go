package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// results are what was measured.
type results struct {
	Provision []provisioned `json:"provision"`
	Idle      *idled        `json:"idle,omitempty"`
	Restart   *restarted    `json:"restart,omitempty"`
	Edits     []edited      `json:"edits,omitempty"`
	Pods      *created      `json:"pods,omitempty"`
	End       *ended        `json:"end,omitempty"`
	Fairness  []fairness    `json:"fairness,omitempty"`
	Nodes     []stormed     `json:"nodes,omitempty"`
}

// provisioned is what teams that are applied at once take. Durations are seconds.
type provisioned struct {
	Teams int `json:"teams"`
	// Floor is how long a bare client takes to write the same objects.
	Floor float64 `json:"floorSeconds"`
	// First, Half and All are until so many are Ready.
	First float64 `json:"firstReadySeconds"`
	Half  float64 `json:"halfReadySeconds"`
	All   float64 `json:"allReadySeconds"`
	// TeamP50 and TeamP99 are from a team's first namespace until it is Ready.
	TeamP50 float64 `json:"teamP50Seconds"`
	TeamP99 float64 `json:"teamP99Seconds"`
	// LateMax is how long teams wait, at most, that come alone while the others are provisioned.
	LateMax float64 `json:"lateMaxSeconds"`
	Objects float64 `json:"objectsPerTeam"`
	Writes  float64 `json:"writesPerTeam"`
	Reads   float64 `json:"readsPerTeam"`
	// Reconciles are the operator's for a team.
	Reconciles float64 `json:"reconcilesPerTeam"`
	// CPU is the operator's processor time for a team, ServerCPU the API server's, and FloorCPU the API server's for the bare client.
	CPU       float64 `json:"cpuMillisPerTeam"`
	ServerCPU float64 `json:"apiServerCPUMillisPerTeam"`
	FloorCPU  float64 `json:"floorAPIServerCPUMillisPerTeam"`
	// RSS is the operator's memory afterwards, in MiB.
	RSS float64 `json:"rssMiB"`
}

func (p provisioned) ratio() float64 { return p.All / p.Floor }

// idled is what a minute costs in which nobody does anything.
type idled struct {
	Writes int `json:"writes"`
	Reads  int `json:"reads"`
	// Reconciles are those of teams.
	Reconciles int `json:"reconciles"`
	// CPU is the processor time that the operator used.
	CPU float64 `json:"cpuSeconds"`
}

// restarted is what a restart costs, until every team was looked at.
type restarted struct {
	Seconds float64 `json:"seconds"`
	Writes  int     `json:"writes"`
	Reads   int     `json:"reads"`
	// PeakRSS is the most memory that the operator had, in MiB.
	PeakRSS float64 `json:"peakRSSMiB"`
}

// edited is how long edits take to reach an object, in milliseconds.
type edited struct {
	What string  `json:"what"`
	P50  float64 `json:"p50Millis"`
	P99  float64 `json:"p99Millis"`
}

// quantile returns the value that a part q of all do not exceed; 0 of none.
func quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// table returns all figures for people.
func (r results) table() string {
	var b strings.Builder
	r.writeProvision(&b)
	if r.Idle != nil {
		_, _ = fmt.Fprintf(&b, "an idle minute: %d writes, %d reads, %d reconciles, %.2f s of processor\n", r.Idle.Writes, r.Idle.Reads, r.Idle.Reconciles, r.Idle.CPU)
	}
	if r.Restart != nil {
		_, _ = fmt.Fprintf(&b, "a restart: %.1f s, %d writes, %d reads, %.0f MiB at most\n", r.Restart.Seconds, r.Restart.Writes, r.Restart.Reads, r.Restart.PeakRSS)
	}
	for _, e := range r.Edits {
		_, _ = fmt.Fprintf(&b, "%s: p50 %.0f ms, p99 %.0f ms\n", e.What, e.P50, e.P99)
	}
	if r.Pods != nil {
		_, _ = fmt.Fprintf(&b, "a Pod: p50 %.2f ms, in a plain namespace %.2f ms (%.2f times); without the operator %.2f ms and %.2f ms (%.2f times)\n",
			r.Pods.Team, r.Pods.Plain, r.Pods.Team/r.Pods.Plain, r.Pods.Stopped, r.Pods.StoppedPlain, r.Pods.Stopped/r.Pods.StoppedPlain)
	}
	if e := r.End; e != nil {
		_, _ = fmt.Fprintf(&b, "%d teams end at once: nobody has access after %.1f s, all closed after %.1f s, %.1f writes a team, %.0f MiB at most; an edit of another team at most %.2f s\n",
			e.Teams, e.NoAccess, e.Closed, e.Writes, e.PeakRSS, e.EditMax)
	}
	for _, f := range r.Fairness {
		_, _ = fmt.Fprintf(&b, "%d FlowSchemas, %d levels: a request p50 %.2f ms, %.2f ms of the API server's processor; a change %.2f ms of it; its memory %.0f MiB\n",
			f.Schemas, f.Levels, f.Request, f.CPU, f.Change, f.RSS)
	}
	r.writeNodes(&b)
	return b.String()
}

func (r results) writeProvision(b *strings.Builder) {
	if len(r.Provision) == 0 {
		return
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "teams\tfloor\tfirst Ready\thalf\tall\tratio\ta team p50\tp99\tlate\tobjects\twrites\treads\treconciles\tRSS\tprocessor a team: operator\tAPI server\tfloor's")
	for _, p := range r.Provision {
		_, _ = fmt.Fprintf(w, "%d\t%.1f s\t%.1f s\t%.1f s\t%.1f s\t%.2f\t%.2f s\t%.2f s\t%.1f s\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f MiB\t%.0f ms\t%.0f ms\t%.0f ms\n",
			p.Teams, p.Floor, p.First, p.Half, p.All, p.ratio(), p.TeamP50, p.TeamP99, p.LateMax, p.Objects, p.Writes, p.Reads, p.Reconciles, p.RSS, p.CPU, p.ServerCPU, p.FloorCPU)
	}
	_ = w.Flush()
}

func (r results) writeNodes(b *strings.Builder) {
	for _, n := range r.Nodes {
		w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintf(w, "%d nodes, %d teams, a status of %.0f KiB\ttook\twrites\treads\treconciles of the pool\teach\tprocessor\tan edit at most\tRSS at most\n", n.Nodes, n.Teams, n.Status)
		for _, s := range n.Storms {
			_, _ = fmt.Fprintf(w, "%s\t%.1f s\t%d\t%d\t%d\t%.0f ms\t%.1f s\t%.2f s\t%.0f MiB\n",
				s.What, s.Seconds, s.Writes, s.Reads, s.Reconciles, s.Reconcile, s.CPU, s.EditMax, s.PeakRSS)
		}
		_ = w.Flush()
	}
}

// summary returns the figures of the largest number of teams in a line.
func (r results) summary() string {
	if len(r.Provision) == 0 {
		return "bench: no teams were provisioned"
	}
	last := r.Provision[len(r.Provision)-1]
	var rates []float64 // seconds a team
	for _, p := range r.Provision {
		rates = append(rates, p.All/float64(p.Teams))
	}
	line := fmt.Sprintf("bench: teams=%d ratio_to_floor=%.2f first_ready_s=%.1f team_p99_s=%.2f writes_per_team=%.1f objects_per_team=%.1f reads_per_team=%.1f",
		last.Teams, last.ratio(), last.First, last.TeamP99, last.Writes, last.Objects, last.Reads)
	if r.Idle != nil {
		line += fmt.Sprintf(" idle_writes=%d", r.Idle.Writes)
	}
	if r.Restart != nil {
		line += fmt.Sprintf(" restart_s=%.1f", r.Restart.Seconds)
	}
	if len(r.Edits) > 1 {
		worst := 0.0
		for _, e := range r.Edits[1:] {
			worst = max(worst, e.P99)
		}
		line += fmt.Sprintf(" edit_p99_ratio=%.1f", worst/r.Edits[0].P99)
	}
	line += fmt.Sprintf(" rss_mib=%.0f", last.RSS)
	if len(rates) > 1 {
		line += fmt.Sprintf(" flatness=%.2f", slices.Max(rates)/slices.Min(rates))
	}
	return line
}
