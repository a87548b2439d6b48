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
type timeline []entry

// entry is one revision of one object.
type entry struct {
	version string
	object  client.Object
	deleted bool
}

func (t *timeline) add(before, after any) {
	object, ok := after.(client.Object)
	if !ok {
		object, ok = before.(client.Object)
	}
	switch object.(type) {
	case *corev1.Node, *corev1.ResourceQuota, *foundationv1alpha1.GPUPool:
		if ok {
			*t = append(*t, entry{version: object.GetResourceVersion(), object: object, deleted: after == nil})
		}
	}
}

// replay goes through the revisions in order and checks that no team's quota is raised beyond what the pools have besides
// nodes that other teams still hold.
func (t timeline) replay() []string {
	sorted := slices.SortedStableFunc(slices.Values(t), func(a, b entry) int {
		order, err := resourceversion.CompareResourceVersion(a.version, b.version)
		if err != nil {
			return 0
		}
		return order
	})
	s := clusterState{nodes: map[string]*corev1.Node{}, pools: map[string]*foundationv1alpha1.GPUPool{}, quotas: map[string]map[string]int64{}}
	var broken []string
	for _, e := range sorted {
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
			if wrong := s.quota(object, e.deleted); wrong != "" {
				broken = append(broken, wrong+" at revision "+e.version)
			}
		}
	}
	return broken
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
		granted := slices.ContainsFunc(pool.Status.Grants, func(grant foundationv1alpha1.Grant) bool { return grant.TeamName == team && grant.Granted > 0 })
		if !granted || pool.Status.Capacity == nil {
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
