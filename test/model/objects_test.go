package model

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

const (
	poolName = "b200"
	// tick is the unit of time. What happens within a tick happens at the same time, so that a pod which was scheduled in it is
	// bound in it.
	tick = gpunode.PodBindDelay
)

var teamNames = [teams]string{"a", "b"}

func ownerOf(team uint8) gpunode.Owner {
	return gpunode.Owner{Name: teamNames[team], UID: builder.UIDOf(teamNames[team])}
}

func ago(age uint8) time.Time { return builder.Now.Add(-time.Duration(age) * tick) }

// ageOf returns how many ticks ago a time is, at most most.
func ageOf(at time.Time, most uint8) uint8 {
	return uint8(min(builder.Now.Sub(at)/tick, time.Duration(most)))
}

// ownership returns what a version means in the product's words.
func (v version) ownership() gpunode.Ownership {
	switch v.Phase {
	case entering:
		return gpunode.Ownership{State: gpunode.Entering, Since: ago(v.Since)}
	case free:
		return gpunode.Ownership{State: gpunode.Free}
	case held:
		o := gpunode.Hold(ownerOf(v.Team))
		if v.Broken > 0 {
			o.BrokenSince = ago(v.Broken - 1)
		}
		return o
	case draining:
		return gpunode.Ownership{State: gpunode.Draining, Owner: ownerOf(v.Team), Since: ago(v.Since)}
	default:
		return gpunode.Ownership{State: gpunode.Outside}
	}
}

// object returns the Node of a version.
func (w *world) object(i int, v version) *corev1.Node {
	mods := []builder.NodeMod{builder.Matching(poolName)}
	switch {
	case v.Fault > 0 && w.Cordon:
		mods = append(mods, builder.Cordoned())
	case v.Fault > 0:
		mods = append(mods, builder.NotReadySince(ago(v.Fault-1)))
	}
	base := builder.Node(fmt.Sprint("n", i), mods...)
	return v.ownership().Metadata(poolName).AppliedTo(base)
}

// read returns the version that is written on a Node. Whatever the product writes has to be what it reads.
func (w *world) read(obj *corev1.Node, fault uint8) (version, error) {
	classifier := gpunode.Classifier{Pool: poolName, Now: builder.Now}
	o := classifier.Classify(gpunode.MetadataOf(obj))
	if !o.Metadata(poolName).IsOn(obj) {
		return version{}, fmt.Errorf("node %s is not what it is read as, %s: %v %v %v", obj.Name, o.State, obj.Labels, obj.Annotations, obj.Spec.Taints)
	}
	v := version{Fault: fault}
	switch o.State {
	case gpunode.Outside:
		v.Phase = outside
	case gpunode.Entering:
		v.Phase = entering
	case gpunode.Free:
		v.Phase = free
	case gpunode.Held:
		v.Phase = held
	case gpunode.Draining:
		v.Phase = draining
	default:
		return version{}, fmt.Errorf("node %s is %s", obj.Name, o.State)
	}
	if !o.Since.IsZero() {
		v.Since = ageOf(o.Since, w.oldest())
	}
	if !o.BrokenSince.IsZero() {
		v.Broken = 1 + ageOf(o.BrokenSince, w.ReplaceAfter)
	}
	if o.State.Owned() {
		team, err := teamOf(o.Owner)
		if err != nil {
			return version{}, err
		}
		v.Team = team
	}
	return v, nil
}

func teamOf(owner gpunode.Owner) (uint8, error) {
	for team := range uint8(teams) {
		if ownerOf(team) == owner {
			return team, nil
		}
	}
	return 0, fmt.Errorf("there is no team %s", owner)
}

// openTo returns whose pods the scheduler may put on a node: of the team whose label and taint it carries, unless it is closed,
// and of strangers while it has no taint.
func (w *world) openTo(v version) uint8 {
	if v.Phase == gone || v.Fault > 0 {
		return 0
	}
	obj := w.object(0, v)
	mask := uint8(0)
	for team := range uint8(teams) {
		if obj.Labels[foundationv1alpha1.LabelNodeTeam] == teamNames[team] && toleratesAll(obj.Spec.Taints, teamNames[team]) {
			mask |= 1 << team
		}
	}
	if w.Strangers && len(obj.Spec.Taints) == 0 {
		mask |= 1 << stranger
	}
	return mask
}

// toleratesAll reports whether pods of a team tolerate all taints: the policy foundation-team-placement gives them a toleration
// of their team's taint alone.
func toleratesAll(taints []corev1.Taint, team string) bool {
	for _, taint := range taints {
		if taint.Key != foundationv1alpha1.TaintTeam || taint.Value != team {
			return false
		}
	}
	return true
}
