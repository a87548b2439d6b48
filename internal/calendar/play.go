package calendar

import (
	"math/bits"
	"slices"
	"time"
)

// play is the bookings at one moment after another. Bookings are known by rank: their place in the order of serving.
type play struct {
	bookings []Booking
	events   []event
	capacity int

	at time.Time
	// rose are those whose want rose just now, wanted is what all want.
	rose   []int
	wanted int
	// handed has the nodes as they will have been handed over at the latest, booked as many as the capacity is.
	handed, booked ledger

	outlooks   []Outlook
	overbooked *Overbooking
}

// event is a change of what one wants or, with a rank of nobody, nodes that come free.
type event struct {
	at          time.Time
	rank, nodes int
}

const nobody = -1

func newPlay(bookings []Booking, free, capacity int, releases []Release, now time.Time) *play {
	bookings = slices.SortedFunc(slices.Values(bookings), func(a, b Booking) int { return Compare(a.Claim, b.Claim) })
	p := &play{
		bookings: bookings,
		events:   eventsOf(bookings, releases, now),
		capacity: capacity,
		at:       now,
		handed:   newLedger(bookings, capacity),
		booked:   newLedger(bookings, capacity),
		outlooks: make([]Outlook, len(bookings)),
	}
	p.handed.free += free
	p.booked.free = p.booked.room
	for _, booking := range bookings {
		p.wanted += booking.Want
	}
	p.booked.serve(func(int) {})
	p.noteOverbooking()
	return p
}

func eventsOf(bookings []Booking, releases []Release, now time.Time) []event {
	size := len(releases)
	for _, booking := range bookings {
		size += len(booking.Steps)
	}
	events := make([]event, 0, size)
	for rank, booking := range bookings {
		for i, step := range booking.Steps {
			replaced := i+1 < len(booking.Steps) && booking.Steps[i+1].At.Equal(step.At)
			if step.At.After(now) && !replaced {
				events = append(events, event{at: step.At, rank: rank, nodes: step.Nodes})
			}
		}
	}
	for _, release := range releases {
		if release.At.After(now) {
			events = append(events, event{at: release.At, rank: nobody, nodes: release.Nodes})
		}
	}
	slices.SortFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	return events
}

// next plays the next moment at which anything changes; false if there is none.
func (p *play) next() bool {
	if len(p.events) == 0 {
		return false
	}
	p.at, p.rose = p.events[0].at, p.rose[:0]
	for len(p.events) > 0 && p.events[0].at.Equal(p.at) {
		if e := p.events[0]; e.rank == nobody {
			p.handed.free += e.nodes
		} else {
			p.want(e.rank, e.nodes)
		}
		p.events = p.events[1:]
	}
	p.handed.serve(p.noteOpening)
	p.booked.serve(p.noteWhole)
	return true
}

func (p *play) want(rank, nodes int) {
	before := p.booked.have[rank] + p.booked.missing[rank]
	p.wanted += nodes - before
	if nodes > before {
		p.rose = append(p.rose, rank)
	}
	p.handed.want(rank, nodes)
	p.booked.want(rank, nodes)
	p.noteWhole(rank)
}

// note takes down who does not get what it wants from now on.
func (p *play) note() {
	for _, rank := range p.rose {
		if missing := p.booked.missing[rank]; missing > 0 && p.outlooks[rank].Gap.Nodes == 0 {
			p.outlooks[rank].Gap = Gap{At: p.at, Nodes: missing, Want: p.booked.have[rank] + missing, Wanted: p.wanted}
		}
	}
	p.noteOverbooking()
}

func (p *play) noteOverbooking() {
	if p.overbooked != nil || p.wanted <= p.capacity {
		return
	}
	p.overbooked = &Overbooking{At: p.at, Wanted: p.wanted, Capacity: p.capacity}
	for rank, missing := range p.booked.missing {
		if missing > 0 {
			p.overbooked.Keys = append(p.overbooked.Keys, p.bookings[rank].Key)
		}
	}
}

// noteOpening is for one who was given nodes that were handed over.
func (p *play) noteOpening(rank int) {
	now := p.bookings[rank].Claim
	more := p.handed.have[rank] - now.Have
	if opening := &p.outlooks[rank].Opening; now.Have < now.Want && more > 0 && opening.Nodes == 0 {
		*opening = Opening{At: p.at, Nodes: more}
	}
}

// noteWhole is for one who is perhaps not missing any booked nodes any more.
func (p *play) noteWhole(rank int) {
	if gap := &p.outlooks[rank].Gap; p.booked.missing[rank] == 0 && gap.Nodes > 0 && gap.Until.IsZero() {
		gap.Until = p.at
	}
}

// ledger is who has how much, by rank, and what there is to give: free nodes, as far as there is room for them in the
// capacity.
type ledger struct {
	have, missing []int
	waiting       ranks
	free, room    int
}

// newLedger has nothing free but what the bookings have and do not want.
func newLedger(bookings []Booking, capacity int) ledger {
	l := ledger{
		have:    make([]int, len(bookings)),
		missing: make([]int, len(bookings)),
		waiting: newRanks(len(bookings)),
		room:    capacity,
	}
	for rank, booking := range bookings {
		l.have[rank] = booking.Have
		l.room -= booking.Have
		l.want(rank, booking.Want)
	}
	return l
}

// want says what one wants. What it has beyond that it gives back.
func (l *ledger) want(rank, nodes int) {
	back := max(l.have[rank]-nodes, 0)
	l.have[rank] -= back
	l.free += back
	l.room += back
	l.missing[rank] = nodes - l.have[rank]
	l.waiting.set(rank, l.missing[rank] > 0)
}

// serve decides as Grant does, and tells who was raised. It costs as much as there are raises, not bookings.
func (l *ledger) serve(raised func(rank int)) {
	for l.free > 0 && l.room > 0 {
		rank := l.waiting.first()
		if rank == nobody {
			return
		}
		nodes := min(l.missing[rank], l.free, l.room)
		l.have[rank] += nodes
		l.missing[rank] -= nodes
		l.free -= nodes
		l.room -= nodes
		l.waiting.set(rank, l.missing[rank] > 0)
		raised(rank)
	}
}

// ranks is a set of ranks, a bit for each.
type ranks []uint64

func newRanks(size int) ranks { return make(ranks, (size+63)/64) }

func (r ranks) set(rank int, in bool) {
	if bit := uint64(1) << (rank % 64); in {
		r[rank/64] |= bit
	} else {
		r[rank/64] &^= bit
	}
}

// first is the lowest in the set, nobody if it is empty.
func (r ranks) first() int {
	for i, word := range r {
		if word != 0 {
			return 64*i + bits.TrailingZeros64(word)
		}
	}
	return nobody
}
