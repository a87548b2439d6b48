package model

import "fmt"

// enough is how many rounds the world has to come to rest.
const enough = 60

// settle stops all disturbances and lets everything happen that is due: what is written is seen, what the operator is told or has asked
// to be woken for is reconciled, pods of nobody end, and time passes. Then nothing more is written, and everything is as declared.
func (x *search) settle(s state) error {
	s.Left = budget{}
	s.finish(x.w)
	s.deliverAll()
	if !x.settled.add(x.hash(&s)) {
		return nil
	}
	w, woken, wait := x.w, true, uint8(0)
	for range enough {
		before := s
		if s.deliverAll() && !w.forgetsNodeEvents {
			woken = true
		}
		s.endOthersPods()
		if woken {
			var err error
			if wait, err = s.reconcile(w); err != nil {
				return err
			}
			woken = false
		}
		s.deliverStatus()
		s.Quota = w.quotasOf(quotaView{s.CachedStatus, s.CachedAwards})
		if s != before {
			continue
		}
		if wait == 0 {
			return s.atRest(w)
		}
		s.passTime(w)
		wait--
		woken = wait == 0
	}
	return fmt.Errorf("it does not come to rest: %s", &s)
}

// reconcile reconciles the pool without a fault, and returns when it is to be reconciled again.
func (s *state) reconcile(w *world) (wait uint8, err error) {
	v := s.view()
	r := w.turnOf(v)
	p, err := w.plansOf(v, r, s)
	if err != nil {
		return 0, err
	}
	s.Compared = true
	if r.status != v.Status {
		s.writeStatus(r.status)
	}
	s.begin(p.written)
	s.finish(w)
	if w.neverRequeues {
		return 0, nil
	}
	return p.wait, nil
}

// finish applies what is left of a plan.
func (s *state) finish(w *world) {
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if n.Task.Due && n.Task.Fresh && n.Now.Phase != gone {
			to := n.Task.To
			to.Fault = n.Now.Fault
			n.change(w, to)
		}
		n.Pods &^= n.Evict
	}
	s.dropPlan()
}

// deliverAll brings the cache up to date, and reports whether the operator is told of a change.
func (s *state) deliverAll() (told bool) {
	for i := range s.Nodes {
		if s.Nodes[i].Stale {
			told = told || s.Nodes[i].Cached != s.Nodes[i].Now
			s.Nodes[i].deliver()
		}
	}
	told = told || s.CachedAwards != s.Awards
	s.CachedAwards = s.Awards
	s.deliverStatus()
	return told
}

// endOthersPods ends the pods that nobody evicts: of strangers, and those that were on a node before it came into the pool.
func (s *state) endOthersPods() {
	for i := range s.Nodes {
		n := &s.Nodes[i]
		n.Pods &^= 1 << stranger
		if !n.Now.Phase.owned() {
			n.Pods = 0
		}
	}
}

// atRest checks that nothing more is written whatever time passes, and that everything is as declared.
func (s *state) atRest(w *world) error {
	for range w.oldest() + 1 {
		before := *s
		if _, err := s.reconcile(w); err != nil {
			return err
		}
		before.Compared = s.Compared
		for i := range s.Nodes {
			before.Nodes[i].Seen = s.Nodes[i].Seen
		}
		if *s != before {
			return fmt.Errorf("it went to sleep too early: %s becomes %s", &before, s)
		}
		s.passTime(w)
	}
	return s.asDeclared(w)
}

// asDeclared checks that each team has what it is granted, and is granted what it can have.
func (s *state) asDeclared(w *world) error {
	healthy, there, granted := 0, 0, 0
	var own [teams]int
	brokenHeld := false
	for i := range w.Nodes {
		switch n := s.Nodes[i].Now; n.Phase {
		case gone:
			continue
		case held:
			own[n.Team]++
			brokenHeld = brokenHeld || n.Fault > 0
		case free:
			if n.Fault == 0 {
				healthy++
			}
		default:
			return fmt.Errorf("n%d is left %s: %s", i, n, s)
		}
		there++
	}
	for t := range teams {
		g := int(s.Status[t].Granted)
		granted += g
		switch {
		case own[t] > g, own[t] < g && healthy > 0:
			return fmt.Errorf("%s has %d nodes and is granted %d, with %d free: %s", teamName(t), own[t], g, healthy, s)
		case int(s.Quota[t]) != g:
			return fmt.Errorf("%s has a quota of %d and is granted %d: %s", teamName(t), s.Quota[t], g, s)
		case s.Status[t].Granted > s.Awards[t]:
			return fmt.Errorf("%s is granted %d of %d: %s", teamName(t), g, s.Awards[t], s)
		}
	}
	for t := range teams {
		if spares := int(w.Spares); s.Status[t].Granted < s.Awards[t] && healthy > spares && granted < there-spares {
			return fmt.Errorf("%s is granted %d of %d with %d free: %s", teamName(t), s.Status[t].Granted, s.Awards[t], healthy, s)
		}
	}
	if brokenHeld && healthy > 0 {
		return fmt.Errorf("a broken node is not replaced with %d free: %s", healthy, s)
	}
	return nil
}
