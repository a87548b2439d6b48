package team

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// What a decision was made on stays on record with it, and an edit of that is on record as an edit.
func TestWhatADecisionWasMadeOnStays(t *testing.T) {
	at := now.Add(time.Hour)
	judged := func(hanbit string, mods ...builder.ProgramMod) Input {
		program := builder.Program("sovereign", append(mods, builder.Criteria("technology", 100),
			builder.Evaluated("written", now.AddDate(0, 0, -2), builder.Scored("hanbit", map[string]string{"technology": hanbit}), builder.Scored("naru", map[string]string{"technology": "80"})))...)
		program.ManagedFields = []metav1.ManagedFieldsEntry{wrote("office", at, `{"f:spec":{"f:evaluations":{}}}`)}
		return inProgram(program, twoNamespaces())
	}
	in := builder.Decided("hanbit", foundationv1alpha1.OutcomeSelected, now.AddDate(0, 0, -1), builder.On("written"))
	out := builder.Decided("hanbit", foundationv1alpha1.OutcomeEliminated, at, builder.On("written"))
	final := afterLooks(lookAt{now, judged("90", in)}, lookAt{at, judged("70", in)}, lookAt{at.Add(time.Hour), judged("70", in, out)})
	record := BuildRecord(NewModel(final))
	if was := final.Record.Spec.Facts.Decision; was.Rank != 1 || was.Score != "90" || was.Evaluation != "written" {
		t.Errorf("selected at rank %d with %s in %q", was.Rank, was.Score, was.Evaluation)
	}
	if is := record.Spec.Facts.Decision; is.Rank != 2 || is.Score != "70" {
		t.Errorf("eliminated at rank %d with %s", is.Rank, is.Score)
	}
	var edits []string
	for _, line := range renderHistory(final.Record, final) {
		if strings.Contains(line, "evaluations") {
			edits = append(edits, line)
		}
	}
	if diff := cmp.Diff([]string{`2026-04-01T01:00:00Z program.evaluations[written]: "90" -> "70" by office`}, edits); diff != "" {
		t.Error(diff)
	}
	again := judged("70", in) // the elimination is taken back
	again.Now, again.Record = at.Add(2*time.Hour), record
	if back := BuildRecord(NewModel(again)).Spec.Facts.Decision; back.Rank != 1 || back.Score != "90" {
		t.Errorf("selected at rank %d with %s", back.Rank, back.Score)
	}
}

// A team's history does not tell a score before a decision was made on it.
func TestScoresAreOnRecordWithTheirDecision(t *testing.T) {
	program := func(mods ...builder.ProgramMod) Input {
		return inProgram(builder.Program("sovereign", append(mods, builder.Criteria("technology", 100),
			builder.Evaluated("written", now.AddDate(0, 0, -2), builder.Scored("hanbit", map[string]string{"technology": "90"})))...), twoNamespaces())
	}
	for name, tt := range map[string]struct {
		in   Input
		want bool
	}{
		"not decided":     {program(), false},
		"decided":         {program(builder.Decided("hanbit", foundationv1alpha1.OutcomeRejected, now, builder.On("written"))), true},
		"decided later":   {program(builder.Decided("hanbit", foundationv1alpha1.OutcomeRejected, july, builder.On("written"))), false},
		"another is":      {program(builder.Decided("naru", foundationv1alpha1.OutcomeRejected, now, builder.On("written"))), false},
		"on another call": {program(builder.Decided("hanbit", foundationv1alpha1.OutcomeRejected, now)), false},
	} {
		t.Run(name, func(t *testing.T) {
			has := slices.ContainsFunc(settingsOf(NewModel(tt.in)), func(s foundationv1alpha1.SettingFact) bool { return s.Name == "program.evaluations[written]" })
			if has != tt.want {
				t.Errorf("on record: %t", has)
			}
		})
	}
}
