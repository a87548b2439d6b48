package model

import "fmt"

// next is a state that follows, by what happens.
type next struct {
	state  state
	move   string
	broken error
}

// moves are all that may happen next in a state.
type moves struct {
	w    *world
	from *state
	list []next
	name bool
}

// after returns the states that follow on a state. Names of moves are made only if asked for.
func (w *world) after(s *state, list []next, named bool) []next {
	m := moves{w: w, from: s, list: list[:0], name: named}
	if s.applying() {
		m.applyNext()
	} else {
		m.reconcile()
	}
	m.crash()
	m.deliver()
	m.writeQuotas()
	m.pods()
	m.nodes()
	m.awards()
	m.passTime()
	return m.list
}

// add adds a state that follows.
func (m *moves) add(s state, broken error, format string, args ...any) {
	if s == *m.from && broken == nil {
		return
	}
	move := ""
	if m.name || broken != nil {
		move = fmt.Sprintf(format, args...)
	}
	m.list = append(m.list, next{s, move, broken})
}

// view returns what the cache shows, and notes which nodes were seen closed.
func (s *state) view() view {
	v := view{Status: s.CachedStatus, Awards: s.CachedAwards}
	for i := range s.Nodes {
		v.Nodes[i] = s.Nodes[i].Cached
		if s.Nodes[i].Cached.closed() {
			s.Nodes[i].Seen = max(s.Nodes[i].Seen, 1)
		}
		v.Seen[i] = s.Nodes[i].Seen
	}
	return v
}

// waits reports whether the operator waits until the cache shows its own last writes.
func (w *world) waits(s *state) bool {
	own := s.StatusStale && s.Wrote
	for i := range s.Nodes {
		own = own || s.Nodes[i].Mine && !w.forgetsWrites
	}
	return own
}

// isBehind reports whether the cache shows the pool or its nodes older than the API server has them.
func (s *state) isBehind() bool {
	behind := s.StatusStale
	for i := range s.Nodes {
		n := &s.Nodes[i]
		behind = behind || n.Stale && (n.Now.labelled() || n.Cached.labelled())
	}
	return behind
}

// reconcile reads the cache, lists pods, decides, and writes the status. What follows for nodes is applied write by write.
func (m *moves) reconcile() {
	if m.w.waits(m.from) {
		return
	}
	seen := *m.from
	v := seen.view()
	r := m.w.turnOf(v)
	p, err := m.w.plansOf(v, r, m.from)
	if err != nil {
		m.add(*m.from, err, "the pool is reconciled")
		return
	}
	changed := r.status != v.Status
	if changed || p.written != (plan{}) {
		if !seen.Compared && seen.isBehind() && !m.w.neverCompares {
			m.add(seen, nil, "the pool is reconciled, and the cache is behind")
			return
		}
		seen.Compared = true
	}
	if changed && m.from.StatusStale {
		m.add(seen, nil, "the pool is reconciled, and its status is not the one that was read")
		return
	}
	s := seen
	if changed {
		s.writeStatus(r.status)
	}
	s.begin(p.written)
	var broken error
	if changed {
		broken = checkReconcile(m.w, m.from, v, r)
	}
	if broken == nil {
		broken = checkPlan(m.w, &s, r.status, &p.written)
	}
	m.add(s, broken, "the pool is reconciled")
	if changed && m.from.Left.Faults > 0 {
		s := seen
		s.Left.Faults--
		s.begin(p.failed)
		s.Compared = false
		m.add(s, checkPlan(m.w, &s, r.status, &p.failed), "the pool is reconciled and its status cannot be written")
		s.writeStatus(r.status)
		s.Wrote = false
		m.add(s, nil, "the pool is reconciled and the answer to its status is lost")
	}
}

func (s *state) writeStatus(to grants) {
	s.Status, s.StatusStale, s.Wrote = to, true, true
}

// begin starts to apply a plan that was made from what is cached.
func (s *state) begin(p plan) {
	for i := range s.Nodes {
		n := &s.Nodes[i]
		n.Task, n.Evict = p.tasks[i], p.evict[i]
		n.Task.Fresh = n.Task.Due && !n.Stale
	}
}

// applyNext sends the next write of the plan: nodes in their order, then evictions.
func (m *moves) applyNext() {
	for i := range m.from.Nodes {
		if m.from.Nodes[i].Task.Due {
			m.applyTask(i)
			return
		}
	}
	for i := range m.from.Nodes {
		if m.from.Nodes[i].Evict != 0 {
			m.evict(i)
			return
		}
	}
}

func (m *moves) applyTask(i int) {
	s := *m.from
	n := &s.Nodes[i]
	write := n.Task
	n.Task = task{}
	var broken error
	if n.Now.Phase != gone && (write.Fresh || m.w.ignoresVersion) {
		fault := n.Now.Fault
		n.change(m.w, version{Phase: write.To.Phase, Team: write.To.Team, Since: write.To.Since, Broken: write.To.Broken, Fault: fault})
		n.Mine = true
		broken = checkTransition(m.from, i, n.Now)
	}
	m.add(s, broken, "n%d is patched to %s", i, write.To)
	if m.from.Left.Faults > 0 && write.Fresh {
		s.Left.Faults--
		s.Nodes[i].Mine, s.Compared = false, false
		m.add(s, broken, "n%d is patched to %s and the answer is lost", i, write.To)
		s := *m.from
		s.Left.Faults--
		s.Nodes[i].Task, s.Compared = task{}, false
		m.add(s, nil, "the patch of n%d fails", i)
	}
}

func (m *moves) evict(i int) {
	s := *m.from
	n := &s.Nodes[i]
	evicted := n.Evict & n.Pods
	n.Pods &^= evicted
	n.Evict = 0
	m.add(s, checkEviction(m.from, i, evicted), "%s is evicted from n%d", podNames(evicted), i)
	if m.from.Left.Faults > 0 && evicted != 0 {
		s := *m.from
		s.Left.Faults--
		s.Nodes[i].Evict = 0
		m.add(s, nil, "an eviction from n%d is refused", i)
	}
}

// change writes a new version of a node.
func (n *node) change(w *world, to version) {
	n.Now = to
	n.Stale = true
	n.Task.Fresh = false
	n.Open |= w.open(to)
}

// crash ends the operator: what it has not written of its plan is never written, and what it knew is lost.
func (m *moves) crash() {
	if m.from.Left.Crashes == 0 || !m.from.applying() && !m.from.Wrote {
		return
	}
	s := *m.from
	s.Left.Crashes--
	s.dropPlan()
	s.Wrote, s.Compared = false, false
	for i := range s.Nodes {
		s.Nodes[i].Seen, s.Nodes[i].Mine = 0, false
	}
	m.add(s, nil, "the operator crashes")
}

// deliver brings one object in the cache up to date.
func (m *moves) deliver() {
	for i := range m.from.Nodes {
		if m.from.Nodes[i].Stale {
			s := *m.from
			s.Nodes[i].deliver()
			m.add(s, nil, "the cache sees n%d", i)
		}
	}
	if m.from.StatusStale {
		s := *m.from
		s.deliverStatus()
		m.add(s, nil, "the cache sees the pool's status")
	}
	for t := range m.from.Awards {
		if m.from.Awards[t] != m.from.CachedAwards[t] {
			s := *m.from
			s.CachedAwards[t] = s.Awards[t]
			m.add(s, nil, "the cache sees the award of %s", teamName(t))
		}
	}
}

func (n *node) deliver() {
	if c, now := n.Cached, n.Now; c.Phase != now.Phase || c.Team != now.Team || c.Since != now.Since {
		n.Seen = 0
	}
	n.Cached, n.Stale, n.Mine = n.Now, false, false
}

func (s *state) deliverStatus() { s.CachedStatus, s.StatusStale, s.Wrote = s.Status, false, false }

// writeQuotas writes a team's quota.
func (m *moves) writeQuotas() {
	quotas := m.w.quotasOf(quotaView{m.from.CachedStatus, m.from.CachedAwards})
	for t := range teams {
		s := *m.from
		s.Quota[t] = quotas[t]
		m.add(s, checkQuota(&s, t), "the quota of %s is written", teamName(t))
	}
}
