package conditions_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/test/support/builder"
)

var (
	now     = builder.Now
	earlier = now.Add(-time.Hour)
)

func at(condition metav1.Condition, when time.Time, generation int64) metav1.Condition {
	condition.LastTransitionTime = metav1.NewTime(when)
	condition.ObservedGeneration = generation
	return condition
}

func TestMerge(t *testing.T) {
	tests := map[string]struct {
		old, current, want []metav1.Condition
	}{
		"nothing": {nil, nil, []metav1.Condition{}},
		"new ones begin now": {
			current: []metav1.Condition{conditions.True("A", "Fine", "all")},
			want:    []metav1.Condition{at(conditions.True("A", "Fine", "all"), now, 7)},
		},
		"the same status keeps its time, whatever is said": {
			old:     []metav1.Condition{at(conditions.False("A", "Bad", "one"), earlier, 6)},
			current: []metav1.Condition{conditions.False("A", "Worse", "two")},
			want:    []metav1.Condition{at(conditions.False("A", "Worse", "two"), earlier, 7)},
		},
		"another status begins now": {
			old:     []metav1.Condition{at(conditions.False("A", "Bad", "one"), earlier, 6)},
			current: []metav1.Condition{conditions.True("A", "Fine", "all")},
			want:    []metav1.Condition{at(conditions.True("A", "Fine", "all"), now, 7)},
		},
		"old ones that are not current go": {
			old:     []metav1.Condition{at(conditions.True("Stalled", "Bad", "one"), earlier, 6), at(conditions.True("A", "Fine", "all"), earlier, 6)},
			current: []metav1.Condition{conditions.True("A", "Fine", "all")},
			want:    []metav1.Condition{at(conditions.True("A", "Fine", "all"), earlier, 7)},
		},
		"the order is the current one": {
			old:     []metav1.Condition{at(conditions.True("B", "Fine", ""), earlier, 6), at(conditions.True("A", "Fine", ""), earlier, 6)},
			current: []metav1.Condition{conditions.True("A", "Fine", ""), conditions.True("B", "Fine", "")},
			want:    []metav1.Condition{at(conditions.True("A", "Fine", ""), earlier, 7), at(conditions.True("B", "Fine", ""), earlier, 7)},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := conditions.Merge(tt.old, tt.current, 7, now)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(got, conditions.Merge(got, tt.current, 7, now.Add(time.Hour))); diff != "" {
				t.Errorf("an hour later: %s", diff)
			}
		})
	}
}

// The API keeps whole seconds in UTC: what is written must be what is read.
func TestMergeWritesTimesAsTheyAreRead(t *testing.T) {
	seoul := time.FixedZone("KST", 9*60*60)
	got := conditions.Merge(nil, []metav1.Condition{conditions.True("A", "Fine", "")}, 1, now.In(seoul).Add(300*time.Millisecond))
	if when := got[0].LastTransitionTime.Time; when != now {
		t.Errorf("transition time %s, want %s", when, now)
	}
}

// The API refuses a message that is too long, and changes one that is not UTF-8.
func TestMergeCutsLongMessages(t *testing.T) {
	for name, long := range map[string]string{
		"one byte each":    strings.Repeat("a", 40000),
		"three bytes each": strings.Repeat("한", 40000),
	} {
		t.Run(name, func(t *testing.T) {
			message := conditions.Merge(nil, []metav1.Condition{conditions.True("A", "Fine", long)}, 1, now)[0].Message
			if got := utf8.RuneCountInString(message); got > 4096 || got < 1300 {
				t.Errorf("message has %d characters", got)
			}
			if !utf8.ValidString(message) {
				t.Errorf("message is not UTF-8 any more: it ends with %q", message[len(message)-4:])
			}
		})
	}
}

func TestReady(t *testing.T) {
	fine := conditions.True("Fine", "AsDeclared", "all is there")
	unknown := metav1.Condition{Type: "Unknown", Status: metav1.ConditionUnknown, Reason: "Waiting", Message: "nobody knows"}
	tests := map[string]struct {
		areas []metav1.Condition
		want  metav1.Condition
	}{
		"nothing to sum up": {nil, conditions.True("Ready", "AsDeclared", "8 GPUs")},
		"all true":          {[]metav1.Condition{fine, fine}, conditions.True("Ready", "AsDeclared", "8 GPUs")},
		"one false":         {[]metav1.Condition{fine, conditions.False("Bad", "Broken", "fix it")}, conditions.False("Ready", "Broken", "fix it")},
		"the first false one speaks and names the others": {
			[]metav1.Condition{conditions.False("B", "First", "one"), fine, conditions.False("C", "Second", "two"), conditions.False("A", "Third", "three")},
			conditions.False("Ready", "First", "one (also not: C, A)"),
		},
		"what is unknown is not true": {[]metav1.Condition{fine, unknown}, conditions.False("Ready", "Waiting", "nobody knows")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, conditions.Ready("8 GPUs", tt.areas...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTransitions(t *testing.T) {
	old := []metav1.Condition{
		conditions.True("Same", "Fine", "before"), conditions.True("Reason", "Fine", ""), conditions.True("Status", "Fine", ""),
		conditions.True("Gone", "Fine", ""),
	}
	current := []metav1.Condition{
		conditions.True("Same", "Fine", "after"), conditions.True("Reason", "Other", ""), conditions.False("Status", "Fine", ""),
		conditions.True("New", "Fine", ""),
	}
	var got []string
	for _, condition := range conditions.Transitions(old, current) {
		got = append(got, condition.Type)
	}
	if diff := cmp.Diff([]string{"Reason", "Status", "New"}, got); diff != "" {
		t.Error(diff)
	}
	if len(current) != 4 {
		t.Error("the current conditions were changed")
	}
}

func TestReport(t *testing.T) {
	tests := map[string]struct {
		condition metav1.Condition
		want      string
	}{
		"true is normal":                  {conditions.True("Ready", "AsDeclared", "8 GPUs"), "Normal AsDeclared Ready: 8 GPUs"},
		"false is a warning":              {conditions.False("Ready", "NoNodes", "label nodes"), "Warning NoNodes Ready: label nodes"},
		"on its way is normal":            {conditions.False(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonProgressing, "wait"), "Normal Progressing Ready: wait"},
		"oversubscribed is a warning":     {conditions.True(foundationv1alpha1.ConditionOversubscribed, "CapacityLost", "too few"), "Warning CapacityLost Oversubscribed: too few"},
		"not oversubscribed is fine":      {conditions.False(foundationv1alpha1.ConditionOversubscribed, "WithinCapacity", "enough"), "Normal WithinCapacity Oversubscribed: enough"},
		"an area of a programme is news":  {conditions.False(foundationv1alpha1.ConditionWithinBudget, "BudgetExceeded", "too little"), "Warning BudgetExceeded WithinBudget: too little"},
		"an area is told by Ready":        {conditions.False(foundationv1alpha1.ConditionQuotaReady, "ApplyFailed", "no"), ""},
		"stalled is told by Ready":        {conditions.True(foundationv1alpha1.ConditionStalled, "NoNodes", "label nodes"), ""},
		"reconciling is told by its area": {conditions.True(foundationv1alpha1.ConditionReconciling, "VolumesPending", "wait"), ""},
		"nothing to say":                  {conditions.False(foundationv1alpha1.ConditionOversubscribed, "WithinCapacity", ""), ""},
		"percent signs stay":              {conditions.True("Ready", "AsDeclared", "100%d"), "Normal AsDeclared Ready: 100%d"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			recorder := events.NewFakeRecorder(2)
			current := []metav1.Condition{tt.condition}
			conditions.Report(recorder, builder.Pool("b200"), nil, current)
			conditions.Report(recorder, builder.Pool("b200"), current, current)
			close(recorder.Events)
			var got []string
			for event := range recorder.Events {
				got = append(got, event)
			}
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The events API refuses notes of more than 1,024 bytes.
func TestReportCutsLongNotes(t *testing.T) {
	recorder := events.NewFakeRecorder(1)
	conditions.Report(recorder, builder.Pool("b200"), nil, []metav1.Condition{conditions.True("Ready", "X", strings.Repeat("한", 1000))})
	note := strings.TrimPrefix(<-recorder.Events, "Normal X ")
	if len(note) > 1024 || len(note) < 1000 {
		t.Errorf("note has %d bytes", len(note))
	}
	if !utf8.ValidString(note) {
		t.Errorf("note is not UTF-8 any more: it ends with %q", note[len(note)-4:])
	}
}
