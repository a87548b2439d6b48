package team

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// everything is a team in a programme that has a fact of each kind, with times in another time zone and parts of a second.
func everything(timeZone string) Input {
	begins := now.AddDate(0, -1, 0).Add(time.Second / 2).In(time.FixedZone("", 9*60*60))
	program := sovereign(func(program *foundationv1alpha1.FoundationProgram) { program.Spec.TimeZone = timeZone })
	return inProgram(program, twoNamespaces(
		builder.Term(begins, july), builder.Award("b200", 8), builder.AwardBetween("h100", 8, now, july), builder.Volume("corpus", "train", "1024Gi", ""),
		builder.StaffBetween("kim", foundationv1alpha1.RoleLead, begins, july),
		func(team *foundationv1alpha1.FoundationTeam) {
			amount := int64(20)
			team.Spec.Budget = []foundationv1alpha1.BudgetAward{
				{Name: "data", Line: foundationv1alpha1.BudgetData, Amount: &amount, DueTime: builder.SpecTime(begins)},
				{Name: "staff", Line: foundationv1alpha1.BudgetStaff, Amount: &amount, Instalments: []foundationv1alpha1.Instalment{{DueTime: builder.SpecTime(begins), Amount: &amount}}},
			}
		}))
}

// stored is a record as the API server gives it back.
func stored(t *testing.T, record *foundationv1alpha1.TeamRecord) *foundationv1alpha1.TeamRecord {
	t.Helper()
	text, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	read := &foundationv1alpha1.TeamRecord{}
	if err := json.Unmarshal(text, read); err != nil {
		t.Fatal(err)
	}
	return read
}

// Only an edit or a decision makes history: neither storing a record nor another time zone of the programme does. What is
// shown follows the time zone.
func TestTimeZoneChangeIsNotRecorded(t *testing.T) {
	in := everything("Asia/Seoul")
	in.Record = stored(t, recordOfTeam(in))
	moved := everything("Europe/Berlin")
	moved.Record = in.Record
	for name, in := range map[string]Input{"the same": in, "in another time zone": moved} {
		if history := BuildRecord(NewModel(in)).Spec.History; len(history) > 0 {
			t.Errorf("%s: %v", name, history)
		}
	}
	change := foundationv1alpha1.RecordedChange{Time: foundationv1alpha1.NewTimestamp(now), Field: foundationv1alpha1.FieldTerm, To: &foundationv1alpha1.Fact{Term: in.Record.Spec.Facts.Term}}
	for want, in := range map[string]Input{
		"from 2026-03-01T09:00:00+09:00 until 2026-07-01T00:00:00+09:00": in,
		"from 2026-03-01T01:00:00+01:00 until 2026-06-30T17:00:00+02:00": moved,
	} {
		if got := renderChange(change, NewModel(in).Life).To; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The facts of a record are numbers, times and names. No text that could be worded anew is compared with them: this is
// what an earlier version of the operator stored.
func TestRewordingIsNotRecorded(t *testing.T) {
	const facts = `{"term":{"startTime":"2026-03-01T00:00:00Z","endTime":"2026-06-30T15:00:00Z"},"programName":"sovereign",
		"decision":{"outcome":"Selected","decisionTime":"2026-03-01T00:00:00Z","reason":"as the panel saw it"},
		"gpus":[{"name":"award-0","poolName":"b200","count":8},{"name":"award-1","poolName":"h100","count":8,"startTime":"2026-04-01T00:00:00Z","endTime":"2026-06-30T15:00:00Z"}],
		"budget":[{"name":"data","line":"Data","amount":20,"dueTime":"2026-03-01T00:00:00Z"},{"name":"staff","line":"Staff","amount":20,"instalments":[{"dueTime":"2026-03-01T00:00:00Z","amount":20}]}],
		"volumes":[{"name":"corpus","namespace":"train","size":"1Ti"}],
		"staff":[{"name":"kim","role":"Lead","subject":{"kind":"User","name":"kim"},"startTime":"2026-03-01T00:00:00Z","endTime":"2026-06-30T15:00:00Z"}],
		"settings":[{"name":"deletionPolicy","value":"Retain"},{"name":"namespaces[eval].gpuWeight","value":"1"},{"name":"namespaces[train].gpuWeight","value":"1"},
			{"name":"program.seats","value":"5"}]}`
	in := everything("Asia/Seoul")
	in.Record = recordOfTeam(in)
	in.Record.Spec.Facts = foundationv1alpha1.TeamFacts{}
	if err := json.Unmarshal([]byte(facts), &in.Record.Spec.Facts); err != nil {
		t.Fatal(err)
	}
	record := BuildRecord(NewModel(in))
	if len(record.Spec.History) > 0 {
		t.Errorf("history: %v", renderHistory(record, in))
	}
	if diff := cmp.Diff(in.Record, record); diff != "" {
		t.Errorf("it is written anew: %s", diff)
	}
}

func TestRenderFact(t *testing.T) {
	facts := factsOf(NewModel(everything("Asia/Seoul")))
	byKey := factsByKey(facts)
	for key, want := range map[factKey]string{
		{field: foundationv1alpha1.FieldTerm}:        "from 2026-03-01T09:00:00+09:00 until 2026-07-01T00:00:00+09:00",
		{field: foundationv1alpha1.FieldProgramName}: "sovereign",
		{field: foundationv1alpha1.FieldDecision}:    "Selected on 2026-03-01T09:00:00+09:00: as the panel saw it",
		{foundationv1alpha1.FieldGPUs, "award-0"}:    "8 of b200",
		{foundationv1alpha1.FieldGPUs, "award-1"}:    "8 of h100 from 2026-04-01T09:00:00+09:00 until 2026-07-01T00:00:00+09:00",
		{foundationv1alpha1.FieldBudget, "data"}:     "20 on line Data due 2026-03-01T09:00:00+09:00",
		{foundationv1alpha1.FieldBudget, "staff"}:    "20 on line Staff in instalments: 20 on 2026-03-01T09:00:00+09:00",
		{foundationv1alpha1.FieldVolumes, "corpus"}:  "1Ti in train",
		{foundationv1alpha1.FieldStaff, "kim"}:       "Lead: User kim from 2026-03-01T09:00:00+09:00 until 2026-07-01T00:00:00+09:00",

		{foundationv1alpha1.FieldSettings, "deletionPolicy"}:              "Retain",
		{foundationv1alpha1.FieldSettings, "namespaces[eval].gpuWeight"}:  "1",
		{foundationv1alpha1.FieldSettings, "namespaces[train].gpuWeight"}: "1",
		{foundationv1alpha1.FieldSettings, "program.seats"}:               "5",
	} {
		fact, ok := byKey[key]
		if got := renderFact(&fact, NewModel(everything("Asia/Seoul")).Life); !ok || got != want {
			t.Errorf("%s %s: %q, want %q", key.field, key.name, got, want)
		}
		delete(byKey, key)
	}
	if len(byKey) > 0 {
		t.Errorf("not tested: %v", byKey)
	}
}

// largest is a team with all lists and texts as long as the API server takes them, of characters that take the most room
// in JSON, and everybody's accounts and all money changed with the version.
func largest(version int) Input {
	wide := func(length int, suffix string) string { return strings.Repeat("<", length-len(suffix)) + suffix }
	name := func(i int) string { return strings.Repeat("n", 60) + fmt.Sprintf("%03d", i) }
	amount := int64(1_000_000_000_000_000) - int64(version)
	program := sovereign()
	program.Spec.Decisions[0].Reason = wide(512, "")
	team := twoNamespaces(builder.Term(now, july))
	for i := range 32 {
		builder.AwardBetween(name(i), 100_000, now, july)(team)
		team.Spec.GPUs[i].Name, team.Spec.GPUs[i].Stage, team.Spec.GPUs[i].IfPassed = name(i), name(i), name(i)
	}
	for i := range 64 {
		builder.Volume(name(i), strings.Repeat("n", 22), "999999999999999999", "")(team)
		grant := foundationv1alpha1.BudgetAward{Name: name(i), Line: foundationv1alpha1.BudgetStaff, Amount: &amount}
		for range 32 {
			grant.Instalments = append(grant.Instalments, foundationv1alpha1.Instalment{DueTime: builder.SpecTime(now), Amount: &amount})
		}
		team.Spec.Budget = append(team.Spec.Budget, grant)
	}
	for i := range 200 {
		builder.StaffBetween(wide(253, fmt.Sprint(i, "-", version)), foundationv1alpha1.RoleDataSteward, now, july)(team)
		team.Spec.Staff[i].Name = name(i)
	}
	team.Spec.Namespaces = nil
	for i := range 32 {
		builder.NamespaceQuota(strings.Repeat("n", 20)+fmt.Sprintf("%02d", i), 1000, corev1.ResourceList{corev1.ResourceName(strings.Repeat("k", 200)): quantity("1")})(team)
	}
	for i := range 16 {
		builder.InStage(name(i), now, july, "hanbit")(program)
	}
	for i := range 32 {
		builder.PoolCeiling(name(i), 100_000)(program)
	}
	edited(strings.Repeat("m", 128), now)(team)
	in := inProgram(program, team)
	for i := range 32 {
		team.Spec.GPUs[i].PoolName = name(i)
		in.Pools[name(i)] = builder.Pool(name(i), builder.Leased(wide(128, "")), builder.Ineligible(wide(128, "")), builder.Available(now, july), builder.DeviceClassName(name(0)))
	}
	return in
}

func name63(i int) string { return strings.Repeat("n", 60) + fmt.Sprintf("%03d", i) }

// Whatever the API server accepts of a team can be remembered of it: with every input at its bound a record has at most
// 896 KiB, and etcd takes 1.5 MiB.
func TestTheLargestRecordCanBeStored(t *testing.T) {
	var record *foundationv1alpha1.TeamRecord
	for version := range 3 {
		in := largest(version)
		in.Record = record
		record = BuildRecord(NewModel(in))
	}
	for i := range maxUIDs {
		record.Spec.UIDs = append(record.Spec.UIDs[:i], strings.Repeat("u", 64))
	}
	for i := range 256 {
		record.Spec.Payments = append(record.Spec.Payments, foundationv1alpha1.PaymentFact{
			ProgramName: strings.Repeat("p", 63), Award: name63(i), Line: "Staff", Year: 2026, Amount: 1_000_000_000_000_000,
		})
	}
	record.Spec.Lead, record.Spec.TeamName, record.Spec.ProgramName = strings.Repeat("<", 128), strings.Repeat("t", 40), strings.Repeat("p", 63)
	text, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d KiB, %d changes", len(text)>>10, len(record.Spec.History))
	if len(text) > 896<<10 || len(text) < 512<<10 {
		t.Errorf("the largest record has %d KiB", len(text)>>10)
	}
	if changes := len(record.Spec.History); changes < 40 {
		t.Errorf("only %d changes are kept", changes)
	}
	for _, change := range historyStatus(record, lifecycle.NewTeam(twoNamespaces(), nil)) {
		if max(len(change.From), len(change.To)) > maxRenderedFact || len(change.What) > 256 {
			t.Errorf("status shows %d and %d bytes of %s", len(change.From), len(change.To), change.What)
		}
	}
}
