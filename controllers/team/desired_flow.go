package team

import (
	"cmp"
	"slices"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	flowcontrolv1ac "k8s.io/client-go/applyconfigurations/flowcontrol/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// DefaultAPIShares are a team's shares of the API server's seats: about 4 of 600 where there are fifteen teams. The
// priority levels of Kubernetes have 245 together; a thousand teams must not leave them too little.
const DefaultAPIShares = 2

// Each team has a priority level of its own, with seats that no other team can take and queues of its own.
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

// buildFlow builds the team's priority level and flow schema. They exist as long as somebody can send requests: staff with
// access, or pods in a namespace that is kept. Names of teams have no dot, so no other team's objects can have this name.
func buildFlow(m *Model) []apply.Object {
	subjects := flowSubjects(m)
	if len(subjects) == 0 {
		return nil
	}
	name := objectName + "." + m.Team.Name
	labels, annotations := m.ownerMetadata()
	return []apply.Object{
		flowcontrolv1ac.PriorityLevelConfiguration(name).WithLabels(labels).WithAnnotations(annotations).
			WithSpec(flowcontrolv1ac.PriorityLevelConfigurationSpec().
				WithType(flowcontrolv1.PriorityLevelEnablementLimited).
				WithLimited(flowcontrolv1ac.LimitedPriorityLevelConfiguration().
					WithNominalConcurrencyShares(cmp.Or(m.APIShares, DefaultAPIShares)).
					WithLendablePercent(flowLendable).
					WithBorrowingLimitPercent(0).
					WithLimitResponse(flowcontrolv1ac.LimitResponse().
						WithType(flowcontrolv1.LimitResponseTypeQueue).
						WithQueuing(flowcontrolv1ac.QueuingConfiguration().
							WithQueues(flowQueues).WithHandSize(flowHand).WithQueueLengthLimit(flowLength))))),
		flowcontrolv1ac.FlowSchema(name).WithLabels(labels).WithAnnotations(annotations).
			WithSpec(flowcontrolv1ac.FlowSchemaSpec().
				WithPriorityLevelConfiguration(flowcontrolv1ac.PriorityLevelConfigurationReference().WithName(name)).
				WithMatchingPrecedence(flowPrecedence).
				WithDistinguisherMethod(flowcontrolv1ac.FlowDistinguisherMethod().
					WithType(flowcontrolv1.FlowDistinguisherMethodByUserType)).
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
						WithNonResourceURLs(flowcontrolv1.NonResourceAll)))),
	}
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
