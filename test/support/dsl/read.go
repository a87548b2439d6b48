package dsl

import (
	"net/http"
	"slices"
	"strings"

	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/manifest"
)

// Get reads the object of a namespace and name into obj, and returns it.
func Get[T client.Object](s *Story, g Gomega, obj T, namespace, name string) T {
	s.Helper()
	g.Expect(s.Client.Get(s.ctx(), client.ObjectKey{Namespace: namespace, Name: name}, obj)).To(Succeed())
	return obj
}

// Exists reports whether there is an object of obj's kind.
func (s *Story) Exists(g Gomega, obj client.Object, namespace, name string) bool {
	s.Helper()
	err := s.Client.Get(s.ctx(), client.ObjectKey{Namespace: namespace, Name: name}, obj)
	if apierrors.IsNotFound(err) {
		return false
	}
	g.Expect(err).NotTo(HaveOccurred())
	return true
}

// List fills a list.
func (s *Story) List(g Gomega, list client.ObjectList, options ...client.ListOption) {
	s.Helper()
	g.Expect(s.Client.List(s.ctx(), list, options...)).To(Succeed())
}

// ListNames lists the sorted names of the objects of a list's kind.
func (s *Story) ListNames(g Gomega, kind client.ObjectList, options ...client.ListOption) []string {
	s.Helper()
	objects, err := support.List(s.ctx(), s.Client, kind, options...)
	g.Expect(err).NotTo(HaveOccurred())
	names := make([]string, len(objects))
	for i := range objects {
		names[i] = objects[i].GetName()
	}
	slices.Sort(names)
	return names
}

// NamesOf returns the sorted names of objects.
func NamesOf[T any, P interface {
	*T
	client.Object
}](objects []T) []string {
	names := make([]string, len(objects))
	for i := range objects {
		names[i] = P(&objects[i]).GetName()
	}
	slices.Sort(names)
	return names
}

// OfTeam selects what is labelled as a team's.
func (s *Story) OfTeam(team string) client.MatchingLabels {
	return client.MatchingLabels{foundationv1alpha1.LabelTeam: s.Named(team)}
}

// GetTeam reads a FoundationTeam.
func (s *Story) GetTeam(g Gomega, name string) *foundationv1alpha1.FoundationTeam {
	s.Helper()
	return Get(s, g, &foundationv1alpha1.FoundationTeam{}, "", s.Named(name))
}

// GetProgram reads a FoundationProgram.
func (s *Story) GetProgram(g Gomega, name string) *foundationv1alpha1.FoundationProgram {
	s.Helper()
	return Get(s, g, &foundationv1alpha1.FoundationProgram{}, "", s.Named(name))
}

// GetPool reads a GPUPool, and expects that the operator has seen it.
func (s *Story) GetPool(g Gomega, name string) *foundationv1alpha1.GPUPool {
	s.Helper()
	pool := Get(s, g, &foundationv1alpha1.GPUPool{}, "", s.Named(name))
	g.Expect(pool.Status.Capacity).NotTo(BeNil(), "capacity of pool %s", pool.Name)
	return pool
}

// GetGrant reads what a pool grants to a team; it is empty if that is nothing.
func (s *Story) GetGrant(g Gomega, team, pool string) foundationv1alpha1.Grant {
	s.Helper()
	for _, grant := range s.GetPool(g, pool).Status.Grants {
		if grant.TeamName == s.Named(team) {
			return grant
		}
	}
	return foundationv1alpha1.Grant{}
}

// GetGranted reads from a team's status how many GPUs it was granted, by pool.
func (s *Story) GetGranted(g Gomega, team string) map[string]int32 {
	s.Helper()
	byPool := map[string]int32{}
	for _, pool := range s.GetTeam(g, team).Status.GPUs.Pools {
		name := strings.TrimSuffix(strings.TrimPrefix(pool.Name, s.options.Prefix), s.options.Suffix)
		byPool[name] = pool.Granted
	}
	return byPool
}

// GetGPUQuota reads how many GPUs the quota of a namespace allows.
func (s *Story) GetGPUQuota(g Gomega, namespace string) int64 {
	s.Helper()
	quota := Get(s, g, &corev1.ResourceQuota{}, namespace, "foundation-team")
	gpus := quota.Spec.Hard[corev1.ResourceName("requests."+cluster.GPUResource)]
	return gpus.Value()
}

// ListNodes lists a team's nodes.
func (s *Story) ListNodes(g Gomega, team string) []corev1.Node {
	s.Helper()
	var list corev1.NodeList
	s.List(g, &list, s.OfTeam(team))
	return list.Items
}

// ListPoolNodes lists the nodes that the operator labels as a pool's.
func (s *Story) ListPoolNodes(g Gomega, pool string) []corev1.Node {
	s.Helper()
	var list corev1.NodeList
	s.List(g, &list, client.MatchingLabels{foundationv1alpha1.LabelPool: s.Named(pool)})
	return list.Items
}

// ListPods lists a team's pods that manifest.GPUPods made.
func (s *Story) ListPods(g Gomega, team string) []corev1.Pod {
	s.Helper()
	var list corev1.PodList
	s.List(g, &list, client.MatchingLabels{manifest.WorkLabel: s.Named(team)})
	return list.Items
}

// ListEvents lists the sorted notes of the events about a team with a reason. One that happened twice is there twice.
func (s *Story) ListEvents(g Gomega, team, reason string) []string {
	s.Helper()
	var list eventsv1.EventList
	s.List(g, &list)
	var notes []string
	for _, event := range list.Items {
		if event.Regarding.Kind == "FoundationTeam" && event.Regarding.Name == s.Named(team) && event.Reason == reason {
			times := int32(1)
			if event.Series != nil {
				times = event.Series.Count
			}
			notes = append(notes, slices.Repeat([]string{event.Note}, int(times))...)
		}
	}
	slices.Sort(notes)
	return notes
}

// Can asks the API server whether a person may do something with a resource of a namespace, such as pods, pods/exec or
// foundationteams.foundation.team/hanbit.
func (s *Story) Can(g Gomega, user, verb, resource, namespace string) bool {
	s.Helper()
	attributes := &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: verb}
	resource, rest, _ := strings.Cut(resource, "/")
	attributes.Resource, attributes.Group, _ = strings.Cut(resource, ".")
	if attributes.Group == "" {
		attributes.Subresource = rest
	} else {
		attributes.Name = rest
	}
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user, Groups: []string{"system:authenticated"}, ResourceAttributes: attributes,
	}}
	g.Expect(s.Client.Create(s.ctx(), review)).To(Succeed())
	return review.Status.Allowed
}

// ExpectFlowSchema expects that the headers of an answer name a flow schema as the one that its request used.
func (s *Story) ExpectFlowSchema(g Gomega, name string, answer http.Header) {
	s.Helper()
	schema := Get(s, g, &flowcontrolv1.FlowSchema{}, "", name)
	g.Expect(answer.Get(flowcontrolv1.ResponseHeaderMatchedFlowSchemaUID)).To(BeEquivalentTo(schema.UID), "not matched by flow schema %s", name)
}
