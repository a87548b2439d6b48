package main

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
)

// final is when the selection of these tests is final.
var final = metav1.Date(2026, 8, 14, 0, 0, 0, 0, time.UTC)

// decidedOn are the fifteen, those selected in the state that is given.
func decidedOn(state foundationv1alpha1.TeamState) []foundationv1alpha1.FoundationTeam {
	var teams []foundationv1alpha1.FoundationTeam
	for _, name := range slices.Concat(selected, rejected) {
		one := foundationv1alpha1.FoundationTeam{ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 1}}
		one.Status.ObservedGeneration = 1
		one.Status.State = foundationv1alpha1.StateNotSelected
		if slices.Contains(selected, name) {
			one.Status.State = state
			one.Status.StateTransitionTime = &final
		}
		teams = append(teams, one)
	}
	return teams
}

func labelled(name, team string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, CreationTimestamp: final, Labels: map[string]string{
		foundationv1alpha1.LabelTeam: team, foundationv1alpha1.LabelNodeTeam: team,
	}}
}

func TestCheckStates(t *testing.T) {
	want := states(selected, foundationv1alpha1.StateNotFinal)
	tests := map[string]struct {
		change  func([]foundationv1alpha1.FoundationTeam) []foundationv1alpha1.FoundationTeam
		wantErr bool
	}{
		"as decided": {change: func(t []foundationv1alpha1.FoundationTeam) []foundationv1alpha1.FoundationTeam { return t }},
		"one missing": {change: func(t []foundationv1alpha1.FoundationTeam) []foundationv1alpha1.FoundationTeam {
			return t[1:]
		}, wantErr: true},
		"one in already": {change: func(t []foundationv1alpha1.FoundationTeam) []foundationv1alpha1.FoundationTeam {
			t[0].Status.State = foundationv1alpha1.StateInTerm
			return t
		}, wantErr: true},
		"one rejected is in": {change: func(t []foundationv1alpha1.FoundationTeam) []foundationv1alpha1.FoundationTeam {
			t[14].Status.State = foundationv1alpha1.StateNotFinal
			return t
		}, wantErr: true},
		"one not looked at": {change: func(t []foundationv1alpha1.FoundationTeam) []foundationv1alpha1.FoundationTeam {
			t[7].Generation = 2
			return t
		}, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			teams := tt.change(decidedOn(foundationv1alpha1.StateNotFinal))
			expect(t, checkStates(teams, want), tt.wantErr)
		})
	}
}

func TestCheckTold(t *testing.T) {
	teams := withNames(decidedOn(foundationv1alpha1.StateNotFinal), rejected)
	expect(t, checkRejected(teams), true)
	for i := range teams {
		teams[i].Status.Program = &foundationv1alpha1.TeamProgramStatus{Outcome: foundationv1alpha1.OutcomeRejected}
	}
	expect(t, checkRejected(teams), false)
	teams[3].Status.Program.Outcome = ""
	expect(t, checkRejected(teams), true)
}

func TestCheckNothingAndOnly(t *testing.T) {
	tests := map[string]struct {
		theirs        teamObjects
		some, strange bool
	}{
		"nothing": {theirs: teamObjects{pools: []foundationv1alpha1.GPUPool{pool(1024)}}},
		"waits for GPUs": {
			theirs: teamObjects{pools: []foundationv1alpha1.GPUPool{pool(1024, foundationv1alpha1.Grant{TeamName: "sol"})}},
		},
		"a namespace of hanbit":  {theirs: teamObjects{namespaces: []corev1.Namespace{{ObjectMeta: labelled("hanbit-train", "hanbit")}}}, some: true},
		"a namespace of sol":     {theirs: teamObjects{namespaces: []corev1.Namespace{{ObjectMeta: labelled("sol-train", "sol")}}}, some: true, strange: true},
		"a node of hanbit":       {theirs: teamObjects{nodes: []corev1.Node{{ObjectMeta: labelled("b200-000", "hanbit")}}}, some: true},
		"a node of sol":          {theirs: teamObjects{nodes: []corev1.Node{{ObjectMeta: labelled("b200-000", "sol")}}}, some: true, strange: true},
		"access of sol":          {theirs: teamObjects{bindings: []rbacv1.RoleBinding{{ObjectMeta: labelled("lead", "sol")}}}, some: true, strange: true},
		"GPUs granted to hanbit": {theirs: teamObjects{pools: []foundationv1alpha1.GPUPool{pool(1024, foundationv1alpha1.Grant{TeamName: "hanbit", Granted: 8})}}, some: true},
		"GPUs granted to sol":    {theirs: teamObjects{pools: []foundationv1alpha1.GPUPool{pool(1024, foundationv1alpha1.Grant{TeamName: "sol", Granted: 8})}}, some: true, strange: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			expect(t, tt.theirs.checkNothing(), tt.some)
			expect(t, tt.theirs.checkOnly(selected), tt.strange)
		})
	}
}

func TestCheckIn(t *testing.T) {
	at := func(when time.Time) teamObjects {
		namespace := corev1.Namespace{ObjectMeta: labelled("hanbit-train", "hanbit")}
		namespace.CreationTimestamp = metav1.NewTime(when)
		return teamObjects{namespaces: []corev1.Namespace{namespace}}
	}
	later := metav1.NewTime(final.Add(time.Second))
	teams := withNames(decidedOn(foundationv1alpha1.StateInTerm), selected)
	if len(teams) != len(selected) {
		t.Fatalf("%d teams are selected", len(teams))
	}
	expect(t, checkInTerm(teams, at(final.Time), final), false)
	expect(t, checkInTerm(teams, at(final.Add(-time.Second)), final), true)
	expect(t, checkInTerm(teams, at(later.Time), later), true)
	expect(t, checkInTerm(withNames(decidedOn(foundationv1alpha1.StateNotFinal), selected), at(final.Time), final), true)
}

func TestSelection(t *testing.T) {
	decidedAt := foundationv1alpha1.NewTimestamp(final.Add(-time.Hour))
	content, err := selection(selected, rejected, decidedAt, foundationv1alpha1.NewTimestamp(final.Time))
	if err != nil {
		t.Fatal(err)
	}
	var program foundationv1alpha1.FoundationProgram
	if err := yaml.UnmarshalStrict(content, &program); err != nil {
		t.Fatalf("%v in\n%s", err, content)
	}
	count := map[foundationv1alpha1.Outcome]int{}
	for _, decision := range program.Spec.Decisions {
		count[decision.Outcome]++
		if !decision.DecisionTime.Equal(&decidedAt) || !decision.FinalTime.Meta().Equal(&final) || decision.Reason == "" {
			t.Errorf("recorded %+v", decision)
		}
	}
	if count[foundationv1alpha1.OutcomeSelected] != 5 || count[foundationv1alpha1.OutcomeRejected] != 10 {
		t.Errorf("recorded %v", count)
	}
}

func TestAddition(t *testing.T) {
	got, err := addition("/spec/stages/0/passed", []string{"hanbit"})
	if want := `[{"op":"add","path":"/spec/stages/0/passed","value":["hanbit"]}]`; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// withSecond is a team that was awarded 256 GPUs more for a stage that it has to pass.
func withSecond(granted, requested int32) *foundationv1alpha1.FoundationTeam {
	hanbit := team("hanbit", granted, granted)
	hanbit.Spec.GPUs = append(hanbit.Spec.GPUs, foundationv1alpha1.GPUAward{Name: "stage-2", PoolName: "b200", Count: new(int32(256)), IfPassed: "stage-1"})
	hanbit.Status.GPUs.Requested = requested
	if granted < requested {
		hanbit.Status.Conditions[0].Reason = foundationv1alpha1.ReasonShortfall
	}
	return &hanbit
}

func TestCheckCounts(t *testing.T) {
	without := team("hanbit", 512, 512)
	untold, undecided := withSecond(512, 768), withSecond(512, 768)
	untold.Status.GPUs = nil
	undecided.Status.Conditions[0].Reason = foundationv1alpha1.ReasonProgressing
	expect(t, checkStageAward(withSecond(512, 768)), false)
	expect(t, checkStageAward(withSecond(512, 512)), true)
	expect(t, checkStageAward(withSecond(768, 768)), true)
	expect(t, checkStageAward(&without), true)
	expect(t, checkStageAward(untold), true)
	expect(t, checkStageAward(undecided), true)
}

func TestCheckHandover(t *testing.T) {
	nodes := func(gpus int) []string { return make([]string, gpus/cluster.GPUsPerNode) }
	out := func(granted int32, state foundationv1alpha1.TeamState) *foundationv1alpha1.FoundationTeam {
		naru := team("naru", granted, granted)
		naru.Status.State = state
		return &naru
	}
	has := func(granted, ready int32) *foundationv1alpha1.FoundationTeam {
		saebyeok := team("saebyeok", granted, ready)
		return &saebyeok
	}
	moving := has(256, 256)
	moving.Status.Conditions = append(moving.Status.Conditions, metav1.Condition{Type: "Reconciling", Status: metav1.ConditionTrue})
	const gone = foundationv1alpha1.StateEliminated
	tests := map[string]struct {
		donor, first, second *foundationv1alpha1.FoundationTeam
		had                  int
		wantErr              bool
	}{
		"half each":                 {donor: out(0, gone), first: withSecond(768, 768), second: has(256, 256)},
		"no more than was awarded":  {donor: out(0, gone), first: withSecond(768, 768), second: has(512, 512), had: 504},
		"the donor has some":        {donor: out(8, gone), first: withSecond(768, 768), second: has(256, 256), wantErr: true},
		"the donor is in":           {donor: out(0, foundationv1alpha1.StateInTerm), first: withSecond(768, 768), second: has(256, 256), wantErr: true},
		"the first has less":        {donor: out(0, gone), first: withSecond(760, 768), second: has(256, 256), wantErr: true},
		"the second has less":       {donor: out(0, gone), first: withSecond(768, 768), second: has(248, 248), wantErr: true},
		"its nodes are not there":   {donor: out(0, gone), first: withSecond(768, 768), second: has(256, 248), wantErr: true},
		"something is on its way":   {donor: out(0, gone), first: withSecond(768, 768), second: moving, wantErr: true},
		"it had something and lost": {donor: out(0, gone), first: withSecond(768, 768), second: has(256, 256), had: 8, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := holdings{teamHanbit: nodes(512), teamNaru: nodes(512), teamSaebyeok: nodes(tt.had)}
			tt.second.Name = teamSaebyeok
			expect(t, checkHandover(tt.donor, tt.first, tt.second, before), tt.wantErr)
		})
	}
}

func TestCheckTaken(t *testing.T) {
	before := holdings{teamHanbit: {"a"}, teamNaru: {"b", "c"}}
	tests := map[string]struct {
		after   holdings
		wantErr bool
	}{
		"one each":             {after: holdings{teamHanbit: {"a", "c"}, teamSaebyeok: {"b"}}},
		"naru keeps one":       {after: holdings{teamHanbit: {"a", "c"}, teamSaebyeok: {"b"}, teamNaru: {"c"}}, wantErr: true},
		"hanbit has as before": {after: holdings{teamHanbit: {"a"}, teamSaebyeok: {"b"}}, wantErr: true},
		"hanbit lost one":      {after: holdings{teamHanbit: {"b", "c"}, teamSaebyeok: {"a"}}, wantErr: true},
		"from elsewhere":       {after: holdings{teamHanbit: {"a", "d"}, teamSaebyeok: {"b"}}, wantErr: true},
		"saebyeok has none":    {after: holdings{teamHanbit: {"a", "c", "b"}}, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { expect(t, checkNodesMoved(before, tt.after), tt.wantErr) })
	}
}

func TestCheckKept(t *testing.T) {
	quota := func(gpus string) []corev1.ResourceQuota {
		return []corev1.ResourceQuota{{Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{gpuQuota: resource.MustParse(gpus)}}}}
	}
	data := map[string]types.UID{"namespace naru-train": "1", "volume naru-train/corpus": "2"}
	anew := map[string]types.UID{"namespace naru-train": "1", "volume naru-train/corpus": "3"}
	expect(t, checkKept(data, data, quota("0")), false)
	expect(t, checkKept(data, anew, quota("0")), true)
	expect(t, checkKept(data, nil, quota("0")), true)
	expect(t, checkKept(nil, nil, quota("0")), true)
	expect(t, checkKept(data, data, quota("8")), true)
	expect(t, checkKept(data, data, nil), true)
}

func TestCheckReaders(t *testing.T) {
	naru := team("naru", 0, 0)
	naru.Spec.Namespaces = naru.Spec.Namespaces[:1]
	binding := func(role string, subjects ...rbacv1.Subject) rbacv1.RoleBinding {
		return rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: "naru-train"}, RoleRef: rbacv1.RoleRef{Name: role}, Subjects: subjects,
		}
	}
	lead := rbacv1.Subject{Kind: "User", Name: "lead@hanbit.example"}
	visitors := rbacv1.Subject{Kind: "Group", Name: "visitors"}
	reading := []rbacv1.RoleBinding{binding("foundation-team-data-steward", lead), binding("foundation-team-viewer", visitors)}
	tests := map[string]struct {
		bindings []rbacv1.RoleBinding
		phase    foundationv1alpha1.RetentionPhase
		left     time.Duration
		wantErr  bool
	}{
		"all read":        {bindings: reading, phase: foundationv1alpha1.RetentionDataAccess, left: time.Hour},
		"one shut out":    {bindings: reading[1:], phase: foundationv1alpha1.RetentionDataAccess, left: time.Hour, wantErr: true},
		"one works on":    {bindings: []rbacv1.RoleBinding{binding("foundation-team-lead", lead), reading[1]}, phase: foundationv1alpha1.RetentionDataAccess, left: time.Hour, wantErr: true},
		"locked":          {bindings: reading, phase: foundationv1alpha1.RetentionLocked, left: time.Hour, wantErr: true},
		"for longer":      {bindings: reading, phase: foundationv1alpha1.RetentionDataAccess, left: 0, wantErr: true},
		"nothing is said": {bindings: reading, left: time.Hour, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			now := end.Add(-24 * time.Hour)
			member := naru.DeepCopy()
			if tt.phase != "" {
				member.Status.Retention = &foundationv1alpha1.TeamRetentionStatus{Phase: tt.phase, DataAccessEndTime: new(metav1.NewTime(now.Add(tt.left)))}
			}
			expect(t, checkDataAccess(member, tt.bindings, now), tt.wantErr)
		})
	}
}

func TestCheckOverview(t *testing.T) {
	teams := decidedOn(foundationv1alpha1.StateInTerm)
	program := func(filled int32) *foundationv1alpha1.FoundationProgram {
		p := &foundationv1alpha1.FoundationProgram{}
		p.Status.Seats = &foundationv1alpha1.ProgramSeats{Filled: filled, Free: 5 - filled}
		for i := range teams {
			p.Status.Teams = append(p.Status.Teams, foundationv1alpha1.ProgramTeam{Name: teams[i].Name, State: teams[i].Status.State})
		}
		return p
	}
	behind, short := program(4), program(4)
	behind.Status.Teams[2].State = foundationv1alpha1.StateNotFinal
	short.Status.Teams = short.Status.Teams[1:]
	expect(t, checkOverview(program(4), teams), false)
	expect(t, checkOverview(program(5), teams), true)
	expect(t, checkOverview(&foundationv1alpha1.FoundationProgram{}, teams), true)
	expect(t, checkOverview(behind, teams), true)
	expect(t, checkOverview(short, teams), true)
}
