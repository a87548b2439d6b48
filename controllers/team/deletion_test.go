package team

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

func quantity(value string) resource.Quantity { return resource.MustParse(value) }

// retain is a deleted team with deletionPolicy Retain, remove one with Delete.
func retain(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
	return twoNamespaces(append(mods, builder.Deleted())...)
}

func remove(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
	return retain(append(mods, builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyDelete))...)
}

// annotated has an admin's confirmation; deletable has everything that it takes to delete data.
var annotated = builder.Annotated(foundationv1alpha1.AnnotationConfirmDeletion, "hanbit")

func deletable(team *foundationv1alpha1.FoundationTeam) {
	annotated(team)
	builder.Term(time.Time{}, now)(team)
	builder.KeptFor(0, 0)(team)
}

// deletionCase is the Finalized condition that follows from an input.
type deletionCase struct {
	in   Input
	want string
}

func testDeletion(t *testing.T, tests map[string]deletionCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := *finalizedCondition(NewModel(tt.in), noProblems())
			if diff := cmp.Diff(tt.want, conditionLine(got)); diff != "" || got.Type != foundationv1alpha1.ConditionFinalized {
				t.Errorf("%s: %s", got.Type, diff)
			}
		})
	}
}

func TestDeletion(t *testing.T) {
	held := builder.Pool("b200", builder.WithGrant(foundationv1alpha1.Grant{TeamName: "hanbit", UID: "hanbit-uid", Held: 16}))
	hanbit := twoNamespaces()
	testDeletion(t, map[string]deletionCase{
		"Retain keeps data": {input(retain(), builder.OwnedNamespace(hanbit, "train")), "True AsDeclared: namespaces and volumes are kept, locked"},
		"Retain keeps data also if a deletion was confirmed": {input(retain(deletable), builder.OwnedNamespace(hanbit, "train")), "True AsDeclared: namespaces and volumes are kept, locked"},
		"Retain does not wait for GPUs":                      {input(retain(), held), "True AsDeclared: namespaces and volumes are kept, locked"},
		"Delete waits for a grant that holds no GPUs any more": {
			input(remove(deletable), builder.Pool("b200", builder.WithGrant(foundationv1alpha1.Grant{TeamName: "hanbit", UID: "hanbit-uid"}))),
			"False WaitingForGPUs: deletion waits: b200: 0 GPUs are drained until their pods have ended or the pool's grace period is over",
		},
		"an earlier team's GPUs are not waited for": {
			input(retain(), builder.Pool("b200", builder.Granted(builder.Team("hanbit", builder.TeamUID("earlier")), 8))), "True AsDeclared: namespaces and volumes are kept, locked",
		},
		"GPUs come before a confirmation":                               {input(remove(deletable), held), "False WaitingForGPUs: deletion waits: b200: 16 GPUs are drained until their pods have ended or the pool's grace period is over"},
		"Delete is done when data need not be kept and nothing is left": {input(remove(deletable, builder.KeptFor(0, time.Hour)), now.Add(time.Hour)), "True AsDeclared: no namespace is left"},
		"a deletion at the end of the term":                             {input(remove(deletable)), "True AsDeclared: no namespace is left"},
		"a confirmed deletion": {
			input(remove(deletable), builder.OwnedNamespace(hanbit, "train"), builder.OwnedNamespace(hanbit, "old")), "False WaitingForNamespaces: 2 namespaces being deleted",
		},
		"a team that never had anything":              {input(remove()), "True AsDeclared: no namespace is left"},
		"a confirmed deletion with nothing left":      {input(remove(deletable)), "True AsDeclared: no namespace is left"},
		"somebody else's namespace is not waited for": {input(remove(deletable), builder.ForeignNamespace("hanbit-train")), "True AsDeclared: no namespace is left"},
	})
}

func TestDeletionIsBlocked(t *testing.T) {
	const never = "False DeletionNotConfirmed: deletionPolicy is Delete, and nothing is deleted yet: "
	hold := builder.Annotated(foundationv1alpha1.AnnotationHold, "audit 2026")
	hanbit := twoNamespaces()
	testDeletion(t, map[string]deletionCase{
		"Delete waits while data is to be kept": {
			input(remove(deletable, builder.KeptFor(0, time.Hour)), builder.OwnedNamespace(hanbit, "train")), never + "data is kept until 2026-04-01T01:00:00Z; wait, or shorten spec.retention.keep; or set spec.deletionPolicy to Retain",
		},
		"a deletion that is not confirmed": {
			input(remove(), builder.OwnedNamespace(hanbit, "train")), never + "confirm with the annotation foundation.team/confirm-deletion=hanbit; or set spec.deletionPolicy to Retain",
		},
		"a deletion that is confirmed with another word": {
			input(remove(builder.Annotated(foundationv1alpha1.AnnotationConfirmDeletion, "true")), builder.OwnedNamespace(hanbit, "train")), never + "confirm with the annotation foundation.team/confirm-deletion=hanbit; or set spec.deletionPolicy to Retain",
		},
		"a deletion on hold": {input(remove(deletable, hold), builder.OwnedNamespace(hanbit, "train")), never + `remove the annotation foundation.team/hold ("audit 2026"); or set spec.deletionPolicy to Retain`},
		"a deletion before the end of the term": {
			input(remove(deletable, builder.Term(time.Time{}, july)), builder.OwnedNamespace(hanbit, "train")), never + "the term lasts until 2026-06-30T15:00:00Z; or set spec.deletionPolicy to Retain",
		},
		"a deletion of a term without an end": {
			input(remove(annotated), builder.OwnedNamespace(hanbit, "train")), never + "set spec.term.endTime: data is deleted only after a date; or set spec.deletionPolicy to Retain",
		},
	})
}

func TestDeleteNamespaces(t *testing.T) {
	hanbit := twoNamespaces()
	mods := []builder.TeamMod{builder.Deleted(), builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyDelete), builder.Term(time.Time{}, now), builder.KeptFor(0, 0)}
	confirmed := append(slices.Clone(mods), builder.Annotated(foundationv1alpha1.AnnotationConfirmDeletion, "hanbit"))
	there := []any{builder.OwnedNamespace(hanbit, "train"), builder.OwnedNamespace(hanbit, "old")}
	failing := noProblems()
	failing.failed(foundationv1alpha1.ConditionAccessReady, "", errors.New("no"))
	tests := map[string]struct {
		in     Input
		out    *Outcome
		fail   string
		reason string
		want   []string
	}{
		"a deletion that is not confirmed": {in: input(twoNamespaces(mods...), there...), out: noProblems(), reason: foundationv1alpha1.ReasonDeletionNotConfirmed},
		"a confirmed deletion": {
			in: input(twoNamespaces(confirmed...), there...), out: noProblems(), reason: foundationv1alpha1.ReasonWaitingForNamespaces,
			want: []string{"delete Namespace hanbit-train", "delete Namespace hanbit-old"},
		},
		"a namespace cannot be deleted": {
			in: input(twoNamespaces(confirmed...), there...), out: noProblems(), fail: "delete Namespace hanbit-train", reason: foundationv1alpha1.ReasonApplyFailed,
			want: []string{"delete Namespace hanbit-old"},
		},
		"nothing is deleted while access could not be taken": {in: input(twoNamespaces(confirmed...), there...), out: failing, reason: foundationv1alpha1.ReasonApplyFailed},
		"all namespaces are gone":                            {in: input(twoNamespaces(confirmed...)), out: noProblems(), reason: foundationv1alpha1.ReasonAsDeclared},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := &recorder{fail: tt.fail}
			m := NewModel(tt.in)
			if err := r.reconciler(tt.in).deleteNamespaces(t.Context(), m, nil, Build(m), tt.out); err != nil {
				t.Error(err)
			}
			if condition := finalizedCondition(m, tt.out); condition.Reason != tt.reason {
				t.Error(conditionLine(*condition))
			}
			if got := canFinalize(m, tt.out); got != (tt.reason == foundationv1alpha1.ReasonAsDeclared) {
				t.Errorf("can be finalized: %t", got)
			}
			if diff := cmp.Diff(tt.want, r.writes); diff != "" {
				t.Error(diff)
			}
		})
	}
}
