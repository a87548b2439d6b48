package team

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/test/support/builder"
)

// say is a condition in one line.
func say(condition metav1.Condition) string {
	return fmt.Sprintf("%s %s: %s", condition.Status, condition.Reason, condition.Message)
}

func TestActiveCondition(t *testing.T) {
	tests := map[string]struct {
		in   Input
		want string
	}{
		"without an end": {input(two(1, 1)), "True InTerm: in term, without an end"},
		"with one":       {input(two(1, 1, builder.Term(time.Time{}, july))), "True InTerm: in term until 2026-06-30T15:00:00Z"},
		"not started":    {input(two(1, 1, builder.Term(july, time.Time{}))), "False NotStarted: the term starts 2026-06-30T15:00:00Z"},
		"suspended": {
			input(two(1, 1, builder.Suspended())), "False Suspended: suspended: nothing new starts and staff may only read, awards are kept; set spec.suspend to false to resume",
		},
		"ended": {
			input(two(1, 1, builder.Term(time.Time{}, now))),
			"False Ended: the term ended 2026-04-01T00:00:00Z; GPUs are taken back, staff may read and copy data until 2026-05-01T00:00:00Z; move spec.term.endTime to go on",
		},
		"deleted": {input(two(1, 1, builder.Deleted())), "False Deleting: the team is being deleted"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, say(activeCondition(NewModel(tt.in)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNamespacesCondition(t *testing.T) {
	const area = foundationv1alpha1.ConditionNamespacesReady
	hanbit := two(1, 1)
	several := with(area, foundationv1alpha1.ReasonNameConflict, "Namespace hanbit-train exists")
	for _, message := range []string{"no", "no again"} {
		several.Problems[area] = append(several.Problems[area], Problem{Reason: foundationv1alpha1.ReasonApplyFailed, Message: message})
	}
	tests := map[string]struct {
		in   Input
		out  *Outcome
		want string
	}{
		"active":           {input(hanbit), fine(), "True AsDeclared: 2 active"},
		"and retired":      {input(hanbit, builder.OwnedNamespace(hanbit, "old")), fine(), "True AsDeclared: 2 active, 1 retired"},
		"locked":           {input(two(1, 1, builder.Deleted()), builder.OwnedNamespace(hanbit, "train")), fine(), "True AsDeclared: 1 locked"},
		"none declared":    {input(builder.Team("hanbit")), fine(), "True NothingDeclared: no namespaces"},
		"none yet":         {input(two(1, 1, builder.Term(july, time.Time{}))), fine(), "True NotActive: no namespaces"},
		"a problem":        {input(hanbit), with(area, foundationv1alpha1.ReasonNameConflict, "Namespace hanbit-train exists"), "False NameConflict: Namespace hanbit-train exists"},
		"several problems": {input(hanbit), several, "False NameConflict: Namespace hanbit-train exists (and 2 more)"},
		"of another area":  {input(hanbit), with(foundationv1alpha1.ConditionQuotaReady, "X", "y"), "True AsDeclared: 2 active"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, say(namespacesCondition(NewModel(tt.in), tt.out))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestQuotaCondition(t *testing.T) {
	const area = foundationv1alpha1.ConditionQuotaReady
	hanbit := two(1, 1)
	lagging := converged(input(hanbit))
	lagging.Quotas["hanbit-eval"].Status.Hard = corev1.ResourceList{}
	tests := map[string]struct {
		in   Input
		out  *Outcome
		want string
	}{
		"enforced":           {converged(input(hanbit)), fine(), "True AsDeclared: 2 namespaces"},
		"not there yet":      {input(hanbit), fine(), "False Progressing: hanbit-train: waits until the cluster enforces the new quota"},
		"not enforced yet":   {lagging, fine(), "False Progressing: hanbit-eval: waits until the cluster enforces the new quota"},
		"a problem":          {converged(input(hanbit)), with(area, foundationv1alpha1.ReasonApplyFailed, "no"), "False ApplyFailed: no"},
		"none declared":      {input(builder.Team("hanbit")), fine(), "True NothingDeclared: no namespaces"},
		"none yet":           {input(two(1, 1, builder.Term(july, time.Time{}))), fine(), "True NotActive: no namespaces"},
		"of locked ones too": {converged(input(two(1, 1, builder.Deleted()), builder.OwnedNamespace(hanbit, "train"))), fine(), "True AsDeclared: 1 namespace"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, say(quotaCondition(NewModel(tt.in), Build(NewModel(tt.in)), tt.out))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAccessCondition(t *testing.T) {
	kim, gone := builder.Staff("kim", foundationv1alpha1.RoleLead), builder.StaffBetween("gone", foundationv1alpha1.RoleLead, time.Time{}, now)
	tests := map[string]struct {
		in   Input
		out  *Outcome
		want string
	}{
		"given":                     {input(two(1, 1, kim, gone)), fine(), "True AsDeclared: 1 of 2 staff entries in date"},
		"nobody in date":            {input(two(1, 1, gone)), fine(), "True NothingDeclared: no staff in date: nobody has access"},
		"nobody may":                {input(two(1, 1, kim, builder.Deleted())), fine(), "True NotActive: nobody has access"},
		"waits for isolation":       {input(two(1, 1, kim)), with(foundationv1alpha1.ConditionNamespacesReady, "X", "y"), "False Progressing: access waits for isolation and quota"},
		"waits for quota":           {input(two(1, 1, kim)), with(foundationv1alpha1.ConditionQuotaReady, "X", "y"), "False Progressing: access waits for isolation and quota"},
		"does not wait for volumes": {input(two(1, 1, kim)), with(foundationv1alpha1.ConditionVolumesReady, "X", "y"), "True AsDeclared: 1 of 2 staff entries in date"},
		"a problem":                 {input(two(1, 1, kim)), with(foundationv1alpha1.ConditionAccessReady, foundationv1alpha1.ReasonApplyFailed, "no"), "False ApplyFailed: no"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := tt.want
			if name == "does not wait for volumes" {
				want = "True AsDeclared: 1 of 1 staff entries in date"
			}
			if diff := cmp.Diff(want, say(accessCondition(NewModel(tt.in), tt.out))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	no := func(reason string) metav1.Condition { return conditions.False("Area", reason, reason+" it is") }
	yes := conditions.True("Area", foundationv1alpha1.ReasonProgressing, "")
	tests := map[string]struct {
		areas []metav1.Condition
		want  []string
	}{
		"all well":                          {[]metav1.Condition{yes}, nil},
		"on its way":                        {[]metav1.Condition{yes, no(foundationv1alpha1.ReasonVolumesPending)}, []string{"Reconciling True VolumesPending: VolumesPending it is"}},
		"only a human can help":             {[]metav1.Condition{no(foundationv1alpha1.ReasonNameConflict)}, []string{"Stalled True NameConflict: NameConflict it is"}},
		"a human before what is on its way": {[]metav1.Condition{no(foundationv1alpha1.ReasonProgressing), no(foundationv1alpha1.ReasonPoolNotFound)}, []string{"Stalled True PoolNotFound: PoolNotFound it is"}},
		"the first of each":                 {[]metav1.Condition{no(foundationv1alpha1.ReasonApplyFailed), no(foundationv1alpha1.ReasonTerminating)}, []string{"Reconciling True ApplyFailed: ApplyFailed it is"}},
		"waiting for others is neither":     {[]metav1.Condition{no(foundationv1alpha1.ReasonShortfall), no(string(foundationv1alpha1.StateSuspended)), no(string(foundationv1alpha1.StateEnded))}, nil},
		"a deletion that is not confirmed":  {[]metav1.Condition{no(foundationv1alpha1.ReasonDeletionNotConfirmed)}, []string{"Stalled True DeletionNotConfirmed: DeletionNotConfirmed it is"}},
		"a deletion that waits":             {[]metav1.Condition{no(foundationv1alpha1.ReasonWaitingForGPUs)}, []string{"Reconciling True WaitingForGPUs: WaitingForGPUs it is"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, condition := range progress(tt.areas) {
				got = append(got, condition.Type+" "+say(condition))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBuildStatus(t *testing.T) {
	hanbit := two(7, 1, builder.Term(time.Time{}, july), builder.Award("b200", 16),
		builder.StaffBetween("kim", foundationv1alpha1.RoleLead, time.Time{}, now.Add(time.Hour)), builder.Staff("lee", foundationv1alpha1.RoleViewer),
		builder.Volume("corpus", "train", "200Ti", ""), builder.Volume("scratch", "train", "1536Gi", ""))
	hanbit.Generation = 7
	in := converged(input(hanbit, builder.Pool("b200", builder.Granted(hanbit, 16)),
		builder.Claim(hanbit, "train", "corpus", "200Ti", "200Ti"), builder.Claim(hanbit, "train", "scratch", "1536Gi", "2Ti")))
	in.Quotas["hanbit-train"].Status.Used = corev1.ResourceList{"requests.nvidia.com/gpu": quantity("3")}
	status := statusOf(in, fine())

	for _, condition := range status.Conditions {
		if condition.Status != metav1.ConditionTrue || condition.ObservedGeneration != 7 {
			t.Errorf("%s %s", condition.Type, say(condition))
		}
	}
	if ready := meta.FindStatusCondition(status.Conditions, foundationv1alpha1.ConditionReady); say(*ready) != "True AsDeclared: 16 GPUs, 2 namespaces" {
		t.Errorf("ready: %s", say(*ready))
	}
	want := foundationv1alpha1.FoundationTeamStatus{
		ObservedGeneration: 7, State: foundationv1alpha1.StateInTerm, NextTransitionTime: builder.MetaTime(now.Add(time.Hour)), Storage: "206336Gi",
		Staff: &foundationv1alpha1.TeamStaffStatus{
			Active: 2, NextExpiryTime: builder.MetaTime(now.Add(time.Hour)),
			Expiring: []foundationv1alpha1.ExpiringStaff{{Name: "kim", EndTime: metav1.NewTime(now.Add(time.Hour)), WithinDays: 7}},
		},
		Namespaces: []foundationv1alpha1.TeamNamespaceStatus{
			{Name: "hanbit-train", State: foundationv1alpha1.ResourceActive, Granted: 14, Used: 3},
			{Name: "hanbit-eval", State: foundationv1alpha1.ResourceActive, Granted: 2, Used: 0},
		},
		Volumes: []foundationv1alpha1.TeamVolumeStatus{
			{Namespace: "hanbit-train", Name: "corpus", State: foundationv1alpha1.ResourceActive, Capacity: "200Ti"},
			{Namespace: "hanbit-train", Name: "scratch", State: foundationv1alpha1.ResourceActive, Capacity: "2Ti"},
		},
	}
	got := status
	got.Conditions, got.GPUs = nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if status.GPUs.Summary != "16/16" {
		t.Errorf("GPUs %s", status.GPUs.Summary)
	}

	in.Team.Status = status
	if diff := cmp.Diff(status, statusOf(in, fine())); diff != "" {
		t.Errorf("and on its own output: %s", diff)
	}
}

// Ready is never True while anything that it stands for is not.
func TestReadySumsUp(t *testing.T) {
	in := converged(input(two(1, 1)))
	for _, area := range []string{
		foundationv1alpha1.ConditionNamespacesReady, foundationv1alpha1.ConditionQuotaReady, foundationv1alpha1.ConditionAccessReady,
	} {
		out := with(area, foundationv1alpha1.ReasonApplyFailed, "no")
		if meta.IsStatusConditionTrue(statusOf(in, out).Conditions, foundationv1alpha1.ConditionReady) {
			t.Errorf("ready although %s is not", area)
		}
	}
	for name, in := range map[string]Input{
		"suspended":     converged(input(two(1, 1, builder.Suspended()))),
		"without GPUs":  converged(input(two(1, 1, builder.Award("b200", 8)))),
		"without disks": converged(input(two(1, 1, builder.Volume("x", "train", "1Ti", "")))),
		"without quota": input(two(1, 1)),
	} {
		if meta.IsStatusConditionTrue(statusOf(in, fine()).Conditions, foundationv1alpha1.ConditionReady) {
			t.Errorf("ready although %s", name)
		}
	}
}

// While a FoundationTeam is deleted, Ready says what the deletion waits for.
func TestReadyOfADeletedTeamIsItsDeletion(t *testing.T) {
	held := builder.Pool("b200", builder.WithGrant(foundationv1alpha1.Grant{TeamName: "hanbit", UID: "hanbit-uid", Held: 16}))
	in := converged(input(two(1, 1, builder.Deleted(), builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyDelete)), held))
	const waits = "False WaitingForGPUs: deletion waits: b200: 16 GPUs are drained until their pods have ended or the pool's grace period is over"
	status := statusOf(in, fine())
	for _, kind := range []string{foundationv1alpha1.ConditionReady, foundationv1alpha1.ConditionFinalized} {
		if got := meta.FindStatusCondition(status.Conditions, kind); got == nil || say(*got) != waits {
			t.Errorf("%s is %+v", kind, got)
		}
	}
	if got := meta.FindStatusCondition(status.Conditions, foundationv1alpha1.ConditionReconciling); got == nil {
		t.Error("not reconciling while it waits for GPUs")
	}
}

func TestSummary(t *testing.T) {
	hanbit := two(1, 1, builder.Award("b200", 16))
	tests := map[string]struct {
		in   Input
		want string
	}{
		"without awards": {input(builder.Team("hanbit", builder.Namespace("work", 1))), "no GPUs awarded, 1 namespace"},
		"with":           {input(hanbit, builder.Pool("b200", builder.Granted(hanbit, 16))), "16 GPUs, 2 namespaces"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := readyMessage(NewModel(tt.in)); got != tt.want {
				t.Errorf("summary %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNamespaceStatus(t *testing.T) {
	hanbit := two(1, 1)
	partial := &Outcome{Problems: map[string][]Problem{foundationv1alpha1.ConditionNamespacesReady: {{Namespace: "hanbit-eval", Reason: "X", Message: "y"}}}}
	there := []any{builder.OwnedNamespace(hanbit, "train"), builder.OwnedNamespace(hanbit, "eval")}
	tests := map[string]struct {
		in   Input
		out  *Outcome
		want []string
	}{
		"there":           {input(hanbit, there...), fine(), []string{"hanbit-train Active", "hanbit-eval Active"}},
		"not yet":         {input(hanbit, there[0]), fine(), []string{"hanbit-train Active", "hanbit-eval Pending"}},
		"somebody else's": {input(hanbit, there[0], builder.ForeignNamespace("hanbit-eval")), fine(), []string{"hanbit-train Active", "hanbit-eval Conflict"}},
		"not complete":    {input(hanbit, there...), partial, []string{"hanbit-train Active", "hanbit-eval Pending"}},
		"retired":         {input(hanbit, append(there, builder.OwnedNamespace(hanbit, "old"))...), fine(), []string{"hanbit-train Active", "hanbit-eval Active", "hanbit-old Retired"}},
		"locked":          {input(two(1, 1, builder.Deleted()), there...), partial, []string{"hanbit-train Locked", "hanbit-eval Locked"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, entry := range namespaceStatus(NewModel(tt.in), tt.out) {
				got = append(got, entry.Name+" "+string(entry.State))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
