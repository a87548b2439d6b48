package team

import (
	"encoding/json"
	"slices"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

const (
	// maxHistory is how many changes a record keeps, maxHistoryBytes how many bytes of them as JSON. A record with all
	// facts at their largest then stays well below 1 MiB; etcd's default limit is 1.5 MiB.
	maxHistory      = 200
	maxHistoryBytes = 192 << 10
)

// lastingFields are those whose last change stays on record longest.
var lastingFields = []foundationv1alpha1.RecordField{
	foundationv1alpha1.FieldTerm, foundationv1alpha1.FieldProgramName, foundationv1alpha1.FieldDecision,
	foundationv1alpha1.FieldGPUs, foundationv1alpha1.FieldBudget,
}

// boundedHistory returns as much of a history as a record has room for. The oldest change of what changed most often goes
// first, so that what is switched back and forth displaces nothing else; then the oldest of what did not concern an award or a
// decision.
func boundedHistory(history []foundationv1alpha1.RecordedChange) []foundationv1alpha1.RecordedChange {
	size := 0
	counts := map[factKey]int{}
	for _, change := range history {
		size += bytesOf(change)
		counts[keyOfChange(change)]++
	}
	history = slices.Clone(history)
	for len(history) > 0 && (len(history) > maxHistory || size > maxHistoryBytes) {
		i := leastNeeded(history, counts)
		size -= bytesOf(history[i])
		counts[keyOfChange(history[i])]--
		history = slices.Delete(history, i, i+1)
	}
	return history
}

// leastNeeded returns the position of the change that goes first.
func leastNeeded(history []foundationv1alpha1.RecordedChange, counts map[factKey]int) int {
	least, most := 0, 0
	for i, change := range history {
		rank := 2 * counts[keyOfChange(change)]
		if rank == 2 && slices.Contains(lastingFields, change.Field) {
			rank = 1
		}
		if rank > most {
			least, most = i, rank
		}
	}
	return least
}

func keyOfChange(change foundationv1alpha1.RecordedChange) factKey {
	return factKey{change.Field, change.Name}
}

func bytesOf(change foundationv1alpha1.RecordedChange) int {
	text, err := json.Marshal(change)
	if err != nil {
		return maxHistoryBytes // cannot happen: it was decoded from JSON
	}
	return len(text) + len(",")
}
