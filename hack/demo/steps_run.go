package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
)

// pretrain is the name of the training run's manifest and StatefulSet.
const pretrain = "pretrain"

// showRun starts a training run, as an engineer of the team, and checks on which nodes its pods run.
func (d *demo) showRun(ctx context.Context) error {
	if err := d.run(ctx, d.ida, "apply", "-f", manifest(pretrain)); err != nil {
		return err
	}
	set := &appsv1.StatefulSet{}
	if err := d.ida.client.Get(ctx, client.ObjectKey{Namespace: hanbitTrain, Name: pretrain}, set); err != nil {
		return fmt.Errorf("get the training run: %w", err)
	}
	if err := d.awaitWorkers(ctx, int(*set.Spec.Replicas)); err != nil {
		return err
	}
	if err := d.run(ctx, d.ida, "get", "pods", "-n", hanbitTrain, "-l", "app="+pretrain, "-o", "wide"); err != nil {
		return err
	}
	d.screen.check("the manifest names no node: the API server added the selector and the toleration to its pods",
		d.checkPlacement(ctx, set))
	where, err := d.checkWorkers(ctx, int(*set.Spec.Replicas))
	d.screen.check(fmt.Sprintf("all %d workers run on nodes of hanbit, and on no others: %s", *set.Spec.Replicas, where), err)
	return nil
}

// awaitWorkers waits until that many workers of the training run are ready.
func (d *demo) awaitWorkers(ctx context.Context, want int) error {
	return d.run(ctx, d.ida, "wait", "statefulset/"+pretrain, "-n", hanbitTrain,
		"--for=jsonpath={.status.readyReplicas}="+strconv.Itoa(want), "--timeout=90s")
}

// workers returns the pods of the training run.
func (d *demo) workers(ctx context.Context) ([]corev1.Pod, error) {
	pods := &corev1.PodList{}
	err := d.admin.client.List(ctx, pods, client.InNamespace(hanbitTrain), client.MatchingLabels{"app": pretrain})
	if err != nil {
		return nil, fmt.Errorf("list the workers: %w", err)
	}
	return pods.Items, nil
}

// checkPlacement checks that the manifest has no selector or toleration, and that admission added both to the pods.
func (d *demo) checkPlacement(ctx context.Context, set *appsv1.StatefulSet) error {
	asked := set.Spec.Template.Spec
	if len(asked.NodeSelector) > 0 || len(asked.Tolerations) > 0 || asked.Affinity != nil {
		return fmt.Errorf("the manifest has selector %v, tolerations %v and affinity %v", asked.NodeSelector, asked.Tolerations, asked.Affinity)
	}
	pods, err := d.workers(ctx)
	if err != nil {
		return err
	}
	for i := range pods {
		tolerates := slices.ContainsFunc(pods[i].Spec.Tolerations, func(t corev1.Toleration) bool {
			return t.Key == foundationv1alpha1.TaintTeam && t.Value == teamHanbit
		})
		if !tolerates || pods[i].Spec.NodeSelector[foundationv1alpha1.LabelNodeTeam] != teamHanbit {
			return fmt.Errorf("%s has selector %v and tolerations %v", pods[i].Name, pods[i].Spec.NodeSelector, pods[i].Spec.Tolerations)
		}
	}
	return nil
}

// checkWorkers checks that each worker runs on a node of the team, and describes these nodes.
func (d *demo) checkWorkers(ctx context.Context, want int) (where string, err error) {
	pods, err := d.workers(ctx)
	if err != nil {
		return "", err
	}
	nodes := &corev1.NodeList{}
	if err := d.admin.client.List(ctx, nodes); err != nil {
		return "", fmt.Errorf("list the nodes: %w", err)
	}
	used, err := checkWorkerNodes(pods, nodes.Items, teamHanbit, want)
	return layout(used), err
}

// checkWorkerNodes checks that want pods run, each on a node with the team's node label, and returns these nodes.
func checkWorkerNodes(pods []corev1.Pod, nodes []corev1.Node, team string, want int) (used []corev1.Node, err error) {
	if len(pods) != want {
		return nil, fmt.Errorf("there are %d pods, not %d", len(pods), want)
	}
	seen := map[string]bool{}
	for i := range pods {
		pod := &pods[i]
		at := slices.IndexFunc(nodes, func(node corev1.Node) bool { return node.Name == pod.Spec.NodeName })
		if at < 0 || pod.Status.Phase != corev1.PodRunning {
			return nil, fmt.Errorf("%s is %s on node %q", pod.Name, pod.Status.Phase, pod.Spec.NodeName)
		}
		if owner := nodes[at].Labels[foundationv1alpha1.LabelNodeTeam]; owner != team {
			return nil, fmt.Errorf("%s runs on %s, which is of team %q", pod.Name, pod.Spec.NodeName, owner)
		}
		if !seen[pod.Spec.NodeName] {
			seen[pod.Spec.NodeName] = true
			used = append(used, nodes[at])
		}
	}
	return used, nil
}

// showQuota scales the training run to the whole quota, and requests one GPU more.
func (d *demo) showQuota(ctx context.Context) error {
	quota, err := d.quota(ctx)
	if err != nil {
		return err
	}
	hard := quota.Spec.Hard[gpuQuota]
	workers := int(hard.Value()) / cluster.GPUsPerNode
	if err := d.run(ctx, d.ida, "scale", "statefulset", pretrain, "-n", hanbitTrain, "--replicas="+strconv.Itoa(workers)); err != nil {
		return err
	}
	if err := d.awaitWorkers(ctx, workers); err != nil {
		return err
	}
	if quota, err = d.quota(ctx); err != nil {
		return err
	}
	used := quota.Status.Used[gpuQuota]
	var unused error
	if used.Cmp(hard) != 0 {
		unused = fmt.Errorf("%s of %s are in use", used.String(), hard.String())
	}
	d.screen.check(fmt.Sprintf("the training run has all %s GPUs of the namespace's quota, with %d workers", hard.String(), workers), unused)

	refused, err := d.refuse(ctx, d.ida, "create", "-f", manifest("one-gpu-more"))
	if err != nil {
		return err
	}
	if refused == nil {
		refused = d.checkRefusal(ctx, d.ida, "one-gpu-more", apierrors.IsForbidden, "exceeded quota: "+quota.Name)
	}
	d.screen.check("one GPU more is refused, by the API server's own quota", refused)
	return nil
}

// quota returns the ResourceQuota of the training run's namespace.
func (d *demo) quota(ctx context.Context) (*corev1.ResourceQuota, error) {
	quotas := &corev1.ResourceQuotaList{}
	if err := d.ida.client.List(ctx, quotas, client.InNamespace(hanbitTrain)); err != nil {
		return nil, fmt.Errorf("list the quotas: %w", err)
	}
	if len(quotas.Items) != 1 {
		return nil, fmt.Errorf("%s has %d quotas, not 1", hanbitTrain, len(quotas.Items))
	}
	return &quotas.Items[0], nil
}

// uids returns the node of each pod by the pod's UID, to check later that they are the same pods on the same nodes.
func uids(pods []corev1.Pod) map[types.UID]string {
	nodes := make(map[types.UID]string, len(pods))
	for i := range pods {
		nodes[pods[i].UID] = pods[i].Spec.NodeName
	}
	return nodes
}
