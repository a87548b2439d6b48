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

// A team has a priority level of its own: seats that no other team can take, and queues in front of them.
const (
	// flowPrecedence is after the cluster's own components and before service accounts and users in general.
	flowPrecedence = 8000
	// flowLendable percent of the seats serve others while the team does not need them: of ten seats four, of one none,
	// because a lent seat comes back only with the next adjustment, ten seconds later.
	flowLendable = 40
	// Within the team each account waits in flowHand of flowQueues queues, the shortest, so that one that runs wild
	// hinders its colleagues little. It may have flowHand times flowLength requests waiting, more are refused with 429.
	flowQueues, flowHand, flowLength = 16, 4, 25
)

// buildFlow is the team's part of API Priority and Fairness: requests of its staff and of its pods are served in a priority
// level of its own. It is there as long as somebody can send any: staff with access, or pods in a namespace that is kept.
// Teams' names have no dot, so no other team's objects can have the name.
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

// flowSubjects are the staff who have access, and the service accounts of the team's namespaces: also of locked ones, in
// which pods may still run. A namespace of that name that is somebody else's is not the team's to slow down.
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

// serviceAccountsOf and a namespace's name are the group of its service accounts.
const serviceAccountsOf = "system:serviceaccounts:"
