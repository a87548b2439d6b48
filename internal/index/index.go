// Package index registers the cache indexes by which controllers list objects.
package index

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

const (
	// AwardPool finds FoundationTeams by the pools of their awards.
	AwardPool = "spec.gpus.pool"
	// Program finds FoundationTeams by spec.programName.
	Program = "spec.programName"
	// StorageClass finds FoundationTeams by the StorageClasses of their volumes.
	StorageClass = "spec.volumes.storageClassName"
	// NamespaceName finds FoundationTeams by the full names of the namespaces in their spec.
	NamespaceName = "spec.namespaces.realName"
	// RecordTeam finds TeamRecords by spec.teamName, also those that lost their label.
	RecordTeam = "spec.teamName"
	// Team finds the objects that the operator made, and PersistentVolumes, by the team that they are labelled with.
	Team = "team"
)

// Register adds the indexes to a cache.
func Register(ctx context.Context, indexer client.FieldIndexer) error {
	if err := indexer.IndexField(ctx, &foundationv1alpha1.FoundationTeam{}, AwardPool, AwardPools); err != nil {
		return fmt.Errorf("index teams by the pools of their awards: %w", err)
	}
	if err := indexer.IndexField(ctx, &foundationv1alpha1.FoundationTeam{}, Program, programs); err != nil {
		return fmt.Errorf("index teams by their programmes: %w", err)
	}
	if err := indexer.IndexField(ctx, &foundationv1alpha1.FoundationTeam{}, StorageClass, storageClasses); err != nil {
		return fmt.Errorf("index teams by their storage classes: %w", err)
	}
	if err := indexer.IndexField(ctx, &foundationv1alpha1.FoundationTeam{}, NamespaceName, namespaceNames); err != nil {
		return fmt.Errorf("index teams by their namespaces: %w", err)
	}
	if err := indexer.IndexField(ctx, &foundationv1alpha1.TeamRecord{}, RecordTeam, RecordTeams); err != nil {
		return fmt.Errorf("index records by team: %w", err)
	}
	if err := indexer.IndexField(ctx, &corev1.PersistentVolume{}, Team, teamOf); err != nil {
		return fmt.Errorf("index PersistentVolumes by team: %w", err)
	}
	for _, kind := range apply.Kinds() {
		if err := indexer.IndexField(ctx, kind.New(), Team, teamOf); err != nil {
			return fmt.Errorf("index %s by team: %w", kind.Name, err)
		}
	}
	return nil
}

// AwardPools returns the pools that a FoundationTeam has awards of, each once, sorted.
func AwardPools(obj client.Object) []string {
	team, ok := obj.(*foundationv1alpha1.FoundationTeam)
	if !ok {
		return nil
	}
	pools := map[string]bool{}
	for _, award := range team.Spec.GPUs {
		pools[award.PoolName] = true
	}
	return slices.Sorted(maps.Keys(pools))
}

// RecordTeams returns the name of the team that a TeamRecord is about.
func RecordTeams(obj client.Object) []string {
	record, ok := obj.(*foundationv1alpha1.TeamRecord)
	if !ok || record.Spec.TeamName == "" {
		return nil
	}
	return []string{record.Spec.TeamName}
}

func programs(obj client.Object) []string {
	team, ok := obj.(*foundationv1alpha1.FoundationTeam)
	if !ok || team.Spec.ProgramName == "" {
		return nil
	}
	return []string{team.Spec.ProgramName}
}

func storageClasses(obj client.Object) []string {
	team, ok := obj.(*foundationv1alpha1.FoundationTeam)
	if !ok {
		return nil
	}
	classes := map[string]bool{}
	for _, volume := range team.Spec.Volumes {
		if volume.StorageClassName != nil {
			classes[*volume.StorageClassName] = true
		}
	}
	return slices.Sorted(maps.Keys(classes))
}

func namespaceNames(obj client.Object) []string {
	team, ok := obj.(*foundationv1alpha1.FoundationTeam)
	if !ok {
		return nil
	}
	names := make([]string, len(team.Spec.Namespaces))
	for i, namespace := range team.Spec.Namespaces {
		names[i] = foundationv1alpha1.NamespaceName(team.Name, namespace.Name)
	}
	return names
}

func teamOf(obj client.Object) []string {
	if team := obj.GetLabels()[foundationv1alpha1.LabelTeam]; team != "" {
		return []string{team}
	}
	return nil
}
