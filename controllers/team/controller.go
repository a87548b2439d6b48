// Package team reconciles FoundationTeams: it makes the namespaces, quotas, access, isolation and volumes that a team's
// spec asks for, keeps them so, and takes them back without losing data. GPUs it takes as the pools grant them.
package team

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/requeue"
	"foundation.team/operator/internal/timing"
)

// humanRecheck is how often what only a human can mend is tried again: objects that are not ours are not watched,
// namespaces excepted.
const humanRecheck = 5 * time.Minute

// Reconciler reconciles FoundationTeams.
type Reconciler struct {
	// Client reads from the cache, Live from the API server.
	Client  client.Client
	Live    client.Reader
	Applier *apply.Applier
	Events  events.EventRecorder
	Clock   clock.PassiveClock
	// Guards tells whether anything new may be provisioned.
	Guards guards.Checker
	// APIShares are each team's shares of the API server's seats; 0 means DefaultAPIShares.
	APIShares int32
}

// +kubebuilder:rbac:groups=foundation.team,resources=foundationteams,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=foundation.team,resources=foundationteams/status,verbs=patch
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingadmissionpolicies;validatingadmissionpolicybindings;mutatingadmissionpolicies;mutatingadmissionpolicybindings,verbs=list;watch
// +kubebuilder:rbac:groups=foundation.team,resources=teamrecords,verbs=list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=persistentvolumes,verbs=list;watch;patch
// +kubebuilder:rbac:groups=foundation.team,resources=gpupools;foundationprograms,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=namespaces;resourcequotas;limitranges,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=rolebindings;clusterroles;clusterrolebindings,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=clusterroles,verbs=bind,resourceNames=foundation-team-lead;foundation-team-engineer;foundation-team-data-steward;foundation-team-viewer
// +kubebuilder:rbac:groups=flowcontrol.apiserver.k8s.io,resources=flowschemas;prioritylevelconfigurations,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=storage.k8s.io,resources=storageclasses,verbs=list;watch
// +kubebuilder:rbac:groups=resource.k8s.io,resources=deviceclasses,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile brings one team's place to where it should be.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	team := &foundationv1alpha1.FoundationTeam{}
	if err := r.Client.Get(ctx, req.NamespacedName, team); apierrors.IsNotFound(err) {
		return requeue.OnConflict(ctrl.Result{}, r.reconcileGone(ctx, req.Name))
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("read team %s: %w", req.Name, err)
	}
	if r.Applier.StatusStale(team) {
		return requeue.ForCache(), nil
	}
	return requeue.OnConflict(r.reconcile(ctx, team))
}

func (r *Reconciler) reconcile(ctx context.Context, team *foundationv1alpha1.FoundationTeam) (ctrl.Result, error) {
	team, err := apply.EnsureFinalizer(ctx, r.Applier, team)
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("add the finalizer: %w", err)
	}
	before := team.DeepCopy()
	records, err := r.records(ctx, team.Name)
	if err != nil {
		return ctrl.Result{}, err
	}
	record := recordOf(team, records)
	if record != nil && r.Applier.SavedStale(record) {
		return requeue.ForCache(), nil
	}
	team.Status.FormerUIDs = formerUIDs(record, team)
	in, err := r.observe(ctx, team)
	if err != nil {
		return ctrl.Result{}, err
	}
	in.Record = record
	if in.Record, err = r.keepRecord(ctx, in); err != nil {
		return ctrl.Result{}, err
	}
	desired := Build(in)
	out := r.applyDesired(ctx, in, desired)
	r.reportEnded(team, out.ended)

	var tornDown *metav1.Condition
	if in.tornDown() {
		condition, err := r.tearDown(ctx, in, desired, out)
		if err != nil {
			return ctrl.Result{}, err
		}
		if condition.Status == metav1.ConditionTrue && !team.DeletionTimestamp.IsZero() {
			return r.letGo(ctx, in)
		}
		tornDown = &condition
	}
	if err := r.writeStatus(ctx, before, BuildStatus(in, desired, out, tornDown)); err != nil {
		return ctrl.Result{}, errors.Join(err, out.Err())
	}
	if err := out.Err(); err != nil {
		// Not returned: the growing back-off of an error would let access outlive its end.
		log.FromContext(ctx).Error(err, "not all could be applied")
		return requeue.AfterFailure(requeueAfter(in, out)), nil
	}
	if out.behind {
		return requeue.ForCache(), nil
	}
	return ctrl.Result{RequeueAfter: requeueAfter(in, out)}, nil
}

func (r *Reconciler) writeStatus(ctx context.Context, team *foundationv1alpha1.FoundationTeam, status foundationv1alpha1.FoundationTeamStatus) error {
	after := team.DeepCopy()
	after.Status = status
	if err := apply.WriteStatus(ctx, r.Applier, r.Events, team, after); err != nil {
		return err
	}
	for _, notice := range expiryNotices(team.Status.Staff, status.Staff) {
		r.Events.Eventf(team, nil, corev1.EventTypeNormal, "AccessExpires", "Reconcile", "%s", notice)
	}
	return nil
}

// letGo lets a deleted team go when the API server, too, has nothing of its that is open.
func (r *Reconciler) letGo(ctx context.Context, in Input) (ctrl.Result, error) {
	if left, err := r.left(ctx, in); err != nil || left {
		return requeue.ForCache(), err
	}
	if err := r.closeRecords(ctx, []foundationv1alpha1.TeamRecord{*in.Record}); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, apply.RemoveFinalizer(ctx, r.Applier, in.Team)
}

// requeueAfter is how long it is until time alone changes something; 0 if never.
func requeueAfter(in Input, out *Outcome) time.Duration {
	var recheck time.Time
	for _, problems := range out.Problems {
		if slices.ContainsFunc(problems, func(p Problem) bool { return conditions.IsStalled(p.Reason) }) {
			recheck = in.Now.Add(humanRecheck)
		}
	}
	return timing.Wait(in.Now, in.life().NextTransition(in.Now), recheck, in.Guards.Until(in.Now))
}
