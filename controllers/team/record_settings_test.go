package team

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/edits"
	"foundation.team/operator/test/support/builder"
)

// wrote is an entry of managedFields.
func wrote(by string, at time.Time, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{Manager: by, Operation: metav1.ManagedFieldsOperationApply, Time: &metav1.Time{Time: at}, FieldsV1: metav1.NewFieldsV1(fields)}
}

// Every setting that matters is on record when it changes, and nothing else is.
func TestEverySettingThatMattersIsOnRecord(t *testing.T) {
	at := now.Add(-time.Minute)
	team := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return twoNamespaces(append([]builder.TeamMod{builder.Award("b200", 8), edited("kubectl", at)}, mods...)...)
	}
	pool := func(mods ...builder.PoolMod) *foundationv1alpha1.GPUPool {
		p := builder.Pool("b200", mods...)
		p.ManagedFields = []metav1.ManagedFieldsEntry{wrote("pool-admin", at, `{"f:spec":{"f:reclaim":{},"f:availability":{}}}`)}
		return p
	}
	program := func(mods ...builder.ProgramMod) *foundationv1alpha1.FoundationProgram {
		p := sovereign(append([]builder.ProgramMod{builder.InStage("stage-1", now, july)}, mods...)...)
		p.ManagedFields = []metav1.ManagedFieldsEntry{wrote("office", at, `{"f:spec":{"f:stages":{},"f:seats":{}}}`)}
		return p
	}
	passed := func(p *foundationv1alpha1.FoundationProgram) {
		p.Spec.Stages[0].Passed = []foundationv1alpha1.TeamName{"naru", "hanbit"}
	}
	tests := map[string]struct {
		before, after Input
		want          []string
	}{
		"the team": {
			input(team()),
			input(team(builder.Priority(900), builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyDelete), builder.KeptFor(time.Hour, 2*time.Hour), builder.Consortium("Other", "Third"),
				weights{train: 9, eval: 1}.set, builder.Annotated(foundationv1alpha1.AnnotationConfirmDeletion, "hanbit"), builder.Annotated(foundationv1alpha1.AnnotationHold, "audit"))),
			[]string{
				`2026-03-31T23:59:00Z annotations[foundation.team/confirm-deletion]: "" -> "hanbit" by kubectl`,
				`2026-03-31T23:59:00Z annotations[foundation.team/hold]: "" -> "audit" by kubectl`,
				`2026-03-31T23:59:00Z consortium.lead: "" -> "Other" by kubectl`,
				`2026-03-31T23:59:00Z consortium.participants: "" -> "[\"Third\"]" by kubectl`,
				`2026-03-31T23:59:00Z deletionPolicy: "Retain" -> "Delete" by kubectl`,
				`2026-03-31T23:59:00Z namespaces[train].gpuWeight: "1" -> "9" by kubectl`,
				`2026-03-31T23:59:00Z priority: "" -> "900" by kubectl`,
				`2026-03-31T23:59:00Z retention.dataAccess: "" -> "1h0m0s" by kubectl`,
				`2026-03-31T23:59:00Z retention.keep: "" -> "2h0m0s" by kubectl`,
			},
		},
		"a quota": {
			input(builder.Team("hanbit", builder.NamespaceQuota("train", 1, corev1.ResourceList{"pods": quantity("9")}))),
			input(builder.Team("hanbit", builder.NamespaceQuota("train", 1, corev1.ResourceList{"pods": quantity("10")}))),
			[]string{`2026-04-01T00:00:00Z namespaces[train].quota: "{\"pods\":\"9\"}" -> "{\"pods\":\"10\"}"`},
		},
		"a namespace is offered": {
			input(team(), builder.ForeignNamespace("hanbit-train")), offeredTo(input(team(), builder.ForeignNamespace("hanbit-train"))),
			[]string{`2026-03-31T23:59:00Z adopt[hanbit-train]: "" -> "hanbit" by kubectl-annotate`},
		},
		"it was taken over": {
			offeredTo(input(team(), builder.ForeignNamespace("hanbit-train"))), input(team(), builder.ForeignNamespace("hanbit-train")),
			[]string{`2026-04-01T00:00:00Z adopt[hanbit-train]: "hanbit" -> "" by foundation.team/controller`},
		},
		"a volume is offered": {
			input(team()), input(team(), offer(&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv-1"}})),
			[]string{`2026-03-31T23:59:00Z adopt[persistentVolumes]: "" -> "[\"pv-1\"]" by kubectl-annotate`},
		},
		"the programme": {
			inProgram(program(), team()), inProgram(program(passed, builder.Seats(7), builder.Ceiling(16), builder.PoolCeiling("h100", 8)), team()),
			[]string{
				`2026-03-31T23:59:00Z program.ceilings.gpus: "" -> "16" by office`,
				`2026-03-31T23:59:00Z program.ceilings.pools[h100]: "" -> "8" by office`,
				`2026-03-31T23:59:00Z program.seats: "5" -> "7" by office`,
				`2026-03-31T23:59:00Z program.stages[stage-1].passed: "" -> "true" by office`,
			},
		},
		"a pool": {
			input(team(), pool()), input(team(), pool(builder.Available(now, july), builder.Grace(time.Hour))),
			[]string{
				`2026-03-31T23:59:00Z pools[b200].availability: "" -> "{\"endTime\":\"2026-06-30T15:00:00Z\",\"startTime\":\"2026-04-01T00:00:00Z\"}" by pool-admin`,
				`2026-03-31T23:59:00Z pools[b200].reclaim: "" -> "{\"gracePeriod\":\"1h0m0s\"}" by pool-admin`,
			},
		},
		"a programme of others": {inProgram(program(), team()), inProgram(program(builder.Decided("naru", foundationv1alpha1.OutcomeSelected, now)), team()), nil},
		"a pool that is none of the team's": {
			input(team(), pool(), builder.Pool("h100")), input(team(), pool(), builder.Pool("h100", builder.Grace(time.Hour))), nil,
		},
		"the award of another pool is not an edit of that pool": {
			input(team(), pool(), builder.Pool("h100")), input(team(builder.Award("h100", 8)), pool(), builder.Pool("h100")),
			[]string{`2026-03-31T23:59:00Z gpus[award-1]: "" -> "8 of h100" by kubectl`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.after.Record = recordOfTeam(tt.before)
			record := BuildRecord(NewModel(tt.after))
			if diff := cmp.Diff(tt.want, renderHistory(record, tt.after)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// offeredTo is an Input whose namespace hanbit-train an admin offers to the team.
func offeredTo(in Input) Input {
	offer(in.LiveNamespaces["hanbit-train"])
	return in
}

// offer offers an object to hanbit, as kubectl annotate does and as the cache keeps it.
func offer[T metav1.Object](obj T) T {
	obj.SetAnnotations(map[string]string{foundationv1alpha1.AnnotationAdopt: "hanbit"})
	obj.SetManagedFields([]metav1.ManagedFieldsEntry{wrote("kubectl-annotate", now.Add(-time.Minute), `{"f:metadata":{"f:annotations":{"f:foundation.team/adopt":{}}}}`)})
	return obj
}

// A change is by the manager who owns what changed, not by whoever wrote something else last.
func TestAnEditIsByWhoOwnsTheField(t *testing.T) {
	fields := []metav1.ManagedFieldsEntry{
		wrote("argocd", now.Add(-3*time.Hour), `{"f:spec":{"f:priority":{},"f:gpus":{"k:{\"name\":\"award-0\"}":{".":{},"f:count":{}}}}}`),
		wrote("kubectl-edit", now.Add(-2*time.Hour), `{"f:spec":{"f:priority":{},"f:namespaces":{"k:{\"name\":\"train\"}":{"f:gpuWeight":{}}}}}`),
		wrote("labeller", now.Add(-time.Hour), `{"f:metadata":{"f:labels":{"f:x":{}},"f:annotations":{"f:foundation.team/hold":{}}}}`),
		{Manager: "status-writer", Subresource: "status", Time: &metav1.Time{Time: now}, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:priority":{}}}`)},
	}
	for name, want := range map[string]string{
		"priority": "kubectl-edit", "gpus[award-0]": "argocd", "namespaces[train].gpuWeight": "kubectl-edit",
		"annotations[foundation.team/hold]": "labeller", "term": "labeller", // nobody owns it: it was taken out
	} {
		path := fieldPath("spec." + name)
		if name == "annotations[foundation.team/hold]" {
			_, path = settingSource(NewModel(input(twoNamespaces())), name)
		}
		if got := edits.Last(fields, path).Manager; got != want {
			t.Errorf("%s: by %s, want %s", name, got, want)
		}
	}
}

// What is switched back and forth displaces no award, no decision and nobody's access from the record.
func TestTogglesDisplaceNothingElse(t *testing.T) {
	term := builder.Term(now.AddDate(0, -1, 0), july)
	in := input(twoNamespaces(term))
	in.Record = recordOfTeam(in)
	for _, mods := range [][]builder.TeamMod{
		{term, builder.Award("b200", 8)},
		{term, builder.Award("b200", 16)},
		{term, builder.Award("b200", 16), builder.Staff("kim", foundationv1alpha1.RoleLead)},
	} {
		in.Team = twoNamespaces(mods...)
		in.Record = BuildRecord(NewModel(in))
	}
	for i := range 300 {
		mods := []builder.TeamMod{term, builder.Award("b200", 16), builder.Staff("kim", foundationv1alpha1.RoleLead)}
		if i%2 == 0 {
			mods = append(mods, builder.Suspended())
		}
		in.Team = twoNamespaces(mods...)
		in.Record = BuildRecord(NewModel(in))
	}
	counts := map[foundationv1alpha1.RecordField]int{}
	for _, change := range in.Record.Spec.History {
		counts[change.Field]++
	}
	if counts[foundationv1alpha1.FieldGPUs] != 2 || counts[foundationv1alpha1.FieldStaff] != 1 || len(in.Record.Spec.History) != maxHistory {
		t.Errorf("%v", counts)
	}
}
