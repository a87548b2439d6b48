package model

import "fmt"

// checkPods checks that no pod is on a node that is another's, or that was given on without being empty.
func checkPods(s *state, i int) error {
	n := &s.Nodes[i]
	switch {
	case n.Now.Phase == free && n.Pods != 0:
		return fmt.Errorf("n%d is free with%s on it", i, podNames(n.Pods))
	case n.Now.Phase.owned() && n.Pods&^(1<<n.Now.Team) != 0:
		return fmt.Errorf("n%d is %s with%s on it", i, n.Now, podNames(n.Pods))
	default:
		return nil
	}
}

// checkTransition checks what becomes of a node: it goes from one team to another only through free, and is free only if it is empty.
func checkTransition(before *state, i int, to version) error {
	n := &before.Nodes[i]
	from := n.Now
	switch {
	case from.Phase.owned() && to.Phase.owned() && from.Team != to.Team, from.Phase.owned() && to.Phase == entering:
		return fmt.Errorf("n%d goes from %s to %s", i, from, to)
	case !from.Phase.owned() && to.Phase == draining, from.Phase != free && !from.Phase.owned() && to.Phase == held:
		return fmt.Errorf("n%d goes from %s to %s", i, from, to)
	case to.Phase == free && (n.Pods != 0 || n.Open != 0):
		return fmt.Errorf("n%d becomes free with%s on it, or on the way of %d", i, podNames(n.Pods), n.Open)
	case to.Phase == held && from.Phase != held && to.Fault > 0:
		return fmt.Errorf("n%d becomes %s's to use and is broken", i, teamName(int(to.Team)))
	}
	after := *before
	after.Nodes[i].Now = to
	return checkPods(&after, i)
}

// checkGiven checks that a plan gives no team more nodes than its grant, as it is written, is of.
func checkGiven(s *state, p *plan) error {
	var own [teams]uint8
	given := false
	for i := range s.Nodes {
		is := s.Nodes[i].Cached
		if p.tasks[i].Due {
			given = given || is.Phase == free && p.tasks[i].To.Phase == held
			is = p.tasks[i].To
		}
		if is.Phase == held {
			own[is.Team]++
		}
	}
	for t := range own {
		if given && own[t] > s.Status[t].Granted {
			return fmt.Errorf("%s is given nodes and has %d, and %d are granted", teamName(t), own[t], s.Status[t].Granted)
		}
	}
	return nil
}

// checkEviction checks a node from which pods are evicted: the plan was made a moment ago, and the node may be lost since then.
func checkEviction(s *state, i int, pods uint8) error {
	if n := &s.Nodes[i]; pods != 0 && n.Now.Phase == held {
		return fmt.Errorf("pods are evicted from n%d, which is %s", i, n.Now)
	}
	return nil
}

// isOf reports whether a node is a team's, or was when the operator saw it last.
func (n *node) isOf(team uint8) bool {
	return n.Now.Phase.owned() && n.Now.Team == team || n.Cached.Phase.owned() && n.Cached.Team == team && !n.Now.Phase.owned()
}

// checkPlan checks a plan in the world in which it is made: no team gets more nodes than it is granted, and nothing of a team is
// evicted that it is entitled to run. decided are the grants that follow from its award, which may not be written yet.
func checkPlan(w *world, s *state, decided grants, p *plan) error {
	if err := checkGiven(s, p); err != nil {
		return err
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if p.evict[i]&n.Pods == 0 || n.Now.Phase != draining {
			continue
		}
		owned := uint8(0)
		for j := range s.Nodes {
			if s.Nodes[j].isOf(n.Now.Team) {
				owned++
			}
		}
		switch granted := min(s.Status[n.Now.Team].Granted, decided[n.Now.Team].Granted); {
		case n.Now.Since < w.Grace:
			return fmt.Errorf("pods are evicted from n%d before their grace period is over", i)
		case p.evict[i]&^(1<<n.Now.Team) != 0:
			return fmt.Errorf("pods of others than %s are evicted from n%d", teamName(int(n.Now.Team)), i)
		case n.Now.Fault == 0 && n.Cached.Fault == 0 && owned <= granted:
			return fmt.Errorf("pods of %s are evicted from n%d: it has %d nodes and is granted %d", teamName(int(n.Now.Team)), i, owned, granted)
		}
	}
	return nil
}

// checkReconcile checks what is granted, against the world as it is and not as it was seen.
func checkReconcile(w *world, s *state, v view, r *turn) error {
	raised, sum, owed := false, uint8(0), 0
	for t := range uint8(teams) {
		was, is := s.Status[t].Granted, r.status[t].Granted
		if is < min(was, v.Awards[t]) {
			return fmt.Errorf("the grant of %s falls from %d to %d, and %d are awarded", teamName(int(t)), was, is, v.Awards[t])
		}
		sum += is
		own := 0
		for i := range s.Nodes {
			n := s.Nodes[i].Now
			outOfUse := n.Phase == draining && n.Fault > 0 && s.Nodes[i].Cached.Fault > 0
			if n.Phase.owned() && n.Team == t && !outOfUse {
				own++
			}
		}
		owed += max(int(is)-own, 0)
		raised = raised || is > was
	}
	if !raised {
		return nil
	}
	available, there := 0, uint8(0)
	for i := range w.Nodes {
		n := &s.Nodes[i]
		// What was lost, or is back, and not seen yet is no fault of a decision.
		if n.Now.Phase == free || n.Cached.Phase != gone && !n.Now.Phase.owned() && n.Stale {
			available++
		}
		if n.Now.Phase != gone || n.Cached.Phase != gone {
			there++
		}
	}
	switch {
	case sum > there:
		return fmt.Errorf("%d nodes are granted of %d", sum, there)
	case owed > available:
		return fmt.Errorf("a grant is raised although %d nodes are owed and %d free", owed, available)
	default:
		return nil
	}
}

// checkQuota checks what teams may use together, once they were told what the pool decided last.
func checkQuota(s *state, t int) error {
	if s.Quota[t] > s.CachedStatus[t].Granted {
		return fmt.Errorf("the quota of %s is %d, and %d are granted", teamName(t), s.Quota[t], s.CachedStatus[t].Granted)
	}
	return nil
}
