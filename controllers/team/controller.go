package team

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/requeue"
	"foundation.team/operator/internal/timing"
)

// stalledRecheck is how often a problem that only a human can solve is tried again. Except for namespaces, objects that are
// not the team's are not watched, so no event tells when one is renamed or handed over.
const stalledRecheck = 5 * time.Minute

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
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=clusterroles,verbs=bind,resourceNames=foundation-team-lead;foundation-team-engineer;foundation-team-data-steward;foundation-team-viewer;foundation-team-cleanup
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=roles,verbs=bind
// +kubebuilder:rbac:groups=flowcontrol.apiserver.k8s.io,resources=flowschemas;prioritylevelconfigurations,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=storage.k8s.io,resources=storageclasses,verbs=list;watch
// +kubebuilder:rbac:groups=resource.k8s.io,resources=deviceclasses,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile makes one team's objects what its spec, its programme and the pools' grants ask for.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	team := &foundationv1alpha1.FoundationTeam{}
	if err := r.Client.Get(ctx, req.NamespacedName, team); apierrors.IsNotFound(err) {
		return requeue.OnConflict(r.reconcileOrphans(ctx, req.Name))
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("read team %s: %w", req.Name, err)
	}
	if r.Applier.StatusStale(team) {
		return requeue.ForCache(), nil
	}
	return requeue.OnConflict(r.reconcile(ctx, team))
}

// reconcile observes, builds, applies, prunes and writes the status. One step comes before anything else is written: the
// team's record. It decides which objects are the team's when a manifest is applied again, and changes must be on record
// before they take effect.
func (r *Reconciler) reconcile(ctx context.Context, team *foundationv1alpha1.FoundationTeam) (ctrl.Result, error) {
	team, err := apply.EnsureFinalizer(ctx, r.Applier, team)
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("add the finalizer: %w", err)
	}
	records, err := r.listRecords(ctx, team.Name)
	if err != nil {
		return ctrl.Result{}, err
	}
	in, err := r.observe(ctx, team, records)
	if err != nil {
		return ctrl.Result{}, err
	}
	if in.Record != nil && r.Applier.SavedStale(in.Record) {
		return requeue.ForCache(), nil
	}
	m := NewModel(in)
	record, err := r.keepRecord(ctx, m)
	if err != nil {
		return ctrl.Result{}, err
	}
	desired := Build(m)
	out := r.applyAndPrune(ctx, m, desired)
	r.reportDelegated(team, out.delegated)
	if err := r.deleteNamespaces(ctx, m, desired, out); err != nil {
		return ctrl.Result{}, err
	}
	if canFinalize(m, out) {
		return r.finalize(ctx, m, record)
	}
	if err := r.writeStatus(ctx, team, BuildStatus(m, record, desired, out)); err != nil {
		return ctrl.Result{}, errors.Join(err, out.Err())
	}
	if err := out.Err(); err != nil {
		// Not returned: controller-runtime's growing back-off would let access outlive its end.
		log.FromContext(ctx).Error(err, "not all could be applied")
		return requeue.AfterFailure(requeueAfter(m, out)), nil
	}
	if out.cacheStale {
		return requeue.ForCache(), nil
	}
	return ctrl.Result{RequeueAfter: requeueAfter(m, out)}, nil
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

// requeueAfter returns how long it is until time alone changes something; 0 if it never does.
func requeueAfter(m *Model, out *Outcome) time.Duration {
	var recheck time.Time
	for _, problems := range out.Problems {
		if slices.ContainsFunc(problems, func(p Problem) bool { return p.NeedsPerson }) {
			recheck = m.Now.Add(stalledRecheck)
		}
	}
	return timing.Wait(m.Now, m.NextTransition, recheck, m.Guards.RequeueAt(m.Now))
}
