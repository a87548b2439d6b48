package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
)

// dataRoles are the roles that staff have during data access, after their team's time.
var dataRoles = []string{"foundation-team-data-steward", "foundation-team-viewer"}

// overviewDeadline is how long the programme's status may take to agree with its teams'.
const overviewDeadline = 20 * time.Second

// holdings are the names of the nodes that each team holds.
type holdings map[string][]string

func (d *demo) holdings(ctx context.Context, teams ...string) (holdings, error) {
	nodes := holdings{}
	for _, team := range teams {
		list := &corev1.NodeList{}
		if err := d.admin.client.List(ctx, list, client.MatchingLabels{foundationv1alpha1.LabelNodeTeam: team}); err != nil {
			return nil, fmt.Errorf("list the nodes of %s: %w", team, err)
		}
		for i := range list.Items {
			nodes[team] = append(nodes[team], list.Items[i].Name)
		}
	}
	return nodes, nil
}

// showElimination eliminates a team, and shows what happens to its GPUs, its access and its data.
func (d *demo) showElimination(ctx context.Context) error {
	running, err := d.workers(ctx)
	if err != nil {
		return err
	}
	before, err := d.holdings(ctx, teamHanbit, teamNaru, teamSaebyeok)
	if err != nil {
		return err
	}
	data, err := d.dataOf(ctx, teamNaru)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := d.addToProgramme(ctx, "/spec/decisions/-", foundationv1alpha1.Decision{
		TeamName: teamNaru, Outcome: foundationv1alpha1.OutcomeEliminated, Reason: "failed originality, a veto criterion",
		DecisionTime: new(foundationv1alpha1.NewTimestamp(time.Now())),
	}); err != nil {
		return err
	}
	if err := d.showHandover(ctx, before, begin); err != nil {
		return err
	}
	now, err := d.workers(ctx)
	if err != nil {
		return err
	}
	var disturbed error
	if len(running) == 0 || !maps.Equal(uids(running), uids(now)) {
		disturbed = fmt.Errorf("%d workers ran before, and these are not the %d that run now", len(running), len(now))
	}
	d.screen.check("hanbit's training run did not notice: the same pods are on the same nodes", disturbed)
	for _, show := range []func(context.Context) error{
		func(ctx context.Context) error { return d.showData(ctx, data) }, d.showDataAccess, d.showOverview,
	} {
		if err := show(ctx); err != nil {
			return err
		}
	}
	return nil
}

// showHandover waits until other teams have the GPUs of the eliminated one.
func (d *demo) showHandover(ctx context.Context, before holdings, begin time.Time) error {
	moved := poll(ctx, stepDeadline, func(ctx context.Context) error {
		teams, err := d.teams(ctx)
		if err != nil {
			return err
		}
		d.showProgress(withNames(teams, selected), time.Since(begin))
		return checkHandover(teamNamed(teams, teamNaru), teamNamed(teams, teamHanbit), teamNamed(teams, teamSaebyeok), before)
	})
	took := time.Since(begin)
	if err := d.run(ctx, d.admin, "get", "gpool"); err != nil {
		return err
	}
	after, err := d.holdings(ctx, teamHanbit, teamNaru, teamSaebyeok)
	if err != nil {
		return err
	}
	if moved == nil {
		moved = checkNodesMoved(before, after)
	}
	d.screen.check(fmt.Sprintf("hanbit and saebyeok have the GPUs that were naru's, and its nodes with them, after %.1fs", took.Seconds()), moved)
	return nil
}

// checkHandover checks that the donor has no GPUs, the first receiver all that it was awarded, and the second what is
// left in addition to its own.
func checkHandover(donor, first, second *foundationv1alpha1.FoundationTeam, before holdings) error {
	if granted, ready := gpusOf(donor); granted != 0 || ready != 0 || donor.Status.State != foundationv1alpha1.StateEliminated {
		return fmt.Errorf("%s is %s and has %d GPUs, %d ready", donor.Name, donor.Status.State, granted, ready)
	}
	gpus := func(team string) int32 { return int32(len(before[team]) * cluster.GPUsPerNode) }
	left := gpus(donor.Name) - (awardedGPUs(first) - gpus(first.Name))
	for _, receiver := range []struct {
		team *foundationv1alpha1.FoundationTeam
		want int32
	}{{first, awardedGPUs(first)}, {second, min(gpus(second.Name)+left, awardedGPUs(second))}} {
		granted, ready := gpusOf(receiver.team)
		moving := meta.IsStatusConditionTrue(receiver.team.Status.Conditions, foundationv1alpha1.ConditionReconciling)
		if granted != receiver.want || ready != receiver.want || moving {
			return fmt.Errorf("%s has %d GPUs, %d ready, not %d", receiver.team.Name, granted, ready, receiver.want)
		}
	}
	return nil
}

// checkNodesMoved checks that naru holds no nodes, and that each other team kept its nodes and got some of naru's.
func checkNodesMoved(before, after holdings) error {
	if n := len(after[teamNaru]); n > 0 {
		return fmt.Errorf("naru still has %d nodes", n)
	}
	for _, team := range []string{teamHanbit, teamSaebyeok} {
		if len(after[team]) <= len(before[team]) {
			return fmt.Errorf("%s had %d nodes and has %d", team, len(before[team]), len(after[team]))
		}
		for _, name := range before[team] {
			if !slices.Contains(after[team], name) {
				return fmt.Errorf("%s lost %s", team, name)
			}
		}
		for _, name := range after[team] {
			if !slices.Contains(before[team], name) && !slices.Contains(before[teamNaru], name) {
				return fmt.Errorf("%s was neither naru's nor %s's", name, team)
			}
		}
	}
	return nil
}

// dataOf returns the UIDs of the namespaces and PersistentVolumeClaims of a team, by name.
func (d *demo) dataOf(ctx context.Context, team string) (map[string]types.UID, error) {
	namespaces, claims := &corev1.NamespaceList{}, &corev1.PersistentVolumeClaimList{}
	held := map[string]types.UID{}
	for _, list := range []client.ObjectList{namespaces, claims} {
		if err := d.admin.client.List(ctx, list, client.MatchingLabels{foundationv1alpha1.LabelTeam: team}); err != nil {
			return nil, fmt.Errorf("list the data of %s: %w", team, err)
		}
	}
	for i := range namespaces.Items {
		held["namespace "+namespaces.Items[i].Name] = namespaces.Items[i].UID
	}
	for i := range claims.Items {
		claim := &claims.Items[i]
		held["volume "+claim.Namespace+"/"+claim.Name+" of "+claim.Spec.VolumeName] = claim.UID
	}
	return held, nil
}

// showData checks that the eliminated team's namespaces and volumes are unchanged.
func (d *demo) showData(ctx context.Context, before map[string]types.UID) error {
	const ofNaru = foundationv1alpha1.LabelTeam + "=" + teamNaru
	if err := d.run(ctx, d.admin, "get", "namespaces,pvc", "-A", "-l", ofNaru); err != nil {
		return err
	}
	if err := d.run(ctx, d.admin, "get", "resourcequota", "-A", "-l", ofNaru, "-o", quotaColumns); err != nil {
		return err
	}
	after, err := d.dataOf(ctx, teamNaru)
	if err != nil {
		return err
	}
	quotas := &corev1.ResourceQuotaList{}
	if err := d.admin.client.List(ctx, quotas, client.MatchingLabels{foundationv1alpha1.LabelTeam: teamNaru}); err != nil {
		return fmt.Errorf("list the quotas: %w", err)
	}
	d.screen.check("naru's namespaces and volumes are all there, without a GPU", checkKept(before, after, quotas.Items))
	return nil
}

func checkKept(before, after map[string]types.UID, quotas []corev1.ResourceQuota) error {
	if len(before) == 0 || !maps.Equal(before, after) {
		return fmt.Errorf("there were %v, and there are %v", before, after)
	}
	for i := range quotas {
		if gpus := quotas[i].Spec.Hard[gpuQuota]; !gpus.IsZero() {
			return fmt.Errorf("%s has a quota of %s GPUs", quotas[i].Namespace, gpus.String())
		}
	}
	if len(quotas) == 0 {
		return fmt.Errorf("no quota keeps them from GPUs")
	}
	return nil
}

// showDataAccess shows, as an engineer of the eliminated team, which access is left.
func (d *demo) showDataAccess(ctx context.Context) error {
	if err := d.run(ctx, d.jun, "get", "pvc", "-n", naruTrain); err != nil {
		return err
	}
	refused, err := d.refuse(ctx, d.jun, "auth", "can-i", "create", "statefulsets.apps", "-n", naruTrain)
	if err != nil {
		return err
	}
	bindings := &rbacv1.RoleBindingList{}
	if err := d.admin.client.List(ctx, bindings, client.MatchingLabels{foundationv1alpha1.LabelTeam: teamNaru}); err != nil {
		return fmt.Errorf("list the role bindings: %w", err)
	}
	team, err := d.team(ctx, teamNaru)
	if err != nil {
		return err
	}
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "create", Group: "apps", Resource: "statefulsets", Namespace: naruTrain},
	}}
	if err := d.jun.client.Create(ctx, review); err != nil {
		return fmt.Errorf("ask what %s may do: %w", d.jun.name, err)
	}
	if refused == nil && review.Status.Allowed {
		refused = fmt.Errorf("%s may still create StatefulSets", d.jun.name)
	}
	if refused == nil {
		refused = checkDataAccess(team, bindings.Items, time.Now())
	}
	until := "some time"
	if retention := team.Status.Retention; retention != nil && retention.DataAccessEndTime != nil {
		until = retention.DataAccessEndTime.UTC().Format(time.DateOnly)
	}
	d.screen.check("its people are data stewards and viewers now: until "+until+" they can read and copy its data", refused)
	return nil
}

// checkDataAccess checks that all of a team's staff can still read and copy data, with no further rights, until the
// time in its status.
func checkDataAccess(team *foundationv1alpha1.FoundationTeam, bindings []rbacv1.RoleBinding, now time.Time) error {
	for i := range bindings {
		if role := bindings[i].RoleRef.Name; !slices.Contains(dataRoles, role) {
			return fmt.Errorf("%s still binds %s", bindings[i].Namespace, role)
		}
	}
	retention := team.Status.Retention
	if retention == nil || retention.Phase != foundationv1alpha1.RetentionDataAccess || retention.DataAccessEndTime == nil ||
		!now.Before(retention.DataAccessEndTime.Time) {
		return fmt.Errorf("the status of %s says of its data: %+v", team.Name, retention)
	}
	return checkBindings(team, bindings, now)
}

// showOverview shows the states of all teams in the programme's status.
func (d *demo) showOverview(ctx context.Context) error {
	want := states(passed, foundationv1alpha1.StateInTerm)
	want[teamNaru] = foundationv1alpha1.StateEliminated
	known := poll(ctx, overviewDeadline, func(ctx context.Context) error {
		teams, err := d.teams(ctx)
		if err != nil {
			return err
		}
		program := &foundationv1alpha1.FoundationProgram{}
		if err := d.office.client.Get(ctx, client.ObjectKey{Name: programme}, program); err != nil {
			return fmt.Errorf("get the programme: %w", err)
		}
		if err := checkStates(teams, want); err != nil {
			return err
		}
		return checkOverview(program, teams)
	})
	if err := d.run(ctx, d.office, "get", "fprog,ft"); err != nil {
		return err
	}
	d.screen.check("the programme counts four of five seats filled, and says of all fifteen where they stand", known)
	return nil
}

// checkOverview checks that the programme has one free seat, and lists each team with the state in the team's own
// status.
func checkOverview(program *foundationv1alpha1.FoundationProgram, teams []foundationv1alpha1.FoundationTeam) error {
	if seats := program.Status.Seats; seats == nil || seats.Filled != 4 || seats.Free != 1 {
		return fmt.Errorf("the seats are %+v", seats)
	}
	if len(program.Status.Teams) != len(teams) {
		return fmt.Errorf("the programme speaks of %d teams, and there are %d", len(program.Status.Teams), len(teams))
	}
	for _, entry := range program.Status.Teams {
		if state := teamNamed(teams, entry.Name).Status.State; entry.State != state {
			return fmt.Errorf("%s is %s, and the programme says %s", entry.Name, state, entry.State)
		}
	}
	return nil
}
