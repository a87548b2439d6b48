package guards

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

// settlePeriod is how long the API servers of a cluster may take to enforce a policy after it was written. Each
// applies the changes from its watch once a second; five seconds leave room for a slow one.
const settlePeriod = 5 * time.Second

// Result is the outcome of a check. The zero Result means that all policies are installed and enforced.
type Result struct {
	// Reason is PolicyMissing, PolicyChanged, PoliciesSettling or PoliciesNotChecked; empty if all policies are installed and enforced.
	Reason string
	// Message names the policies that are not as shipped, and what helps.
	Message string
	// Wait is how much longer policies with the reason PoliciesSettling need, or when those with PoliciesNotChecked are read
	// again; else 0.
	Wait time.Duration
}

// Unchecked returns the Result for policies that could not be read: whether they are in place is not known.
func Unchecked(err error) Result {
	return Result{
		Reason:  foundationv1alpha1.ReasonPoliciesNotChecked,
		Message: "nothing new is provisioned until the admission policies can be read, which is tried again every few seconds: " + err.Error(),
		Wait:    settlePeriod,
	}
}

// OK reports whether something new may be provisioned.
func (r Result) OK() bool { return r.Reason == "" }

// isSettling reports whether the policies are as shipped, and may not be enforced by every API server yet.
func (r Result) isSettling() bool { return r.Wait > 0 }

// RequeueAt returns when settling policies are enforced everywhere; zero if time alone changes nothing.
func (r Result) RequeueAt(now time.Time) time.Time {
	if r.Wait == 0 {
		return time.Time{}
	}
	return now.Add(r.Wait)
}

// Condition returns the result as the condition PoliciesInstalled.
func (r Result) Condition() metav1.Condition {
	if r.OK() {
		return conditions.True(foundationv1alpha1.ConditionPoliciesInstalled, foundationv1alpha1.ReasonAsShipped, "all admission policies are in place")
	}
	return conditions.False(foundationv1alpha1.ConditionPoliciesInstalled, r.Reason, r.Message)
}

// comparison is what is known of the live policies and bindings; it holds until one of them changes.
type comparison struct {
	// missing are shipped and not there, changed are there with other fields, which are named.
	missing, changed []string
	// lastWrite is when one of them was written last.
	lastWrite time.Time
}

// compare compares the live policies and bindings with the shipped ones. Further policies in the cluster are ignored: they can
// only refuse more.
func compare(shipped, live []client.Object) (comparison, error) {
	there := map[string]client.Object{}
	for _, object := range live {
		there[nameOf(object)] = object
	}
	var found comparison
	for _, want := range shipped {
		has := there[nameOf(want)]
		if has == nil || !has.GetDeletionTimestamp().IsZero() {
			found.missing = append(found.missing, nameOf(want))
			continue
		}
		fields, err := differences(want, has)
		if err != nil {
			return comparison{}, fmt.Errorf("compare %s: %w", nameOf(want), err)
		}
		if len(fields) > 0 {
			found.changed = append(found.changed, fmt.Sprintf("%s (%s)", nameOf(want), strings.Join(fields, ", ")))
		}
		if at := lastWriteTime(has); at.After(found.lastWrite) {
			found.lastWrite = at
		}
	}
	return found, nil
}

// result returns what follows from the comparison; now is by a real clock, as the objects' times are.
func (c comparison) result(now time.Time) Result {
	const wayOut = "nothing new is provisioned until all admission policies of this version are applied (kubectl apply --server-side -k config/admission)"
	switch {
	case len(c.missing) > 0:
		return Result{
			Reason:  foundationv1alpha1.ReasonPolicyMissing,
			Message: text.AndMore(c.missing) + " is missing: " + wayOut,
		}
	case len(c.changed) > 0:
		return Result{
			Reason:  foundationv1alpha1.ReasonPolicyChanged,
			Message: text.AndMore(c.changed) + " is not what this version of the operator ships: " + wayOut,
		}
	case now.Sub(c.lastWrite) < settlePeriod:
		return Result{
			Reason:  foundationv1alpha1.ReasonPoliciesSettling,
			Message: "admission policies were written just now: what is new waits until every API server enforces them",
			Wait:    min(c.lastWrite.Add(settlePeriod).Sub(now), settlePeriod),
		}
	default:
		return Result{}
	}
}

func nameOf(object client.Object) string { return kindOf(object) + " " + object.GetName() }

// differences returns the fields of the spec that differ, sorted.
func differences(want, has client.Object) ([]string, error) {
	if hasSameSpec(want, has) {
		return nil, nil // as nearly always; the rest takes forty times as long
	}
	wanted, err := defaultedSpec(want)
	if err != nil {
		return nil, err
	}
	found, err := defaultedSpec(has)
	if err != nil {
		return nil, err
	}
	fields := map[string]bool{}
	for _, all := range []map[string]any{wanted, found} {
		for field := range all {
			if !equality.Semantic.DeepEqual(wanted[field], found[field]) {
				fields["spec."+field] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(fields)), nil
}

// lastWriteTime returns when a policy or binding was last written, its status apart.
func lastWriteTime(object client.Object) time.Time {
	at := object.GetCreationTimestamp().Time
	for _, entry := range object.GetManagedFields() {
		if entry.Subresource == "" && entry.Time != nil && entry.Time.After(at) {
			at = entry.Time.Time
		}
	}
	return at
}
