package team

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
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
			if diff := cmp.Diff(tt.want, say(activeCondition(tt.in))); diff != "" {
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
			if diff := cmp.Diff(tt.want, say(namespacesCondition(tt.in, Build(tt.in), tt.out))); diff != "" {
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
			if diff := cmp.Diff(tt.want, say(quotaCondition(tt.in, Build(tt.in), tt.out))); diff != "" {
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
			if diff := cmp.Diff(want, say(accessCondition(tt.in, tt.out))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVolumesCondition(t *testing.T) {
	const area = foundationv1alpha1.ConditionVolumesReady
	hanbit := two(1, 1)
	corpus, scratch := builder.Volume("corpus", "train", "2Ti", "fast"), builder.Volume("scratch", "eval", "1Ti", "")
	fast, late := builder.StorageClass("fast", storagev1.VolumeBindingImmediate), builder.StorageClass("fast", storagev1.VolumeBindingWaitForFirstConsumer)
	claim := func(namespace, name, size, capacity string, mods ...func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
		c := builder.Claim(hanbit, namespace, name, size, capacity)
		for _, mod := range mods {
			mod(c)
		}
		return c
	}
	ofFast := func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = new("fast") }
	going := func(c *corev1.PersistentVolumeClaim) { c.DeletionTimestamp = new(metav1.NewTime(now)) }
	lost := func(c *corev1.PersistentVolumeClaim) { c.Status.Phase = corev1.ClaimLost }
	tests := map[string]struct {
		in   Input
		out  *Outcome
		want string
	}{
		"none":                          {input(hanbit), fine(), "True NothingDeclared: no volumes"},
		"bound":                         {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "2Ti")), fine(), "True AsDeclared: 1 volume"},
		"larger than asked for":         {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "3Ti")), fine(), "True AsDeclared: 1 volume"},
		"not made yet":                  {input(two(1, 1, corpus, scratch), fast), fine(), "False VolumesPending: 2 of 2 volumes wait for storage: corpus, scratch"},
		"one waits":                     {input(two(1, 1, corpus, scratch), fast, claim("train", "corpus", "2Ti", ""), claim("eval", "scratch", "1Ti", "1Ti")), fine(), "False VolumesPending: 1 of 2 volumes wait for storage: corpus"},
		"not grown yet":                 {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "1Ti")), fine(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"will be bound when it is used": {input(two(1, 1, corpus), late, claim("train", "corpus", "2Ti", "", ofFast)), fine(), "True AsDeclared: 1 volume"},
		"should be bound at once":       {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "", ofFast)), fine(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"being deleted":                 {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "2Ti", going)), fine(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"lost":                          {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "2Ti", lost)), fine(), "False VolumeLost: corpus: its PersistentVolume is gone: restore it, or take the volume out of spec.volumes and add one of another name"},
		"of the same name elsewhere":    {input(two(1, 1, corpus), fast, claim("eval", "corpus", "2Ti", "2Ti")), fine(), "False VolumesPending: 1 of 1 volumes wait for storage: corpus"},
		"no such class": {
			input(two(1, 1, corpus)), fine(),
			"False StorageClassNotFound: corpus: StorageClass fast does not exist: create it, or take the volume out of spec.volumes and add it again with another class",
		},
		"its class went after it was made": {input(two(1, 1, corpus), claim("train", "corpus", "2Ti", "2Ti")), fine(), "True AsDeclared: 1 volume"},
		"a problem":                        {input(two(1, 1, corpus), fast, claim("train", "corpus", "2Ti", "2Ti")), with(area, foundationv1alpha1.ReasonApplyFailed, "no"), "False ApplyFailed: no"},
		"kept": {
			input(two(1, 1, corpus, builder.Deleted()), builder.OwnedNamespace(hanbit, "train"), claim("train", "corpus", "2Ti", "2Ti"), claim("train", "old", "1Ti", "1Ti")), fine(),
			"True NotActive: 2 volumes kept",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, say(volumesCondition(tt.in, tt.out))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGPUsCondition(t *testing.T) {
	asks := builder.Award("b200", 16)
	grant := func(mod func(*foundationv1alpha1.Grant)) *foundationv1alpha1.GPUPool {
		g := foundationv1alpha1.Grant{TeamName: "hanbit", UID: "hanbit-uid", Requested: 16, Granted: 16, Held: 16, Ready: 16}
		mod(&g)
		return builder.Pool("b200", builder.WithGrant(g))
	}
	short := grant(func(g *foundationv1alpha1.Grant) {
		g.Granted, g.Held, g.Ready, g.Reason, g.Message = 8, 8, 8, foundationv1alpha1.ReasonShortfall, "b200: 8 of 16 short"
	})
	tests := map[string]struct {
		in   Input
		want string
	}{
		"all there":                             {input(two(1, 1, asks), grant(func(*foundationv1alpha1.Grant) {})), "True AsDeclared: 16 GPUs"},
		"no awards":                             {input(two(1, 1)), "True NothingDeclared: no award in force"},
		"no award in force":                     {input(two(1, 1, builder.AwardBetween("b200", 8, july, time.Time{})), builder.Pool("b200")), "True NothingDeclared: no award in force"},
		"not active":                            {input(two(1, 1, asks, builder.Term(july, time.Time{})), builder.Pool("b200")), "True NotActive: no GPUs"},
		"no such pool":                          {input(two(1, 1, asks)), "False PoolNotFound: b200: no such GPUPool: create it, or name another pool in spec.gpus"},
		"no such pool, yet nothing asked of it": {input(two(1, 1, builder.AwardBetween("b200", 8, july, time.Time{}))), "True NothingDeclared: no award in force"},
		"not decided yet":                       {input(two(1, 1, asks), builder.Pool("b200")), "False Progressing: b200: waits for the pool's decision"},
		"decided for less":                      {input(two(1, 1, asks), grant(func(g *foundationv1alpha1.Grant) { g.Requested = 8 })), "False Progressing: b200: waits for the pool's decision"},
		"decided for an earlier team of this name": {
			input(two(1, 1, asks), grant(func(g *foundationv1alpha1.Grant) { g.UID = "earlier" })), "False Progressing: b200: waits for the pool's decision",
		},
		"short, as the pool says": {input(two(1, 1, asks), short), "False Shortfall: b200: 8 of 16 short"},
		"nodes are not ready": {
			input(two(1, 1, asks), grant(func(g *foundationv1alpha1.Grant) { g.Ready = 8 })),
			"False NodesNotReady: b200: 8 of 16 GPUs not ready: their nodes are not claimed yet, not Ready, or cordoned",
		},
		"some are on their way back": {
			input(two(1, 1, asks), grant(func(g *foundationv1alpha1.Grant) { g.Held, g.EvictionTime = 24, builder.MetaTime(july) })),
			"True AsDeclared: 16 GPUs; b200: 8 GPUs beyond the grant are on their way back, pods on their nodes are evicted from 2026-06-30T15:00:00Z on",
		},
		"all are on their way back": {
			input(two(1, 1), grant(func(g *foundationv1alpha1.Grant) {
				g.Requested, g.Granted, g.Ready, g.EvictionTime = 0, 0, 0, builder.MetaTime(july)
			})),
			"True NothingDeclared: no award in force; b200: 16 GPUs beyond the grant are on their way back, pods on their nodes are evicted from 2026-06-30T15:00:00Z on",
		},
		"two pools, two problems": {input(two(1, 1, builder.Award("a100", 8), asks), short), "False PoolNotFound: a100: no such GPUPool: create it, or name another pool in spec.gpus; b200: 8 of 16 short"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, say(gpusCondition(tt.in))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAwardsFitCondition(t *testing.T) {
	now := builder.Award("b200", 8)
	later := builder.AwardBetween("h100", 8, july, time.Time{})
	over := builder.AwardBetween("h100", 8, july.AddDate(-1, 0, 0), july.AddDate(0, 0, -200))
	told := func(pool, reason, message string) *foundationv1alpha1.GPUPool {
		return builder.Pool(pool, builder.WithGrant(foundationv1alpha1.Grant{
			TeamName: "hanbit", UID: "hanbit-uid", Requested: 8, Granted: 8, Held: 8, Ready: 8, ForecastReason: reason, ForecastMessage: message,
		}))
	}
	tests := map[string]struct {
		in   Input
		want string
	}{
		"all fit":                          {input(two(1, 1, now), told("b200", "", "")), "True AsDeclared: "},
		"no awards":                        {input(two(1, 1)), "True AsDeclared: "},
		"one will not":                     {input(two(1, 1, now), told("b200", "Overbooked", "b200: 8 short")), "False Overbooked: b200: 8 short"},
		"two will not":                     {input(two(1, 1, now, later), told("b200", "Overbooked", "b200: 8 short"), told("h100", "PoolEnds", "h100: ends")), "False Overbooked: b200: 8 short; h100: ends"},
		"a later award of no pool":         {input(two(1, 1, now, later), told("b200", "", "")), "False PoolNotFound: h100: no such GPUPool: create it before the award begins, or name another pool in spec.gpus"},
		"an award of no pool that is over": {input(two(1, 1, over)), "True AsDeclared: "},
		"no pool today is told elsewhere":  {input(two(1, 1, now)), "True AsDeclared: "},
		"another team's forecast":          {input(builder.Team("saebit", now), told("b200", "Overbooked", "b200: 8 short")), "True AsDeclared: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, say(awardsFitCondition(tt.in))); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a team that is Ready says so too", func(t *testing.T) {
		in := input(two(1, 1, now), told("b200", "Overbooked", "b200: 8 short"))
		if got, want := summary(in), "8 GPUs, 2 namespaces; later: b200: 8 short"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestDynamicPoolsHaveNodesWhenPodsCome(t *testing.T) {
	pool := builder.Pool("b200", builder.WithGrant(foundationv1alpha1.Grant{TeamName: "hanbit", UID: "hanbit-uid", Requested: 8, Granted: 8}))
	pool.Spec.Static, pool.Spec.Karpenter = nil, &foundationv1alpha1.KarpenterNodes{Mode: foundationv1alpha1.KarpenterDynamic}
	in := input(two(1, 1, builder.Award("b200", 8)), pool)
	if diff := cmp.Diff("True AsDeclared: 8 GPUs", say(gpusCondition(in))); diff != "" {
		t.Error(diff)
	}
	pool.Spec.Karpenter.Mode = foundationv1alpha1.KarpenterStatic
	if got := say(gpusCondition(in)); !strings.HasPrefix(got, "False NodesNotReady") {
		t.Errorf("in mode Static: %s", got)
	}
}

func TestGPUStatus(t *testing.T) {
	hanbit := two(1, 1, builder.Award("b200", 24), builder.Award("h100", 8))
	next := metav1.NewTime(july)
	grant := func(pool string, g foundationv1alpha1.Grant) *foundationv1alpha1.GPUPool {
		g.TeamName, g.UID = "hanbit", "hanbit-uid"
		return builder.Pool(pool, builder.WithGrant(g))
	}
	in := input(hanbit,
		grant("b200", foundationv1alpha1.Grant{Requested: 24, Granted: 16, Held: 16, Ready: 8, NextFreeTime: &next, Reason: foundationv1alpha1.ReasonShortfall, Message: "8 short"}),
		grant("old", foundationv1alpha1.Grant{Held: 8}), builder.Pool("other"))
	used := func(gpus string) corev1.ResourceList {
		return corev1.ResourceList{"requests.nvidia.com/gpu": quantity(gpus), "pods": quantity("100"), "nvidia.com/gpu": quantity("100")}
	}
	in.Quotas["hanbit-train"] = &corev1.ResourceQuota{Status: corev1.ResourceQuotaStatus{Used: used("5")}}
	in.Quotas["hanbit-eval"] = &corev1.ResourceQuota{Status: corev1.ResourceQuotaStatus{Used: used("2")}}
	want := &foundationv1alpha1.TeamGPUStatus{
		Summary: "16/32", NodeSummary: "1/2", Requested: 32, Granted: 16, Ready: 8, Used: 7,
		Pools: []foundationv1alpha1.TeamPoolStatus{
			{Name: "b200", Requested: 24, Granted: 16, Held: 16, Ready: 8, Shortfall: 8, NextFreeTime: &next, Message: "8 short"},
			{Name: "h100", Requested: 8, Granted: 0, Held: 0, Ready: 0, Shortfall: 8, Message: "h100: no such GPUPool: create it, or name another pool in spec.gpus"},
			{Name: "old", Requested: 0, Granted: 0, Held: 8, Ready: 0, Shortfall: 0},
		},
	}
	if diff := cmp.Diff(want, gpuStatus(in)); diff != "" {
		t.Error(diff)
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
	status := BuildStatus(in, Build(in), fine(), nil)

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
	if diff := cmp.Diff(status, BuildStatus(in, Build(in), fine(), nil)); diff != "" {
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
		if meta.IsStatusConditionTrue(BuildStatus(in, Build(in), out, nil).Conditions, foundationv1alpha1.ConditionReady) {
			t.Errorf("ready although %s is not", area)
		}
	}
	for name, in := range map[string]Input{
		"suspended":     converged(input(two(1, 1, builder.Suspended()))),
		"without GPUs":  converged(input(two(1, 1, builder.Award("b200", 8)))),
		"without disks": converged(input(two(1, 1, builder.Volume("x", "train", "1Ti", "")))),
		"without quota": input(two(1, 1)),
	} {
		if meta.IsStatusConditionTrue(BuildStatus(in, Build(in), fine(), nil).Conditions, foundationv1alpha1.ConditionReady) {
			t.Errorf("ready although %s", name)
		}
	}
}

func TestStatusOfADeletion(t *testing.T) {
	in := converged(input(two(1, 1, builder.Deleted())))
	waits := conditions.False(foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonWaitingForGPUs, "deletion waits")
	status := BuildStatus(in, Build(in), fine(), &waits)
	for _, kind := range []string{foundationv1alpha1.ConditionReady, foundationv1alpha1.ConditionFinalized} {
		if got := meta.FindStatusCondition(status.Conditions, kind); got == nil || say(*got) != "False WaitingForGPUs: deletion waits" {
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
			if got := summary(tt.in); got != tt.want {
				t.Errorf("summary %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNamespaceStatus(t *testing.T) {
	hanbit := two(1, 1)
	partial := &Outcome{Problems: map[string][]Problem{foundationv1alpha1.ConditionNamespacesReady: {{Place: "hanbit-eval", Reason: "X", Message: "y"}}}}
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
			for _, entry := range namespaceStatus(tt.in, Build(tt.in), tt.out) {
				got = append(got, entry.Name+" "+string(entry.State))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVolumeStatus(t *testing.T) {
	hanbit := two(1, 1)
	corpus := builder.Volume("corpus", "train", "2Ti", "")
	tests := map[string]struct {
		in   Input
		want []string
	}{
		"bound":    {input(two(1, 1, corpus), builder.Claim(hanbit, "train", "corpus", "2Ti", "2Ti")), []string{"hanbit-train/corpus Active 2Ti"}},
		"not made": {input(two(1, 1, corpus)), []string{"hanbit-train/corpus Pending "}},
		"growing":  {input(two(1, 1, corpus), builder.Claim(hanbit, "train", "corpus", "2Ti", "1Ti")), []string{"hanbit-train/corpus Pending 1Ti"}},
		"retired, last": {
			input(two(1, 1, corpus), builder.Claim(hanbit, "train", "old", "1Ti", "1Ti"), builder.Claim(hanbit, "train", "corpus", "2Ti", "2Ti")),
			[]string{"hanbit-train/corpus Active 2Ti", "hanbit-train/old Retired 1Ti"},
		},
		"locked": {
			input(two(1, 1, corpus, builder.Deleted()), builder.OwnedNamespace(hanbit, "train"), builder.Claim(hanbit, "train", "corpus", "2Ti", "2Ti")),
			[]string{"hanbit-train/corpus Locked 2Ti"},
		},
		"before the term": {input(two(1, 1, corpus, builder.Term(july, time.Time{}))), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, entry := range volumeStatus(tt.in, Build(tt.in)) {
				got = append(got, fmt.Sprintf("%s/%s %s %s", entry.Namespace, entry.Name, entry.State, entry.Capacity))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOutcome(t *testing.T) {
	problem := errors.New("no")
	tests := map[string]struct {
		err    error
		reason string
		again  bool
	}{
		"nothing":       {nil, "", false},
		"a conflict":    {fmt.Errorf("apply: %w", &apply.ConflictError{Object: "Namespace x", Team: "hanbit"}), foundationv1alpha1.ReasonNameConflict, false},
		"terminating":   {&apply.TerminatingError{Object: "Namespace x"}, foundationv1alpha1.ReasonTerminating, false},
		"anything else": {problem, foundationv1alpha1.ReasonApplyFailed, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out := fine()
			if got := out.failed("Area", "hanbit-train", tt.err); got != (tt.err != nil) {
				t.Errorf("failed = %t", got)
			}
			if tt.err != nil && (len(out.Problems["Area"]) != 1 || out.Problems["Area"][0] != Problem{Place: "hanbit-train", Reason: tt.reason, Message: tt.err.Error()}) {
				t.Errorf("problems %+v", out.Problems)
			}
			if again := out.Err() != nil; again != tt.again {
				t.Errorf("tries again: %t", again)
			}
		})
	}
}
