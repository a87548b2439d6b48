package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNumbers(t *testing.T) {
	for text, tt := range map[string]struct {
		want []int
		fail string
	}{
		"":          {want: []int{100, 400}},
		"1000, 100": {want: []int{100, 1000}},
		"0":         {fail: "BENCH_TEAMS=0 is no list of positive numbers"},
		"many":      {fail: "BENCH_TEAMS=many is no list of positive numbers"},
	} {
		t.Run(text, func(t *testing.T) {
			t.Setenv("BENCH_TEAMS", text)
			got, err := numbers("BENCH_TEAMS", 100, 400)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if tt.fail != "" && (err == nil || !strings.Contains(err.Error(), tt.fail)) || tt.fail == "" && err != nil {
				t.Errorf("error %v, want %q", err, tt.fail)
			}
		})
	}
}

func TestSumOf(t *testing.T) {
	metrics := "# TYPE reconciles counter\nreconciles{controller=\"team\",result=\"error\"} 2\nreconciles{controller=\"team\",result=\"success\"} 40\n" +
		"reconciles{controller=\"pool\",result=\"success\"} 7\n"
	if got := sumOf(metrics, `reconciles{controller="team"`); got != 42 {
		t.Errorf("got %v", got)
	}
}

func TestQuantile(t *testing.T) {
	var values []time.Duration
	for i := range 100 {
		values = append(values, time.Duration(100-i))
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 51, 0.99: 100, 1: 100} {
		if got := quantile(values, q); got != want {
			t.Errorf("quantile %v is %d, want %d", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("quantile of nothing is %d", got)
	}
}

// The last line compares the slowest edit with a bare change, and the slowest rate with the fastest.
func TestSummary(t *testing.T) {
	r := results{
		Provision: []provisioned{{Teams: 100, Floor: 16, All: 20}, {Teams: 1000, Floor: 150, All: 180, First: 1.5, TeamP99: 2.5, Writes: 31, Objects: 28, Reads: 3, RSS: 140}},
		Idle:      &idled{Writes: 0}, Restart: &restarted{Seconds: 1.7},
		Edits: []edited{{P99: 10}, {P99: 20}, {P99: 35}, {P99: 30}},
	}
	const want = "bench: teams=1000 ratio_to_floor=1.20 first_ready_s=1.5 team_p99_s=2.50 writes_per_team=31.0 objects_per_team=28.0 reads_per_team=3.0 " +
		"idle_writes=0 restart_s=1.7 edit_p99_ratio=3.5 rss_mib=140 flatness=1.11"
	if got := r.summary(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := (results{}).table(); got != "" {
		t.Errorf("nothing was measured, and the table is %q", got)
	}
}
