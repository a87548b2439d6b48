package team

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
)

// maxFact is the longest fact, in bytes.
const maxFact = 1024

// factsOf are what was awarded to a team and decided on it, as sorted lines "what: value".
func factsOf(m *Model) []string {
	team, life := m.Team, m.Life
	facts := map[string]string{}
	if team.Spec.Term != nil {
		facts["term"] = window(life, team.Spec.Term.StartTime, team.Spec.Term.EndTime)
	}
	if team.Spec.Suspend {
		facts["suspend"] = "true"
	}
	if program := team.Spec.ProgramName; program != "" {
		facts["programName"] = program
	}
	if m.Program != nil {
		if decision := m.Program.Standing(team.Name, m.Now).Decision; decision != nil {
			facts["decision"] = fmt.Sprintf("%s on %s: %s", decision.Outcome, life.When(decision.DecisionTime.Time), decision.Reason)
		}
	}
	for _, award := range team.Spec.GPUs {
		facts["gpus["+award.Name+"]"] = describeAward(life, award)
	}
	for _, grant := range team.Spec.Budget {
		facts["budget["+grant.Name+"]"] = describeGrant(life, grant)
	}
	for _, volume := range team.Spec.Volumes {
		facts["volumes["+volume.Name+"]"] = fmt.Sprintf("%s in %s", volume.Size.String(), volume.Namespace)
	}
	for _, member := range team.Spec.Staff {
		facts["staff["+member.Name+"]"] = strings.TrimSpace(fmt.Sprintf("%s: %s %s %s", member.Role, member.Subject.Kind, member.Subject.Name, window(life, member.StartTime, member.EndTime)))
	}
	lines := make([]string, 0, len(facts))
	for _, what := range slices.Sorted(maps.Keys(facts)) {
		lines = append(lines, text.Cut(what+": "+facts[what], maxFact))
	}
	return lines
}

func describeAward(life lifecycle.Team, award foundationv1alpha1.GPUAward) string {
	parts := []string{fmt.Sprintf("%d of %s", ptr.Deref(award.Count, 0), award.PoolName)}
	if award.Stage != "" {
		parts = append(parts, "for stage "+award.Stage)
	}
	if award.IfPassed != "" {
		parts = append(parts, "if "+award.IfPassed+" was passed")
	}
	if w := window(life, award.StartTime, award.EndTime); w != "" {
		parts = append(parts, w)
	}
	return strings.Join(parts, " ")
}

func describeGrant(life lifecycle.Team, grant foundationv1alpha1.BudgetAward) string {
	text := fmt.Sprintf("%d on line %s", ptr.Deref(grant.Amount, 0), grant.Line)
	if grant.DueTime != nil {
		return text + " due " + life.When(grant.DueTime.Time)
	}
	for i, instalment := range grant.Instalments {
		separator := ", "
		if i == 0 {
			separator = " in instalments: "
		}
		text += fmt.Sprintf("%s%d on %s", separator, ptr.Deref(instalment.Amount, 0), life.When(instalment.DueTime.Time))
	}
	return text
}

func window(life lifecycle.Team, start, end *metav1.Time) string {
	var parts []string
	if start != nil {
		parts = append(parts, "from "+life.When(start.Time))
	}
	if end != nil {
		parts = append(parts, "until "+life.When(end.Time))
	}
	return strings.Join(parts, " ")
}
