package team

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// An edit that ends what is in use is told for what it does: numbers in the record, one event, and who did it when.
func TestAnEditIsToldForWhatItEnds(t *testing.T) {
	at := now.Add(time.Hour)
	began, nextYear := now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)
	working := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		all := []builder.TeamMod{
			builder.Term(began, nextYear), builder.Award("b200", 64), builder.Volume("corpus", "train", "1Ti", ""),
			builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Staff("lee", foundationv1alpha1.RoleEngineer), builder.Staff("guest", foundationv1alpha1.RoleViewer),
		}
		team := twoNamespaces(append(all, mods...)...)
		team.Status.ObservedGeneration = 1
		return team
	}
	owner := twoNamespaces()
	look := func(team *foundationv1alpha1.FoundationTeam, more ...any) Input {
		return input(team, append(more, builder.OwnedNamespace(owner, "train"), builder.OwnedNamespace(owner, "eval"), builder.Pool("b200", builder.Granted(owner, 64)),
			builder.Claim(owner, "train", "corpus", "1Ti", "1Ti"), bindingOf(owner, "hanbit-train", "lead", "kim"), bindingOf(owner, "hanbit-train", "engineer", "lee"),
			bindingOf(owner, "hanbit-eval", "engineer", "lee"), bindingOf(owner, "hanbit-train", "viewer", "guest"))...)
	}
	after := func(mods ...builder.TeamMod) Input {
		team := working(append(mods, edited("kubectl", at))...)
		team.Generation = 2
		return look(team)
	}
	set := func(change func(*foundationv1alpha1.FoundationTeamSpec)) builder.TeamMod {
		return func(team *foundationv1alpha1.FoundationTeam) { change(&team.Spec) }
	}
	const by = " by kubectl at 2026-04-01T01:00:00Z"
	tests := map[string]struct {
		in   Input
		want []string
	}{
		"a slip of a year": {
			after(builder.Term(began, now.AddDate(0, -6, 0))),
			[]string{"64 GPUs, a part of the access of 2 people and work in 2 namespaces end now, because spec.term.endTime was moved from 2027-04-01T00:00:00Z to 2025-10-01T00:00:00Z" + by},
		},
		"the start is moved ahead": {
			after(builder.Term(nextYear.AddDate(0, -1, 0), nextYear)),
			[]string{"64 GPUs, a part of the access of 2 people and work in 2 namespaces end now, because spec.term.startTime was moved from 2025-04-01T00:00:00Z to 2027-03-01T00:00:00Z" + by},
		},
		"the end, and no data access": {
			after(builder.Term(began, now.AddDate(0, -6, 0)), builder.KeptFor(0, day)),
			[]string{
				`staff can read data for 30 days less, because spec.retention.dataAccess was set to "0s"` + by,
				`data is kept for 89 days less, because spec.retention.keep was set to "24h0m0s"` + by,
				"64 GPUs, the access of 3 people and work in 2 namespaces end now, because spec.term.endTime was moved from 2027-04-01T00:00:00Z to 2025-10-01T00:00:00Z" + by,
			},
		},
		"data is kept for less": {
			after(builder.KeptFor(30*day, 30*day)), []string{`data is kept for 60 days less, because spec.retention.keep was set to "720h0m0s"` + by},
		},
		"data is kept for longer": {after(builder.KeptFor(30*day, 120*day)), nil},
		"data may be deleted":     {after(builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyDelete)), []string{`the data of 2 namespaces may be deleted in the end, and was to be kept, because spec.deletionPolicy was changed from "Retain" to "Delete"` + by}},
		"it may not have the pool any more": {
			func() Input {
				in := after(builder.Consortium("Rival"))
				builder.Ineligible("Rival")(in.Pools["b200"])
				return in
			}(),
			[]string{`64 GPUs end now, because spec.consortium.lead was set to "Rival"` + by},
		},
		"it is suspended": {after(builder.Suspended()), []string{`a part of the access of 2 people ends now, because spec.suspend was set to "true"` + by}},
		"an award is made smaller": {
			after(set(func(spec *foundationv1alpha1.FoundationTeamSpec) { spec.GPUs[0].Count = new(int32(48)) })),
			[]string{`16 GPUs end now, because spec.gpus[award-0] was changed from "64 of b200" to "48 of b200"` + by},
		},
		"an award is given an end": {
			after(set(func(spec *foundationv1alpha1.FoundationTeamSpec) { spec.GPUs[0].EndTime = builder.SpecTime(now) })),
			[]string{`64 GPUs end now, because spec.gpus[award-0] was changed from "64 of b200" to "64 of b200 until 2026-04-01T00:00:00Z"` + by},
		},
		"an award is moved to another pool": {
			func() Input {
				in := after(set(func(spec *foundationv1alpha1.FoundationTeamSpec) { spec.GPUs[0].PoolName = "h100" }))
				in.Pools["h100"] = builder.Pool("h100")
				return in
			}(),
			[]string{`64 GPUs end now, because spec.gpus[award-0] was changed from "64 of b200" to "64 of h100"` + by},
		},
		"an award names a pool that does not exist": {after(set(func(spec *foundationv1alpha1.FoundationTeamSpec) { spec.GPUs[0].PoolName = "b2o0" })), nil},
		"an award is taken out": {
			after(set(func(spec *foundationv1alpha1.FoundationTeamSpec) { spec.GPUs = nil })), []string{`64 GPUs end now, because spec.gpus[award-0] was taken out ("64 of b200")` + by},
		},
		"somebody is taken out": {
			after(set(func(spec *foundationv1alpha1.FoundationTeamSpec) { spec.Staff = spec.Staff[1:] })),
			[]string{`the access of 1 person ends now, because spec.staff[kim] was taken out ("Lead: User kim")` + by},
		},
		"somebody may do less": {
			after(set(func(spec *foundationv1alpha1.FoundationTeamSpec) { spec.Staff[0].Role = foundationv1alpha1.RoleViewer })),
			[]string{`a part of the access of 1 person ends now, because spec.staff[kim] was changed from "Lead: User kim" to "Viewer: User kim"` + by},
		},
		"a namespace is retired": {
			after(set(func(spec *foundationv1alpha1.FoundationTeamSpec) { spec.Namespaces = spec.Namespaces[:1] })), []string{"work in 1 namespace ends now, because spec.namespaces[eval] was taken out" + by},
		},
		"a volume is retired": {
			after(set(func(spec *foundationv1alpha1.FoundationTeamSpec) { spec.Volumes = nil })), []string{`1 volume ends now, because spec.volumes[corpus] was taken out ("1Ti in train")` + by},
		},
		"the FoundationTeam is deleted": {
			after(builder.Deleted()),
			[]string{"64 GPUs, the access of 3 people and work in 2 namespaces end now, because the FoundationTeam was deleted at 2026-04-01T01:00:00Z"},
		},
		"the programme's reference names nothing": {after(builder.InProgram("sovereign")), nil},
		"an award is raised":                      {after(set(func(spec *foundationv1alpha1.FoundationTeamSpec) { spec.GPUs[0].Count = new(int32(96)) })), nil},
		"time ends it":                            {look(working()), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			when := at
			if name == "time ends it" {
				when = nextYear
			}
			in := afterLooks(lookAt{now, look(working())}, lookAt{when, tt.in})
			m := NewModel(in)
			record := BuildRecord(m)
			var got []string
			for _, change := range newEffects(in.Record, record) {
				got = append(got, effectMessage(change, m.Life))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			in.Record = record
			in.Team.Status.ObservedGeneration = in.Team.Generation
			if again := newEffects(record, BuildRecord(NewModel(in))); len(again) > 0 {
				t.Errorf("told again: %+v", again)
			}
		})
	}
}

// An edit of the programme is told to the team for what it ends there.
func TestAnEditOfTheProgrammeIsToldForWhatItEnds(t *testing.T) {
	at := now.Add(time.Hour)
	team := func() *foundationv1alpha1.FoundationTeam {
		team := twoNamespaces(builder.StageAward("b200", 64, "stage-1", ""), builder.Staff("kim", foundationv1alpha1.RoleLead))
		team.Status.ObservedGeneration = 1
		team.Status.Program = &foundationv1alpha1.TeamProgramStatus{Name: "sovereign", ObservedGeneration: 1}
		return team
	}
	look := func(program *foundationv1alpha1.FoundationProgram) Input {
		return inProgram(program, team(), builder.OwnedNamespace(twoNamespaces(), "train"), builder.Pool("b200", builder.Granted(twoNamespaces(), 64)),
			bindingOf(twoNamespaces(), "hanbit-train", "lead", "kim"))
	}
	stage := func(end time.Time) builder.ProgramMod { return builder.InStage("stage-1", now.AddDate(0, -1, 0), end) }
	byOffice := func(program *foundationv1alpha1.FoundationProgram) {
		program.Generation = 2
		edits := builder.Team("x", edited("argocd", at))
		program.ManagedFields = edits.ManagedFields
	}
	selected := sovereign(stage(july))
	unselected := selected.DeepCopy()
	unselected.Spec.Decisions = nil
	byOffice(unselected)
	before := selected.DeepCopy()
	before.Generation = 1
	tests := map[string]struct {
		program *foundationv1alpha1.FoundationProgram
		want    []string
	}{
		"its decision is taken out": {
			unselected,
			[]string{`64 GPUs, a part of the access of 1 person and work in 1 namespace end now, because the decision of the programme was taken out ("Selected on 2026-03-01T09:00:00+09:00: as the panel saw it") at 2026-04-01T10:00:00+09:00`},
		},
		"a stage is moved": {
			sovereign(stage(now), byOffice), []string{"64 GPUs end now, because FoundationProgram sovereign was changed by argocd at 2026-04-01T10:00:00+09:00"},
		},
		"a stage is taken out": {sovereign(byOffice), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := afterLooks(lookAt{now, look(before)}, lookAt{at, look(tt.program)})
			m := NewModel(in)
			var got []string
			record := BuildRecord(m)
			for _, change := range newEffects(in.Record, record) {
				got = append(got, effectMessage(change, m.Life))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			in.Record = record // the status could not be written, and still has the old generation
			if again := newEffects(record, BuildRecord(NewModel(in))); len(again) > 0 {
				t.Errorf("told again: %+v", again)
			}
		})
	}
}

// While an edit is what put a team into its state, the condition says so, and the history what it took.
func TestStatusTellsWhatAnEditEnded(t *testing.T) {
	team := twoNamespaces(builder.Suspended(), builder.Staff("kim", foundationv1alpha1.RoleLead), edited("kubectl", now))
	before := twoNamespaces(builder.Staff("kim", foundationv1alpha1.RoleLead))
	there := []any{builder.OwnedNamespace(team, "train"), bindingOf(team, "hanbit-train", "lead", "kim")}
	in := afterLooks(lookAt{now, input(before, there...)}, lookAt{now, input(team, there...)})
	record := BuildRecord(NewModel(in))
	m := NewModel(in)
	status := BuildStatus(m, record, Build(m), noProblems())
	want := "False Suspended: suspended: nothing new starts and staff may only read, awards are kept; set spec.suspend to false to resume; " +
		`a part of the access of 1 person ended, because spec.suspend was set to "true" by kubectl at 2026-04-01T00:00:00Z`
	if got := conditionLine(*meta.FindStatusCondition(status.Conditions, foundationv1alpha1.ConditionActive)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var effects []string
	for _, change := range status.History {
		effects = append(effects, change.What+": "+change.Effect)
	}
	if diff := cmp.Diff([]string{"state: ", "suspend: a part of the access of 1 person", "state: "}, effects); diff != "" {
		t.Error(diff)
	}
}

// An edit of a pool is told to each team that loses GPUs of it; one that takes nothing is on record, and has no effect. It is
// told also if the pool has decided already.
func TestAnEditOfAPoolIsToldForWhatItEnds(t *testing.T) {
	at := now.Add(time.Hour)
	team := func() *foundationv1alpha1.FoundationTeam {
		team := builder.Team("hanbit", builder.Award("b200", 64))
		team.Status.ObservedGeneration = 1
		team.Status.GPUs = &foundationv1alpha1.TeamGPUStatus{Pools: []foundationv1alpha1.TeamPoolStatus{{Name: "b200", Requested: 64, Granted: 64, Held: 64}}}
		return team
	}
	look := func(mods ...builder.PoolMod) Input {
		return input(team(), builder.Pool("b200", append([]builder.PoolMod{builder.Granted(team(), 64)}, mods...)...))
	}
	byAdmin := func(pool *foundationv1alpha1.GPUPool) {
		pool.Generation = 2
		pool.ManagedFields = builder.Team("x", edited("argocd", at)).ManagedFields
	}
	decided := func(pool *foundationv1alpha1.GPUPool) { pool.Status.Grants = nil }
	const ends = `64 GPUs end now, because spec.availability of GPUPool b200 was set to "{\"endTime\":\"2026-03-01T00:00:00Z\"}" by argocd at 2026-04-01T01:00:00Z`
	over := builder.Available(time.Time{}, now.AddDate(0, -1, 0))
	tests := map[string]struct {
		in   Input
		want []string
	}{
		"its availability is over":                             {look(over, byAdmin), []string{ends}},
		"its availability is over, and it has decided already": {look(over, byAdmin, decided), []string{ends}},
		"its availability is to be over":                       {look(builder.Available(time.Time{}, july), byAdmin), nil},
		"other pods may be evicted sooner":                     {look(builder.Grace(time.Minute), byAdmin), nil},
		"its selector matches nothing": {look(func(pool *foundationv1alpha1.GPUPool) {
			pool.Spec.Static.NodeSelector.MatchLabels = map[string]string{"no": "node"}
		}, byAdmin), nil},
		"nothing was edited, and time ended what was available": {look(), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := afterLooks(lookAt{now, look()}, lookAt{at, tt.in})
			m := NewModel(in)
			record := BuildRecord(m)
			var got []string
			for _, change := range newEffects(in.Record, record) {
				got = append(got, effectMessage(change, m.Life))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			in.Record = record
			if again := newEffects(record, BuildRecord(NewModel(in))); len(again) > 0 {
				t.Errorf("told again: %+v", again)
			}
		})
	}
}

// A period that is shortened when it runs is told by what is lost of it.
func TestAShorterRetentionIsToldForWhatItEnds(t *testing.T) {
	end := now.AddDate(0, 0, 1)
	kept := func(dataAccess, keep time.Duration, generation int64) Input {
		in := until(end, []builder.TeamMod{builder.KeptFor(dataAccess, keep)}, edited("kubectl", end.Add(10*day)))
		in.Team.Generation = generation
		in.Team.Status.ObservedGeneration = 1
		return in
	}
	tests := map[string]struct {
		keep, access time.Duration
		want         []string
	}{
		"both": {20 * day, 5 * day, []string{
			"staff can read data for 15 days less, because spec.retention.dataAccess was changed from \"720h0m0s\" to \"120h0m0s\" by kubectl at 2026-04-12T00:00:00Z",
			"data is kept for 60 days less, because spec.retention.keep was changed from \"2160h0m0s\" to \"480h0m0s\" by kubectl at 2026-04-12T00:00:00Z",
		}},
		"the same again": {90 * day, 30 * day, nil},
		"longer ones":    {91 * day, 31 * day, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := afterLooks(lookAt{now, kept(30*day, 90*day, 1)}, lookAt{end, kept(30*day, 90*day, 1)}, lookAt{end.Add(10 * day), kept(tt.access, tt.keep, 2)})
			m := NewModel(in)
			if diff := cmp.Diff(strings.Join(tt.want, "; "), effectsMessage(newEffects(in.Record, BuildRecord(m)), m.Life)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What time takes is not told as an effect of an edit that told of it beforehand, also if the process ended before the status told
// of the edit.
func TestWhatTimeTakesIsNoEffect(t *testing.T) {
	s, r := working(t)
	end := s.clock.Now().Add(4 * time.Second)
	s.edit(t, func(team *foundationv1alpha1.FoundationTeam) {
		edited("kubectl", s.clock.Now())(team)
		builder.Term(now.AddDate(-1, 0, 0), end)(team)
	})
	s.failing("patch status")
	s.reconcile(t, r)
	s.failing()
	s.clock.SetTime(end)
	s.settle(t, s.reconciler())
	if state := s.team(t).Status.State; state != foundationv1alpha1.StateEnded {
		t.Fatal(state)
	}
	for _, change := range s.team(t).Status.History {
		if change.Effect != "" {
			t.Errorf("%s is told to have taken %q", change.What, change.Effect)
		}
	}
}
