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

// reconcileOrphans removes the access and locks the namespaces of teams whose FoundationTeam is gone in spite of its
// finalizer. One that is added while the API server deletes the object is lost, and anybody who may edit the object can
// remove it.
func (r *Reconciler) reconcileOrphans(ctx context.Context, name string) error {
	open, err := openObjects(ctx, r.Client, client.MatchingFields{index.Team: name})
	if err != nil {
		return err
	}
	records, err := r.listRecords(ctx, name)
	if err != nil {
		return err
	}
	records = slices.DeleteFunc(records, func(record foundationv1alpha1.TeamRecord) bool {
		return record.Spec.State == foundationv1alpha1.StateDeleted
	})
	if len(open)+len(records) == 0 {
		return nil
	}
	// A cache that does not have the team is no proof that it is gone.
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
		if err := r.lockOrphans(ctx, name, uid); err != nil {
			return err
		}
	}
	return nil
}

// lockOrphans treats the objects of a team with this UID as those of a team that is being deleted.
func (r *Reconciler) lockOrphans(ctx context.Context, name string, uid types.UID) error {
	in, err := r.observe(ctx, &foundationv1alpha1.FoundationTeam{ObjectMeta: metav1.ObjectMeta{
		Name: name, UID: uid, DeletionTimestamp: &metav1.Time{Time: r.Clock.Now()},
	}}, nil)
	if err != nil {
		return err
	}
	m := NewModel(in)
	return r.applyAndPrune(ctx, m, Build(m)).Err()
}

// hasOpenObjects reports whether the API server has any access or unlocked namespace of a deleted team. The cache may not
// show objects yet of a team that was deleted right after it was created.
func (r *Reconciler) hasOpenObjects(ctx context.Context, m *Model) (bool, error) {
	open, err := openObjects(ctx, r.Live, client.MatchingLabels{foundationv1alpha1.LabelTeam: m.Team.Name})
	return err == nil && slices.ContainsFunc(open, func(obj client.Object) bool { return m.Owner.Owns(obj) }), err
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
// alone: on an object that gives access it changes nothing, whoever put it there.
func isOpen(kind apply.Kind, obj client.Object) bool {
	return kind.Access || kind.Name == "Namespace" && obj.GetLabels()[foundationv1alpha1.LabelLocked] != "true"
}
