package lifecycle

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// What holds where neither the team nor its programme says anything.
const (
	// DefaultDataAccess is how long staff may read and copy data after a team's time ended.
	DefaultDataAccess = 30 * day
	// DefaultKeep is how long data is kept at least.
	DefaultKeep = 90 * day
)

// Retention is what becomes of a team's data when its time is over.
type Retention struct {
	Phase foundationv1alpha1.RetentionPhase
	// Ended is when the team's time was over, AccessUntil until when staff may read and copy data, KeptUntil until when it is
	// kept at least.
	Ended, AccessUntil, KeptUntil time.Time
}

// Retention is what becomes of the team's data at now, and whether its time is over at all. The time of a team that is
// being deleted ends when its term does.
func (t Team) Retention(now time.Time) (Retention, bool) {
	ended := t.ended(now)
	if ended.IsZero() {
		return Retention{}, false
	}
	r := Retention{Ended: ended, Phase: foundationv1alpha1.RetentionDataAccess}
	r.AccessUntil = ended.Add(t.period(DefaultDataAccess, func(s *foundationv1alpha1.Retention) *metav1.Duration { return s.DataAccess }))
	r.KeptUntil = latest(r.AccessUntil,
		ended.Add(t.period(DefaultKeep, func(s *foundationv1alpha1.Retention) *metav1.Duration { return s.Keep })))
	switch {
	case !t.DeletionTimestamp.IsZero():
		r.Phase = foundationv1alpha1.RetentionLocked
	case now.Before(r.AccessUntil):
		return r, true
	}
	r.Phase = foundationv1alpha1.RetentionLocked
	if !now.Before(r.KeptUntil) {
		r.Phase = foundationv1alpha1.RetentionExpired
	}
	return r, true
}

// ended is when the team's time was over; zero if it is not, or if the team never had anything. What the programme decided
// after that moves nothing: who is rejected later may copy data as long as before.
func (t Team) ended(now time.Time) time.Time {
	if over := t.over(now); !over.IsZero() {
		return over
	}
	alive := *t.FoundationTeam
	alive.DeletionTimestamp = nil
	if Of(&alive, t.Program).State(now) == foundationv1alpha1.StateEnded {
		return t.Spec.Term.EndTime.Time // it was selected only after its term
	}
	return time.Time{}
}

// period is what the team says, else its programme, else the default.
func (t Team) period(fallback time.Duration, of func(*foundationv1alpha1.Retention) *metav1.Duration) time.Duration {
	specs := []*foundationv1alpha1.Retention{t.Spec.Retention}
	if t.Program != nil {
		specs = append(specs, t.Program.Spec.Retention)
	}
	for _, spec := range specs {
		if spec != nil && of(spec) != nil {
			return of(spec).Duration
		}
	}
	return fallback
}

// OutSince is when the team's place in its programme ended, or will, as far as that is decided; false if it is not. Money
// that is due from then on is not paid.
func (t Team) OutSince() (time.Time, bool) {
	if t.Program == nil {
		return time.Time{}, false
	}
	spans := t.Program.seated(t.Name)
	if len(spans) == 0 || spans[len(spans)-1].End.IsZero() {
		return time.Time{}, false
	}
	return spans[len(spans)-1].End, true
}
