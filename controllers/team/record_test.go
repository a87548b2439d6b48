package team

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// recordOfTeam returns the record that a reconcile of the team would have left at a moment.
func recordOfTeam(in Input) *foundationv1alpha1.TeamRecord {
	record := BuildRecord(NewModel(in))
	record.Spec.History = nil
	return record
}

// renderHistory returns a record's history as text, as the team of an Input reads it.
func renderHistory(record *foundationv1alpha1.TeamRecord, in Input) []string {
	var lines []string
	for _, recorded := range record.Spec.History {
		c := renderChange(recorded, NewModel(in).Life)
		line := fmt.Sprintf("%s %s: %q -> %q", c.Time.UTC().Format(time.RFC3339), c.What, c.From, c.To)
		if c.By != "" {
			line += " by " + c.By
		}
		if c.Late != nil {
			line += " late " + c.Late.Duration.String()
		}
		lines = append(lines, line)
	}
	return lines
}

// edited says who wrote the spec last, and when.
func edited(by string, at time.Time) builder.TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		team.ManagedFields = []metav1.ManagedFieldsEntry{
			{Manager: "before", Operation: metav1.ManagedFieldsOperationUpdate, Time: &metav1.Time{Time: at.Add(-time.Hour)}},
			{Manager: by, Operation: metav1.ManagedFieldsOperationApply, Time: &metav1.Time{Time: at}},
			{Manager: "status-writer", Subresource: "status", Time: &metav1.Time{Time: at.Add(time.Hour)}},
			{Manager: foundationv1alpha1.FieldManager, Time: &metav1.Time{Time: at.Add(time.Hour)}},
		}
	}
}

// seen says that the team's status is about its present spec.
func seen(team *foundationv1alpha1.FoundationTeam) { team.Status.ObservedGeneration = team.Generation }

func TestBuildRecordKeepsWhatChanged(t *testing.T) {
	at := now.Add(-time.Minute)
	term := builder.Term(now.AddDate(0, -1, 0), july)
	before := twoNamespaces(term, builder.Award("b200", 512), builder.Staff("kim", foundationv1alpha1.RoleLead))
	tests := map[string]struct {
		before, after *foundationv1alpha1.FoundationTeam
		want          []string
	}{
		"no change without an edit": {before, before, nil},
		"the term is extended": {
			before, twoNamespaces(builder.Term(now.AddDate(0, -1, 0), july.AddDate(0, 1, 0)), builder.Award("b200", 512), builder.Staff("kim", foundationv1alpha1.RoleLead), edited("argocd-controller", at)),
			[]string{`2026-03-31T23:59:00Z term: "from 2026-03-01T00:00:00Z until 2026-06-30T15:00:00Z" -> "from 2026-03-01T00:00:00Z until 2026-07-31T15:00:00Z" by argocd-controller`},
		},
		"an award is raised": {
			before, twoNamespaces(term, builder.Award("b200", 1024), builder.Staff("kim", foundationv1alpha1.RoleLead), edited("kubectl", at)),
			[]string{`2026-03-31T23:59:00Z gpus[award-0]: "512 of b200" -> "1024 of b200" by kubectl`},
		},
		"an award for a stage is added": {
			before, twoNamespaces(term, builder.Award("b200", 512), builder.StageAward("b200", 512, "stage-2", "stage-1"), builder.Staff("kim", foundationv1alpha1.RoleLead), edited("kubectl", at)),
			[]string{`2026-03-31T23:59:00Z gpus[award-1]: "" -> "512 of b200 for stage stage-2 if stage-1 was passed" by kubectl`},
		},
		"a lead is replaced": {
			before, twoNamespaces(term, builder.Award("b200", 512), builder.Staff("lee", foundationv1alpha1.RoleLead), edited("kubectl", at)),
			[]string{
				`2026-03-31T23:59:00Z staff[kim]: "Lead: User kim" -> "" by kubectl`,
				`2026-03-31T23:59:00Z staff[lee]: "" -> "Lead: User lee" by kubectl`,
			},
		},
		"the team is suspended": {
			before, twoNamespaces(term, builder.Award("b200", 512), builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Suspended(), edited("kubectl", at)),
			[]string{
				`2026-03-31T23:59:00Z suspend: "" -> "true" by kubectl`,
				`2026-04-01T00:00:00Z state: "InTerm" -> "Suspended"`,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(tt.after)
			in.Record = recordOfTeam(input(tt.before))
			record := BuildRecord(NewModel(in))
			if diff := cmp.Diff(tt.want, renderHistory(record, in)); diff != "" {
				t.Error(diff)
			}
			in.Record = record
			if diff := cmp.Diff(record, BuildRecord(NewModel(in))); diff != "" {
				t.Errorf("a second look changes it: %s", diff)
			}
		})
	}
}

func TestBuildRecordOfANewTeam(t *testing.T) {
	hanbit := twoNamespaces(builder.Consortium("Hanbit AI"), builder.InProgram("sovereign"), builder.Award("b200", 8), builder.Volume("corpus", "train", "1Ti", ""))
	in := input(hanbit)
	in.Program = lifecycle.NewProgram(builder.Program("sovereign", builder.Decided("hanbit", foundationv1alpha1.OutcomeSelected, now.AddDate(0, -1, 0))))
	record := BuildRecord(NewModel(in))
	if record.Name != "hanbit.hanbit-u" || record.Labels[foundationv1alpha1.LabelTeam] != "hanbit" || record.Annotations[foundationv1alpha1.AnnotationTeamUID] != "hanbit-uid" {
		t.Errorf("the record is %s, %v %v", record.Name, record.Labels, record.Annotations)
	}
	want := foundationv1alpha1.TeamRecordSpec{
		TeamName: "hanbit", UIDs: []string{"hanbit-uid"}, ProgramName: "sovereign", Lead: "Hanbit AI",
		State: foundationv1alpha1.StateInTerm, StateTransitionTime: builder.SpecTime(now.AddDate(0, -1, 0)),
		Facts: foundationv1alpha1.TeamFacts{
			ProgramName: "sovereign",
			Decision:    &foundationv1alpha1.DecisionFact{Outcome: "Selected", DecisionTime: builder.SpecTime(now.AddDate(0, -1, 0)), Reason: "as the panel saw it"},
			GPUs:        []foundationv1alpha1.GPUAwardFact{{Name: "award-0", PoolName: "b200", Count: 8}},
			Settings: []foundationv1alpha1.SettingFact{
				{Name: "consortium.lead", Value: "Hanbit AI"},
				{Name: "deletionPolicy", Value: "Retain"},
				{Name: "namespaces[eval].gpuWeight", Value: "1"},
				{Name: "namespaces[train].gpuWeight", Value: "1"},
				{Name: "program.seats", Value: "5"},
			},
			Volumes: []foundationv1alpha1.VolumeFact{{Name: "corpus", Namespace: "train", Size: foundationv1alpha1.Quantity{Quantity: quantity("1Ti")}}},
		},
		Tenure: &foundationv1alpha1.TenureFact{Phase: "In", Begun: true, PlannedEndObservedTime: foundationv1alpha1.OptionalTimestamp(now)},
		History: []foundationv1alpha1.RecordedChange{{
			Time: foundationv1alpha1.NewTimestamp(now), Field: foundationv1alpha1.FieldState, To: &foundationv1alpha1.Fact{State: foundationv1alpha1.StateInTerm},
		}},
	}
	if diff := cmp.Diff(want, record.Spec); diff != "" {
		t.Error(diff)
	}
}

func TestLateStateChangeRecordsHowLate(t *testing.T) {
	ended := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return twoNamespaces(append([]builder.TeamMod{builder.Term(time.Time{}, july)}, mods...)...)
	}
	tests := map[string]struct {
		after *foundationv1alpha1.FoundationTeam
		now   time.Time
		want  string
	}{
		"the end is seen in time":              {ended(seen), july, `2026-06-30T15:00:00Z state: "InTerm" -> "Ended"`},
		"the end is seen within the tolerance": {ended(seen), july.Add(time.Minute), `2026-06-30T15:00:00Z state: "InTerm" -> "Ended"`},
		"the end is seen six hours later":      {ended(seen), july.Add(6 * time.Hour), `2026-06-30T15:00:00Z state: "InTerm" -> "Ended" late 6h0m0s`},
		"an edit ended the team":               {ended(), july.Add(6 * time.Hour), `2026-06-30T21:00:00Z state: "InTerm" -> "Ended"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(tt.after, tt.now)
			in.Record = recordOfTeam(input(ended()))
			if diff := cmp.Diff([]string{tt.want}, renderHistory(BuildRecord(NewModel(in)), in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A team whose record was lost, for example in a restore, is told all the same how late the operator acted.
func TestLateChangeWithoutARecord(t *testing.T) {
	in := input(twoNamespaces(builder.Term(time.Time{}, july), seen), july.Add(6*time.Hour))
	if late := newLateChanges(nil, BuildRecord(NewModel(in))); len(late) != 1 || late[0].Late.Duration != 6*time.Hour {
		t.Errorf("late changes %+v, want one that is 6h late", late)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	in := input(twoNamespaces())
	in.Record = recordOfTeam(in)
	for i := range maxHistory + 5 {
		in.Team = twoNamespaces(builder.Award("b200", int32(i)))
		in.Record = BuildRecord(NewModel(in))
	}
	history := in.Record.Spec.History
	if len(history) != maxHistory || history[maxHistory-1].To.GPUs.Count != maxHistory+4 {
		t.Errorf("%d changes, the last one to %+v", len(history), history[len(history)-1].To)
	}
	last := fmt.Sprintf("%d of b200", maxHistory+4)
	if got := statusOf(in, noProblems()).History; len(got) != maxShownChanges || got[maxShownChanges-1].To != last {
		t.Errorf("status shows %d of them, the last one %v", len(got), got[len(got)-1])
	}
}

func TestManifestAppliedAgain(t *testing.T) {
	first := twoNamespaces(builder.Consortium("Hanbit AI"), builder.InProgram("sovereign"))
	record := closedRecord(recordOfTeam(input(first)), now.Add(-time.Hour))
	if record.Spec.State != foundationv1alpha1.StateDeleted || !closedRecord(record, now).Spec.StateTransitionTime.Equal(record.Spec.StateTransitionTime) {
		t.Errorf("closed: %s since %s", record.Spec.State, record.Spec.StateTransitionTime)
	}
	again := twoNamespaces(builder.Consortium("Hanbit AI"), builder.InProgram("sovereign"), builder.TeamUID("second"))
	in := input(again, builder.OwnedNamespace(first, "train"))
	in.Record = record
	got := BuildRecord(NewModel(in))
	if diff := cmp.Diff([]string{"hanbit-uid", "second"}, got.Spec.UIDs); diff != "" || got.Name != record.Name {
		t.Errorf("%s: %s", got.Name, diff)
	}
	want := []string{
		`2026-03-31T23:00:00Z state: "ProgramNotFound" -> "Deleted"`,
		`2026-04-01T00:00:00Z manifest: "removed" -> "applied again"`,
		`2026-04-01T00:00:00Z state: "Deleted" -> "ProgramNotFound"`,
	}
	if diff := cmp.Diff(want, renderHistory(got, in)); diff != "" {
		t.Error(diff)
	}
	if !NewModel(in).Owner.Owns(in.LiveNamespaces["hanbit-train"]) {
		t.Error("what it had before is not its own")
	}
	if diff := cmp.Diff([]string{"hanbit-uid"}, statusOf(in, noProblems()).FormerUIDs); diff != "" {
		t.Errorf("former UIDs: %s", diff)
	}
}

// The cache may still show a team for a moment after its record was closed and its finalizer removed.
func TestClosedRecordStaysClosed(t *testing.T) {
	deleted := twoNamespaces(builder.Deleted())
	tests := map[string]struct {
		team *foundationv1alpha1.FoundationTeam
		want foundationv1alpha1.TeamState
	}{
		"the record of a deleted team stays closed":                                         {deleted, foundationv1alpha1.StateDeleted},
		"the record of a manifest that was applied again is open":                           {twoNamespaces(builder.TeamUID("second")), foundationv1alpha1.StateInTerm},
		"the record of a manifest that was applied again is open while it is being deleted": {twoNamespaces(builder.TeamUID("second"), builder.Deleted()), foundationv1alpha1.StateDeleting},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(tt.team)
			in.Record = closedRecord(recordOfTeam(input(deleted)), now)
			if got := BuildRecord(NewModel(in)).Spec.State; got != tt.want {
				t.Errorf("state %s, want %s", got, tt.want)
			}
		})
	}
}
