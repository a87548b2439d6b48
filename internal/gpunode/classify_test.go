package gpunode_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
)

// lost returns the metadata of a state without these keys. Those of taints begin with "taint ", for the label and the
// taint of teams have one key.
func lost(r gpunode.Ownership, keys ...string) gpunode.Metadata {
	m := r.Metadata(pool)
	for _, key := range keys {
		delete(m.Labels, key)
		delete(m.Annotations, key)
		var kept []corev1.Taint
		for _, taint := range m.Taints {
			if "taint "+taint.Key != key {
				kept = append(kept, taint)
			}
		}
		m.Taints = kept
	}
	return m
}

// changed returns the metadata of a state with an edit.
func changed(r gpunode.Ownership, change func(gpunode.Metadata)) gpunode.Metadata {
	m := r.Metadata(pool)
	change(m)
	return m
}

func sinceOf(r gpunode.Ownership, at time.Time) gpunode.Ownership {
	r.Since = at
	return r
}

const (
	labelPool, labelTeam, labelNode    = foundationv1alpha1.LabelPool, foundationv1alpha1.LabelTeam, foundationv1alpha1.LabelNodeTeam
	taintTeam, taintFree, taintDrain   = "taint " + foundationv1alpha1.TaintTeam, "taint " + foundationv1alpha1.TaintUnassigned, "taint " + foundationv1alpha1.TaintDraining
	noteSince, noteRequest, noteAnswer = foundationv1alpha1.AnnotationDrainingSince, foundationv1alpha1.AnnotationScrubRequest, foundationv1alpha1.AnnotationScrubbed
)

var (
	outside  = gpunode.Ownership{State: gpunode.Outside}
	free     = gpunode.Ownership{State: gpunode.Free}
	held     = gpunode.Hold(hanbit)
	entering = gpunode.Ownership{State: gpunode.Entering, Since: ago(time.Hour)}
	draining = gpunode.Ownership{State: gpunode.Draining, Owner: hanbit, Since: ago(time.Hour)}
	awaiting = gpunode.Ownership{State: gpunode.AwaitingScrub, Since: ago(time.Hour), ScrubRequest: first}
)

// classifyCase is the state that is read off metadata.
type classifyCase struct {
	metadata gpunode.Metadata
	want     gpunode.Ownership
}

func (tt classifyCase) check(t *testing.T) {
	if diff := cmp.Diff(tt.want, classifier().Classify(tt.metadata)); diff != "" {
		t.Error(diff)
	}
}

func runClassifyCases(t *testing.T, tests map[string]classifyCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

// A team's node that lost some of its metadata still belongs to the team, as long as one key names the team.
func TestClassifyTeamNodesThatLostMetadata(t *testing.T) {
	runClassifyCases(t, map[string]classifyCase{
		"held, only the label that no kubelet can forge is left": {lost(held, labelPool, labelTeam, taintTeam), held},
		"held, only the taint is left":                           {lost(held, labelPool, labelTeam, labelNode), held},
		"held, only the plain team label is left":                {lost(held, labelPool, labelNode, taintTeam), held},
		"held, the plain label and the taint are forged": {
			changed(held, func(m gpunode.Metadata) { m.Labels[labelTeam], m.Taints[0].Value = "saebit", "saebit" }), held,
		},
		"held, the taint's effect is weakened": {
			changed(held, func(m gpunode.Metadata) { m.Taints[0].Effect = corev1.TaintEffectPreferNoSchedule }), held,
		},
		"held, the UID is lost": {lost(held, foundationv1alpha1.AnnotationTeamUID), gpunode.Hold(gpunode.Owner{Name: "hanbit"})},
		"held, a scrub answer is forged": {
			changed(held, func(m gpunode.Metadata) { m.Annotations[noteAnswer] = "x" }), held,
		},
		"held, no owner is left: it may have pods": {lost(held, labelTeam, labelNode, taintTeam), outside},
		"draining, its taint is lost":              {lost(draining, taintDrain), draining},
		"draining, its time is lost":               {lost(draining, noteSince), sinceOf(draining, now)},
		"draining, its time is nonsense":           {changed(draining, func(m gpunode.Metadata) { m.Annotations[noteSince] = "soon" }), sinceOf(draining, now)},
		"draining, its time is to come":            {sinceOf(draining, now.Add(time.Hour)).Metadata(pool), sinceOf(draining, now)},
		"draining, time and taint are lost":        {lost(draining, noteSince, taintDrain), held},
	})
}

// An unowned node that lost some of its metadata does not count as empty, unless every key that says it is closed is
// lost.
func TestClassifyOtherNodesThatLostMetadata(t *testing.T) {
	runClassifyCases(t, map[string]classifyCase{
		"entering, its time is lost":                   {lost(entering, noteSince), sinceOf(entering, now)},
		"entering, its taint is lost":                  {lost(entering, taintDrain), entering},
		"entering, the pool label is lost":             {lost(entering, labelPool), entering},
		"entering, time and taint are lost: as free":   {lost(entering, noteSince, taintDrain), free},
		"free, its taint is lost: it may have pods":    {lost(free, taintFree), outside},
		"free, the pool label is lost":                 {lost(free, labelPool), outside},
		"awaiting scrub, its request is lost":          {lost(awaiting, noteRequest), entering},
		"awaiting scrub, its time is lost":             {lost(awaiting, noteSince), sinceOf(awaiting, now)},
		"awaiting scrub, time and taint are lost":      {lost(awaiting, noteSince, taintDrain), outside},
		"awaiting scrub, also the request is lost":     {lost(awaiting, noteSince, taintDrain, noteRequest), free},
		"nothing is written on it":                     {gpunode.Metadata{}, outside},
		"free in another pool":                         {free.Metadata("h100"), outside},
		"an answer without a request is kept for once": {changed(entering, func(m gpunode.Metadata) { m.Annotations[noteAnswer] = "x" }), gpunode.Ownership{State: gpunode.Entering, Since: ago(time.Hour), ScrubAnswer: "x"}},
	})
}

// In a pool without scrubbing the scrub annotations are ignored.
func TestClassifyIgnoresScrubbingThatNobodyRequires(t *testing.T) {
	c := classifier()
	c.RequireScrub = false
	m := gpunode.Ownership{State: gpunode.AwaitingScrub, Since: ago(time.Hour), ScrubRequest: "first", ScrubAnswer: "earlier"}.Metadata(pool)
	if diff := cmp.Diff(gpunode.Ownership{State: gpunode.Entering, Since: ago(time.Hour)}, c.Classify(m)); diff != "" {
		t.Error(diff)
	}
	m = gpunode.Ownership{State: gpunode.Free}.Metadata(pool)
	m.Annotations[foundationv1alpha1.AnnotationScrubRequest] = "x"
	if got := c.Classify(m); got.State != gpunode.Free {
		t.Errorf("with a request on it a free node is %s", got.State)
	}
}

// A node that Karpenter provisioned belongs to the team of its NodeClaim, whatever its metadata says.
func TestClassifyClaimed(t *testing.T) {
	saebit := gpunode.Owner{Name: "saebit", UID: "saebit-uid"}
	forged := gpunode.Hold(saebit).Metadata(pool)
	draining := gpunode.Ownership{State: gpunode.Draining, Owner: saebit, Since: ago(time.Minute)}.Metadata(pool)
	tests := map[string]struct {
		claim    gpunode.NodeClaimFacts
		metadata gpunode.Metadata
		want     gpunode.Ownership
	}{
		"no Node yet":                          {gpunode.NodeClaimFacts{Owner: hanbit}, gpunode.Metadata{}, gpunode.Ownership{State: gpunode.Provisioning, Owner: hanbit}},
		"a Node that is not ready":             {gpunode.NodeClaimFacts{Owner: hanbit}, forged, gpunode.Ownership{State: gpunode.Provisioning, Owner: hanbit}},
		"a Node that is ready":                 {gpunode.NodeClaimFacts{Owner: hanbit, Initialized: true}, forged, gpunode.Ownership{State: gpunode.Held, Owner: hanbit}},
		"drained before it was ready":          {gpunode.NodeClaimFacts{Owner: hanbit}, draining, gpunode.Ownership{State: gpunode.Draining, Owner: hanbit, Since: ago(time.Minute)}},
		"deleted, whatever else is written on": {gpunode.NodeClaimFacts{Owner: hanbit, Initialized: true, DeletionTime: ago(time.Second)}, draining, gpunode.Ownership{State: gpunode.Terminating, Owner: hanbit, Since: ago(time.Second)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, classifier().ClassifyProvisioned(tt.claim, tt.metadata)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The owner in the metadata is resolved to the team's current identity.
func TestClassifyResolvesOwners(t *testing.T) {
	c := classifier()
	c.Resolve = func(owner gpunode.Owner) gpunode.Owner {
		return gpunode.Owner{Name: owner.Name, UID: "resolved from " + owner.UID}
	}
	want := gpunode.Owner{Name: "hanbit", UID: "resolved from hanbit-uid"}
	for name, got := range map[string]gpunode.Ownership{
		"held":     c.Classify(gpunode.Hold(hanbit).Metadata(pool)),
		"draining": c.Classify(gpunode.Ownership{State: gpunode.Draining, Owner: hanbit, Since: ago(time.Hour)}.Metadata(pool)),
		"claimed":  c.ClassifyProvisioned(gpunode.NodeClaimFacts{Owner: hanbit}, gpunode.Metadata{}),
	} {
		if got.Owner != want {
			t.Errorf("%s: owner is %s", name, got.Owner)
		}
	}
}
