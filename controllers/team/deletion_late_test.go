package team

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// kept is a team whose time ended and whose data is deleted in a second, as an admin confirmed.
func kept(t *testing.T) (*server, *Reconciler) {
	t.Helper()
	s := newServer(t, twoNamespaces(builder.InProgram("sovereign"), builder.Term(time.Time{}, now.Add(time.Hour)), builder.Award("b200", 8),
		builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyDelete), annotated),
		builder.Program("sovereign", builder.Decided("hanbit", foundationv1alpha1.OutcomeSelected, now.AddDate(0, -1, 0)), builder.Keeps(0, time.Hour)),
		builder.Pool("b200"))
	r := s.reconciler()
	for _, at := range []time.Duration{0, time.Hour, 2*time.Hour - time.Second} {
		s.clock.SetTime(now.Add(at))
		s.settle(t, r)
	}
	return s, r
}

// deletions are the namespaces that were deleted.
func (s *server) deletions() (names []string) {
	for _, write := range s.writes {
		if name, ok := strings.CutPrefix(write, "delete Namespace "); ok {
			names = append(names, name)
		}
	}
	return names
}

// What forbids the deletion of data is seen in time, however late the watch is.
func TestDataIsDeletedOnTheNewestWordAlone(t *testing.T) {
	update := func(t *testing.T, s *server, obj client.Object, name string, change func()) {
		t.Helper()
		if err := s.Get(t.Context(), client.ObjectKey{Name: name}, obj); err != nil {
			t.Fatal(err)
		}
		change()
		if err := s.Update(t.Context(), obj); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		late   client.Object
		change func(*testing.T, *server)
		// goes is true if the data is deleted all the same as soon as the watch has caught up.
		goes bool
	}{
		"a hold": {&foundationv1alpha1.FoundationTeam{}, func(t *testing.T, s *server) {
			t.Helper()
			s.edit(t, builder.Annotated(foundationv1alpha1.AnnotationHold, "audit"))
		}, false},
		"a longer keep": {&foundationv1alpha1.FoundationTeam{}, func(t *testing.T, s *server) {
			t.Helper()
			s.edit(t, builder.KeptFor(0, 2*time.Hour))
		}, false},
		"a policy of Retain": {&foundationv1alpha1.FoundationTeam{}, func(t *testing.T, s *server) {
			t.Helper()
			s.edit(t, builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyRetain))
		}, false},
		"a confirmation that was taken back": {&foundationv1alpha1.FoundationTeam{}, func(t *testing.T, s *server) {
			t.Helper()
			s.edit(t, func(team *foundationv1alpha1.FoundationTeam) {
				delete(team.Annotations, foundationv1alpha1.AnnotationConfirmDeletion)
			})
		}, false},
		"an edit that forbids nothing": {&foundationv1alpha1.FoundationTeam{}, func(t *testing.T, s *server) {
			t.Helper()
			s.edit(t, builder.Priority(7))
		}, true},
		"a longer keep of the programme": {&foundationv1alpha1.FoundationProgram{}, func(t *testing.T, s *server) {
			t.Helper()
			program := &foundationv1alpha1.FoundationProgram{}
			update(t, s, program, "sovereign", func() { builder.Keeps(0, 2*time.Hour)(program) })
		}, false},
		"a pool that has nodes of the team": {&foundationv1alpha1.GPUPool{}, func(t *testing.T, s *server) {
			t.Helper()
			pool := &foundationv1alpha1.GPUPool{}
			update(t, s, pool, "b200", func() { builder.Granted(s.team(t), 8)(pool) })
		}, false},
		"a record that somebody restored": {&foundationv1alpha1.TeamRecord{}, func(t *testing.T, s *server) {
			t.Helper()
			record := &foundationv1alpha1.TeamRecord{}
			update(t, s, record, "hanbit.hanbit-u", func() {
				record.Spec.Tenure.KeepEndTime = foundationv1alpha1.OptionalTimestamp(now.Add(9 * time.Hour))
			})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := kept(t)
			newest := r.Client
			r.Client = frozen(t, s, tt.late)
			tt.change(t, s)
			s.writes = nil
			s.clock.SetTime(now.Add(2 * time.Hour))
			result := s.reconcile(t, r)
			if deleted := s.deletions(); deleted != nil {
				t.Errorf("deleted %v", deleted)
			}
			if result.RequeueAfter != 200*time.Millisecond {
				t.Errorf("again after %s", result.RequeueAfter)
			}
			r.Client = newest
			s.reconcile(t, r)
			if deleted := s.deletions(); len(deleted) > 0 != tt.goes {
				t.Errorf("deleted %v when the watch has caught up", deleted)
			}
		})
	}
}

// A deletion that nothing forbids asks the API server once for what it was decided from, and not again while it is under way.
func TestLooksBeforeDataIsDeleted(t *testing.T) {
	s, r := kept(t)
	var looks []string
	s.fails = func(request string) bool {
		if strings.HasPrefix(request, "get PartialObjectMetadata") {
			looks = append(looks, strings.TrimPrefix(request, "get PartialObjectMetadata "))
		}
		return false
	}
	s.reconcile(t, r)
	if looks != nil {
		t.Errorf("at rest: %v", looks)
	}
	s.clock.SetTime(now.Add(2 * time.Hour))
	s.reconcile(t, r)
	if got, want := strings.Join(looks, " "), "hanbit hanbit.hanbit-u sovereign b200"; got != want {
		t.Errorf("looked at %s, want %s", got, want)
	}
	if deleted := s.deletions(); len(deleted) != 2 {
		t.Errorf("deleted %v", deleted)
	}
}

// A PersistentVolume gets its reclaim policy back after a look, too, and in no other step.
func TestVolumesAreGivenUpOnTheNewestWordAlone(t *testing.T) {
	team := twoNamespaces(deletable, builder.DeletionPolicy(foundationv1alpha1.DeletionPolicyDelete), builder.Deleted())
	in := input(team, builder.OwnedNamespace(team, "train"))
	volume := builder.KeptVolume(team, "pv-1", "hanbit-train", "corpus", func(volume *corev1.PersistentVolume) {
		volume.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRetain
		metav1.SetMetaDataAnnotation(&volume.ObjectMeta, foundationv1alpha1.AnnotationReclaimPolicy, string(corev1.PersistentVolumeReclaimDelete))
	})
	in.PersistentVolumes = map[string]*corev1.PersistentVolume{"pv-1": volume}
	for name, tt := range map[string]struct {
		changed bool
		want    []string
	}{
		"nothing has changed":  {false, []string{"patch  pv-1"}},
		"the team has changed": {true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			rec, m := &recorder{}, NewModel(in)
			r := rec.reconciler(in)
			if tt.changed {
				newer := builder.Team("hanbit")
				if err := r.Client.Create(t.Context(), newer); err != nil {
					t.Fatal(err)
				}
			}
			r.provide(t.Context(), m, Build(m), noProblems())
			if rec.position(t, "patch  pv-1") >= 0 {
				t.Error("given up while the rest was provided")
			}
			rec.writes = nil
			err := r.deleteNamespaces(t.Context(), m, nil, Build(m), noProblems())
			if (err != nil) != tt.changed || strings.Join(rec.writes, ",") != strings.Join(tt.want, ",") {
				t.Errorf("wrote %q, error %v", rec.writes, err)
			}
		})
	}
}
