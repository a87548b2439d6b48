package stories

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/manifest"
)

const (
	// scaleTeams teams with scaleNodes nodes each are the full size: 1,000 GPUs a team.
	scaleTeams = 5
	scaleNodes = 125
)

// TestScale measures how long five teams with 1,000 GPUs each wait from kubectl apply until Ready is True, and checks that
// they then really have them.
func TestScale(t *testing.T) {
	if !scale {
		t.Skip("takes minutes: make scale")
	}
	for _, from := range sources {
		// One after the other: the machine is small.
		t.Run(from.name, func(t *testing.T) {
			s := newStory(t, from)
			s.SetDefaultEventuallyTimeout(15 * time.Minute)
			s.ApplyPool("big", scaleTeams*scaleNodes)
			s.WaitFree("big", scaleTeams*scaleNodes*cluster.GPUsPerNode)
			s.WaitReconciled("big")

			names := make([]string, scaleTeams)
			manifests := make([]string, scaleTeams)
			for i := range names {
				names[i] = fmt.Sprint("big-", i)
				manifests[i] = manifest.Team(s.Named(names[i]), s.GPUs("big", scaleNodes*cluster.GPUsPerNode), manifest.Train)
			}
			begin := time.Now()
			s.Apply(strings.Join(manifests, "\n---\n"))
			for _, name := range names {
				s.WaitReady(name)
				t.Logf("%s: %s is Ready %s after kubectl apply", from.name, name, time.Since(begin).Round(100*time.Millisecond))
				s.expectUsable(name)
			}
		})
	}
}

// expectUsable expects that a Ready team has 1,000 GPUs that it can use.
func (s *story) expectUsable(team string) {
	s.Helper()
	nodes := s.ListNodes(s, team)
	s.Expect(nodes).To(HaveLen(scaleNodes))
	for _, node := range nodes {
		s.Expect(node.Status.Conditions).To(ContainElement(And(HaveField("Type", corev1.NodeReady), HaveField("Status", corev1.ConditionTrue))), node.Name)
		gpus := node.Status.Allocatable[cluster.GPUResource]
		s.Expect(gpus.Value()).To(BeEquivalentTo(cluster.GPUsPerNode), node.Name)
	}
	s.Expect(s.GetGPUQuota(s, s.Train(team))).To(BeEquivalentTo(scaleNodes * cluster.GPUsPerNode))
	status := s.GetTeam(s, team).Status.GPUs
	s.Expect(status.Summary).To(Equal("1000/1000"))
	s.Expect(status.Ready).To(BeEquivalentTo(1000))
}
