package gpunode_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
)

// A node that lost some of its metadata is still read safely: as its team's, or as not known to be empty.
func TestClassifyOfIncompleteMetadata(t *testing.T) {
	type metadata = gpunode.Metadata
	// lost is without what has these keys; those of taints begin with "taint ", for the label and the taint of teams have one key.
	lost := func(r gpunode.Record, keys ...string) metadata {
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
	with := func(m metadata, change func(metadata)) metadata { change(m); return m }
	held := gpunode.Hold(hanbit)
	draining := gpunode.Record{State: gpunode.Draining, Owner: hanbit, Since: ago(time.Hour)}
	entering := gpunode.Record{State: gpunode.Entering, Since: ago(time.Hour)}
	free := gpunode.Record{State: gpunode.Free}
	awaiting := gpunode.Record{State: gpunode.AwaitingScrub, Since: ago(time.Hour), ScrubRequest: "first"}
	outside := gpunode.Record{State: gpunode.Outside}
	since := func(r gpunode.Record, at time.Time) gpunode.Record { r.Since = at; return r }
	const (
		labelPool, labelTeam, labelNode = foundationv1alpha1.LabelPool, foundationv1alpha1.LabelTeam, foundationv1alpha1.LabelNodeTeam
		taintTeam, taintFree, taintDry  = "taint " + foundationv1alpha1.TaintTeam, "taint " + foundationv1alpha1.TaintUnassigned, "taint " + foundationv1alpha1.TaintDraining
		noteSince, noteRequest          = foundationv1alpha1.AnnotationDrainingSince, foundationv1alpha1.AnnotationScrubRequest
	)
	tests := map[string]struct {
		metadata metadata
		want     gpunode.Record
	}{
		"held, only the label that no kubelet can forge is left": {lost(held, labelPool, labelTeam, taintTeam), held},
		"held, only the taint is left":                           {lost(held, labelPool, labelTeam, labelNode), held},
		"held, only the plain team label is left":                {lost(held, labelPool, labelNode, taintTeam), held},
		"held, the plain label and the taint are forged": {
			with(held.Metadata(pool), func(m metadata) { m.Labels[labelTeam], m.Taints[0].Value = "saebit", "saebit" }), held,
		},
		"held, the taint's effect is weakened": {
			with(held.Metadata(pool), func(m metadata) { m.Taints[0].Effect = corev1.TaintEffectPreferNoSchedule }), held,
		},
		"held, the UID is lost": {lost(held, foundationv1alpha1.AnnotationTeamUID), gpunode.Hold(gpunode.Owner{Name: "hanbit"})},
		"held, a scrub answer is forged": {
			with(held.Metadata(pool), func(m metadata) { m.Annotations[foundationv1alpha1.AnnotationScrubbed] = "x" }), held,
		},
		"held, no owner is left: it may have pods":     {lost(held, labelTeam, labelNode, taintTeam), outside},
		"draining, its taint is lost":                  {lost(draining, taintDry), draining},
		"draining, its time is lost":                   {lost(draining, noteSince), since(draining, now)},
		"draining, its time is nonsense":               {with(draining.Metadata(pool), func(m metadata) { m.Annotations[noteSince] = "soon" }), since(draining, now)},
		"draining, its time is to come":                {since(draining, now.Add(time.Hour)).Metadata(pool), since(draining, now)},
		"draining, time and taint are lost":            {lost(draining, noteSince, taintDry), held},
		"entering, its time is lost":                   {lost(entering, noteSince), since(entering, now)},
		"entering, its taint is lost":                  {lost(entering, taintDry), entering},
		"entering, the pool label is lost":             {lost(entering, labelPool), entering},
		"entering, time and taint are lost: as free":   {lost(entering, noteSince, taintDry), free},
		"free, its taint is lost: it may have pods":    {lost(free, taintFree), outside},
		"free, the pool label is lost":                 {lost(free, labelPool), outside},
		"awaiting scrub, its request is lost":          {lost(awaiting, noteRequest), entering},
		"awaiting scrub, its time is lost":             {lost(awaiting, noteSince), since(awaiting, now)},
		"awaiting scrub, time and taint are lost":      {lost(awaiting, noteSince, taintDry), outside},
		"awaiting scrub, also the request is lost":     {lost(awaiting, noteSince, taintDry, noteRequest), free},
		"nothing is written on it":                     {metadata{}, outside},
		"free in another pool":                         {free.Metadata("h100"), outside},
		"an answer without a request is kept for once": {with(entering.Metadata(pool), func(m metadata) { m.Annotations[foundationv1alpha1.AnnotationScrubbed] = "x" }), gpunode.Record{State: gpunode.Entering, Since: ago(time.Hour), ScrubAnswer: "x"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, classifier().Classify(tt.metadata)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// In a pool whose nodes are not scrubbed, what is written about that counts for nothing.
func TestClassifyIgnoresScrubbingThatNobodyRequires(t *testing.T) {
	c := classifier()
	c.RequireScrub = false
	m := gpunode.Record{State: gpunode.AwaitingScrub, Since: ago(time.Hour), ScrubRequest: "first", ScrubAnswer: "earlier"}.Metadata(pool)
	if diff := cmp.Diff(gpunode.Record{State: gpunode.Entering, Since: ago(time.Hour)}, c.Classify(m)); diff != "" {
		t.Error(diff)
	}
	m = gpunode.Record{State: gpunode.Free}.Metadata(pool)
	m.Annotations[foundationv1alpha1.AnnotationScrubRequest] = "x"
	if got := c.Classify(m); got.State != gpunode.Free {
		t.Errorf("with a request on it a free node is %s", got.State)
	}
}

// A node of Karpenter's is its NodeClaim's team's, whatever is written on it.
func TestClassifyClaimed(t *testing.T) {
	saebit := gpunode.Owner{Name: "saebit", UID: "saebit-uid"}
	forged := gpunode.Hold(saebit).Metadata(pool)
	draining := gpunode.Record{State: gpunode.Draining, Owner: saebit, Since: ago(time.Minute)}.Metadata(pool)
	tests := map[string]struct {
		claim    gpunode.Claim
		metadata gpunode.Metadata
		want     gpunode.Record
	}{
		"no Node yet":                          {gpunode.Claim{Owner: hanbit}, gpunode.Metadata{}, gpunode.Record{State: gpunode.Provisioning, Owner: hanbit}},
		"a Node that is not ready":             {gpunode.Claim{Owner: hanbit}, forged, gpunode.Record{State: gpunode.Provisioning, Owner: hanbit}},
		"a Node that is ready":                 {gpunode.Claim{Owner: hanbit, Initialized: true}, forged, gpunode.Record{State: gpunode.Held, Owner: hanbit}},
		"drained before it was ready":          {gpunode.Claim{Owner: hanbit}, draining, gpunode.Record{State: gpunode.Draining, Owner: hanbit, Since: ago(time.Minute)}},
		"deleted, whatever else is written on": {gpunode.Claim{Owner: hanbit, Initialized: true, Deleted: ago(time.Second)}, draining, gpunode.Record{State: gpunode.Terminating, Owner: hanbit, Since: ago(time.Second)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, classifier().ClassifyClaimed(tt.claim, tt.metadata)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The owner that is written on a node is turned into the team that it is now.
func TestClassifyResolvesOwners(t *testing.T) {
	c := classifier()
	c.Resolve = func(owner gpunode.Owner) gpunode.Owner {
		return gpunode.Owner{Name: owner.Name, UID: "resolved from " + owner.UID}
	}
	want := gpunode.Owner{Name: "hanbit", UID: "resolved from hanbit-uid"}
	for name, got := range map[string]gpunode.Record{
		"held":     c.Classify(gpunode.Hold(hanbit).Metadata(pool)),
		"draining": c.Classify(gpunode.Record{State: gpunode.Draining, Owner: hanbit, Since: ago(time.Hour)}.Metadata(pool)),
		"claimed":  c.ClassifyClaimed(gpunode.Claim{Owner: hanbit}, gpunode.Metadata{}),
	} {
		if got.Owner != want {
			t.Errorf("%s: owner is %s", name, got.Owner)
		}
	}
}
