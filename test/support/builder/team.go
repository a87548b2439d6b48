package builder

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// TeamMod changes a FoundationTeam.
type TeamMod = func(*foundationv1alpha1.FoundationTeam)

// Team is a FoundationTeam that is a day old and in term without an end. It has no awards and no namespaces.
func Team(name string, mods ...TeamMod) *foundationv1alpha1.FoundationTeam {
	return build(&foundationv1alpha1.FoundationTeam{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, UID: UIDOf(name), Generation: 1, CreationTimestamp: metav1.NewTime(Now.Add(-24 * time.Hour)),
			Finalizers: []string{foundationv1alpha1.Finalizer},
		},
		Spec: foundationv1alpha1.FoundationTeamSpec{DeletionPolicy: foundationv1alpha1.DeletionPolicyRetain},
	}, mods)
}

// TeamUID makes it another team of the same name.
func TeamUID(uid string) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) { team.UID = types.UID(uid) }
}

// Created sets the team's creation time.
func Created(at time.Time) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) { team.CreationTimestamp = metav1.NewTime(at) }
}

// Deleted sets that the team is being deleted.
func Deleted() TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) { team.DeletionTimestamp = new(metav1.NewTime(Now)) }
}

// Annotated puts an annotation on the team.
func Annotated(key, value string) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		if team.Annotations == nil {
			team.Annotations = map[string]string{}
		}
		team.Annotations[key] = value
	}
}

// Term gives the team a term; a zero bound is open.
func Term(start, end time.Time) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		team.Spec.Term = &foundationv1alpha1.Window{StartTime: SpecTime(start), EndTime: SpecTime(end)}
	}
}

// Suspended suspends the team.
func Suspended() TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) { team.Spec.Suspend = new(true) }
}

// Priority sets the team's priority.
func Priority(priority int32) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) { team.Spec.Priority = priority }
}

// DeletionPolicy sets what a deletion does with the team's data.
func DeletionPolicy(policy foundationv1alpha1.DeletionPolicy) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) { team.Spec.DeletionPolicy = policy }
}

// Consortium names the organisations behind the team.
func Consortium(lead string, participants ...string) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		team.Spec.Consortium = &foundationv1alpha1.Consortium{Lead: lead, Participants: participants}
	}
}

// Award awards GPUs of a pool for the term.
func Award(pool string, count int32) TeamMod {
	return AwardBetween(pool, count, time.Time{}, time.Time{})
}

// AwardBetween awards GPUs of a pool for a part of the term; a zero bound is open.
func AwardBetween(pool string, count int32, start, end time.Time) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		team.Spec.GPUs = append(team.Spec.GPUs, foundationv1alpha1.GPUAward{
			Name: fmt.Sprintf("award-%d", len(team.Spec.GPUs)), PoolName: pool, Count: &count, StartTime: SpecTime(start), EndTime: SpecTime(end),
		})
	}
}

// Namespace adds a namespace with a GPU weight.
func Namespace(name string, weight int32) TeamMod {
	return NamespaceQuota(name, weight, nil)
}

// NamespaceQuota adds a namespace that overrides entries of its quota.
func NamespaceQuota(name string, weight int32, quota corev1.ResourceList) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		team.Spec.Namespaces = append(team.Spec.Namespaces, foundationv1alpha1.TeamNamespace{Name: name, GPUWeight: &weight, Quota: foundationv1alpha1.Quantities(quota)})
	}
}

// Volume adds a volume; without a class it gets the cluster's default.
func Volume(name, namespace, size, class string) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		volume := foundationv1alpha1.TeamVolume{
			Name: name, Namespace: namespace, Size: foundationv1alpha1.Quantity{Quantity: resource.MustParse(size)},
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
		}
		if class != "" {
			volume.StorageClassName = &class
		}
		team.Spec.Volumes = append(team.Spec.Volumes, volume)
	}
}

// Staff adds a user, named as their account, with a role for the term.
func Staff(name string, role foundationv1alpha1.StaffRole) TeamMod {
	return StaffBetween(name, role, time.Time{}, time.Time{})
}

// StaffBetween adds a user with a role for a part of the term; a zero bound is open.
func StaffBetween(name string, role foundationv1alpha1.StaffRole, start, end time.Time) TeamMod {
	return staff(name, role, foundationv1alpha1.SubjectUser, start, end)
}

// StaffGroup adds a group with a role for the term.
func StaffGroup(name string, role foundationv1alpha1.StaffRole) TeamMod {
	return staff(name, role, foundationv1alpha1.SubjectGroup, time.Time{}, time.Time{})
}

func staff(name string, role foundationv1alpha1.StaffRole, kind foundationv1alpha1.SubjectKind, start, end time.Time) TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		team.Spec.Staff = append(team.Spec.Staff, foundationv1alpha1.StaffMember{
			Name: name, Role: role, Subject: foundationv1alpha1.StaffSubject{Kind: kind, Name: name},
			StartTime: SpecTime(start), EndTime: SpecTime(end),
		})
	}
}
