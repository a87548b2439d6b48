package bounds_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/bounds"
)

type entry struct {
	Name    string `json:"name"`
	Message string `json:"message,omitempty"`
}

type status struct {
	Conditions []metav1.Condition `json:"conditions"`
	Some       []entry            `json:"some"`
	Others     []entry            `json:"others"`
}

func newStatus(some, others, message int) *status {
	s := &status{Conditions: []metav1.Condition{{Type: foundationv1alpha1.ConditionReady, Message: "fine"}}}
	for i := range some {
		s.Some = append(s.Some, entry{fmt.Sprintf("s%05d", i), strings.Repeat("m", message)})
	}
	for i := range others {
		s.Others = append(s.Others, entry{fmt.Sprintf("o%05d", i), ""})
	}
	return s
}

func (s *status) fit(spec any) {
	bounds.Fit(spec, s, s.Conditions,
		bounds.Details("messages", &s.Some, func(e *entry) { e.Message = "" }),
		bounds.List("some", &s.Some, 3000),
		bounds.List("others", &s.Others, 2000),
	)
}

func TestFit(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	tests := map[string]struct {
		spec   any
		status *status
		// some, messages and others are how many of each are left; said is what Ready says.
		some, messages, others int
		said                   string
	}{
		"all has room":                     {"small", newStatus(100, 100, 100), 100, 100, 100, "fine"},
		"more than the CRD allows":         {"small", newStatus(3001, 2500, 0), 3000, 0, 2000, "fine; no room in this status for 1 of 3001 some, 500 of 2500 others"},
		"the first parts go first":         {"small", newStatus(3000, 10, 1000), 3000, 1144, 10, "fine; no room in this status for 1856 of 3000 messages"},
		"beside a large spec":              {large, newStatus(3000, 2000, 10), 2952, 0, 2000, "fine; no room in this status for 3000 of 3000 messages, 48 of 3000 some"},
		"entries go when all details went": {large + large[:250_000], newStatus(1000, 1000, 10), 164, 0, 1000, "fine; no room in this status for 1000 of 1000 messages, 836 of 1000 some"},
		"nothing has room":                 {large + large[:330_000], newStatus(100, 2000, 10), 0, 0, 0, "fine; no room in this status for 100 of 100 messages, 100 of 100 some, 2000 of 2000 others"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.status.fit(tt.spec)
			messages := 0
			for _, e := range tt.status.Some {
				messages += min(len(e.Message), 1)
			}
			if diff := cmp.Diff([]int{tt.some, tt.messages, tt.others}, []int{len(tt.status.Some), messages, len(tt.status.Others)}); diff != "" {
				t.Errorf("some, messages and others: %s", diff)
			}
			if diff := cmp.Diff(tt.said, tt.status.Conditions[0].Message); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is cut off keeps its order and is the status' own: the lists that it was made from are as before.
func TestFitChangesNoSource(t *testing.T) {
	source := newStatus(3000, 2500, 1000)
	before, err := json.Marshal(source)
	if err != nil {
		t.Fatal(err)
	}
	made := *source
	made.Conditions = nil
	made.fit("small")
	after, err := json.Marshal(source)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("the source was changed")
	}
	if len(made.Some) != 3000 || made.Some[0].Message == "" || made.Some[2999].Message != "" {
		t.Error("other entries were cut than the last ones")
	}
}
