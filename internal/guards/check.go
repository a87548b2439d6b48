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

// settle is how long an API server may take to enforce a policy that is new to it: it looks at what its watch told it
// once a second. Others in the cluster may take as long.
const settle = 5 * time.Second

// Result is what a check of the guards found. The zero Result is that all of them are in place.
type Result struct {
	// Reason is empty while all guards are in place, else PolicyMissing, PolicyChanged or PoliciesSettling.
	Reason string
	// Message names the guards that are not as shipped, and the way out.
	Message string
	// Wait is, where the guards only have to settle, for how long.
	Wait time.Duration
}

// OK reports whether something new may be provisioned.
func (r Result) OK() bool { return r.Reason == "" }

// settling reports whether the guards are in place, and only have to be enforced everywhere.
func (r Result) settling() bool { return r.Wait > 0 }

// Until is when guards that settle count, if it is now now; zero where time alone changes nothing.
func (r Result) Until(now time.Time) time.Time {
	if r.Wait == 0 {
		return time.Time{}
	}
	return now.Add(r.Wait)
}

// Condition tells the result on an object.
func (r Result) Condition() metav1.Condition {
	if r.OK() {
		return conditions.True(foundationv1alpha1.ConditionPoliciesInstalled, foundationv1alpha1.ReasonAsShipped, "all admission policies are in place")
	}
	return conditions.False(foundationv1alpha1.ConditionPoliciesInstalled, r.Reason, r.Message)
}

// compare checks what is in the cluster against what is shipped; now is by a real clock, as objects' times are.
// What is there besides is none of its business: further policies can only refuse more.
func compare(shipped, live []client.Object, now time.Time) (Result, error) {
	there := map[string]client.Object{}
	for _, object := range live {
		there[nameOf(object)] = object
	}
	var missing, changed []string
	var newest time.Time
	for _, want := range shipped {
		has := there[nameOf(want)]
		if has == nil || !has.GetDeletionTimestamp().IsZero() {
			missing = append(missing, nameOf(want))
			continue
		}
		fields, err := differences(want, has)
		if err != nil {
			return Result{}, fmt.Errorf("compare %s: %w", nameOf(want), err)
		}
		if len(fields) > 0 {
			changed = append(changed, fmt.Sprintf("%s (%s)", nameOf(want), strings.Join(fields, ", ")))
		}
		if at := writtenAt(has); at.After(newest) {
			newest = at
		}
	}
	const wayOut = "nothing new is provisioned until all admission policies of this version are applied (kubectl apply --server-side -k config/admission)"
	switch {
	case len(missing) > 0:
		return Result{
			Reason:  foundationv1alpha1.ReasonPolicyMissing,
			Message: text.AndMore(missing) + " is missing: " + wayOut,
		}, nil
	case len(changed) > 0:
		return Result{
			Reason:  foundationv1alpha1.ReasonPolicyChanged,
			Message: text.AndMore(changed) + " is not what this version of the operator ships: " + wayOut,
		}, nil
	case now.Sub(newest) < settle:
		return Result{
			Reason:  foundationv1alpha1.ReasonPoliciesSettling,
			Message: "admission policies were written just now: what is new waits until every API server enforces them",
			Wait:    min(newest.Add(settle).Sub(now), settle),
		}, nil
	default:
		return Result{}, nil
	}
}

func nameOf(object client.Object) string { return kindOf(object) + " " + object.GetName() }

// differences are the fields of the spec that are not the same.
func differences(want, has client.Object) ([]string, error) {
	wanted, err := spec(want)
	if err != nil {
		return nil, err
	}
	found, err := spec(has)
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

// writtenAt is when somebody wrote a guard last; its status is no matter.
func writtenAt(object client.Object) time.Time {
	at := object.GetCreationTimestamp().Time
	for _, entry := range object.GetManagedFields() {
		if entry.Subresource == "" && entry.Time != nil && entry.Time.After(at) {
			at = entry.Time.Time
		}
	}
	return at
}
