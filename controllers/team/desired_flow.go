package team

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	flowcontrolv1ac "k8s.io/client-go/applyconfigurations/flowcontrol/v1"
	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// Fairness says what of the API server teams get: see https://kubernetes.io/docs/concepts/cluster-administration/flow-control/.
// The zero value means DefaultFairness.
type Fairness struct {
	// Shares are the concurrency shares of a priority level that is a team's own.
	Shares int32
	// OwnFrom is how many GPUs the awards of a team have together, at least, for it to have a level of its own; with 0 every team has
	// one. The others share the levels of config/flowcontrol: each level costs the API server memory and takes seats from Kubernetes'
	// own, and how many large teams there are is bounded by the GPUs.
	OwnFrom int32
	// OnlyLarge leaves the requests of the others to Kubernetes' own flow schemas, so to the levels of all service accounts and users
	// of the cluster: every request is compared with every flow schema, which counts with many hundreds of teams.
	OnlyLarge bool
}

// DefaultFairness gives a large team about 4 of 600 seats where there are fifteen of them. The priority levels of Kubernetes have
// 245 shares together.
var DefaultFairness = Fairness{Shares: 2, OwnFrom: 64}

// sharedLevels is how many priority levels the other teams share: foundation-teams-0 and so on, in config/flowcontrol.
const sharedLevels = 4

// A large team has a priority level of its own, with seats that no other team can take and queues of its own.
const (
	// flowPrecedence orders teams' flow schemas after those of the cluster's components and before the built-in ones for
	// service accounts and users in general.
	flowPrecedence = 8000
	// flowLendable percent of the seats may be borrowed while the team does not use them: four of ten seats, none of one
	// seat. A borrowed seat returns only when API Priority and Fairness adjusts limits next, up to ten seconds later.
	flowLendable = 40
	// Shuffle sharding within the team: each account is dealt flowHand of flowQueues queues and uses the shortest, so that
	// an account that floods the API server hinders its colleagues little. It may have flowHand times flowLength requests
	// waiting; more are refused with 429.
	flowQueues, flowHand, flowLength = 16, 4, 25
)

// buildFlow builds the team's flow schema, and its priority level if it has one of its own, as a large team has, and a small one while
// the level is missing that it would share: an operator may be newer than what of config/ is installed. They exist as long as somebody can send
// requests: staff with access, or pods in a namespace that is kept. Names of teams have no dot, so no other team's objects can have
// this name.
//
// In a level of its own a team's accounts are kept apart. In a shared one teams are: all accounts of one are one flow, or who has
// most accounts would get most.
func buildFlow(m *Model) []apply.Object {
	subjects := flowSubjects(m)
	fairness := cmp.Or(m.Fairness, DefaultFairness)
	large := declaredGPUs(m.Team) >= int64(fairness.OwnFrom) || m.SharedLevelMissing && !fairness.OnlyLarge
	if len(subjects) == 0 || !large && fairness.OnlyLarge {
		return nil
	}
	name := objectName + "." + m.Team.Name
	if !large {
		return []apply.Object{buildFlowSchema(m, name, sharedLevel(m.Team.Name), subjects)}
	}
	schema := buildFlowSchema(m, name, name, subjects)
	schema.Spec.WithDistinguisherMethod(flowcontrolv1ac.FlowDistinguisherMethod().WithType(flowcontrolv1.FlowDistinguisherMethodByUserType))
	return []apply.Object{buildPriorityLevel(m, name, fairness.Shares), schema}
}

// declaredGPUs returns how many GPUs a team's awards have together, whenever they are.
func declaredGPUs(team *foundationv1alpha1.FoundationTeam) int64 {
	sum := int64(0)
	for _, award := range team.Spec.GPUs {
		sum += int64(ptr.Deref(award.Count, 0))
	}
	return sum
}

// sharedLevel returns the level that a team shares with others. It is always the same one.
func sharedLevel(team string) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(team)) // never fails
	return fmt.Sprintf("foundation-teams-%d", hash.Sum32()%sharedLevels)
}

func buildPriorityLevel(m *Model, name string, shares int32) *flowcontrolv1ac.PriorityLevelConfigurationApplyConfiguration {
	labels, annotations := m.ownerMetadata()
	return flowcontrolv1ac.PriorityLevelConfiguration(name).WithLabels(labels).WithAnnotations(annotations).
		WithSpec(flowcontrolv1ac.PriorityLevelConfigurationSpec().
			WithType(flowcontrolv1.PriorityLevelEnablementLimited).
			WithLimited(flowcontrolv1ac.LimitedPriorityLevelConfiguration().
				WithNominalConcurrencyShares(shares).
				WithLendablePercent(flowLendable).
				WithBorrowingLimitPercent(0).
				WithLimitResponse(flowcontrolv1ac.LimitResponse().
					WithType(flowcontrolv1.LimitResponseTypeQueue).
					WithQueuing(flowcontrolv1ac.QueuingConfiguration().
						WithQueues(flowQueues).WithHandSize(flowHand).WithQueueLengthLimit(flowLength)))))
}

func buildFlowSchema(m *Model, name, level string, subjects []*flowcontrolv1ac.SubjectApplyConfiguration) *flowcontrolv1ac.FlowSchemaApplyConfiguration {
	labels, annotations := m.ownerMetadata()
	return flowcontrolv1ac.FlowSchema(name).WithLabels(labels).WithAnnotations(annotations).
		WithSpec(flowcontrolv1ac.FlowSchemaSpec().
			WithPriorityLevelConfiguration(flowcontrolv1ac.PriorityLevelConfigurationReference().WithName(level)).
			WithMatchingPrecedence(flowPrecedence).
			WithRules(flowcontrolv1ac.PolicyRulesWithSubjects().
				WithSubjects(subjects...).
				WithResourceRules(flowcontrolv1ac.ResourcePolicyRule().
					WithVerbs(flowcontrolv1.VerbAll).
					WithAPIGroups(flowcontrolv1.APIGroupAll).
					WithResources(flowcontrolv1.ResourceAll).
					WithNamespaces(flowcontrolv1.NamespaceEvery).
					WithClusterScope(true)).
				WithNonResourceRules(flowcontrolv1ac.NonResourcePolicyRule().
					WithVerbs(flowcontrolv1.VerbAll).
					WithNonResourceURLs(flowcontrolv1.NonResourceAll))))
}

// flowSubjects returns the staff who have access and the service accounts of the team's namespaces, also of locked ones, in
// which pods may still run. A namespace of that name that belongs to somebody else is left out: its requests must not be
// throttled as the team's.
func flowSubjects(m *Model) []*flowcontrolv1ac.SubjectApplyConfiguration {
	if !m.Team.DeletionTimestamp.IsZero() {
		return nil
	}
	var users, groups []string
	for _, member := range m.Staff {
		if member.Subject.Kind == foundationv1alpha1.SubjectUser {
			users = append(users, member.Subject.Name)
		} else {
			groups = append(groups, member.Subject.Name)
		}
	}
	for _, n := range m.Namespaces {
		if live := m.LiveNamespaces[n.name]; live == nil || m.Owner.Owns(live) {
			groups = append(groups, serviceAccountsOf+n.name)
		}
	}
	slices.Sort(users)
	slices.Sort(groups)
	var subjects []*flowcontrolv1ac.SubjectApplyConfiguration
	for _, user := range users {
		subjects = append(subjects, flowcontrolv1ac.Subject().
			WithKind(flowcontrolv1.SubjectKindUser).WithUser(flowcontrolv1ac.UserSubject().WithName(user)))
	}
	for _, group := range groups {
		subjects = append(subjects, flowcontrolv1ac.Subject().
			WithKind(flowcontrolv1.SubjectKindGroup).WithGroup(flowcontrolv1ac.GroupSubject().WithName(group)))
	}
	return subjects
}

// serviceAccountsOf is the prefix of the group of all service accounts in a namespace.
const serviceAccountsOf = "system:serviceaccounts:"
