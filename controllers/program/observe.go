package program

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/tracing"
)

// withoutDeepCopy lists from the cache without copying. Whoever changes such an object has to copy it first.
const withoutDeepCopy = client.UnsafeDisableDeepCopy

func (r *Reconciler) observe(ctx context.Context, program *foundationv1alpha1.FoundationProgram) (Input, error) {
	ctx, end := tracing.Step(ctx, "observe")
	defer end(nil)
	in := Input{Program: lifecycle.NewProgram(program), Elsewhere: map[string]bool{}, Now: r.Clock.Now()}
	var teams foundationv1alpha1.FoundationTeamList
	if err := r.Client.List(ctx, &teams, client.MatchingFields{index.Program: program.Name}, withoutDeepCopy); err != nil {
		return Input{}, fmt.Errorf("list the teams of programme %s: %w", program.Name, err)
	}
	named := map[string]bool{}
	for i := range teams.Items {
		in.Teams = append(in.Teams, lifecycle.NewTeam(&teams.Items[i], in.Program))
		named[teams.Items[i].Name] = true
	}
	// An index lists in any order; sorting keeps an unchanged status equal.
	slices.SortFunc(in.Teams, func(a, b lifecycle.Team) int { return cmp.Compare(a.Name, b.Name) })
	if err := r.observePayments(ctx, &in); err != nil {
		return Input{}, err
	}
	for _, name := range in.Program.Teams() {
		if named[name] {
			continue
		}
		err := r.Client.Get(ctx, client.ObjectKey{Name: name}, &foundationv1alpha1.FoundationTeam{})
		if client.IgnoreNotFound(err) != nil {
			return Input{}, fmt.Errorf("read team %s: %w", name, err)
		}
		if err == nil {
			in.Elsewhere[name] = true
		}
	}
	return in, nil
}

// observePayments reads what was due to the programme's teams before, from their records.
func (r *Reconciler) observePayments(ctx context.Context, in *Input) error {
	var records foundationv1alpha1.TeamRecordList
	if err := r.Client.List(ctx, &records, withoutDeepCopy); err != nil {
		return fmt.Errorf("list the records of teams: %w", err)
	}
	in.Settled = map[string][]budget.Settlement{}
	for i := range records.Items {
		record := &records.Items[i]
		settled := budget.Settlements(record, in.Program.Name)
		switch {
		case len(settled) == 0:
		case slices.ContainsFunc(in.Teams, func(team lifecycle.Team) bool { return slices.Contains(record.Spec.UIDs, string(team.UID)) }):
			in.Settled[record.Spec.TeamName] = settled
		default:
			// Named as its record, which no team can be.
			in.Gone = append(in.Gone, budget.Team{Name: record.Name, Settled: settled})
		}
	}
	return nil
}
