package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support"
)

const (
	// endsAfter is how long after the first edit the teams end, at least, and endsAfterEach what is added for each of them: all edits
	// are done and reconciled by then.
	endsAfter     = 30 * time.Second
	endsAfterEach = 100 * time.Millisecond
	// endWithin is how long all may take to be closed.
	endWithin = 30 * time.Minute
	// editedEvery is how long somebody waits who edits a team meanwhile. A field manager whose edits come faster than one a second counts as one
	// that edits many.
	editedEvery = time.Second
)

// ended is what it takes when all teams end in the same second. Durations are seconds from that second on.
type ended struct {
	Teams int `json:"teams"`
	// NoAccess is until the last RoleBinding of the teams' staff is gone, Closed until each team's state is Ended.
	NoAccess float64 `json:"noAccessSeconds"`
	Closed   float64 `json:"closedSeconds"`
	Writes   float64 `json:"writesPerTeam"`
	// EditMax is the longest that an edit of a team that goes on took meanwhile.
	EditMax float64 `json:"editMaxSeconds"`
	PeakRSS float64 `json:"peakRSSMiB"`
}

// measureEnd ends all teams but those that came late in the same second, and edits one of those meanwhile.
func (r *results) measureEnd(ctx context.Context, lab *support.Lab, teams []string) error {
	at := realClock.Now().Add(endsAfter + time.Duration(len(teams))*endsAfterEach).Truncate(time.Second)
	if err := endAt(ctx, lab, teams, at); err != nil {
		return err
	}
	left, err := watchEnd(ctx, lab.Client, teams)
	if err != nil {
		return err
	}
	defer left.stop()
	ctx, cancel := context.WithTimeoutCause(ctx, at.Sub(realClock.Now())+endWithin, fmt.Errorf("not all teams are closed after %s", endWithin))
	defer cancel()
	found := &ended{Teams: len(teams)}
	var ending, watching errgroup.Group
	ending.Go(func() error { return left.await(ctx, at, found) })
	if err := pause(ctx, at.Sub(realClock.Now())); err != nil {
		return errors.Join(err, ending.Wait())
	}
	closed := make(chan struct{})
	goesOn := bystander{team: teamName(len(teams) + 1)}
	watching.Go(func() (err error) {
		found.EditMax, err = goesOn.editUntil(ctx, lab, closed)
		return err
	})
	err = ending.Wait()
	close(closed)
	if err = errors.Join(err, watching.Wait()); err != nil {
		return err
	}
	sent, err := requests(lab, at, realClock.Now())
	if err != nil {
		return err
	}
	found.Writes = float64(sent.writes) / float64(len(teams))
	found.PeakRSS, err = memory(lab, "VmHWM")
	r.End = found
	return err
}

// endAt edits teams so that they end at a time, which has not come when all are edited.
func endAt(ctx context.Context, lab *support.Lab, teams []string, at time.Time) error {
	spec := fmt.Sprintf(`{"term":{"endTime":%q},"retention":{"dataAccess":"0s"}}`, at.UTC().Format(time.RFC3339))
	var editing errgroup.Group
	editing.SetLimit(writers)
	for _, team := range teams {
		editing.Go(func() error { return patchTeam(ctx, lab.Client, team, spec) })
	}
	if err := editing.Wait(); err != nil {
		return err
	}
	if realClock.Now().After(at) {
		return errors.New("the edits took longer than until the end")
	}
	return nil
}

// ending is what is left of teams that end: the RoleBindings by which somebody has access, and the teams that are not closed.
type ending struct {
	teams    map[string]bool
	access   map[client.ObjectKey]bool
	open     map[string]bool
	watching []watch.Interface
}

// watchEnd looks once at what teams have, and watches it from then on: to list ten thousand RoleBindings each second would take what the
// teams' end is given.
func watchEnd(ctx context.Context, c client.WithWatch, teams []string) (e *ending, err error) {
	e = &ending{teams: map[string]bool{}, access: map[client.ObjectKey]bool{}, open: map[string]bool{}}
	for _, team := range teams {
		e.teams[team] = true
	}
	defer func() {
		if err != nil {
			e.stop()
		}
	}()
	if err = e.watch(ctx, c, &rbacv1.RoleBindingList{}, client.HasLabels{foundationv1alpha1.LabelTeam}); err != nil {
		return e, err
	}
	return e, e.watch(ctx, c, &foundationv1alpha1.FoundationTeamList{})
}

func (e *ending) watch(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
	if err := c.List(ctx, list, opts...); err != nil {
		return err
	}
	if err := meta.EachListItem(list, func(obj runtime.Object) error { e.see(obj, false); return nil }); err != nil {
		return err
	}
	w, err := c.Watch(ctx, list, append(opts, watchFrom(list))...)
	if err == nil {
		e.watching = append(e.watching, w)
	}
	return err
}

func (e *ending) stop() {
	for _, w := range e.watching {
		w.Stop()
	}
}

// see notes what an object tells that is there, or gone.
func (e *ending) see(seen runtime.Object, gone bool) {
	switch obj := seen.(type) {
	case *rbacv1.RoleBinding:
		if key := client.ObjectKeyFromObject(obj); !gone && e.teams[obj.Labels[foundationv1alpha1.LabelTeam]] && len(obj.Subjects) > 0 {
			e.access[key] = true
		} else {
			delete(e.access, key)
		}
	case *foundationv1alpha1.FoundationTeam:
		if !gone && e.teams[obj.Name] && obj.Status.State != foundationv1alpha1.StateEnded {
			e.open[obj.Name] = true
		} else {
			delete(e.open, obj.Name)
		}
	}
}

// await notes when nobody of the teams has access any more, and when all of them are closed.
func (e *ending) await(ctx context.Context, at time.Time, found *ended) error {
	for {
		if len(e.access) == 0 && found.NoAccess == 0 {
			found.NoAccess = realClock.Since(at).Seconds()
		}
		if len(e.access)+len(e.open) == 0 {
			found.Closed = realClock.Since(at).Seconds()
			return nil
		}
		var event watch.Event
		ok := true
		select {
		case event, ok = <-e.watching[0].ResultChan():
		case event, ok = <-e.watching[1].ResultChan():
		case <-ctx.Done():
			return fmt.Errorf("%d RoleBindings give access and %d teams are not closed: %w", len(e.access), len(e.open), context.Cause(ctx))
		}
		if !ok || event.Type == watch.Error {
			return fmt.Errorf("a watch has ended: %v", event.Object)
		}
		e.see(event.Object, event.Type == watch.Deleted)
	}
}

// bystander is a team that has no part in what happens. It is edited meanwhile, as somebody would do who waits for the effect.
type bystander struct {
	team  string
	edits int
}

// editUntil edits the team again and again until it is over, and returns how many seconds the slowest edit took.
func (b *bystander) editUntil(ctx context.Context, lab *support.Lab, over <-chan struct{}) (float64, error) {
	slowest := time.Duration(0)
	for {
		select {
		case <-over:
			return slowest.Seconds(), nil
		default:
		}
		took, err := quota.measure(ctx, lab, []string{b.team}, b.edits)
		if err != nil {
			return 0, err
		}
		b.edits++
		slowest = max(slowest, took[0])
		if err := pause(ctx, editedEvery); err != nil {
			return 0, err
		}
	}
}
