package programme

import (
	"context"
	"errors"
	"slices"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/manifest"
)

// tidy ends a story: its operator stops, and what is left of it goes, so that the next one's operator finds nothing.
func (s *story) tidy() {
	s.Helper()
	s.stop()
	if scale {
		return // no other story follows
	}
	ofTeams := client.HasLabels{foundationv1alpha1.LabelTeam}
	for _, list := range kinds {
		s.discard(list)
	}
	for _, list := range []client.ObjectList{
		&foundationv1alpha1.TeamRecordList{}, &rbacv1.ClusterRoleBindingList{}, &rbacv1.ClusterRoleList{}, &corev1.NamespaceList{},
		&corev1.PersistentVolumeList{}, &flowcontrolv1.FlowSchemaList{}, &flowcontrolv1.PriorityLevelConfigurationList{},
	} {
		s.discard(list, ofTeams)
	}
	s.discard(&corev1.NodeList{}, client.HasLabels{manifest.PoolLabel})
}

// discard deletes objects; what waits for the operator does not wait for it any more.
func (s *story) discard(like client.ObjectList, of ...client.ListOption) {
	s.Helper()
	ctx := context.WithoutCancel(s.Context())
	list, _ := like.DeepCopyObject().(client.ObjectList)
	s.Expect(k8s.List(ctx, list, of...)).To(Succeed())
	items, err := meta.ExtractList(list)
	s.Expect(err).NotTo(HaveOccurred())
	errs := make([]error, len(items))
	workqueue.ParallelizeUntil(ctx, 8, len(items), func(i int) {
		obj, _ := items[i].(client.Object)
		if slices.Contains(obj.GetFinalizers(), foundationv1alpha1.Finalizer) {
			before, _ := obj.DeepCopyObject().(client.Object)
			obj.SetFinalizers(nil)
			if errs[i] = client.IgnoreNotFound(k8s.Patch(ctx, obj, client.MergeFrom(before))); errs[i] != nil {
				return
			}
		}
		errs[i] = client.IgnoreNotFound(k8s.Delete(ctx, obj))
	})
	s.Expect(errors.Join(errs...)).To(Succeed())
}
