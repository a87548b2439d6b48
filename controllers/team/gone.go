package team

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/index"
)

// reconcileGone closes what a team left open that is gone. It can go in spite of its finalizer: one that is added while
// the API server is deleting the object is lost, and one can
// be taken off by hand.
func (r *Reconciler) reconcileGone(ctx context.Context, name string) error {
	open, err := openObjects(ctx, r.Client, client.MatchingFields{index.Team: name})
	if err != nil {
		return err
	}
	records, err := r.records(ctx, name)
	if err != nil {
		return err
	}
	records = slices.DeleteFunc(records, func(record foundationv1alpha1.TeamRecord) bool {
		return record.Spec.State == foundationv1alpha1.StateDeleted
	})
	if len(open)+len(records) == 0 {
		return nil
	}
	// A cache that does not know the team is no proof that it is gone.
	err = r.Live.Get(ctx, client.ObjectKey{Name: name}, &foundationv1alpha1.FoundationTeam{})
	if !apierrors.IsNotFound(err) {
		return err
	}
	if err := r.closeRecords(ctx, records); err != nil {
		return err
	}
	uids := map[types.UID]bool{}
	for _, obj := range open {
		uids[types.UID(obj.GetAnnotations()[foundationv1alpha1.AnnotationTeamUID])] = true
	}
	for uid := range uids {
		gone := &foundationv1alpha1.FoundationTeam{ObjectMeta: metav1.ObjectMeta{
			Name: name, UID: uid, DeletionTimestamp: &metav1.Time{Time: r.Clock.Now()},
		}}
		in, err := r.observe(ctx, gone)
		if err != nil {
			return err
		}
		if err := r.applyDesired(ctx, in, Build(in)).Err(); err != nil {
			return err
		}
	}
	return nil
}

// left says whether the API server has anything of a deleted team's that is still open. A team that is deleted right
// after it was made could have objects that the cache does not show yet.
func (r *Reconciler) left(ctx context.Context, in Input) (bool, error) {
	open, err := openObjects(ctx, r.Live, client.MatchingLabels{foundationv1alpha1.LabelTeam: in.Team.Name})
	for _, obj := range open {
		if in.owner().Owns(obj) {
			return true, err
		}
	}
	return false, err
}

// openObjects are the objects of a team that give access, and its namespaces that are not locked.
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
			if obj, ok := item.(client.Object); ok && obj.GetLabels()[foundationv1alpha1.LabelLocked] != "true" {
				open = append(open, obj)
			}
		}
	}
	return open, nil
}
