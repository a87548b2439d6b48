package main

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// A check is worth something only if it can fail: every case but the first breaks one thing.

var end = foundationv1alpha1.NewTimestamp(time.Date(2030, 3, 31, 15, 0, 0, 0, time.UTC))

func team(name string, granted, ready int32) foundationv1alpha1.FoundationTeam {
	t := foundationv1alpha1.FoundationTeam{
		ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 1},
		Spec: foundationv1alpha1.FoundationTeamSpec{
			Term:       &foundationv1alpha1.Window{EndTime: &end},
			GPUs:       []foundationv1alpha1.GPUAward{{Name: "stage-1", PoolName: "b200", Count: new(int32(512))}},
			Namespaces: []foundationv1alpha1.TeamNamespace{{Name: "train"}, {Name: "eval"}},
			Staff: []foundationv1alpha1.StaffMember{
				{Name: "lead", Subject: foundationv1alpha1.StaffSubject{Kind: "User", Name: "lead@hanbit.example"}},
				{Name: "visitors", Subject: foundationv1alpha1.StaffSubject{Kind: "Group", Name: "visitors"}, EndTime: &end},
			},
		},
		Status: foundationv1alpha1.FoundationTeamStatus{
			GPUs: &foundationv1alpha1.TeamGPUStatus{
				Granted: granted, Ready: ready, Requested: 512,
				Pools: []foundationv1alpha1.TeamPoolStatus{{Name: "b200", Granted: granted, Shortfall: 512 - granted}},
			},
			Conditions: []metav1.Condition{{Type: "Ready", Status: metav1.ConditionTrue, ObservedGeneration: 1}},
		},
	}
	if granted < 512 {
		t.Status.GPUs.Pools[0].NextFreeTime = end.Meta()
		t.Status.Conditions[0].Status = metav1.ConditionFalse
		t.Status.Conditions[0].Reason = foundationv1alpha1.ReasonShortfall
		t.Status.Conditions[0].Message = "b200: 512 of 512 short, 512 free 2030-03-31T15:00Z"
	}
	return t
}

func pool(total int32, grants ...foundationv1alpha1.Grant) foundationv1alpha1.GPUPool {
	p := foundationv1alpha1.GPUPool{ObjectMeta: metav1.ObjectMeta{Name: "b200"}}
	p.Status.Capacity = &foundationv1alpha1.PoolCapacity{Total: total}
	for _, grant := range grants {
		p.Status.Capacity.Granted += grant.Granted
	}
	p.Status.Grants = grants
	return p
}

func expect(t *testing.T, err error, wantErr bool) {
	t.Helper()
	if (err != nil) != wantErr {
		t.Errorf("got %v, want an error: %v", err, wantErr)
	}
}

func TestUnsettled(t *testing.T) {
	served := foundationv1alpha1.Grant{TeamName: "hanbit", Granted: 512, Ready: 512}
	waits := foundationv1alpha1.Grant{TeamName: "saebyeok"}
	full := pool(512, served, waits)
	fresh := team("hanbit", 512, 512)
	fresh.Status.Conditions = nil
	edited := team("hanbit", 512, 512)
	edited.Generation = 2
	moving := team("saebyeok", 0, 0)
	moving.Status.Conditions = append(moving.Status.Conditions, metav1.Condition{Type: "Reconciling", Status: metav1.ConditionTrue})
	broken := team("saebyeok", 0, 0)
	broken.Status.Conditions[0].Reason = foundationv1alpha1.ReasonPoolNotFound
	claimed := served
	claimed.Ready = 0

	tests := map[string]struct {
		team    foundationv1alpha1.FoundationTeam
		pool    foundationv1alpha1.GPUPool
		wantErr bool
	}{
		"has everything":                      {team: team("hanbit", 512, 512), pool: full},
		"waits, and nothing is left":          {team: team("saebyeok", 0, 0), pool: full},
		"was not looked at":                   {team: fresh, pool: full, wantErr: true},
		"was not looked at since the edit":    {team: edited, pool: full, wantErr: true},
		"is on its way":                       {team: moving, pool: full, wantErr: true},
		"is stuck":                            {team: broken, pool: full, wantErr: true},
		"waits, and there is some left":       {team: team("saebyeok", 0, 0), pool: pool(1024, served, waits), wantErr: true},
		"waits while others get their nodes":  {team: team("saebyeok", 0, 0), pool: pool(512, claimed, waits), wantErr: true},
		"does not know yet what it was given": {team: team("hanbit", 200, 200), pool: full, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := checkAllocated([]foundationv1alpha1.FoundationTeam{tt.team}, []foundationv1alpha1.GPUPool{tt.pool})
			expect(t, err, tt.wantErr)
		})
	}
}

func TestCheckServed(t *testing.T) {
	full := func() foundationv1alpha1.FoundationTeam { return team("full", 512, 512) }
	unready := full()
	unready.Status.Conditions[0].Status = metav1.ConditionFalse
	waits := team("saebyeok", 0, 0)
	tests := map[string]struct {
		fourth, fifth foundationv1alpha1.FoundationTeam
		wantErr       bool
	}{
		"four have all":       {fourth: full(), fifth: waits},
		"one has part":        {fourth: team("part", 200, 200), fifth: waits, wantErr: true},
		"one's are not there": {fourth: team("claims", 512, 504), fifth: waits, wantErr: true},
		"one is not ready":    {fourth: unready, fifth: waits, wantErr: true},
		"nobody waits":        {fourth: full(), fifth: full(), wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			expect(t, checkServed([]foundationv1alpha1.FoundationTeam{full(), full(), full(), tt.fourth, tt.fifth}), tt.wantErr)
		})
	}
}

func TestCheckWaiting(t *testing.T) {
	later := metav1.NewTime(end.Add(time.Hour))
	tests := map[string]struct {
		change  func(*foundationv1alpha1.FoundationTeam)
		wantErr bool
	}{
		"told what and until when": {change: func(*foundationv1alpha1.FoundationTeam) {}},
		"not told": {change: func(t *foundationv1alpha1.FoundationTeam) {
			t.Status.Conditions[0].Message = "b200: 512 short"
		}, wantErr: true},
		"told another time": {change: func(t *foundationv1alpha1.FoundationTeam) {
			t.Status.GPUs.Pools[0].NextFreeTime = &later
		}, wantErr: true},
		"told no time": {change: func(t *foundationv1alpha1.FoundationTeam) {
			t.Status.GPUs.Pools[0].NextFreeTime = nil
		}, wantErr: true},
		"another number": {change: func(t *foundationv1alpha1.FoundationTeam) {
			t.Status.GPUs.Pools[0].Shortfall = 8
		}, wantErr: true},
		"ready": {change: func(t *foundationv1alpha1.FoundationTeam) { *t = team("saebyeok", 512, 512) }, wantErr: true},
		"gone":  {change: func(t *foundationv1alpha1.FoundationTeam) { *t = foundationv1alpha1.FoundationTeam{} }, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			waits, donor := team("saebyeok", 0, 0), team("naru", 512, 512)
			tt.change(&waits)
			expect(t, checkWaiting(&waits, &donor), tt.wantErr)
		})
	}
}

func TestCheckWithinCapacity(t *testing.T) {
	grant := foundationv1alpha1.Grant{TeamName: "hanbit", Granted: 512}
	expect(t, checkWithinCapacity([]foundationv1alpha1.GPUPool{pool(512, grant), pool(1024, grant)}), false)
	expect(t, checkWithinCapacity([]foundationv1alpha1.GPUPool{pool(504, grant), pool(1024, grant)}), true)
	expect(t, checkWithinCapacity([]foundationv1alpha1.GPUPool{pool(512), pool(1024, grant)}), true)
	expect(t, checkWithinCapacity([]foundationv1alpha1.GPUPool{pool(512, grant)}), true)
}

func TestCheckBindings(t *testing.T) {
	hanbit := team("hanbit", 512, 512)
	binding := func(namespace string, names ...string) rbacv1.RoleBinding {
		b := rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: namespace}}
		for _, name := range names {
			kind := "User"
			if name == "visitors" {
				kind = "Group"
			}
			b.Subjects = append(b.Subjects, rbacv1.Subject{Kind: kind, Name: name})
		}
		return b
	}
	const lead = "lead@hanbit.example"
	before, after := end.Add(-time.Hour), end.Time
	tests := map[string]struct {
		train, eval rbacv1.RoleBinding
		now         time.Time
		wantErr     bool
	}{
		"all":                {train: binding("hanbit-train", lead, "visitors"), eval: binding("hanbit-eval", "visitors", lead), now: before},
		"one over":           {train: binding("hanbit-train", lead), eval: binding("hanbit-eval", lead), now: after},
		"one missing":        {train: binding("hanbit-train", lead, "visitors"), eval: binding("hanbit-eval", lead), now: before, wantErr: true},
		"one who left":       {train: binding("hanbit-train", lead, "visitors"), eval: binding("hanbit-eval", lead), now: after, wantErr: true},
		"one from elsewhere": {train: binding("hanbit-train", lead, "visitors", "spy"), eval: binding("hanbit-eval", lead, "visitors"), now: before, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			expect(t, checkBindings(&hanbit, []rbacv1.RoleBinding{tt.train, tt.eval}, tt.now), tt.wantErr)
		})
	}
}

func TestCheckWhere(t *testing.T) {
	node := func(name, owner string) corev1.Node {
		return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{foundationv1alpha1.LabelNodeTeam: owner}}}
	}
	nodes := []corev1.Node{node("a", "hanbit"), node("b", "naru"), node("c", "hanbit")}
	pod := func(on string, phase corev1.PodPhase) corev1.Pod {
		return corev1.Pod{Spec: corev1.PodSpec{NodeName: on}, Status: corev1.PodStatus{Phase: phase}}
	}
	tests := map[string]struct {
		second  corev1.Pod
		want    int
		wantErr bool
	}{
		"its own":       {second: pod("c", corev1.PodRunning), want: 2},
		"a rival's":     {second: pod("b", corev1.PodRunning), want: 2, wantErr: true},
		"unknown":       {second: pod("d", corev1.PodRunning), want: 2, wantErr: true},
		"nowhere yet":   {second: pod("", corev1.PodPending), want: 2, wantErr: true},
		"not running":   {second: pod("c", corev1.PodPending), want: 2, wantErr: true},
		"fewer of them": {second: pod("c", corev1.PodRunning), want: 3, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			used, err := checkWorkerNodes([]corev1.Pod{pod("a", corev1.PodRunning), tt.second}, nodes, "hanbit", tt.want)
			expect(t, err, tt.wantErr)
			if err == nil && len(used) != 2 {
				t.Errorf("%d nodes are in use, want 2", len(used))
			}
		})
	}
}

func TestJudgeRefusal(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "x", errors.New("exceeded quota: gpus"))
	expect(t, checkRefusalError(forbidden, apierrors.IsForbidden, "exceeded quota"), false)
	expect(t, checkRefusalError(nil, apierrors.IsForbidden), true)
	expect(t, checkRefusalError(errors.New("connection refused"), apierrors.IsForbidden), true)
	expect(t, checkRefusalError(forbidden, apierrors.IsForbidden, "policy"), true)
}

func TestAwaitComeback(t *testing.T) {
	policy := func(name, uid string) *networkingv1.NetworkPolicy {
		return &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(uid)}}
	}
	old := policy("deny", "1")
	events := make(chan watch.Event, 5)
	events <- watch.Event{Type: watch.Added, Object: old}
	events <- watch.Event{Type: watch.Added, Object: policy("other", "3")}
	events <- watch.Event{Type: watch.Deleted, Object: old}
	events <- watch.Event{Type: watch.Added, Object: policy("deny", "2")}
	close(events)
	back := awaitRestoration(t.Context(), events, old)
	if back.err != nil || back.policy.UID != "2" || back.took < 0 || back.took > time.Minute {
		t.Errorf("got %+v", back)
	}
	if back := awaitRestoration(t.Context(), events, old); back.err == nil {
		t.Error("a watch that ended brought it back")
	}
}
