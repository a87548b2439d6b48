package pool

import (
	"context"
	"fmt"
	"strings"

	resourcev1 "k8s.io/api/resource/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/internal/text"
)

// maxProblem is how much of a CEL compiler's error a condition's message shows, in bytes.
const maxProblem = 256

// observeDevices reads which devices of the pool's DeviceClass the nodes have, and starts to watch ResourceSlices and
// DeviceTaintRules when the first pool needs them. Until they are read it fails, because a node with a tainted device would count as
// healthy. A cluster that does not serve them, or a class that is missing or cannot be evaluated, leaves the devices unknown.
func (r *Reconciler) observeDevices(ctx context.Context, in *Input) error {
	if in.Pool.Spec.DeviceClassName == "" {
		return nil
	}
	served, err := r.resourceSlices.ensureStarted(ctx, in.Now)
	if err != nil || !served {
		return err
	}
	class := &resourcev1.DeviceClass{}
	if err := r.Client.Get(ctx, client.ObjectKey{Name: in.Pool.Spec.DeviceClassName}, class); err != nil {
		if apierrors.IsNotFound(err) {
			in.DevicesUnknown = "DeviceClass " + in.Pool.Spec.DeviceClassName + " does not exist"
			return nil
		}
		return fmt.Errorf("read DeviceClass %s of pool %s: %w", in.Pool.Spec.DeviceClassName, in.Pool.Name, err)
	}
	var published resourcev1.ResourceSliceList
	if err := r.Client.List(ctx, &published, withoutDeepCopy); err != nil {
		return fmt.Errorf("list ResourceSlices: %w", err)
	}
	rules, err := r.listTaintRules(ctx, in)
	if err != nil {
		return err
	}
	if in.Devices, err = r.classes.ByNode(ctx, class, pointers(published.Items), rules, in.Now); err != nil {
		in.DevicesUnknown = text.Cut(strings.Join(strings.Fields(err.Error()), " "), maxProblem)
	}
	return nil
}

// listTaintRules returns none if the cluster does not serve them: resource.k8s.io/v1 has them since Kubernetes 1.37.
func (r *Reconciler) listTaintRules(ctx context.Context, in *Input) ([]*resourcev1.DeviceTaintRule, error) {
	served, err := r.taintRules.ensureStarted(ctx, in.Now)
	if err != nil || !served {
		return nil, err
	}
	var list resourcev1.DeviceTaintRuleList
	if err := r.Client.List(ctx, &list, withoutDeepCopy); err != nil {
		return nil, fmt.Errorf("list DeviceTaintRules: %w", err)
	}
	return pointers(list.Items), nil
}
