// Command scrubber answers for one node that its GPUs were scrubbed, whenever the operator asks: see docs/access.md. There is nothing to
// scrub on the lab's nodes; a real one would clear the GPUs' memory before it answers. NODE_NAME is the node.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	err := run(ctx, os.Getenv("NODE_NAME"))
	told := ctx.Err() != nil
	stop()
	if !told {
		_, _ = fmt.Fprintln(os.Stderr, "scrubber:", err)
		os.Exit(1)
	}
}

// run answers until the watch ends; then the kubelet starts the container again.
func run(ctx context.Context, node string) error {
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	watch, err := client.CoreV1().Nodes().Watch(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", node).String()})
	if err != nil {
		return err
	}
	defer watch.Stop()
	for event := range watch.ResultChan() {
		seen, isNode := event.Object.(*corev1.Node)
		if !isNode {
			return fmt.Errorf("the watch says %v", event.Object)
		}
		if err := answer(ctx, client, seen); err != nil {
			return err
		}
	}
	return errors.New("the watch has ended")
}

// answer says that the node was scrubbed for the hand-over that it is asked for, unless it has said so.
func answer(ctx context.Context, client kubernetes.Interface, node *corev1.Node) error {
	request := node.Annotations[foundationv1alpha1.AnnotationScrubRequest]
	if request == "" || node.Annotations[foundationv1alpha1.AnnotationScrubbed] == request {
		return nil
	}
	_, _ = fmt.Fprintln(os.Stdout, "scrubbed for", request)
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, foundationv1alpha1.AnnotationScrubbed, request)
	_, err := client.CoreV1().Nodes().Patch(ctx, node.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}
