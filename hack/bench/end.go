package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	rbacv1 "k8s.io/api/rbac/v1"
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
	if err := pause(ctx, at.Sub(realClock.Now())); err != nil {
		return err
	}
	found := &ended{Teams: len(teams)}
	ctx, cancel := context.WithTimeoutCause(ctx, endWithin, fmt.Errorf("not all teams are closed after %s", endWithin))
	defer cancel()
	closed := make(chan struct{})
	goesOn := bystander{team: teamName(len(teams) + 1)}
	var watching errgroup.Group
	watching.Go(func() (err error) {
		found.EditMax, err = goesOn.editUntil(ctx, lab, closed)
		return err
	})
	going, err := awaitEnd(ctx, lab.Client, teams, at, found)
	close(closed)
	if err = errors.Join(err, watching.Wait()); err != nil {
		return fmt.Errorf("%d teams have access or are not closed: %w", going, err)
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

// awaitEnd notes when nobody of the teams has access any more, and when all of them are closed.
func awaitEnd(ctx context.Context, c client.Client, teams []string, at time.Time, found *ended) (going int, err error) {
	ending := map[string]bool{}
	for _, team := range teams {
		ending[team] = true
	}
	for {
		access, open := 0, 0
		var bindings rbacv1.RoleBindingList
		if err := c.List(ctx, &bindings, client.HasLabels{foundationv1alpha1.LabelTeam}); err != nil {
			return len(teams), err
		}
		for i := range bindings.Items {
			if ending[bindings.Items[i].Labels[foundationv1alpha1.LabelTeam]] && len(bindings.Items[i].Subjects) > 0 {
				access++
			}
		}
		if access == 0 && found.NoAccess == 0 {
			found.NoAccess = realClock.Since(at).Seconds()
		}
		var list foundationv1alpha1.FoundationTeamList
		if err := c.List(ctx, &list); err != nil {
			return len(teams), err
		}
		for i := range list.Items {
			if ending[list.Items[i].Name] && list.Items[i].Status.State != foundationv1alpha1.StateEnded {
				open++
			}
		}
		if access+open == 0 {
			found.Closed = realClock.Since(at).Seconds()
			return 0, nil
		}
		if err := pause(ctx, time.Second); err != nil {
			return access + open, err
		}
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
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return 0, err
		}
	}
}
