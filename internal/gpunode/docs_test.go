package gpunode_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"foundation.team/operator/internal/gpunode"
)

// table is what docs/pools.md shows of the states: what is written on a node in each of them.
func table() string {
	names := map[gpunode.State]string{gpunode.AwaitingScrub: "awaiting scrub"}
	lines := []string{"| state | labels | taints (`NoSchedule`) | annotations |", "|---|---|---|---|"}
	for _, state := range gpunode.States() {
		r := gpunode.Ownership{State: state, Owner: gpunode.Owner{Name: "<team>", UID: "<uid>"}, Since: time.Unix(0, 0)}
		switch state {
		case gpunode.AwaitingScrub:
			r.ScrubRequest = "<time>"
		case gpunode.Held:
			r.BrokenSince = time.Unix(0, 0)
		default:
			// Nothing else is written on it.
		}
		m := r.Metadata("<pool>")
		var taints []string
		for _, taint := range m.Taints {
			taints = append(taints, strings.TrimSuffix(fmt.Sprintf("%s=%s", taint.Key, taint.Value), "="))
		}
		name := names[state]
		if name == "" {
			name = strings.ToLower(string(state))
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s | %s |", name, quoted(slices.Sorted(maps.Keys(m.Labels))), quoted(taints), quoted(slices.Sorted(maps.Keys(m.Annotations)))))
	}
	return strings.Join(lines, "\n") + "\n"
}

func quoted(words []string) string {
	if len(words) == 0 {
		return "–"
	}
	return "`" + strings.Join(words, "`, `") + "`"
}

// The table in docs/pools.md agrees with what the code writes.
func TestDocumentsShowTheStates(t *testing.T) {
	page, err := os.ReadFile("../../docs/pools.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), table()) {
		t.Errorf("docs/pools.md has another table of the states; it should be\n%s", table())
	}
	for _, state := range gpunode.States() {
		if !strings.Contains(string(page), strings.ToLower(string(state))) && state != gpunode.AwaitingScrub {
			t.Errorf("docs/pools.md does not tell of %s", state)
		}
	}
}
