package team

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"sigs.k8s.io/yaml"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/test/support/builder"
)

func TestFlow(t *testing.T) {
	staff := []builder.TeamMod{
		builder.StaffGroup("data", foundationv1alpha1.RoleDataSteward),
		builder.Staff("park", foundationv1alpha1.RoleEngineer),
		builder.Staff("kim", foundationv1alpha1.RoleLead),
		builder.StaffBetween("gone", foundationv1alpha1.RoleLead, time.Time{}, now),
	}
	hanbit := twoNamespaces()
	over := builder.Term(time.Time{}, now)
	const trainPods, evalPods = "Group system:serviceaccounts:hanbit-train", "Group system:serviceaccounts:hanbit-eval"
	tests := map[string]struct {
		in   Input
		want []string
	}{
		"staff in date and pods": {input(twoNamespaces(staff...)), []string{"User kim", "User park", "Group data", evalPods, trainPods}},
		"readers of a suspended team": {
			input(twoNamespaces(append(staff, builder.Suspended())...)), []string{"User kim", "User park", "Group data", evalPods, trainPods},
		},
		"pods of a team without staff": {input(hanbit), []string{evalPods, trainPods}},
		"pods in a retired namespace": {
			input(hanbit, builder.OwnedNamespace(hanbit, "old")), []string{evalPods, "Group system:serviceaccounts:hanbit-old", trainPods},
		},
		"after the term readers of data and pods that still run": {
			input(twoNamespaces(append(staff, over)...), builder.OwnedNamespace(hanbit, "train")), []string{"User kim", "User park", "Group data", trainPods},
		},
		"pods that still run in a locked namespace": {
			input(twoNamespaces(append(staff, over, builder.KeptFor(0, 0))...), builder.OwnedNamespace(hanbit, "train")), []string{trainPods},
		},
		"a namespace that is somebody else's": {input(hanbit, builder.ForeignNamespace("hanbit-train")), []string{evalPods}},
		"nobody before the term":              {input(twoNamespaces(append(staff, builder.Term(july, time.Time{}))...)), nil},
		"a deleted team":                      {input(twoNamespaces(append(staff, builder.Deleted())...), builder.OwnedNamespace(hanbit, "train")), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			flow := Build(NewModel(tt.in)).Flow
			if len(tt.want) == 0 {
				if len(flow) > 0 {
					t.Errorf("%d objects for nobody", len(flow))
				}
				return
			}
			if diff := cmp.Diff(tt.want, subjectsOfFlow(schemaOf(t, flow))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// All requests of a large team go to its own priority level, whose seats are the team's share and no more.
func TestFlowIsTheTeamsOwn(t *testing.T) {
	in := input(twoNamespaces(builder.Award("b200", 32), builder.Award("h100", 32)))
	flow := Build(NewModel(in)).Flow
	level, schema := typed[flowcontrolv1.PriorityLevelConfiguration](t, flow[0]), schemaOf(t, flow)
	if level.Name != "foundation-team.hanbit" || schema.Name != level.Name || schema.Spec.PriorityLevelConfiguration.Name != level.Name {
		t.Errorf("schema %s leads to %s, the level is %s", schema.Name, schema.Spec.PriorityLevelConfiguration.Name, level.Name)
	}
	// 900 are the service accounts of kube-system, 9000 those of all namespaces.
	if precedence := schema.Spec.MatchingPrecedence; precedence <= 900 || precedence >= 9000 {
		t.Errorf("precedence %d", precedence)
	}
	if diff := cmp.Diff([]flowcontrolv1.ResourcePolicyRule{{
		Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}, Namespaces: []string{"*"}, ClusterScope: true,
	}}, schema.Spec.Rules[0].ResourceRules); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]flowcontrolv1.NonResourcePolicyRule{{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}}}, schema.Spec.Rules[0].NonResourceRules); diff != "" {
		t.Error(diff)
	}
	limits := level.Spec.Limited
	if limits.NominalConcurrencyShares == nil || *limits.NominalConcurrencyShares != 2 || limits.BorrowingLimitPercent == nil || *limits.BorrowingLimitPercent != 0 {
		t.Errorf("shares %v, borrows %v", limits.NominalConcurrencyShares, limits.BorrowingLimitPercent)
	}
	if method := schema.Spec.DistinguisherMethod; method == nil || method.Type != flowcontrolv1.FlowDistinguisherMethodByUserType {
		t.Errorf("its accounts are told apart by %v", method)
	}
	in.Fairness = Fairness{Shares: 7}
	level = typed[flowcontrolv1.PriorityLevelConfiguration](t, Build(NewModel(in)).Flow[0])
	if shares := level.Spec.Limited.NominalConcurrencyShares; *shares != 7 {
		t.Errorf("%d shares, want 7 as the operator was told", *shares)
	}
}

// The order of staff and namespaces in the spec is nothing: no write follows from it.
func TestFlowIgnoresOrder(t *testing.T) {
	kim, lee := builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Staff("lee", foundationv1alpha1.RoleLead)
	train, eval := builder.Namespace("train", 1), builder.Namespace("eval", 1)
	one, other := builder.Team("hanbit", train, eval, kim, lee), builder.Team("hanbit", eval, train, lee, kim)
	if diff := cmp.Diff(Build(NewModel(input(one))).Flow, Build(NewModel(input(other))).Flow); diff != "" {
		t.Error(diff)
	}
}

// Small teams share the levels of config/flowcontrol, each as one flow: who has many accounts gets no more.
func TestSmallTeamsShareLevels(t *testing.T) {
	levels := shippedLevels(t)
	used := map[string]bool{}
	for i := range 50 {
		name := fmt.Sprintf("team-%d", i)
		flow := Build(NewModel(input(builder.Team(name, builder.Namespace("train", 1), builder.Award("b200", 63))))).Flow
		schema := schemaOf(t, flow)
		if len(flow) != 1 || schema.Spec.DistinguisherMethod != nil {
			t.Fatalf("%d objects, accounts are told apart by %v", len(flow), schema.Spec.DistinguisherMethod)
		}
		used[schema.Spec.PriorityLevelConfiguration.Name] = true
	}
	if diff := cmp.Diff(levels, used); diff != "" {
		t.Errorf("shipped and used: %s", diff)
	}
	in := input(twoNamespaces())
	in.Fairness = DefaultFairness
	in.Fairness.OnlyLarge = true
	if flow := Build(NewModel(in)).Flow; len(flow) > 0 {
		t.Error("a small team has a flow schema although only large ones shall have one")
	}
	in.Fairness = Fairness{}
	in.SharedLevelMissing = true
	if flow := Build(NewModel(in)).Flow; len(flow) != 2 {
		t.Error("a small team has no level although the one that it would share is missing")
	}
	in.Fairness, in.SharedLevelMissing = Fairness{Shares: 2}, false
	if flow := Build(NewModel(in)).Flow; len(flow) != 2 {
		t.Error("a team without GPUs has no level of its own although every team shall have one")
	}
}

// shippedLevels returns the names of the shared levels in config/flowcontrol.
func shippedLevels(t *testing.T) map[string]bool {
	t.Helper()
	content, err := os.ReadFile("../../config/flowcontrol/teams.yaml")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for document := range strings.SplitSeq(string(content), "\n---\n") {
		var level flowcontrolv1.PriorityLevelConfiguration
		if err := yaml.Unmarshal([]byte(document), &level); err != nil {
			t.Fatal(err)
		}
		names[level.Name] = true
	}
	return names
}

func schemaOf(t *testing.T, flow []apply.Object) flowcontrolv1.FlowSchema {
	t.Helper()
	if len(flow) == 0 {
		t.Fatal("there is no flow schema")
	}
	return typed[flowcontrolv1.FlowSchema](t, flow[len(flow)-1])
}

func subjectsOfFlow(schema flowcontrolv1.FlowSchema) []string {
	var names []string
	for _, subject := range schema.Spec.Rules[0].Subjects {
		switch {
		case subject.User != nil:
			names = append(names, string(subject.Kind)+" "+subject.User.Name)
		case subject.Group != nil:
			names = append(names, string(subject.Kind)+" "+subject.Group.Name)
		}
	}
	return names
}
