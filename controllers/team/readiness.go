package team

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/edits"
)

// readiness knows with which spec each team was Ready, so that the time that it took is measured once for each edit, and not again
// when a node of the team was broken. A process that was just started does not know of earlier ones: it measures nothing of teams
// that are Ready when it first sees them.
type readiness struct {
	mu    sync.Mutex
	teams map[string]readySpec
}

// readySpec is a spec of a team.
type readySpec struct {
	uid        types.UID
	generation int64
}

// observe takes note of a status that was written. It returns how long ago the spec was edited, if the team is Ready with it for the
// first time.
func (r *readiness) observe(before, after *foundationv1alpha1.FoundationTeam, now time.Time) (took time.Duration, first bool) {
	if !isReadyWithSpec(after) {
		return 0, false
	}
	spec := readySpec{uid: after.UID, generation: after.Generation}
	r.mu.Lock()
	defer r.mu.Unlock()
	first = r.teams[after.Name] != spec && !isReadyWithSpec(before)
	if r.teams == nil {
		r.teams = map[string]readySpec{}
	}
	r.teams[after.Name] = spec
	return now.Sub(lastEdit(after)), first
}

func isReadyWithSpec(team *foundationv1alpha1.FoundationTeam) bool {
	return team.Status.ObservedGeneration == team.Generation && meta.IsStatusConditionTrue(team.Status.Conditions, foundationv1alpha1.ConditionReady)
}

// forget forgets a team that is gone.
func (r *readiness) forget(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.teams, name)
}

// lastEdit returns when a team was created or edited last.
func lastEdit(team *foundationv1alpha1.FoundationTeam) time.Time {
	if last := edits.Last(team.ManagedFields, nil); last.Time != nil {
		return last.Time.Time
	}
	return team.CreationTimestamp.Time
}
