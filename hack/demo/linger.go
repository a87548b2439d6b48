package main

import (
	"context"
	"path/filepath"

	"foundation.team/operator/hack/lab/cluster"
)

// awaitInterrupt first prints commands to explore the cluster with, and keeps it running until Ctrl-C if there is a
// terminal.
func (d *demo) awaitInterrupt(ctx context.Context) {
	if !d.screen.live() && !d.opts.keep {
		return
	}
	d.screen.say(`
To look around, in another terminal:

  cd %[1]s && export PATH=%[2]s:$PATH

  export KUBECONFIG=%[3]s     # as the admin
  kubectl get fprog,ft,gpool
  kubectl describe ft saebyeok     # waits for GPUs; naru is eliminated, sol was never in
  kubectl get fprog %[9]s -o yaml
  kubectl label node b200-000 %[4]s=true     # break a node; %[4]s- mends it
  kubectl patch ft hanbit --type=merge -p '{"spec":{"suspend":true}}'

  export KUBECONFIG='%[5]s'     # as %[6]s, an engineer of hanbit
  kubectl get ft hanbit
  kubectl get pods -n hanbit-train
  kubectl create -f %[7]s

Logs are in %[8]s.`,
		d.root, filepath.Join(d.root, ".lab", "bin"), d.cluster.Kubeconfig(), cluster.BrokenLabel,
		d.ida.kubeconfig, d.ida.name, manifest("one-gpu-more"), d.workDir.logs(), programme)
	if d.opts.keep {
		return
	}
	d.screen.say("\nThe cluster stays up until Ctrl-C.")
	<-ctx.Done()
}
