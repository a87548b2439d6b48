package team

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// lookAt is a team as it was when the operator looked at it.
type lookAt struct {
	at time.Time
	in Input
}

// afterLooks returns the last Input, with the record that the looks before it left.
func afterLooks(looks ...lookAt) Input {
	var record *foundationv1alpha1.TeamRecord
	var in Input
	for _, look := range looks {
		in = look.in
		in.Now, in.Record = look.at, record
		record = BuildRecord(NewModel(in))
	}
	return in
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

var (
	day = 24 * time.Hour
	// due has an admin's confirmation that the data is deleted when it was kept for long enough.
	due  = []builder.TeamMod{annotated, builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyDelete), builder.KeptFor(30*day, 90*day)}
	lost = []builder.TeamMod{annotated, builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyDelete), builder.KeptFor(0, 0)}
)

// until is a team of which a namespace exists, with a term until a time.
func until(end time.Time, mods []builder.TeamMod, more ...builder.TeamMod) Input {
	team := twoNamespaces(append(append(slices.Clone(mods), builder.Term(now.AddDate(-1, 0, 0), end)), more...)...)
	return input(team, builder.OwnedNamespace(twoNamespaces(), "train"))
}

// A slip, however it comes, deletes nothing before data was kept for as long as was confirmed, counted from when it was seen.
func TestASlipDeletesNothing(t *testing.T) {
	nextYear, lastYear := now.AddDate(1, 0, 0), now.AddDate(0, -6, 0)
	in := until(nextYear, due)
	const waits = "False DeletionNotConfirmed: deletionPolicy is Delete, and nothing is deleted yet: "
	const deleting = "False WaitingForNamespaces: 1 namespace being deleted"
	const orRetain = "; or set spec.deletionPolicy to Retain"
	const again = "take the annotation foundation.team/confirm-deletion off, and set it again" + orRetain
	retained := []builder.TeamMod{annotated, builder.KeptFor(0, 0)}
	unconfirmed := func(team *foundationv1alpha1.FoundationTeam) { team.Annotations = nil }
	ended := lookAt{now.Add(time.Hour), until(lastYear, due)}
	tests := map[string]struct {
		looks []lookAt
		want  string
	}{
		"a slip of a year": {
			[]lookAt{{now, in}, ended},
			waits + "data is kept until 2026-06-30T01:00:00Z (confirmed 2026-04-01T00:00:00Z, when the team's time was to go on until 2027-04-01T00:00:00Z); wait, or shorten spec.retention.keep" + orRetain,
		},
		"a slip of a year that nobody corrects for as long as data is kept": {[]lookAt{{now, in}, ended, {now.Add(time.Hour + 90*day), until(lastYear, due)}}, deleting},
		"the end, and a keep of nothing, in one edit": {
			[]lookAt{{now, in}, {now.Add(time.Hour), until(lastYear, lost)}},
			waits + "data is kept until 2026-06-30T01:00:00Z, because it was confirmed 2026-04-01T00:00:00Z for a keep of 2160h0m0s: wait, or " + again,
		},
		"a keep of nothing in a later edit": {
			[]lookAt{{now, in}, ended, {now.Add(2 * time.Hour), until(lastYear, lost)}},
			waits + "data is kept until 2026-06-30T01:00:00Z, because it was confirmed 2026-04-01T00:00:00Z for a keep of 2160h0m0s: wait, or " + again,
		},
		"a keep of nothing that is confirmed anew": {
			[]lookAt{{now, in}, ended, {now.Add(2 * time.Hour), until(lastYear, lost, unconfirmed)}, {now.Add(3 * time.Hour), until(lastYear, lost)}}, deleting,
		},
		"a shorter keep that is confirmed anew counts from when it was seen": {
			[]lookAt{{now, in}, ended, {now.Add(2 * time.Hour), until(lastYear, due, builder.KeptFor(0, 10*day), unconfirmed)}, {now.Add(3 * time.Hour), until(lastYear, due, builder.KeptFor(0, 10*day))}},
			waits + "data is kept until 2026-04-11T02:00:00Z; wait, or shorten spec.retention.keep" + orRetain,
		},
		"the deletion policy is switched under an old confirmation": {
			[]lookAt{{now, until(nextYear, retained)}, {now.Add(time.Hour), until(lastYear, retained)}, {now.Add(2 * time.Hour), until(lastYear, lost)}},
			waits + "it was confirmed 2026-04-01T00:00:00Z, when deletionPolicy was Retain: " + again,
		},
		"the record is lost": {
			[]lookAt{{now, until(lastYear, due)}}, waits + "data is kept until 2026-06-30T00:00:00Z; wait, or shorten spec.retention.keep" + orRetain,
		},
		"the operator did not run for a year": {
			[]lookAt{{now, until(now.AddDate(0, 1, 0), due)}, {now.AddDate(1, 0, 0), until(now.AddDate(0, 1, 0), due)}},
			waits + "data is kept until 2027-04-02T00:00:00Z; wait, or shorten spec.retention.keep" + orRetain,
		},
		"the FoundationTeam is deleted, too": {
			[]lookAt{{now, in}, {now.Add(time.Hour), until(lastYear, due, builder.Deleted())}},
			waits + "data is kept until 2026-06-30T01:00:00Z (confirmed 2026-04-01T00:00:00Z, when the team's time was to go on until 2027-04-01T00:00:00Z); wait, or shorten spec.retention.keep" + orRetain,
		},
		"the start is moved ahead": {
			[]lookAt{{now, in}, {now.Add(time.Hour), until(nextYear, due, builder.Term(nextYear.AddDate(0, -1, 0), nextYear))}},
			waits + "data is kept until 2026-06-30T01:00:00Z; wait, or shorten spec.retention.keep" + orRetain,
		},
		"the programme is missing, which says how long data is kept": {
			[]lookAt{{now, in}, ended, {now.AddDate(1, 0, 0), until(lastYear, due, builder.InProgram("sovereign"))}},
			waits + "FoundationProgram sovereign does not exist, which may say how long data is kept: create it, or correct spec.programName" + orRetain,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			last := afterLooks(tt.looks...)
			got := finalizedCondition(NewModel(last), noProblems())
			if got == nil {
				t.Fatal("no deletion is reported")
			}
			if diff := cmp.Diff(tt.want, conditionLine(*got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A team that was in keeps the access to its data when its specs say that it never was.
func TestATeamThatWasInIsServedAsEnded(t *testing.T) {
	staff := []builder.TeamMod{builder.Staff("kim", foundationv1alpha1.RoleLead)}
	selected := sovereign()
	tests := map[string]struct {
		before, after Input
		state         foundationv1alpha1.TeamState
	}{
		"the start of its term is moved ahead": {until(july, staff), until(july, staff, builder.Term(now.AddDate(0, 2, 0), july)), foundationv1alpha1.StateNotStarted},
		"its decision vanished": {
			inProgram(selected, twoNamespaces(staff...), builder.OwnedNamespace(twoNamespaces(), "train")),
			inProgram(builder.Program("sovereign"), twoNamespaces(staff...), builder.OwnedNamespace(twoNamespaces(), "train")), foundationv1alpha1.StateNotSelected,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := afterLooks(lookAt{now, tt.before}, lookAt{now.Add(time.Hour), tt.after})
			status := statusOf(in, noProblems())
			if status.State != tt.state || len(status.Namespaces) == 0 || status.Namespaces[0].State != foundationv1alpha1.ResourceDataAccess {
				t.Errorf("%s: %+v", status.State, status.Namespaces)
			}
			if got := status.Retention; got == nil || !got.DataAccessEndTime.Time.Equal(now.Add(time.Hour+30*day)) {
				t.Errorf("retention %+v", got)
			}
			if diff := cmp.Diff([]string{"foundation-team-data-steward kim"}, bound(t, in)); diff != "" {
				t.Error(diff)
			}
			in.Record, in.Now = BuildRecord(NewModel(in)), now.Add(time.Hour+30*day)
			if got := bound(t, in); got != nil {
				t.Errorf("after data access %q", got)
			}
		})
	}
}

// bound returns who is bound to which role in the namespace train.
func bound(t *testing.T, in Input) []string {
	t.Helper()
	var users []string
	for _, obj := range namespaceOf(t, Build(NewModel(in)), "train").Access {
		for _, subject := range typed[rbacv1.RoleBinding](t, obj).Subjects {
			users = append(users, *obj.GetName()+" "+subject.Name)
		}
	}
	return users
}

// While a programme is missing its team goes on with what it has, and nothing new is given.
func TestATeamOfAMissingProgramKeepsWhatItHas(t *testing.T) {
	team := func() *foundationv1alpha1.FoundationTeam {
		return twoNamespaces(builder.InProgram("sovereign"), builder.Award("b200", 16), builder.Staff("kim", foundationv1alpha1.RoleLead),
			builder.StaffBetween("gone", foundationv1alpha1.RoleLead, time.Time{}, now.Add(time.Hour)), builder.StaffBetween("new", foundationv1alpha1.RoleLead, now.Add(time.Hour), time.Time{}))
	}
	there := []any{builder.OwnedNamespace(twoNamespaces(), "train"), bindingOf(twoNamespaces(), "hanbit-train", "lead", "kim", "gone"), builder.Pool("b200", builder.Granted(twoNamespaces(), 16))}
	before := inProgram(sovereign(), team(), there...)
	missing := input(team(), there...)
	tests := map[string]struct {
		in    Input
		state foundationv1alpha1.ResourceState
		want  []string
	}{
		"it was in":             {afterLooks(lookAt{now, before}, lookAt{now.Add(time.Hour), missing}), foundationv1alpha1.ResourceActive, []string{"foundation-team-lead kim"}},
		"its record is lost":    {afterLooks(lookAt{now.Add(time.Hour), missing}), foundationv1alpha1.ResourceActive, []string{"foundation-team-lead kim"}},
		"it was never selected": {afterLooks(lookAt{now, inProgram(builder.Program("sovereign"), team())}, lookAt{now.Add(time.Hour), missing}), foundationv1alpha1.ResourceLocked, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := NewModel(tt.in)
			if m.State != foundationv1alpha1.StateProgramNotFound || m.Retention != nil {
				t.Errorf("%s, retention %+v", m.State, m.Retention)
			}
			if got := m.Namespaces[0].state; got != tt.state {
				t.Errorf("its namespace is %s", got)
			}
			if diff := cmp.Diff(tt.want, bound(t, tt.in)); diff != "" {
				t.Error(diff)
			}
			server := &recorder{}
			server.applyAndPrune(t, tt.in)
			if slices.ContainsFunc(server.writes, func(write string) bool {
				return write == "apply Namespace hanbit-eval" || write == "create Namespace hanbit-eval"
			}) {
				t.Errorf("writes %q", server.writes)
			}
		})
	}
}
