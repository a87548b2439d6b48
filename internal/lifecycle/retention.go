package lifecycle

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// The periods where neither the team nor its programme sets one.
const (
	// DefaultDataAccess is how long staff may read and copy data after a team's time ended.
	DefaultDataAccess = 30 * day
	// DefaultKeep is how long data is kept at least.
	DefaultKeep = 90 * day
)

// Retention is what happens to a team's data after its time.
type Retention struct {
	Phase foundationv1alpha1.RetentionPhase
	// Ended is when the team's time ended, AccessUntil the end of staff's access to data, KeptUntil the time until
	// which data is kept at least.
	Ended, AccessUntil, KeptUntil time.Time
}

// Retention returns the retention of the team's data at now; false if its time is not over. Deleting a team does not
// end its time, but locks its data at once.
func (t Team) Retention(now time.Time) (Retention, bool) {
	r, over := t.retentionPeriods(now)
	if !over {
		return Retention{}, false
	}
	r.Phase = foundationv1alpha1.RetentionDataAccess
	switch {
	case !t.DeletionTimestamp.IsZero():
		r.Phase = foundationv1alpha1.RetentionLocked
	case now.Before(r.AccessUntil):
		return r, true
	}
	r.Phase = foundationv1alpha1.RetentionLocked
	// How long data is kept may be for the missing programme to say.
	if !now.Before(r.KeptUntil) && !t.IsProgramMissing() {
		r.Phase = foundationv1alpha1.RetentionExpired
	}
	return r, true
}

// retentionPeriods returns when the team's time ended and until when its data can be read and is kept; false if its time is
// not over. Where it is not known what was seen of it, that is as the specs say.
func (t Team) retentionPeriods(now time.Time) (Retention, bool) {
	if t.Tenure != nil {
		return Retention{Ended: t.Tenure.Ended, AccessUntil: t.Tenure.AccessUntil, KeptUntil: t.Tenure.KeptUntil}, t.Tenure.isOver()
	}
	ended := t.specifiedEndTime(now)
	r := Retention{Ended: ended, AccessUntil: ended.Add(t.DataAccess())}
	r.KeptUntil = latest(r.AccessUntil, ended.Add(t.Keep()))
	return r, !ended.IsZero()
}

// specifiedEndTime returns when the team's time ended as the specs say; zero if it did not, or if the team never had a seat
// in its term. Later decisions of the programme do not move it: a team that is rejected afterwards may copy data as long as
// before.
func (t Team) specifiedEndTime(now time.Time) time.Time {
	if over := t.lastSeatEnd(now); !over.IsZero() {
		return over
	}
	if t.alive().State(now) == foundationv1alpha1.StateEnded {
		return t.Spec.Term.EndTime.Time // it was selected only after its term
	}
	return time.Time{}
}

// DataAccess returns how long staff may read and copy data after the team's time.
func (t Team) DataAccess() time.Duration {
	return t.retentionPeriod(DefaultDataAccess, func(s *foundationv1alpha1.Retention) *metav1.Duration { return s.DataAccess })
}

// Keep returns how long data is kept at least after the team's time.
func (t Team) Keep() time.Duration {
	return t.retentionPeriod(DefaultKeep, func(s *foundationv1alpha1.Retention) *metav1.Duration { return s.Keep })
}

// retentionPeriod returns the period that the team sets, else its programme's, else the fallback.
func (t Team) retentionPeriod(fallback time.Duration, of func(*foundationv1alpha1.Retention) *metav1.Duration) time.Duration {
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

// SeatEndTime returns when the team's last seat in its programme ended or will end; false if no end is decided. Money
// that is due from then on is not paid.
func (t Team) SeatEndTime() (time.Time, bool) {
	if t.Program == nil {
		return time.Time{}, false
	}
	spans := t.Program.seatSpans(t.Name)
	if len(spans) == 0 || spans[len(spans)-1].End.IsZero() {
		return time.Time{}, false
	}
	return spans[len(spans)-1].End, true
}
