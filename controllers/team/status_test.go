package team

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/test/support/builder"
)

// conditionLine returns a condition in one line.
func conditionLine(condition metav1.Condition) string {
	return fmt.Sprintf("%s %s: %s", condition.Status, condition.Reason, condition.Message)
}

func TestActiveCondition(t *testing.T) {
	tests := map[string]struct {
		in   Input
		want string
	}{
		"a term without an end": {input(twoNamespaces()), "True InTerm: in term, without an end"},
		"a term with an end":    {input(twoNamespaces(builder.Term(time.Time{}, july))), "True InTerm: in term until 2026-06-30T15:00:00Z"},
		"before the term":       {input(twoNamespaces(builder.Term(july, time.Time{}))), "False NotStarted: the term starts 2026-06-30T15:00:00Z"},
		"a suspended team": {
			input(twoNamespaces(builder.Suspended())), "False Suspended: suspended: nothing new starts and staff may only read, awards are kept; set spec.suspend to false to resume",
		},
		"after the term": {
			input(twoNamespaces(builder.Term(time.Time{}, now))),
			"False Ended: the term ended 2026-04-01T00:00:00Z; GPUs are taken back, staff may read and copy data until 2026-05-01T00:00:00Z; move spec.term.endTime to go on",
		},
		"a deleted team": {input(twoNamespaces(builder.Deleted())), "False Deleting: the team is being deleted"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, conditionLine(activeCondition(NewModel(tt.in), tt.in.Record))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNamespacesCondition(t *testing.T) {
	const area = foundationv1alpha1.ConditionNamespacesReady
	hanbit := twoNamespaces()
	several := oneProblem(area, foundationv1alpha1.ReasonNameConflict, "Namespace hanbit-train exists")
	for _, message := range []string{"no", "no again"} {
		several.Problems[area] = append(several.Problems[area], Problem{Reason: foundationv1alpha1.ReasonApplyFailed, Message: message})
	}
	tests := map[string]struct {
		in   Input
		out  *Outcome
		want string
	}{
		"two active":                     {input(hanbit), noProblems(), "True AsDeclared: 2 active"},
		"two active and one retired":     {input(hanbit, builder.OwnedNamespace(hanbit, "old")), noProblems(), "True AsDeclared: 2 active, 1 retired"},
		"one locked":                     {input(twoNamespaces(builder.Deleted()), builder.OwnedNamespace(hanbit, "train")), noProblems(), "True AsDeclared: 1 locked"},
		"no namespace is declared":       {input(builder.Team("hanbit")), noProblems(), "True NothingDeclared: no namespaces"},
		"before the term there is none":  {input(twoNamespaces(builder.Term(july, time.Time{}))), noProblems(), "True NotActive: no namespaces"},
		"one problem":                    {input(hanbit), oneProblem(area, foundationv1alpha1.ReasonNameConflict, "Namespace hanbit-train exists"), "False NameConflict: Namespace hanbit-train exists"},
		"several problems":               {input(hanbit), several, "False NameConflict: Namespace hanbit-train exists (and 2 more)"},
		"a problem of another condition": {input(hanbit), oneProblem(foundationv1alpha1.ConditionQuotaReady, "X", "y"), "True AsDeclared: 2 active"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, conditionLine(namespacesCondition(NewModel(tt.in), tt.out))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestQuotaCondition(t *testing.T) {
	const area = foundationv1alpha1.ConditionQuotaReady
	hanbit := twoNamespaces()
	lagging := converged(input(hanbit))
	lagging.Quotas["hanbit-eval"].Status.Hard = corev1.ResourceList{}
	stray := converged(input(hanbit))
	stray.Quotas["hanbit-eval"] = withQuotaKey(stray.Quotas["hanbit-eval"], "count/ingresses.networking.k8s.io")
	dropped := converged(input(hanbit))
	dropped.Quotas["hanbit-eval"] = managed(withQuotaKey(dropped.Quotas["hanbit-eval"], "limits.cpu"), `{"f:spec":{"f:hard":{"f:limits.cpu":{}}}}`)
	full := converged(input(hanbit))
	full.Quotas["hanbit-train"].Status.Used = corev1.ResourceList{countPods: resource.MustParse("19000")}
	unknown := converged(input(builder.Team("hanbit", builder.NamespaceQuota("train", 1, corev1.ResourceList{"count/ingress.networking.k8s.io": resource.MustParse("1")}))))
	tests := map[string]struct {
		in   Input
		out  *Outcome
		want string
	}{
		"both quotas are enforced":              {converged(input(hanbit)), noProblems(), "True AsDeclared: 2 namespaces"},
		"there is no quota yet":                 {input(hanbit), noProblems(), "False Progressing: hanbit-train: waits until the cluster enforces the new quota"},
		"one quota is not enforced yet":         {lagging, noProblems(), "False Progressing: hanbit-eval: waits until the cluster enforces the new quota"},
		"stray quota key":                       {stray, noProblems(), "True AsDeclared: 2 namespaces; hanbit-eval: count/ingresses.networking.k8s.io in ResourceQuota foundation-team is not the operator's and restricts the team further: take it out if nobody means it"},
		"a key of the operator's that it drops": {dropped, noProblems(), "True AsDeclared: 2 namespaces"},
		"many short pods":                       {full, noProblems(), "True AsDeclared: 2 namespaces; hanbit-train: 19000 of 20200 pods, finished ones included: delete finished Jobs, or give Jobs a ttlSecondsAfterFinished"},
		"a key of no resource":                  {unknown, noProblems(), "True AsDeclared: 1 namespace; hanbit-train: quota count/ingress.networking.k8s.io counts nothing, the cluster has no such resource: correct it in spec.namespaces, or take it out"},
		"one problem":                           {converged(input(hanbit)), oneProblem(area, foundationv1alpha1.ReasonApplyFailed, "no"), "False ApplyFailed: no"},
		"no namespace is declared":              {input(builder.Team("hanbit")), noProblems(), "True NothingDeclared: no namespaces"},
		"before the term there is none":         {input(twoNamespaces(builder.Term(july, time.Time{}))), noProblems(), "True NotActive: no namespaces"},
		"a locked namespace's quota counts too": {converged(input(twoNamespaces(builder.Deleted()), builder.OwnedNamespace(hanbit, "train"))), noProblems(), "True AsDeclared: 1 namespace"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, conditionLine(quotaCondition(NewModel(tt.in), Build(NewModel(tt.in)), tt.out))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// withQuotaKey is a quota with one more key, which the cluster enforces.
func withQuotaKey(quota *corev1.ResourceQuota, key corev1.ResourceName) *corev1.ResourceQuota {
	changed := quota.DeepCopy()
	changed.Spec.Hard[key], changed.Status.Hard[key] = resource.MustParse("0"), resource.MustParse("0")
	return changed
}

func TestAccessCondition(t *testing.T) {
	kim, gone := builder.Staff("kim", foundationv1alpha1.RoleLead), builder.StaffBetween("gone", foundationv1alpha1.RoleLead, time.Time{}, now)
	tests := map[string]struct {
		in   Input
		out  *Outcome
		want string
	}{
		"staff in date have access":        {input(twoNamespaces(kim, gone)), noProblems(), "True AsDeclared: 1 of 2 staff entries in date"},
		"no staff in date":                 {input(twoNamespaces(gone)), noProblems(), "True NothingDeclared: no staff in date: nobody has access"},
		"staff of a deleted team":          {input(twoNamespaces(kim, builder.Deleted())), noProblems(), "True NotActive: nobody has access"},
		"access waits for isolation":       {input(twoNamespaces(kim)), oneProblem(foundationv1alpha1.ConditionNamespacesReady, "X", "y"), "False Progressing: access waits for isolation and quota"},
		"access waits for quota":           {input(twoNamespaces(kim)), oneProblem(foundationv1alpha1.ConditionQuotaReady, "X", "y"), "False Progressing: access waits for isolation and quota"},
		"access does not wait for volumes": {input(twoNamespaces(kim)), oneProblem(foundationv1alpha1.ConditionVolumesReady, "X", "y"), "True AsDeclared: 1 of 2 staff entries in date"},
		"one problem":                      {input(twoNamespaces(kim)), oneProblem(foundationv1alpha1.ConditionAccessReady, foundationv1alpha1.ReasonApplyFailed, "no"), "False ApplyFailed: no"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := tt.want
			if name == "access does not wait for volumes" {
				want = "True AsDeclared: 1 of 1 staff entries in date"
			}
			if diff := cmp.Diff(want, conditionLine(accessCondition(NewModel(tt.in), tt.out))); diff != "" {
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
		"nothing is wrong":                               {[]metav1.Condition{yes}, nil},
		"something is in progress":                       {[]metav1.Condition{yes, no(foundationv1alpha1.ReasonVolumesPending)}, []string{"Reconciling True VolumesPending: VolumesPending it is"}},
		"only a human can help":                          {[]metav1.Condition{no(foundationv1alpha1.ReasonNameConflict)}, []string{"Stalled True NameConflict: NameConflict it is"}},
		"a problem for a human comes before progress":    {[]metav1.Condition{no(foundationv1alpha1.ReasonProgressing), no(foundationv1alpha1.ReasonPoolNotFound)}, []string{"Stalled True PoolNotFound: PoolNotFound it is"}},
		"the first of two that are in progress":          {[]metav1.Condition{no(foundationv1alpha1.ReasonApplyFailed), no(foundationv1alpha1.ReasonTerminating)}, []string{"Reconciling True ApplyFailed: ApplyFailed it is"}},
		"a shortfall is neither Stalled nor Reconciling": {[]metav1.Condition{no(foundationv1alpha1.ReasonShortfall), no(string(foundationv1alpha1.StateSuspended)), no(string(foundationv1alpha1.StateEnded))}, nil},
		"a deletion that is not confirmed":               {[]metav1.Condition{no(foundationv1alpha1.ReasonDeletionNotConfirmed)}, []string{"Stalled True DeletionNotConfirmed: DeletionNotConfirmed it is"}},
		"a deletion that waits":                          {[]metav1.Condition{no(foundationv1alpha1.ReasonWaitingForGPUs)}, []string{"Reconciling True WaitingForGPUs: WaitingForGPUs it is"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, condition := range progressConditions(tt.areas) {
				got = append(got, condition.Type+" "+conditionLine(condition))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBuildStatus(t *testing.T) {
	hanbit := twoNamespaces(weights{train: 7, eval: 1}.set, builder.Term(time.Time{}, july), builder.Award("b200", 16),
		builder.StaffBetween("kim", foundationv1alpha1.RoleLead, time.Time{}, now.Add(time.Hour)), builder.Staff("lee", foundationv1alpha1.RoleViewer),
		builder.Volume("corpus", "train", "200Ti", ""), builder.Volume("scratch", "train", "1536Gi", ""))
	hanbit.Generation = 7
	in := converged(input(hanbit, builder.Pool("b200", builder.Granted(hanbit, 16)),
		builder.Claim(hanbit, "train", "corpus", "200Ti", "200Ti"), builder.Claim(hanbit, "train", "scratch", "1536Gi", "2Ti")))
	in.Quotas["hanbit-train"].Status.Used = corev1.ResourceList{"requests.nvidia.com/gpu": quantity("3")}
	status := statusOf(in, noProblems())

	for _, condition := range status.Conditions {
		if condition.Status != metav1.ConditionTrue || condition.ObservedGeneration != 7 {
			t.Errorf("%s %s", condition.Type, conditionLine(condition))
		}
	}
	if ready := meta.FindStatusCondition(status.Conditions, foundationv1alpha1.ConditionReady); conditionLine(*ready) != "True AsDeclared: 16 GPUs, 2 namespaces" {
		t.Errorf("ready: %s", conditionLine(*ready))
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
	if diff := cmp.Diff(status, statusOf(in, noProblems())); diff != "" {
		t.Errorf("and on its own output: %s", diff)
	}
}

// Ready is never True while anything that it stands for is not.
func TestReadySummarizesConditions(t *testing.T) {
	in := converged(input(twoNamespaces()))
	for _, area := range []string{
		foundationv1alpha1.ConditionNamespacesReady, foundationv1alpha1.ConditionQuotaReady, foundationv1alpha1.ConditionAccessReady,
	} {
		out := oneProblem(area, foundationv1alpha1.ReasonApplyFailed, "no")
		if meta.IsStatusConditionTrue(statusOf(in, out).Conditions, foundationv1alpha1.ConditionReady) {
			t.Errorf("ready although %s is not", area)
		}
	}
	for name, in := range map[string]Input{
		"a suspended team": converged(input(twoNamespaces(builder.Suspended()))),
		"without GPUs":     converged(input(twoNamespaces(builder.Award("b200", 8)))),
		"without disks":    converged(input(twoNamespaces(builder.Volume("x", "train", "1Ti", "")))),
		"without quota":    input(twoNamespaces()),
	} {
		if meta.IsStatusConditionTrue(statusOf(in, noProblems()).Conditions, foundationv1alpha1.ConditionReady) {
			t.Errorf("ready although %s", name)
		}
	}
}

// While a FoundationTeam is deleted, Ready says what the deletion waits for.
func TestReadyOfADeletedTeamIsItsDeletion(t *testing.T) {
	held := builder.Pool("b200", builder.WithGrant(foundationv1alpha1.Grant{TeamName: "hanbit", UID: "hanbit-uid", Held: 16}))
	in := converged(input(twoNamespaces(builder.Deleted(), builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyDelete)), held))
	const waits = "False WaitingForGPUs: deletion waits: b200: 16 GPUs are drained until their pods have ended or the pool's grace period is over"
	status := statusOf(in, noProblems())
	for _, kind := range []string{foundationv1alpha1.ConditionReady, foundationv1alpha1.ConditionFinalized} {
		if got := meta.FindStatusCondition(status.Conditions, kind); got == nil || conditionLine(*got) != waits {
			t.Errorf("%s is %+v", kind, got)
		}
	}
	if got := meta.FindStatusCondition(status.Conditions, foundationv1alpha1.ConditionReconciling); got == nil {
		t.Error("not reconciling while it waits for GPUs")
	}
}

func TestSummary(t *testing.T) {
	hanbit := twoNamespaces(builder.Award("b200", 16))
	tests := map[string]struct {
		in   Input
		want string
	}{
		"without awards": {input(builder.Team("hanbit", builder.Namespace("work", 1))), "no GPUs awarded, 1 namespace"},
		"with a grant":   {input(hanbit, builder.Pool("b200", builder.Granted(hanbit, 16))), "16 GPUs, 2 namespaces"},
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
	hanbit := twoNamespaces()
	partial := &Outcome{Problems: map[string][]Problem{foundationv1alpha1.ConditionNamespacesReady: {{Namespace: "hanbit-eval", Reason: "X", Message: "y"}}}}
	there := []any{builder.OwnedNamespace(hanbit, "train"), builder.OwnedNamespace(hanbit, "eval")}
	tests := map[string]struct {
		in   Input
		out  *Outcome
		want []string
	}{
		"both exist":             {input(hanbit, there...), noProblems(), []string{"hanbit-train Active", "hanbit-eval Active"}},
		"one does not exist yet": {input(hanbit, there[0]), noProblems(), []string{"hanbit-train Active", "hanbit-eval Pending"}},
		"one is somebody else's": {input(hanbit, there[0], builder.ForeignNamespace("hanbit-eval")), noProblems(), []string{"hanbit-train Active", "hanbit-eval Conflict"}},
		"one is not complete":    {input(hanbit, there...), partial, []string{"hanbit-train Active", "hanbit-eval Pending"}},
		"one more is retired":    {input(hanbit, append(there, builder.OwnedNamespace(hanbit, "old"))...), noProblems(), []string{"hanbit-train Active", "hanbit-eval Active", "hanbit-old Retired"}},
		"one locked":             {input(twoNamespaces(builder.Deleted()), there...), partial, []string{"hanbit-train Locked", "hanbit-eval Locked"}},
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
