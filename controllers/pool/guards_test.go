package pool

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/test/support/builder"
)

// Without guards teams keep their nodes, grants are lowered and none is raised.
func TestNothingIsGrantedWithoutGuards(t *testing.T) {
	unguarded := guards.Result{Reason: foundationv1alpha1.ReasonPolicyMissing, Message: "ValidatingAdmissionPolicy x is missing"}
	less := builder.Team("naru", builder.Award(b200, 8))
	in := input(builder.Pool(b200, builder.Granted(saebit, 8), builder.Granted(less, 16)), unguarded, hanbit, saebit, less,
		nodes(builder.FreeIn(b200), "n1", "n2", "n3", "n4"), nodes(builder.HeldIn(b200, saebit), "s1"), nodes(builder.HeldIn(b200, less), "l1", "l2"))
	status := BuildStatus(in, Decide(in))
	got := map[string]string{}
	granted := map[string]int32{}
	for _, grant := range status.Grants {
		granted[grant.TeamName], got[grant.TeamName] = grant.Granted, grant.Reason+" "+grant.Message
	}
	if diff := cmp.Diff(map[string]int32{"hanbit": 0, "saebit": 8, "naru": 8}, granted); diff != "" {
		t.Error(diff)
	}
	for _, team := range []string{"hanbit", "saebit"} {
		if got[team] != "PolicyMissing b200: ValidatingAdmissionPolicy x is missing" {
			t.Errorf("%s: %s", team, got[team])
		}
	}
	if !meta.IsStatusConditionFalse(status.Conditions, foundationv1alpha1.ConditionPoliciesInstalled) {
		t.Errorf("%v", status.Conditions)
	}
	in.Guards = guards.Result{}
	for _, grant := range BuildStatus(in, Decide(in)).Grants {
		if grant.TeamName != "naru" && grant.Granted != 16 {
			t.Errorf("%s: %d with guards", grant.TeamName, grant.Granted)
		}
	}
}
