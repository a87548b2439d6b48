package team

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/timing"
)

// reconcileOrphans removes the access and locks the namespaces of teams whose FoundationTeam is gone in spite of its
// finalizer. One that is added while the API server deletes the object is lost, and anybody who may edit the object can
// remove it. Namespaces and records that were restored from a backup wait for their FoundationTeam for a while, untouched:
// locked, they would refuse what the backup has for them. Access waits for nothing.
func (r *Reconciler) reconcileOrphans(ctx context.Context, name string) (ctrl.Result, error) {
	open, err := openObjects(ctx, r.Client, client.MatchingFields{index.Team: name})
	if err != nil {
		return ctrl.Result{}, err
	}
	records, unlisted := r.listRecords(ctx, name)
	records = slices.DeleteFunc(records, func(record foundationv1alpha1.TeamRecord) bool {
		return record.Spec.State == foundationv1alpha1.StateDeleted
	})
	now, waits := r.Clock.Now(), []time.Time{}
	for _, obj := range open {
		waits = append(waits, awaitedUntil(obj, now))
	}
	records = slices.DeleteFunc(records, func(record foundationv1alpha1.TeamRecord) bool {
		until := awaitedUntil(&record, now)
		waits = append(waits, until)
		return !until.IsZero()
	})
	isAwaited := func(obj client.Object) bool { return !awaitedUntil(obj, now).IsZero() }
	open = slices.DeleteFunc(open, isAwaited)
	result := ctrl.Result{RequeueAfter: timing.Wait(now, waits...)}
	if len(open)+len(records) == 0 {
		return result, unlisted
	}
	// A cache that does not have the team is no proof that it is gone.
	team := &metav1.PartialObjectMetadata{}
	team.SetGroupVersionKind(foundationv1alpha1.GroupVersion.WithKind("FoundationTeam"))
	err = r.Live.Get(ctx, client.ObjectKey{Name: name}, team)
	if !apierrors.IsNotFound(err) {
		return ctrl.Result{}, err
	}
	// Nor is one that has an object of it proof that it is still there.
	live, unread := openObjects(ctx, r.Live, client.MatchingLabels{foundationv1alpha1.LabelTeam: name})
	if unread == nil {
		open = slices.DeleteFunc(live, isAwaited)
	}
	// Access first, records last, and what fails for one does not stop the others.
	errs := []error{unread}
	uids := map[types.UID]bool{}
	for _, obj := range open {
		uids[types.UID(obj.GetAnnotations()[foundationv1alpha1.AnnotationTeamUID])] = true
	}
	for uid := range uids {
		errs = append(errs, r.lockOrphans(ctx, name, uid))
	}
	errs = append(errs, unlisted, r.closeRecords(ctx, records))
	return result, errors.Join(errs...)
}

// restoreGrace is how long what was restored from a backup waits for its FoundationTeam. A restore of many teams with their
// contents takes its time.
const restoreGrace = time.Hour

// awaitedUntil returns until when a namespace or a record waits for its FoundationTeam; zero if it does not, or not any more.
// What the operator never wrote in this cluster was restored: nobody else but admins can label it as a team's.
func awaitedUntil(obj client.Object, now time.Time) time.Time {
	written := slices.ContainsFunc(obj.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == foundationv1alpha1.FieldManager && entry.Subresource == ""
	})
	until := obj.GetCreationTimestamp().Add(restoreGrace)
	if written || apply.KindOf(obj).Access || !now.Before(until) {
		return time.Time{}
	}
	return until
}

// noRecords is the recordLister for orphans: whose they were makes no difference.
func noRecords(context.Context, string) ([]foundationv1alpha1.TeamRecord, error) { return nil, nil }

// lockOrphans treats the objects of a team with this UID as those of a team that is being deleted.
func (r *Reconciler) lockOrphans(ctx context.Context, name string, uid types.UID) error {
	out := newOutcome()
	in, _, err := r.reconcileAccess(ctx, &foundationv1alpha1.FoundationTeam{ObjectMeta: metav1.ObjectMeta{
		Name: name, UID: uid, DeletionTimestamp: &metav1.Time{Time: r.Clock.Now()},
	}}, noRecords, out)
	if err != nil {
		return errors.Join(err, out.Err())
	}
	for name, namespace := range in.LiveNamespaces {
		if !awaitedUntil(namespace, in.Now).IsZero() {
			delete(in.LiveNamespaces, name)
		}
	}
	if in, err = r.observe(ctx, in); err != nil {
		return errors.Join(err, out.Err())
	}
	m := NewModel(in)
	desired := Build(m)
	r.restrict(ctx, m, desired, out)
	r.provide(ctx, m, desired, out)
	r.pruneOthers(ctx, m, desired.keys(), out)
	return out.Err()
}

// openObject returns an object of a deleted team that gives access, or a namespace that is not locked, of which the API server
// knows; nil if there is none. The cache may not show objects yet of a team that was deleted right after it was created.
func (r *Reconciler) openObject(ctx context.Context, m *Model) (client.Object, error) {
	open, err := openObjects(ctx, r.Live, client.MatchingLabels{foundationv1alpha1.LabelTeam: m.Team.Name})
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(open, func(obj client.Object) bool { return m.Owner.Owns(obj) }); i >= 0 {
		return open[i], nil
	}
	return nil, nil
}

// openObjects returns the objects of a team that give access, and its namespaces that are not locked.
func openObjects(ctx context.Context, reader client.Reader, ofTeam client.ListOption) ([]client.Object, error) {
	var open []client.Object
	for _, kind := range apply.Kinds() {
		if !kind.Access && kind.Name != "Namespace" {
			continue
		}
		list := kind.NewList()
		if err := reader.List(ctx, list, ofTeam); err != nil {
			return nil, fmt.Errorf("list what a deleted team has left: %w", err)
		}
		items, err := meta.ExtractList(list)
		if err != nil {
			return nil, fmt.Errorf("read what a deleted team has left: %w", err)
		}
		for _, item := range items {
			if obj, ok := item.(client.Object); ok && isOpen(kind, obj) {
				open = append(open, obj)
			}
		}
	}
	return open, nil
}

// isOpen reports whether an object gives access, or is a namespace that is not locked. The lock label closes namespaces
// alone: on an object that gives access it changes nothing, whoever put it there. Nothing new can start in a namespace that is
// being deleted.
func isOpen(kind apply.Kind, obj client.Object) bool {
	return kind.Access || kind.Name == "Namespace" && obj.GetDeletionTimestamp().IsZero() && obj.GetLabels()[foundationv1alpha1.LabelLocked] != "true"
}
