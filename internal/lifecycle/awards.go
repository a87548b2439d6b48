package lifecycle

import (
	"slices"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Span is a half-open span of time with a number of GPUs. A zero Start or End is open.
type Span struct {
	Start, End time.Time
	GPUs       int32
}

// At reports whether the span covers t.
func (s Span) At(t time.Time) bool {
	return (s.Start.IsZero() || !t.Before(s.Start)) && (s.End.IsZero() || t.Before(s.End))
}

// awarded is a span with the pool that it is of.
type awarded struct {
	Span
	pool string
}

// Awards are the spans in which a team may draw GPUs of a pool: its awards within its term, while its programme has it
// in, and as far as the programme's ceilings let it. A team that is being deleted has none.
func (t Team) Awards(pool string) []Span {
	var spans []Span
	for _, award := range t.withinCeilings(t.awardSpans()) {
		if award.pool == pool {
			spans = append(spans, award.Span)
		}
	}
	return spans
}

// Demand is how many GPUs of a pool a team may draw at now, and how many more it was awarded beyond the ceilings.
func (t Team) Demand(pool string, now time.Time) (awarded, heldBack int32) {
	var all int32
	for _, award := range t.awardSpans() {
		if award.pool == pool && award.At(now) {
			all += award.GPUs
		}
	}
	awarded = Demand(t.Awards(pool), now)
	return awarded, all - awarded
}

// awardSpans are the team's awards, whatever the ceilings, in the order of the spec.
func (t Team) awardSpans() []awarded {
	windows := t.windows()
	var spans []awarded
	for _, award := range t.Spec.GPUs {
		if award.Count == nil || !t.inForce(award) {
			continue
		}
		span := Span{Start: timeOf(award.StartTime), End: timeOf(award.EndTime), GPUs: *award.Count}
		if award.Stage != "" {
			stage := t.Program.Stage(award.Stage)
			span = span.within(&foundationv1alpha1.Window{StartTime: stage.StartTime, EndTime: stage.EndTime})
		}
		for _, window := range windows {
			if inside := span.within(t.Spec.Term).cut(window); !inside.empty() {
				spans = append(spans, awarded{Span: inside, pool: award.PoolName})
			}
		}
	}
	return spans
}

// windows are the spans of time in which a team may hold GPUs, its term apart.
func (t Team) windows() []Span {
	if !t.DeletionTimestamp.IsZero() {
		return nil
	}
	return t.seats()
}

// seats are the spans of time in which the team's programme has it in; always, for a team that stands alone.
func (t Team) seats() []Span {
	switch {
	case t.Program != nil:
		return t.Program.seated(t.Name)
	case t.Spec.ProgramName != "":
		return nil
	default:
		return []Span{{}}
	}
}

// inForce reports whether the stages that an award names let it be.
func (t Team) inForce(award foundationv1alpha1.GPUAward) bool {
	if award.Stage == "" && award.IfPassed == "" {
		return true
	}
	if t.Program == nil || award.Stage != "" && t.Program.Stage(award.Stage) == nil {
		return false
	}
	return award.IfPassed == "" || t.Program.passed(award.IfPassed, t.Name)
}

func (p *Program) passed(stage, team string) bool {
	s := p.Stage(stage)
	return s != nil && slices.Contains(s.Passed, team)
}

// MissingStages are the stages that the team's awards name and its programme does not have, with the awards that do.
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

// withinCeilings cuts awards down to what the programme lets a team have at a time: in the order of the spec, so that an
// award that is added cannot take from one that was there before it.
func (t Team) withinCeilings(awards []awarded) []awarded {
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
	var cut []awarded
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
				cut = append(cut, awarded{Span: Span{Start: piece.Start, End: piece.End, GPUs: gpus}, pool: award.pool})
			}
		}
	}
	return cut
}

// covers reports whether all of a piece, which no bound of the span divides, is in the span.
func (s Span) covers(piece Span) bool {
	return (s.Start.IsZero() || !piece.Start.Before(s.Start)) &&
		(s.End.IsZero() || !piece.End.IsZero() && !piece.End.After(s.End))
}

// headroom is what is left of a team's ceilings.
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

// Within are the parts of the spans that lie in a window.
func Within(window *foundationv1alpha1.Window, spans []Span) []Span {
	var inside []Span
	for _, span := range spans {
		if span = span.within(window); !span.empty() {
			inside = append(inside, span)
		}
	}
	return inside
}

// Demand is how many GPUs the spans add up to at t.
func Demand(spans []Span, t time.Time) int32 {
	var sum int32
	for _, span := range spans {
		if span.At(t) {
			sum += span.GPUs
		}
	}
	return sum
}

// Ahead reports whether one of the spans with GPUs ends after t.
func Ahead(spans []Span, t time.Time) bool {
	return slices.ContainsFunc(spans, func(s Span) bool { return s.GPUs > 0 && (s.End.IsZero() || t.Before(s.End)) })
}

// Boundaries are the starts and ends of the spans.
func Boundaries(spans []Span) []time.Time {
	times := make([]time.Time, 0, 2*len(spans))
	for _, span := range spans {
		times = append(times, span.Start, span.End)
	}
	return times
}

func (s Span) within(window *foundationv1alpha1.Window) Span {
	if window == nil {
		return s
	}
	return s.cut(Span{Start: timeOf(window.StartTime), End: timeOf(window.EndTime)})
}

// cut is the part of the span that lies in another one.
func (s Span) cut(window Span) Span {
	s.Start = latest(s.Start, window.Start)
	if end := window.End; !end.IsZero() && (s.End.IsZero() || end.Before(s.End)) {
		s.End = end
	}
	return s
}

func (s Span) empty() bool {
	return !s.Start.IsZero() && !s.End.IsZero() && !s.Start.Before(s.End)
}

// Excess is what a team is awarded of a pool beyond what its programme lets it have.
type Excess struct {
	Pool string
	// At is the first moment, from now on, at which it is.
	At time.Time
	// Awarded is how many GPUs the ceilings leave, HeldBack how many they do not.
	Awarded, HeldBack int32
}

// Excesses are a team's excesses now and later, by pool, each at the first moment at which there is one.
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
