package model

// pods are created while quota permits, bound to nodes that are open or were so in this tick, and end.
func (m *moves) pods() {
	for i := range m.from.Nodes {
		n := &m.from.Nodes[i]
		for t := range teams + 1 {
			bit := uint8(1) << t
			permitted := t == stranger || m.from.podsOf(t) < m.from.Quota[t]
			s := *m.from
			switch {
			case n.Pods&bit != 0:
				s.Nodes[i].Pods &^= bit
				s.Nodes[i].Evict &^= bit
				m.add(s, nil, "a pod of %s on n%d ends", teamName(t), i)
			case n.Open&bit != 0 && n.Now.Phase != gone && permitted:
				s.Nodes[i].Pods |= bit
				m.add(s, checkPods(&s, i), "a pod of %s is bound to n%d", teamName(t), i)
			}
		}
	}
}

// nodes break, are mended, vanish and come back.
func (m *moves) nodes() {
	for i := range m.w.Nodes {
		n := &m.from.Nodes[i]
		if n.Now.Phase != gone && n.Now.Fault > 0 {
			s := *m.from
			to := n.Now
			to.Fault = 0
			s.Nodes[i].change(m.w, to)
			m.add(s, nil, "n%d is mended", i)
		}
		if m.from.Left.Nodes == 0 {
			continue
		}
		s := *m.from
		s.Left.Nodes--
		switch n.Now.Phase {
		case gone:
			s.Nodes[i].change(m.w, version{Phase: outside})
			m.add(s, nil, "n%d comes back", i)
		default:
			gone := s
			gone.Nodes[i].change(m.w, version{})
			m.add(gone, nil, "n%d is deleted", i)
			if n.Now.Fault == 0 {
				to := n.Now
				to.Fault = 1
				s.Nodes[i].change(m.w, to)
				m.add(s, nil, "n%d breaks", i)
			}
		}
	}
}

func (m *moves) awards() {
	if m.from.Left.Awards == 0 {
		return
	}
	for t := range teams {
		for nodes := range uint8(m.w.Nodes + 1) {
			if nodes != m.from.Awards[t] {
				s := *m.from
				s.Left.Awards--
				s.Awards[t] = nodes
				m.add(s, nil, "%s is awarded %d", teamName(t), nodes)
			}
		}
	}
}

// passTime lets a tick pass.
func (m *moves) passTime() {
	if m.from.applying() && !m.w.SlowWrites {
		return
	}
	s := *m.from
	s.passTime(m.w)
	m.add(s, nil, "a tick passes")
}

func (s *state) passTime(w *world) {
	for i := range s.Nodes {
		n := &s.Nodes[i]
		n.Now.age(w)
		if n.Seen > 0 {
			n.Seen = min(n.Seen+1, 2)
		}
		n.Cached.age(w)
		if n.Task.Due {
			n.Task.To.age(w)
		}
		n.Open = 0
		if i < w.Nodes {
			n.Open = w.open(n.Now)
		}
	}
}

func (v *version) age(w *world) {
	if v.Phase == draining || v.Phase == entering {
		v.Since = min(v.Since+1, w.oldest())
	}
	if v.Broken > 0 {
		v.Broken = min(v.Broken+1, w.ReplaceAfter+1)
	}
	if v.Fault > 0 && !w.Cordon {
		v.Fault = min(v.Fault+1, w.ReplaceAfter+1)
	}
}
