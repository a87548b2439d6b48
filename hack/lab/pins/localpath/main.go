// Command localpath provisions volumes on the lab's real nodes: it runs on each of them, and makes a directory of the node for each claim of a
// class of its own whose first pod was scheduled there.
//
//	NODE_NAME=real-0 localpath /var/lib/lab-volumes
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// name is that of the provisioner, which StorageClasses refer to.
const name = "local-path.lab.foundation.team"

// What failed is tried again after a second at first and half a minute at last: a test waits for it. The library's own is 15 seconds to a quarter of an hour.
const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv("NODE_NAME"))
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "localpath:", err)
		os.Exit(1)
	}
}

// run provisions until the context is done.
func run(ctx context.Context, args []string, node string) error {
	if len(args) != 1 || node == "" {
		return errors.New("usage: NODE_NAME=<node> localpath <directory>")
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	controller.NewProvisionController(ctx, client, name, provisioner{root: args[0], node: node},
		// Each node has its own, and no two work on the same volume.
		controller.LeaderElection(false),
		// A volume that somebody deletes stays until its directory is gone.
		controller.AddFinalizer(true),
		controller.RateLimiter(workqueue.NewTypedItemExponentialFailureRateLimiter[string](firstRetry, lastRetry)),
	).Run(ctx)
	return nil
}
