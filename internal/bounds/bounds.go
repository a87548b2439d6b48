// Package bounds keeps a status within what its CRD and etcd take, whatever there is to tell: what there is no room for is left
// out and counted.
package bounds

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/text"
)

const (
	// maxObject is how many bytes an object may have as the API server stores it. etcd takes requests of 1.5 MiB by default
	// (--max-request-bytes); the rest is for labels and annotations, and for further managers of the spec.
	maxObject = 1344 << 10
	// maxNote is the most bytes of the note of what was left out.
	maxNote = 512
)

// Part is a part of a status of which some can be left out.
type Part struct {
	name string
	// all is how many entries there are that something can be left out of, shown how many entries are still whole.
	all, shown int
	// left returns how many of all are not whole if the first n entries are.
	left func(n int) int
	// freed returns how many bytes are freed if entry i is not whole; keep keeps the first n whole.
	freed func(i int) int
	keep  func(n int)
}

// List is a list whose last entries can be left out. Those beyond most, the CRD's maxItems, are. The name is a plural, for
// people.
func List[T any](name string, list *[]T, most int) Part {
	part := Part{name: name, all: len(*list), shown: min(len(*list), most)}
	part.left = func(n int) int { return part.all - n }
	part.freed = func(i int) int { return entrySize((*list)[i]) }
	part.keep = func(n int) { *list = (*list)[:n:n] }
	part.keep(part.shown)
	return part
}

// Details are what can be left out of the last entries of a list: remove takes it out of one. What they are called is a plural.
func Details[T any](name string, list *[]T, remove func(*T)) Part {
	without := func(entry T) T {
		remove(&entry)
		return entry
	}
	whole := *list
	part := Part{name: name, shown: len(whole)}
	part.left = func(n int) int {
		left := 0
		for _, entry := range whole[n:] {
			if !reflect.DeepEqual(entry, without(entry)) {
				left++
			}
		}
		return left
	}
	part.all = part.left(0)
	part.freed = func(i int) int {
		if i >= len(*list) {
			return 0 // it is left out altogether
		}
		return entrySize((*list)[i]) - entrySize(without((*list)[i]))
	}
	part.keep = func(n int) {
		*list = slices.Clone(*list)
		for i := n; i < len(*list); i++ {
			remove(&(*list)[i])
		}
	}
	return part
}

// Fit leaves out of a status what there is no room for beside the spec, of the first parts first. The message of Ready, one of
// the status' conditions, says how much of what.
func Fit(spec, status any, conditions []metav1.Condition, parts ...Part) {
	if !surelyFits(spec, status) {
		over := specSize(spec) + storedSize(status) + maxNote - maxObject
		for i := range parts {
			over = leaveOut(&parts[i], over)
		}
	}
	var notes []string
	for _, part := range parts {
		if left := part.left(part.shown); left > 0 {
			notes = append(notes, fmt.Sprintf("%d of %d %s", left, part.all, part.name))
		}
	}
	if ready := meta.FindStatusCondition(conditions, foundationv1alpha1.ConditionReady); ready != nil && len(notes) > 0 {
		ready.Message += text.Cut("; no room in this status for "+strings.Join(notes, ", "), maxNote)
	}
}

// leaveOut leaves entries of a part out until so many bytes are free, and returns how many are missing after that.
func leaveOut(part *Part, over int) int {
	if over <= 0 || part.all == 0 {
		return over
	}
	for over > 0 && part.shown > 0 {
		part.shown--
		over -= part.freed(part.shown)
	}
	part.keep(part.shown)
	return over
}
