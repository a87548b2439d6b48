package team

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

func TestOutcome(t *testing.T) {
	problem := errors.New("no")
	tests := map[string]struct {
		err    error
		reason string
		// again is whether it is tried again, blocks whether a deletion waits for it.
		again, blocks bool
		// person is whether only a person can mend it.
		person bool
	}{
		"no error":                    {err: nil},
		"somebody else's object":      {err: fmt.Errorf("apply: %w", &apply.ConflictError{Object: "Namespace x", Team: "hanbit"}), reason: foundationv1alpha1.ReasonNameConflict, person: true},
		"a terminating object":        {err: &apply.TerminatingError{Object: "Namespace x"}, reason: foundationv1alpha1.ReasonTerminating},
		"an invalid object":           {err: apierrors.NewInvalid(schema.GroupKind{Kind: "Namespace"}, "x", nil), reason: foundationv1alpha1.ReasonRefused, blocks: true, person: true},
		"any error of the API server": {err: problem, reason: foundationv1alpha1.ReasonApplyFailed, again: true, blocks: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out := noProblems()
			if got := out.failed("Area", "hanbit-train", tt.err); got != (tt.err != nil) {
				t.Errorf("failed = %t", got)
			}
			var want []Problem
			if tt.err != nil {
				want = []Problem{{Namespace: "hanbit-train", Reason: tt.reason, Message: tt.err.Error(), OwnObject: tt.blocks, NeedsPerson: tt.person}}
			}
			if !slices.Equal(want, out.Problems["Area"]) {
				t.Errorf("problems %+v, want %+v", out.Problems["Area"], want)
			}
			if again := out.Err() != nil; again != tt.again {
				t.Errorf("tries again: %t", again)
			}
			out.failed(foundationv1alpha1.ConditionQuotaReady, "hanbit-train", tt.err)
			if blocks := out.blocksDeletion() != nil; blocks != tt.blocks {
				t.Errorf("blocks a deletion: %t", blocks)
			}
		})
	}
}
