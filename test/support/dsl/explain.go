package dsl

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// logLength is how much of the operator's log is told of a story that failed, in bytes.
const logLength = 8000

// Describe returns a team's state, its GPUs and each condition that is not as declared, in one line.
func (s *Story) Describe(name string) string {
	team := &foundationv1alpha1.FoundationTeam{}
	if err := s.Client.Get(s.ctx(), client.ObjectKey{Name: s.Named(name)}, team); err != nil {
		return fmt.Sprintf("team %s: %v", s.Named(name), err)
	}
	status := team.Status
	parts := []string{fmt.Sprintf("team %s, generation %d (observed %d): state %q", team.Name, team.Generation, status.ObservedGeneration, status.State)}
	if status.GPUs != nil {
		parts = append(parts, fmt.Sprintf("GPUs %s, %d ready", status.GPUs.Summary, status.GPUs.Ready))
	}
	for _, condition := range status.Conditions {
		if condition.Status != metav1.ConditionTrue || condition.Reason != foundationv1alpha1.ReasonAsDeclared {
			parts = append(parts, fmt.Sprintf("%s=%s (%s: %s)", condition.Type, condition.Status, condition.Reason, condition.Message))
		}
	}
	return strings.Join(parts, ", ")
}

// explain logs, for a story that failed, the statuses of its teams and pools.
func (s *Story) explain() {
	if !s.Failed() {
		return
	}
	for _, team := range s.teams {
		s.Log(s.Describe(team))
	}
	names := slices.Clone(s.pools)
	for _, team := range s.teams {
		names = append(names, s.Named(team))
	}
	events, err := s.Lab.Kubectl(s.ctx(), "get", "events", "--all-namespaces", "--sort-by=.metadata.creationTimestamp")
	s.Log("events:", err)
	for line := range strings.Lines(events) {
		if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(line, name) }) {
			s.Log(strings.TrimSpace(line))
		}
	}
	if log := s.Lab.OperatorLog(logLength); log != "" {
		s.Logf("the operator's log ends with\n%s", log)
	}
}
