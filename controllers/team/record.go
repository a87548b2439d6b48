package team

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/metrics"
	"foundation.team/operator/internal/text"
	"foundation.team/operator/internal/tracing"
)

// maxEventNote is the most bytes that the API server takes of an event's note.
const maxEventNote = 1024

// listRecords returns the records of all teams that had this name.
func (r *Reconciler) listRecords(ctx context.Context, team string) ([]foundationv1alpha1.TeamRecord, error) {
	var list foundationv1alpha1.TeamRecordList
	if err := r.Client.List(ctx, &list, client.MatchingFields{index.RecordTeam: team}); err != nil {
		return nil, fmt.Errorf("list the records of team %s: %w", team, err)
	}
	return list.Items, nil
}

// keepRecord adds the finalizer to a team and writes its record. It returns the model with which to go on: one with a Hold if
// that failed. Only a conflict is returned as an error.
func (r *Reconciler) keepRecord(ctx context.Context, m *Model, out *Outcome) (*Model, *foundationv1alpha1.TeamRecord, error) {
	ctx, end := tracing.Step(ctx, "keep record")
	defer end(nil)
	team, err := apply.EnsureFinalizer(ctx, r.Applier, m.Team)
	if err == nil && team != m.Team {
		in := m.Input
		in.Team = team
		m = NewModel(in)
	}
	record := m.Record
	if err == nil {
		record, err = r.saveRecord(ctx, m)
	}
	if apierrors.IsConflict(err) {
		return nil, nil, err
	}
	if err != nil {
		out.errs = append(out.errs, err)
		held := *m
		held.Hold = holdUnrecorded(err)
		return &held, m.Record, nil
	}
	return m, record, nil
}

// saveRecord writes a team's record if anything in it changed, and emits an event for what was done late. Other records of the same team are closed once the team's own has their UIDs.
func (r *Reconciler) saveRecord(ctx context.Context, m *Model) (*foundationv1alpha1.TeamRecord, error) {
	if m.Record != nil && len(m.Team.Unreadable) > 0 {
		return m.Record, nil // what cannot be read was not changed
	}
	if m.Record != nil && len(m.Record.Unreadable) > 0 {
		return nil, fmt.Errorf("TeamRecord %s is not written, so that nothing in it is lost: %s; correct it", m.Record.Name, text.AndMore(m.Record.Unreadable))
	}
	record := BuildRecord(m)
	if err := r.Applier.Save(ctx, m.Record, record); err != nil {
		return nil, err
	}
	if effects := newEffects(m.Record, record); len(effects) > 0 {
		r.Events.Eventf(m.Team, nil, corev1.EventTypeWarning, "InUse", "Reconcile", "%s", text.Cut(effectsMessage(effects, m.Life), maxEventNote))
	}
	if late := newLateChanges(m.Record, record); len(late) > 0 {
		for _, c := range late {
			metrics.Lateness.Observe(c.Late.Seconds())
		}
		r.Events.Eventf(m.Team, nil, corev1.EventTypeWarning, "Late", "Reconcile", "%s", text.Cut(lateMessage(late, m.Life), maxEventNote))
	}
	var superseded []foundationv1alpha1.TeamRecord
	for _, other := range sameTeams(m.Input) {
		superseded = append(superseded, *other)
	}
	return record, r.closeRecords(ctx, superseded)
}

// closeRecords records that teams of this name have no FoundationTeam any more.
func (r *Reconciler) closeRecords(ctx context.Context, records []foundationv1alpha1.TeamRecord) error {
	var errs []error
	for i := range records {
		errs = append(errs, r.Applier.Save(ctx, &records[i], closedRecord(&records[i], r.Clock.Now())))
	}
	return errors.Join(errs...)
}
