package program

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// An edit of an evaluation that was closed is told once, with who made it, and stays to be seen.
func TestAnEditOfAClosedEvaluationIsTold(t *testing.T) {
	judged := func(hanbit string) *foundationv1alpha1.FoundationProgram {
		program := builder.Program(models, builder.Criteria("technology", 100), builder.Decided("hanbit", selected, day(-1), builder.On("written")),
			builder.Evaluated("written", day(-2), builder.Scored("hanbit", map[string]string{"technology": hanbit}), builder.Scored("naru", map[string]string{"technology": "80"})))
		program.ManagedFields = []metav1.ManagedFieldsEntry{{
			Manager: "office", Operation: metav1.ManagedFieldsOperationApply, Time: &metav1.Time{Time: now}, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:evaluations":{}}}`),
		}}
		return program
	}
	before := judged("90")
	before.Status = statusOf(input(before))
	if told := newEdits(judged("90"), before.Status.Rankings); told != nil {
		t.Errorf("told before anything was edited: %s", told)
	}
	edited := judged("70")
	edited.Status = before.Status
	status := statusOf(input(edited))
	want := []string{"evaluation written was edited after it was closed by office at 2026-04-01T00:00:00Z: written of naru (rank 1 with 80, was rank 2 with 80), written of hanbit (rank 2 with 70, was rank 1 with 90)"}
	if diff := cmp.Diff(want, newEdits(edited, status.Rankings)); diff != "" {
		t.Error(diff)
	}
	message := condition(status, foundationv1alpha1.ConditionDecisionsConsistent)
	if diff := cmp.Diff("1 decision, none held back; edited after it was closed: written of naru (rank 1 with 80, was rank 2 with 80), written of hanbit (rank 2 with 70, was rank 1 with 90)", message.Message); diff != "" || message.Status != metav1.ConditionTrue {
		t.Errorf("%s %s", message.Status, diff)
	}
	edited.Status = status
	if again := newEdits(edited, statusOf(input(edited)).Rankings); again != nil {
		t.Errorf("told again: %s", again)
	}
}
