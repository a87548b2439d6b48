package fault

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// inFlight is how long a write may be under way that was decided before something else was written.
const inFlight = 2 * time.Second

// judge has the revisions of a plan's objects. Watches of different kinds are not in step, so it judges when all are there.
type judge struct {
	revisions []revision
}

type revision struct {
	version string
	object  client.Object
	deleted bool
	at      time.Time
}

func (j *judge) see(obj client.Object, deleted bool, at time.Time) {
	switch obj.(type) {
	case *foundationv1alpha1.FoundationTeam, *rbacv1.RoleBinding, *corev1.Namespace, *corev1.ResourceQuota, *networkingv1.NetworkPolicy, *corev1.PersistentVolumeClaim:
		j.revisions = append(j.revisions, revision{obj.GetResourceVersion(), obj, deleted, at})
	}
}

// verdict returns what some revision broke: access without a staff entry in date, and Ready while something is missing.
func (j *judge) verdict() []string {
	slices.SortStableFunc(j.revisions, func(a, b revision) int {
		order, err := resourceversion.CompareResourceVersion(a.version, b.version)
		if err != nil {
			return 0
		}
		return order
	})
	now := moment{teams: map[string]*foundationv1alpha1.FoundationTeam{}, staffSince: map[string]time.Time{}, there: map[string]bool{}, goneAt: map[string]time.Time{}}
	var broken []string
	for _, r := range j.revisions {
		broken = append(broken, now.next(r)...)
	}
	return broken
}

// moment is a plan's objects at one revision.
type moment struct {
	teams map[string]*foundationv1alpha1.FoundationTeam
	// staffSince is when a team's spec was seen to change.
	staffSince map[string]time.Time
	there      map[string]bool
	goneAt     map[string]time.Time
}

func (m *moment) next(r revision) []string {
	key := fmt.Sprintf("%s %s/%s", kindName(r.object), r.object.GetNamespace(), r.object.GetName())
	m.there[key] = !r.deleted && r.object.GetDeletionTimestamp().IsZero()
	if !m.there[key] {
		m.goneAt[key] = r.at
	}
	switch obj := r.object.(type) {
	case *foundationv1alpha1.FoundationTeam:
		if old := m.teams[obj.Name]; old == nil || old.Generation != obj.Generation || r.deleted {
			m.staffSince[obj.Name] = r.at
		}
		m.teams[obj.Name] = obj
		if r.deleted {
			delete(m.teams, obj.Name)
			return nil
		}
		return m.ready(obj, r)
	case *rbacv1.RoleBinding:
		if !r.deleted {
			return m.access(obj, r)
		}
	}
	return nil
}

// access: the operator's bindings name nobody without a staff entry in date.
func (m *moment) access(binding *rbacv1.RoleBinding, r revision) []string {
	name := binding.Labels[foundationv1alpha1.LabelTeam]
	if name == "" || binding.Annotations[foundationv1alpha1.AnnotationStaff] == "" {
		return nil
	}
	var broken []string
	team := m.teams[name]
	for _, subject := range binding.Subjects {
		if subject.Kind != rbacv1.UserKind && subject.Kind != rbacv1.GroupKind || r.at.Sub(m.staffSince[name]) < inFlight {
			continue
		}
		if team == nil || !slices.ContainsFunc(team.Spec.Staff, func(member foundationv1alpha1.StaffMember) bool {
			return member.Subject.Name == subject.Name && (member.EndTime == nil || r.at.Before(member.EndTime.Add(inFlight)))
		}) {
			broken = append(broken, fmt.Sprintf("%s/%s gave %s access without a staff entry in date, at revision %s", binding.Namespace, binding.Name, subject.Name, r.version))
		}
	}
	return broken
}

// ready: a team in term is Ready only if all that it declares is there.
func (m *moment) ready(team *foundationv1alpha1.FoundationTeam, r revision) []string {
	if team.Status.State != foundationv1alpha1.StateInTerm || team.Status.ObservedGeneration != team.Generation ||
		!meta.IsStatusConditionTrue(team.Status.Conditions, foundationv1alpha1.ConditionReady) {
		return nil
	}
	var broken []string
	need := func(key string) {
		if !m.there[key] && r.at.Sub(m.goneAt[key]) > inFlight {
			broken = append(broken, fmt.Sprintf("%s was Ready without %s, at revision %s", team.Name, key, r.version))
		}
	}
	for _, namespace := range team.Spec.Namespaces {
		name := team.Name + "-" + namespace.Name
		need("Namespace /" + name)
		need("ResourceQuota " + name + "/foundation-team")
		need("NetworkPolicy " + name + "/foundation-team-default-deny")
	}
	for _, volume := range team.Spec.Volumes {
		need("PersistentVolumeClaim " + team.Name + "-" + volume.Namespace + "/" + volume.Name)
	}
	return broken
}
