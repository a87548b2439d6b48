package witness

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
)

// timeline is the revisions of nodes, pools and quotas. Watches of different kinds are not in step, so revisions are
// ordered by resourceVersion, which is one counter for the whole cluster.
type timeline struct {
	entries []entry
	// relists are, by resource, how many entries there were when it was listed, which a watch does at first, and again when an API
	// server was restarted: revisions in between are not seen then.
	relists map[string][]int
}

// entry is one revision of one object.
type entry struct {
	version string
	object  client.Object
	deleted bool
	// nth is how many entries were seen before.
	nth int
}

// listed notes that a resource is being listed.
func (t *timeline) listed(resource string) {
	if t.relists == nil {
		t.relists = map[string][]int{}
	}
	t.relists[resource] = append(t.relists[resource], len(t.entries))
}

func (t *timeline) add(before, after any) {
	object, ok := after.(client.Object)
	if !ok {
		object, ok = before.(client.Object)
	}
	switch object.(type) {
	case *corev1.Node, *corev1.ResourceQuota, *foundationv1alpha1.GPUPool:
		if ok {
			t.entries = append(t.entries, entry{version: object.GetResourceVersion(), object: object, deleted: after == nil, nth: len(t.entries)})
		}
	}
}

// replay goes through the revisions in order and checks that no team's quota is raised beyond what the pools have besides
// nodes that other teams still hold. Where what a pool or a node was is not known, because a list came between two revisions of it,
// it is taken to be well.
func (t timeline) replay() []string {
	sorted := slices.SortedStableFunc(slices.Values(t.entries), func(a, b entry) int {
		order, err := resourceversion.CompareResourceVersion(a.version, b.version)
		if err != nil {
			return 0
		}
		return order
	})
	s := clusterState{nodes: map[string]*corev1.Node{}, pools: map[string]*foundationv1alpha1.GPUPool{}, quotas: map[string]map[string]int64{}}
	var broken []string
	for i, e := range sorted {
		switch object := e.object.(type) {
		case *corev1.Node:
			s.nodes[object.Name] = object
			if e.deleted {
				delete(s.nodes, object.Name)
			}
		case *foundationv1alpha1.GPUPool:
			s.pools[object.Name] = object
			if e.deleted {
				delete(s.pools, object.Name)
			}
		case *corev1.ResourceQuota:
			if wrong := s.quota(object, e.deleted); wrong != "" && !t.missed(sorted, i, object.Labels[foundationv1alpha1.LabelTeam]) {
				broken = append(broken, wrong+" at revision "+e.version)
			}
		}
	}
	return broken
}

// missed reports whether a revision may have been missed of a pool that ever granted a team GPUs, or of a node of such a pool, around
// the ith of the sorted revisions.
func (t timeline) missed(sorted []entry, i int, team string) bool {
	pools := map[string]bool{}
	for _, e := range sorted {
		if pool, ok := e.object.(*foundationv1alpha1.GPUPool); ok && grants(pool, team) {
			pools[pool.Name] = true
		}
	}
	last := map[string]int{} // the arrival of the last revision before the ith, by object
	known := map[string]bool{}
	for j, e := range sorted {
		resource := resourceOf(e.object, pools)
		key := resource + " " + e.object.GetName()
		switch {
		case resource == "" || known[key]:
		case j < i:
			last[key] = e.nth
		default:
			known[key] = true // the first one after the ith
			before, seen := last[key]
			if slices.ContainsFunc(t.relists[resource], func(at int) bool { return (!seen || before < at) && at <= e.nth && at > 0 }) {
				return true
			}
		}
	}
	return false
}

// resourceOf returns the resource of one of some pools, or of a node of one; empty for any other object.
func resourceOf(object client.Object, pools map[string]bool) string {
	switch object := object.(type) {
	case *foundationv1alpha1.GPUPool:
		if pools[object.Name] {
			return "gpupools"
		}
	case *corev1.Node:
		if pools[object.Labels[foundationv1alpha1.LabelPool]] {
			return "nodes"
		}
	}
	return ""
}

// clusterState is the cluster at one revision.
type clusterState struct {
	nodes map[string]*corev1.Node
	pools map[string]*foundationv1alpha1.GPUPool
	// quotas are GPUs by team and namespace.
	quotas map[string]map[string]int64
}

func (s *clusterState) quota(quota *corev1.ResourceQuota, deleted bool) string {
	team := quota.Labels[foundationv1alpha1.LabelTeam]
	if team == "" || quota.Name != "foundation-team" || changedByHand(quota) {
		return ""
	}
	if s.quotas[team] == nil {
		s.quotas[team] = map[string]int64{}
	}
	had := s.gpus(team)
	gpus := quota.Spec.Hard["requests."+cluster.GPUResource]
	s.quotas[team][quota.Namespace] = gpus.Value()
	if deleted {
		delete(s.quotas[team], quota.Namespace)
	}
	has := s.gpus(team)
	if there := s.leftFor(team); has > had && has > there {
		return fmt.Sprintf("the quotas of %s were raised from %d to %d GPUs while others had all but %d of its pools", team, had, has, there)
	}
	return ""
}

func (s *clusterState) gpus(team string) int64 {
	var sum int64
	for _, gpus := range s.quotas[team] {
		sum += gpus
	}
	return sum
}

// leftFor returns what the pools that granted a team GPUs have besides the nodes that other teams hold.
func (s *clusterState) leftFor(team string) int64 {
	var sum int64
	for _, pool := range s.pools {
		if !grants(pool, team) || pool.Status.Capacity == nil {
			continue
		}
		sum += int64(pool.Status.Capacity.Total)
		for _, node := range s.nodes {
			owner := node.Labels[foundationv1alpha1.LabelNodeTeam]
			if node.Labels[foundationv1alpha1.LabelPool] == pool.Name && owner != "" && owner != team {
				sum -= cluster.GPUsPerNode
			}
		}
	}
	return sum
}

func grants(pool *foundationv1alpha1.GPUPool, team string) bool {
	return slices.ContainsFunc(pool.Status.Grants, func(grant foundationv1alpha1.Grant) bool { return grant.TeamName == team && grant.Granted > 0 })
}
