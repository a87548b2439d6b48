package calendar

import "time"

// Play shows every moment of what Foresee plays: now, and whenever anything changes.
func Play(bookings []Booking, free, capacity int, releases []Release, now time.Time, visit func(at time.Time, handed, booked map[string]int)) {
	p := newPlay(bookings, free, capacity, releases, now)
	byKey := func(l ledger) map[string]int {
		have := map[string]int{}
		for rank, nodes := range l.have {
			have[p.bookings[rank].Key] = nodes
		}
		return have
	}
	visit(p.at, byKey(p.handed), byKey(p.booked))
	for p.next() {
		visit(p.at, byKey(p.handed), byKey(p.booked))
	}
}
