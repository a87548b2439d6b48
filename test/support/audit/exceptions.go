package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Suite is a suite of tests that runs the operator's real binary with its own rights.
type Suite string

// The suites that compare rights with what was used.
const (
	E2E     Suite = "test/e2e"
	Stories Suite = "test/stories"
	// Nowhere is for rights whose use no request can show.
	Nowhere Suite = "no suite"
)

// Exception is about rights that E2E does not use.
type Exception struct {
	Verbs, Resource string
	// Used is where they are used, or Nowhere.
	Used Suite
	// Because is why E2E cannot use them.
	Because string
}

// Exceptions are all of them. Every other right that the operator has must be used in E2E, and so is needed.
var Exceptions = []Exception{
	{"create delete get list patch watch", "nodepools.karpenter.sh", Stories, "the nodes of test/e2e are there from the start"},
	{"delete list watch", "nodeclaims.karpenter.sh", Stories, "the nodes of test/e2e are there from the start"},
	{"delete", "pods", Stories, "only reclaim.forceAfter deletes pods, a minute after eviction was refused"},
	{"bind", "clusterroles.rbac.authorization.k8s.io", Nowhere, "asked for when a RoleBinding is written, and no request of its own"},
	{"bind", "roles.rbac.authorization.k8s.io", Nowhere, "the same, of bindings that leads made, which suspension empties and resumes"},
}

// Problems are what a full run of a suite shows to be wrong with the rights or with the exceptions, one sentence each.
func (r Report) Problems(suite Suite, exceptions []Exception) []string {
	byRight := map[Right]Exception{}
	for _, exception := range exceptions {
		for verb := range strings.FieldsSeq(exception.Verbs) {
			byRight[Right{Resource: exception.Resource, Verb: verb}] = exception
		}
	}
	stale := maps.Clone(byRight)
	var problems []string
	for _, right := range r.rights() {
		key := Right{Resource: right.Resource, Verb: right.Verb}
		exception, found := byRight[key]
		delete(stale, key)
		usedIn := E2E
		if found {
			usedIn = exception.Used
		}
		if problem := judge(suite, right, r.Used[right] > 0, usedIn); problem != "" {
			problems = append(problems, problem)
		}
	}
	for right := range stale {
		problems = append(problems, fmt.Sprintf("audit.Exceptions is about a right that the operator does not have: %s", right))
	}
	for right, times := range r.Lent {
		problems = append(problems, fmt.Sprintf("%d times the operator used a right that is not its own: %s, by the role %s", times, right, right.Role))
	}
	for _, event := range r.Forbidden {
		problems = append(problems, fmt.Sprintf("the operator may not %s %s %s/%s: %s",
			event.Verb, event.resource(), event.ObjectRef.Namespace, event.ObjectRef.Name, event.ResponseStatus.Message))
	}
	slices.Sort(problems)
	return problems
}

// judge returns what is wrong with an exception, given whether a suite used its right.
func judge(suite Suite, right Right, used bool, usedIn Suite) string {
	switch {
	case !used && suite == E2E && usedIn == E2E:
		return fmt.Sprintf("%s has a right that %s does not use: %s. Take it out of the markers, have a spec that needs it, or say in audit.Exceptions why neither can be",
			right.Role, suite, right)
	case !used && suite == usedIn:
		return fmt.Sprintf("%s has a right that %s is said to use, and does not: %s", right.Role, suite, right)
	case used && usedIn != suite && (suite == E2E || usedIn == Nowhere):
		return fmt.Sprintf("%s uses a right that is said not to be used there: %s. Take it out of audit.Exceptions", suite, right)
	}
	return ""
}
