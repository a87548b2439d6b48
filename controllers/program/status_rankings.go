package program

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/edits"
	"foundation.team/operator/internal/ranking"
	"foundation.team/operator/internal/text"
)

func rankings(in Input) []foundationv1alpha1.Ranking {
	return ranking.Rankings(&in.Program.Spec, in.Program.Status.Rankings, in.Now)
}

// editedNote names what of evaluations was edited after they were closed; empty if nothing was.
func editedNote(in Input) string {
	var edited []string
	for _, r := range rankings(in) {
		for _, entry := range r.Entries {
			if entry.AsClosed != nil {
				edited = append(edited, editedEntry(r.Evaluation, entry))
			}
		}
	}
	if len(edited) == 0 {
		return ""
	}
	return "; edited after it was closed: " + text.First(edited, maxNames)
}

func editedEntry(evaluation string, entry foundationv1alpha1.RankingEntry) string {
	return fmt.Sprintf("%s of %s (%s, was %s)", evaluation, entry.TeamName, position(entry.Rank, entry.Total), position(entry.AsClosed.Rank, entry.AsClosed.Total))
}

func position(rank int32, total string) string {
	switch {
	case total == "":
		return "no score"
	case rank == 0:
		return total
	default:
		return fmt.Sprintf("rank %d with %s", rank, total)
	}
}

// tellEdits emits one event about all evaluations whose ranking was edited after they were closed: what teams were decided on
// stays on record as it was.
func (r *Reconciler) tellEdits(program *foundationv1alpha1.FoundationProgram, after []foundationv1alpha1.Ranking) {
	if notes := newEdits(program, after); len(notes) > 0 {
		r.Events.Eventf(program, nil, corev1.EventTypeWarning, "EvaluationEdited", "Reconcile", "%s", text.Cut(strings.Join(notes, "; "), maxMessage))
	}
}

// newEdits returns a sentence for each closed evaluation that was edited since the last status, with who edited it.
func newEdits(program *foundationv1alpha1.FoundationProgram, after []foundationv1alpha1.Ranking) []string {
	known := map[string]string{}
	for _, r := range program.Status.Rankings {
		for _, entry := range r.Entries {
			if entry.AsClosed != nil {
				known[r.Evaluation+"/"+entry.TeamName] = editedEntry(r.Evaluation, entry)
			}
		}
	}
	var notes []string
	for _, r := range after {
		var edited []string
		for _, entry := range r.Entries {
			if entry.AsClosed != nil && known[r.Evaluation+"/"+entry.TeamName] != editedEntry(r.Evaluation, entry) {
				edited = append(edited, editedEntry(r.Evaluation, entry))
			}
		}
		if len(edited) > 0 {
			notes = append(notes, fmt.Sprintf("evaluation %s was edited after it was closed%s: %s", r.Evaluation, editorOf(program), text.First(edited, maxNames)))
		}
	}
	return notes
}

// editorOf says who edited a programme's evaluations or criteria last, and when; empty if that is not known.
func editorOf(program *foundationv1alpha1.FoundationProgram) string {
	by := edits.Last(program.ManagedFields, []string{"f:spec", "f:evaluations"})
	if other := edits.Last(program.ManagedFields, []string{"f:spec", "f:criteria"}); other.Time != nil && by.Time != nil && other.Time.After(by.Time.Time) {
		by = other
	}
	return edits.By(by)
}
