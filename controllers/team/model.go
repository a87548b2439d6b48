package team

import (
	"maps"
	"slices"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/gpuquota"
	"foundation.team/operator/internal/lifecycle"
)

// Model is an Input with all that follows from it, derived once. What is built, applied, recorded and reported reads it
// and changes nothing in it.
type Model struct {
	Input
	// Life is the team in its programme, for what is asked about other moments than now.
	Life lifecycle.Team
	// State is where the team is in its life, StateSince when that began; zero if it always was, or an edit began it.
	State      foundationv1alpha1.TeamState
	StateSince time.Time
	// NextTransition is when time alone changes something next; zero if never.
	NextTransition time.Time
	// Owner is the team as the owner of objects, under its present UID and those that it had before.
	Owner apply.Owner
	// Retention is what becomes of the team's data; nil while its time is not over.
	Retention *lifecycle.Retention
	// Namespaces are those that there shall be, the declared ones first, in the order of the spec.
	Namespaces []teamNamespace
	// Staff are those who have access now, with the roles that they have now.
	Staff []foundationv1alpha1.StaffMember
	// Grants are what the team asks and has of each pool, by pool.
	Grants []poolGrant
	// Devices is what the namespaces' quotas say about GPUs and other devices.
	Devices gpuquota.Quotas
	// Deletion is how far the deletion of the team's data has come.
	Deletion Deletion
}

// NewModel derives a Model.
func NewModel(in Input) *Model {
	life := lifecycle.Of(in.Team, in.Program)
	m := &Model{
		Input:          in,
		Life:           life,
		State:          life.State(in.Now),
		StateSince:     life.StateSince(in.Now),
		NextTransition: life.NextTransition(in.Now),
		Owner:          apply.OwnerOf(in.Team, formerUIDs(in.Record, in.Team)),
		Staff:          life.Staff(in.Now),
		Grants:         grantsOf(in, life),
	}
	if retention, over := life.Retention(in.Now); over {
		m.Retention = &retention
	}
	m.Namespaces = namespacesOf(in, m.Owner, m.State, m.Retention)
	m.Devices = gpuquota.Compute(devicesInput(in, m.Namespaces))
	m.Deletion = deletionOf(in.Team, m.Retention, m.Grants, len(m.Namespaces))
	return m
}

// ownerMetadata are the labels and annotations that say whose an object is.
func (m *Model) ownerMetadata() (labels, annotations map[string]string) {
	return map[string]string{foundationv1alpha1.LabelTeam: m.Team.Name},
		map[string]string{foundationv1alpha1.AnnotationTeamUID: string(m.Team.UID)}
}

// formerUIDs are the UIDs that a record knows besides the one that the team has now.
func formerUIDs(record *foundationv1alpha1.TeamRecord, team *foundationv1alpha1.FoundationTeam) []string {
	if record == nil {
		return nil
	}
	former := slices.DeleteFunc(slices.Clone(record.Spec.UIDs), func(uid string) bool { return uid == string(team.UID) })
	if len(former) == 0 {
		return nil
	}
	return former
}

// merged is a copy of a map with more in it.
func merged[K comparable, V any](base, more map[K]V) map[K]V {
	all := maps.Clone(base)
	if all == nil {
		all = map[K]V{}
	}
	maps.Copy(all, more)
	return all
}
