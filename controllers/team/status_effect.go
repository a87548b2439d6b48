package team

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
)

// maxShownEffect is the CRD's maxLength of an effect in status.history.
const maxShownEffect = 256

// renderEffect returns what a change took, for example "64 GPUs and the access of 12 people"; empty if it took nothing.
func renderEffect(effect *foundationv1alpha1.EffectFact) string {
	ending, _ := renderEnding(effect)
	return text.Cut(inSentence(append([]string{ending}, renderLater(effect)...)), maxShownEffect)
}

// renderEnding returns what a change took at once, and whether that is plural; empty if it took nothing.
func renderEnding(effect *foundationv1alpha1.EffectFact) (what string, plural bool) {
	if effect == nil {
		return "", false
	}
	var parts []string
	add := func(n int32, part string, many bool) {
		if n > 0 {
			plural = plural || many || len(parts) > 0
			parts = append(parts, part)
		}
	}
	add(effect.GPUs, text.Count(int(effect.GPUs), "GPU"), effect.GPUs > 1)
	add(effect.AccessEnded, "the access of "+people(effect.AccessEnded), false)
	add(effect.AccessReduced, "a part of the access of "+people(effect.AccessReduced), false)
	add(effect.Namespaces, "work in "+text.Count(int(effect.Namespaces), "namespace"), false)
	add(effect.Volumes, text.Count(int(effect.Volumes), "volume"), effect.Volumes > 1)
	return inSentence(parts), plural
}

// renderLater returns what a change means for later.
func renderLater(effect *foundationv1alpha1.EffectFact) []string {
	if effect == nil {
		return nil
	}
	var parts []string
	if effect.DataAccessSeconds > 0 {
		parts = append(parts, "staff can read data for "+period(effect.DataAccessSeconds)+" less")
	}
	if effect.KeepSeconds > 0 {
		parts = append(parts, "data is kept for "+period(effect.KeepSeconds)+" less")
	}
	if effect.Deletable > 0 {
		parts = append(parts, fmt.Sprintf("the data of %s may be deleted in the end, and was to be kept", text.Count(int(effect.Deletable), "namespace")))
	}
	return parts
}

// period returns seconds in days, or in hours, minutes and seconds.
func period(seconds int64) string {
	const day = 24 * 60 * 60
	if seconds%day == 0 {
		return text.Count(int(seconds/day), "day")
	}
	return (time.Duration(seconds) * time.Second).String()
}

// inSentence lists the parts that are not empty, as in a sentence.
func inSentence(parts []string) string {
	parts = slices.DeleteFunc(slices.Clone(parts), func(part string) bool { return part == "" })
	if last := len(parts) - 1; last > 0 {
		return strings.Join(parts[:last], ", ") + " and " + parts[last]
	}
	return strings.Join(parts, "")
}

func people(n int32) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

// renderCause returns which edit made a change, for example "spec.suspend was set to true by kubectl at ...".
func renderCause(change foundationv1alpha1.RecordedChange, life lifecycle.Team) string {
	what := cause(change, life)
	if change.By != "" {
		what += " by " + change.By
	}
	return what + " at " + life.FormatTime(change.Time.Time)
}

func cause(change foundationv1alpha1.RecordedChange, life lifecycle.Team) string {
	field := "spec." + string(change.Field)
	if change.Name != "" {
		field += "[" + change.Name + "]"
	}
	switch change.Field {
	case foundationv1alpha1.FieldState:
		return "the FoundationTeam was deleted"
	case foundationv1alpha1.FieldSettings:
		if isRetirement(change) {
			return fmt.Sprintf("spec.namespaces[%s] was taken out", retiredNamespace(change.Name))
		}
		field = settingField(change.Name)
	case foundationv1alpha1.FieldProgram:
		return fmt.Sprintf("FoundationProgram %s was changed", change.Name)
	case foundationv1alpha1.FieldDecision:
		field = "the decision of the programme"
	case foundationv1alpha1.FieldTerm:
		if moved := movedBound(change, life); moved != "" {
			return moved
		}
	default:
	}
	from, to := renderFact(change.From, life), renderFact(change.To, life)
	switch {
	case from == "":
		return fmt.Sprintf("%s was set to %q", field, to)
	case to == "":
		return fmt.Sprintf("%s was taken out (%q)", field, from)
	default:
		return fmt.Sprintf("%s was changed from %q to %q", field, from, to)
	}
}

// movedBound returns which bound of a term was moved; empty if it was not exactly one.
func movedBound(change foundationv1alpha1.RecordedChange, life lifecycle.Team) string {
	if change.From == nil || change.From.Term == nil || change.To == nil || change.To.Term == nil {
		return ""
	}
	from, to := change.From.Term, change.To.Term
	moved := func(bound, before, after string) string {
		return fmt.Sprintf("spec.term.%s was moved from %s to %s", bound, before, after)
	}
	switch start, end := from.StartTime.Equal(to.StartTime), from.EndTime.Equal(to.EndTime); {
	case start && !end:
		return moved("endTime", renderBound(from.EndTime, life), renderBound(to.EndTime, life))
	case end && !start:
		return moved("startTime", renderBound(from.StartTime, life), renderBound(to.StartTime, life))
	default:
		return ""
	}
}

// settingField returns where a setting is set, for people.
func settingField(name string) string {
	switch {
	case strings.HasPrefix(name, programPrefix):
		return "spec." + strings.TrimPrefix(name, programPrefix) + " of the programme"
	case strings.HasPrefix(name, poolPrefix):
		pool, field, _ := strings.Cut(strings.TrimPrefix(name, poolPrefix), "].")
		return "spec." + field + " of GPUPool " + pool
	default:
		return "spec." + name
	}
}

// effectMessage tells at once what a change takes from the team, and which edit does.
func effectMessage(change foundationv1alpha1.RecordedChange, life lifecycle.Team) string {
	told, plural := renderEnding(change.Effect)
	switch {
	case plural:
		told += " end now"
	case told != "":
		told += " ends now"
	}
	return fmt.Sprintf("%s, because %s", inSentence(append([]string{told}, renderLater(change.Effect)...)), renderCause(change, life))
}

// effectsMessage tells all that an edit takes, in one note: a recorder drops events that differ in nothing else.
func effectsMessage(changes []foundationv1alpha1.RecordedChange, life lifecycle.Team) string {
	told := make([]string, len(changes))
	for i, change := range changes {
		told[i] = effectMessage(change, life)
	}
	return strings.Join(told, "; ")
}

// newEffects returns the changes with an effect that this reconcile added to a record.
func newEffects(before, after *foundationv1alpha1.TeamRecord) []foundationv1alpha1.RecordedChange {
	if before == nil {
		return nil
	}
	var effects []foundationv1alpha1.RecordedChange
	for _, change := range after.Spec.History {
		known := func(earlier foundationv1alpha1.RecordedChange) bool {
			return equality.Semantic.DeepEqual(earlier, change)
		}
		if change.Effect != nil && !slices.ContainsFunc(before.Spec.History, known) {
			effects = append(effects, change)
		}
	}
	return effects
}

// stateEffect tells which edit put the team into its present state, and what that took; empty if none did.
func stateEffect(m *Model, record *foundationv1alpha1.TeamRecord) string {
	if record == nil || m.State == foundationv1alpha1.StateInTerm {
		return ""
	}
	history := record.Spec.History
	for i := len(history) - 1; i >= 0; i-- {
		switch {
		case history[i].Effect != nil && endsAll(&history[i]):
			what, _ := renderEnding(history[i].Effect)
			return fmt.Sprintf("%s ended, because %s", what, renderCause(history[i], m.Life))
		case history[i].Field == foundationv1alpha1.FieldState && history[i].To != nil && history[i].To.State != m.State:
			return ""
		}
	}
	return ""
}
