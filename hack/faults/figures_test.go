package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSummary(t *testing.T) {
	all := figures{}
	for _, line := range []string{
		"=== RUN   TestKills", "12 plans, 11 faults", "--- PASS: TestKills (3.00s)",
		"faults: plans=30 faults=29 divergences=1",
		"transitions: 20 bad_inputs: 7 panics: 0",
		"kills: 200 workloads: 90 violations: 2", "restarts: 9 workloads: 12 violations: 3", "leader_switches: 50 violations: 4",
		"model: states=1 violations=0", "model: states=41 violations=0",
	} {
		all.add(parse(line))
	}
	want := []string{
		"faults: plans=30 faults=29 divergences=1",
		"transitions: 20 bad_inputs: 7 panics: 0",
		"kills: 200 leader_switches: 50 violations: 9",
		"model: states=42 violations=0",
	}
	if diff := cmp.Diff(want, all.summary()); diff != "" {
		t.Error(diff)
	}
}
