package lifecycle

import (
	"slices"
	"time"

	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Span is a half-open span of time, [Start, End), with a number of GPUs. A zero Start or End is unbounded.
type Span struct {
	Start, End time.Time
	GPUs       int32
}

// Contains reports whether the span covers t.
func (s Span) Contains(t time.Time) bool {
	return (s.Start.IsZero() || !t.Before(s.Start)) && (s.End.IsZero() || t.Before(s.End))
}

// poolSpan is a span of GPUs of one pool.
type poolSpan struct {
	Span
	pool string
}

// Awards returns the spans in which a team may have GPUs of a pool: its awards within its term and its seats, cut to
// the programme's ceilings. A team that is being deleted has none.
func (t Team) Awards(pool string) []Span {
	var spans []Span
	for _, award := range t.withinCeilings(t.awardSpans()) {
		if award.pool == pool {
			spans = append(spans, award.Span)
		}
	}
	return spans
}

// Demand returns how many GPUs of a pool a team may have at now, and how many more it was awarded beyond the
// ceilings.
func (t Team) Demand(pool string, now time.Time) (awarded, heldBack int32) {
	var all int32
	for _, award := range t.awardSpans() {
		if award.pool == pool && award.Contains(now) {
			all += award.GPUs
		}
	}
	awarded = Demand(t.Awards(pool), now)
	return awarded, all - awarded
}

// awardSpans returns the spans of the team's awards before ceilings, in the order of the spec.
func (t Team) awardSpans() []poolSpan {
	windows := t.holdingSpans()
	var spans []poolSpan
	for _, award := range t.Spec.GPUs {
		if !t.isInForce(award) {
			continue
		}
		for _, span := range t.spansOf(award, windows) {
			spans = append(spans, poolSpan{Span: span, pool: award.PoolName})
		}
	}
	return spans
}

// spansOf returns the spans of an award in the windows: within its own time, its stage's if that exists, and the term.
func (t Team) spansOf(award foundationv1alpha1.GPUAward, windows []Span) []Span {
	if award.Count == nil {
		return nil
	}
	span := t.AwardSpan(award)
	var spans []Span
	for _, window := range windows {
		if inside := span.clampToWindow(t.Spec.Term).intersect(window); !inside.isEmpty() {
			spans = append(spans, inside)
		}
	}
	return spans
}

// AwardSpan returns the span of an award: its own time within its stage's, if that exists. The term and seats are not in it.
func (t Team) AwardSpan(award foundationv1alpha1.GPUAward) Span {
	span := Span{Start: timeOf(award.StartTime), End: timeOf(award.EndTime), GPUs: ptr.Deref(award.Count, 0)}
	if stage := t.stage(award.Stage); stage != nil {
		span = span.clampToWindow(&foundationv1alpha1.Window{StartTime: stage.StartTime, EndTime: stage.EndTime})
	}
	return span
}

// holdingSpans returns the spans of time in which a team may hold GPUs, apart from its term.
func (t Team) holdingSpans() []Span {
	if !t.DeletionTimestamp.IsZero() || t.IsProgramMissing() {
		return nil
	}
	return t.seatSpans()
}

// seatSpans returns the spans of time in which the team has a seat in its programme; one unbounded span for a team
// without a programme, and for one that had a seat when its programme, which is missing, was seen last.
func (t Team) seatSpans() []Span {
	switch {
	case t.Program != nil:
		return t.Program.seatSpans(t.Name)
	case t.IsProgramMissing() && !t.phaseSeenLast().holdsSeat():
		return nil
	default:
		return []Span{{}}
	}
}

// isInForce reports whether an award counts: its stage exists, and the team has passed the stage that it depends on.
func (t Team) isInForce(award foundationv1alpha1.GPUAward) bool {
	if award.Stage == "" && award.IfPassed == "" {
		return true
	}
	if t.Program == nil || award.Stage != "" && t.stage(award.Stage) == nil {
		return false
	}
	return award.IfPassed == "" || t.Program.hasPassed(award.IfPassed, t.Name)
}

// Unresolved returns the spans in which a team keeps what it has of a pool, though none of its awards counts there: those of
// awards that name a pool or a stage that does not exist, and of all awards while the programme does not exist. They add
// nothing to what the team has.
func (t Team) Unresolved(pool string) []Span {
	if !t.DeletionTimestamp.IsZero() {
		return nil
	}
	windows := t.seatSpans()
	if t.IsProgramMissing() {
		windows = []Span{{}}
	}
	var spans []Span
	for _, award := range t.Spec.GPUs {
		undefined := t.IsProgramMissing() || t.namesMissingStage(award)
		switch misplaced := slices.Contains(t.MissingPools, award.PoolName); {
		case award.PoolName == pool && undefined, misplaced && (undefined || t.isInForce(award)):
			spans = append(spans, t.spansOf(award, windows)...)
		}
	}
	return spans
}

// namesMissingStage reports whether an award names a stage that the team's programme does not have.
func (t Team) namesMissingStage(award foundationv1alpha1.GPUAward) bool {
	return award.Stage != "" && t.stage(award.Stage) == nil || award.IfPassed != "" && t.stage(award.IfPassed) == nil
}

// stage returns the stage of that name; nil if the programme, or the stage in it, does not exist.
func (t Team) stage(name string) *foundationv1alpha1.Stage {
	if t.Program == nil {
		return nil
	}
	return t.Program.Stage(name)
}

func (p *Program) hasPassed(stage, team string) bool {
	s := p.Stage(stage)
	return s != nil && slices.Contains(s.Passed, team)
}

// MissingStages returns the stages that the team's awards name and its programme does not have, with the awards that
// name them.
func (t Team) MissingStages() (stages, awards []string) {
	if t.Program == nil {
		return nil, nil
	}
	for _, award := range t.Spec.GPUs {
		for _, stage := range []string{award.Stage, award.IfPassed} {
			if stage != "" && t.Program.Stage(stage) == nil {
				stages, awards = append(stages, stage), append(awards, award.Name)
			}
		}
	}
	return stages, awards
}

// withinCeilings cuts awards down to the programme's ceilings at each moment, in the order of the spec, so that an
// award that is appended cannot reduce an earlier one.
func (t Team) withinCeilings(awards []poolSpan) []poolSpan {
	if t.Program == nil || t.Program.Spec.Ceilings == nil {
		return awards
	}
	ceilings := t.Program.Spec.Ceilings
	if ceilings.GPUs == nil && len(ceilings.Pools) == 0 {
		return awards
	}
	moments := []time.Time{{}}
	for _, award := range awards {
		moments = append(moments, award.Start, award.End)
	}
	slices.SortFunc(moments, time.Time.Compare)
	moments = slices.CompactFunc(moments, time.Time.Equal)
	var cut []poolSpan
	for i, begin := range moments {
		piece := Span{Start: begin}
		if i+1 < len(moments) {
			piece.End = moments[i+1]
		}
		left := newHeadroom(ceilings)
		for _, award := range awards {
			if !award.covers(piece) {
				continue
			}
			if gpus := left.take(award.pool, award.GPUs); gpus > 0 || award.GPUs == 0 {
				cut = append(cut, poolSpan{Span: Span{Start: piece.Start, End: piece.End, GPUs: gpus}, pool: award.pool})
			}
		}
	}
	return cut
}

// covers reports whether the whole piece is in the span. No bound of the span may lie within the piece.
func (s Span) covers(piece Span) bool {
	return (s.Start.IsZero() || !piece.Start.Before(s.Start)) &&
		(s.End.IsZero() || !piece.End.IsZero() && !piece.End.After(s.End))
}

// headroom is what is left of a team's ceilings at a moment.
type headroom struct {
	all   *int32
	pools map[string]int32
}

func newHeadroom(ceilings *foundationv1alpha1.Ceilings) headroom {
	left := headroom{pools: map[string]int32{}}
	if ceilings.GPUs != nil {
		left.all = new(*ceilings.GPUs)
	}
	for _, pool := range ceilings.Pools {
		left.pools[pool.PoolName] = *pool.Count
	}
	return left
}

func (h headroom) take(pool string, gpus int32) int32 {
	most, bounded := h.pools[pool]
	if bounded {
		gpus = min(gpus, most)
	}
	if h.all != nil {
		gpus = min(gpus, *h.all)
		*h.all -= gpus
	}
	if bounded {
		h.pools[pool] = most - gpus
	}
	return gpus
}

// Within returns the spans, cut to a window.
func Within(window *foundationv1alpha1.Window, spans []Span) []Span {
	var inside []Span
	for _, span := range spans {
		if span = span.clampToWindow(window); !span.isEmpty() {
			inside = append(inside, span)
		}
	}
	return inside
}

// Demand returns how many GPUs the spans add up to at t.
func Demand(spans []Span, t time.Time) int32 {
	var sum int32
	for _, span := range spans {
		if span.Contains(t) {
			sum += span.GPUs
		}
	}
	return sum
}

// HasGPUsAfter reports whether one of the spans with GPUs ends after t.
func HasGPUsAfter(spans []Span, t time.Time) bool {
	return slices.ContainsFunc(spans, func(s Span) bool { return s.GPUs > 0 && (s.End.IsZero() || t.Before(s.End)) })
}

// Boundaries returns the starts and ends of the spans, zero ones included.
func Boundaries(spans []Span) []time.Time {
	times := make([]time.Time, 0, 2*len(spans))
	for _, span := range spans {
		times = append(times, span.Start, span.End)
	}
	return times
}

func (s Span) clampToWindow(window *foundationv1alpha1.Window) Span {
	if window == nil {
		return s
	}
	return s.intersect(Span{Start: timeOf(window.StartTime), End: timeOf(window.EndTime)})
}

// intersect returns the span cut to another one, whose GPUs do not count.
func (s Span) intersect(window Span) Span {
	s.Start = latest(s.Start, window.Start)
	if end := window.End; !end.IsZero() && (s.End.IsZero() || end.Before(s.End)) {
		s.End = end
	}
	return s
}

func (s Span) isEmpty() bool {
	return !s.Start.IsZero() && !s.End.IsZero() && !s.Start.Before(s.End)
}

// Excess is how much more a team is awarded of a pool than its programme's ceilings allow.
type Excess struct {
	Pool string
	// At is the first moment from now on at which there is an excess.
	At time.Time
	// Awarded is how many GPUs the ceilings allow, HeldBack how many they do not.
	Awarded, HeldBack int32
}

// Excesses returns a team's excesses by pool, each at the first moment from now on at which there is one.
func (t Team) Excesses(now time.Time) []Excess {
	times := []time.Time{now}
	var pools []string
	for _, award := range t.awardSpans() {
		times = append(times, award.Start, award.End)
		pools = append(pools, award.pool)
	}
	slices.SortFunc(times, time.Time.Compare)
	slices.Sort(pools)
	var excesses []Excess
	for _, pool := range slices.Compact(pools) {
		for _, at := range times {
			if at.Before(now) {
				continue
			}
			if awarded, held := t.Demand(pool, at); held > 0 {
				excesses = append(excesses, Excess{Pool: pool, At: at, Awarded: awarded, HeldBack: held})
				break
			}
		}
	}
	return excesses
}
