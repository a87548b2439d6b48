package team

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// What time should have done while the operator did not run is on record with how late it was done; what it did in time, what
// somebody edited, and what another entry gives all the same are not.
func TestLateUntold(t *testing.T) {
	end := now.Add(time.Hour)
	waiting := func(until time.Time) builder.TeamMod {
		return func(team *foundationv1alpha1.FoundationTeam) {
			team.Status.NextTransitionTime = builder.MetaTime(until)
		}
	}
	kim := builder.StaffBetween("kim", foundationv1alpha1.RoleLead, time.Time{}, end)
	bound := func(name string) *rbacv1.RoleBinding {
		return &rbacv1.RoleBinding{
			ObjectMeta: builder.OwnedMeta(builder.Team("hanbit"), "hanbit-train", clusterRoles[foundationv1alpha1.RoleLead]),
			Subjects:   []rbacv1.Subject{{Kind: "User", Name: name}},
		}
	}
	tests := map[string]struct {
		before, after []builder.TeamMod
		bound         string
		at            time.Time
		want          []string
	}{
		"access that ended": {
			[]builder.TeamMod{kim},
			[]builder.TeamMod{kim, waiting(end)},
			"kim", end.Add(80 * time.Second),
			[]string{`2026-04-01T01:00:00Z staff[kim]: "Lead: User kim until 2026-04-01T01:00:00Z" -> "" late 1m20s`},
		},
		"access that ended within the tolerance": {
			[]builder.TeamMod{kim}, []builder.TeamMod{kim, waiting(end)}, "kim", end.Add(time.Minute), nil,
		},
		"access that ended in time, though the status was not written": {
			[]builder.TeamMod{kim}, []builder.TeamMod{kim, waiting(end)}, "", end.Add(time.Hour), nil,
		},
		"access whose end was moved to the past": {
			[]builder.TeamMod{builder.Staff("kim", foundationv1alpha1.RoleLead)}, []builder.TeamMod{kim, waiting(end)}, "kim", end.Add(time.Hour), nil,
		},
		"access that began": {
			[]builder.TeamMod{builder.StaffBetween("kim", foundationv1alpha1.RoleLead, end, time.Time{})},
			[]builder.TeamMod{builder.StaffBetween("kim", foundationv1alpha1.RoleLead, end, time.Time{}), waiting(end)},
			"", end.Add(time.Hour),
			[]string{`2026-04-01T01:00:00Z staff[kim]: "" -> "Lead: User kim from 2026-04-01T01:00:00Z" late 1h0m0s`},
		},
		"an award that ended": {
			[]builder.TeamMod{builder.AwardBetween("b200", 8, time.Time{}, end)},
			[]builder.TeamMod{builder.AwardBetween("b200", 8, time.Time{}, end), waiting(end)},
			"", end.Add(time.Hour),
			[]string{`2026-04-01T01:00:00Z gpus[award-0]: "8 of b200 until 2026-04-01T01:00:00Z" -> "" late 1h0m0s`},
		},
		"an award that ended before the last look": {
			[]builder.TeamMod{builder.AwardBetween("b200", 8, time.Time{}, now)},
			[]builder.TeamMod{builder.AwardBetween("b200", 8, time.Time{}, now), waiting(end)},
			"", end.Add(time.Hour), nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(twoNamespaces(tt.after...), tt.at)
			in.Record = recordOfTeam(input(twoNamespaces(tt.before...)))
			if tt.bound != "" {
				in.Others = append(in.Others, bound(tt.bound))
			}
			m := NewModel(in)
			got := newLateChanges(in.Record, BuildRecord(m))
			record := &foundationv1alpha1.TeamRecord{Spec: foundationv1alpha1.TeamRecordSpec{History: got}}
			if diff := cmp.Diff(tt.want, renderHistory(record, in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An award that the pool switched in time is not late because statuses could not be written then; it is if the pool waits for
// that moment still, or if nobody was at work.
func TestAnAwardThatThePoolSwitchedInTimeIsNotLate(t *testing.T) {
	end := now.Add(time.Hour)
	award := builder.AwardBetween("b200", 8, time.Time{}, end)
	waits := func(at time.Time) builder.PoolMod {
		return func(pool *foundationv1alpha1.GPUPool) { pool.Status.NextTransitionTime = builder.MetaTime(at) }
	}
	tests := map[string]struct {
		since time.Time
		pool  *foundationv1alpha1.GPUPool
		late  bool
	}{
		"the pool acted": {now, builder.Pool("b200"), false},
		"the pool acted, and waits for something":   {now, builder.Pool("b200", waits(july)), false},
		"the pool waits for it still":               {now, builder.Pool("b200", waits(end)), true},
		"nobody was at work, and the pool acts now": {end.Add(time.Minute), builder.Pool("b200"), true},
		"there is no such pool":                     {now, builder.Pool("other"), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(twoNamespaces(award, func(team *foundationv1alpha1.FoundationTeam) {
				team.Status.NextTransitionTime = builder.MetaTime(end)
			}), end.Add(time.Hour), tt.pool)
			in.WorkingSince = tt.since
			in.Record = recordOfTeam(input(twoNamespaces(award), tt.pool))
			if late := newLateChanges(in.Record, BuildRecord(NewModel(in))); len(late) > 0 != tt.late {
				t.Errorf("late: %+v", late)
			}
		})
	}
}

// While the status cannot be written, what was late is put on record once.
func TestLateIsRecordedOnce(t *testing.T) {
	end := now.Add(time.Hour)
	award := builder.AwardBetween("b200", 8, time.Time{}, end)
	in := input(twoNamespaces(award, func(team *foundationv1alpha1.FoundationTeam) {
		team.Status.NextTransitionTime = builder.MetaTime(end)
	}), end.Add(time.Hour))
	in.Record = recordOfTeam(input(twoNamespaces(award)))
	in.Record = BuildRecord(NewModel(in))
	if len(in.Record.Spec.History) == 0 || in.Record.Spec.History[0].Late == nil {
		t.Fatalf("nothing late on record: %+v", in.Record.Spec.History)
	}
	in.Now = in.Now.Add(15 * time.Second)
	if diff := cmp.Diff(in.Record.Spec.History, BuildRecord(NewModel(in)).Spec.History); diff != "" {
		t.Error(diff)
	}
}

// An edit that cannot be put on record at first is put on record later as what it is: an edit, by whoever made it, and not
// something that time did and the operator missed.
func TestAnEditIsNotLateBecauseTheRecordFailed(t *testing.T) {
	s, r := working(t)
	before := s.team(t).Status.ObservedGeneration
	s.edit(t, builder.Term(now.AddDate(-2, 0, 0), now.AddDate(-1, 0, 0)))
	s.failing("patch TeamRecord")
	s.reconcile(t, r)
	if observed := s.team(t).Status.ObservedGeneration; observed != before {
		t.Errorf("observed generation %d while the record fails, want %d", observed, before)
	}
	s.failing()
	s.settle(t, r)
	if team := s.team(t); team.Status.ObservedGeneration != team.Generation || team.Status.State != foundationv1alpha1.StateEnded {
		t.Errorf("observed generation %d of %d, %s", team.Status.ObservedGeneration, team.Generation, team.Status.State)
	}
	var records foundationv1alpha1.TeamRecordList
	if err := s.List(t.Context(), &records); err != nil || len(records.Items) != 1 {
		t.Fatal(records.Items, err)
	}
	for _, change := range records.Items[0].Spec.History {
		if change.Late != nil {
			t.Errorf("%s %s is %s late", change.Field, change.Name, change.Late.Duration)
		}
	}
}
