package cluster

import (
	"cmp"
	"fmt"
	"path/filepath"
	"time"

	"foundation.team/operator/hack/lab/binaries"
)

// The components of the control plane, by the names of their binaries.
const (
	componentEtcd              = "etcd"
	componentAPIServer         = "kube-apiserver"
	componentControllerManager = "kube-controller-manager"
	componentScheduler         = "kube-scheduler"
	componentKwok              = "kwok"
	componentKarpenter         = "karpenter"
)

const (
	schedulerConfigFile = "scheduler.yaml"
	kwokConfigFile      = "kwok.yaml"
	auditPolicyFile     = "audit.yaml"
	auditLogName        = "audit"
)

// The annotation on nodes whose kubelet kwok simulates: the lab's nodes and those that Karpenter's kwok provider
// creates.
const (
	kwokNodeKey   = "kwok.x-k8s.io/node"
	kwokNodeValue = "fake"
)

// defaultNodeLease is the duration of node leases, of which kwok renews each four times. With the usual 40 s, renewals of hundreds of nodes would
// be most of an idle lab's load.
const defaultNodeLease = 160 * time.Second

// plan builds the components' commands from a layout and ports. It reads and writes nothing.
type plan struct {
	layout
	bin   string
	ports ports
	// withKarpenter is true if Karpenter is one of the components.
	withKarpenter bool
	// withAudit is true if the API server writes an audit log.
	withAudit bool
	// apiServerArgs are further arguments of the API server.
	apiServerArgs []string
	// nodeLease is the duration of node leases.
	nodeLease time.Duration
	// fabric is the network of the real nodes; 0 if there were none.
	fabric fabric
}

func (p plan) command(name, probe string, args ...string) command {
	return command{name: name, binary: filepath.Join(p.bin, name), args: args, probe: probe}
}

// leaseSeconds is the duration of node leases.
func (p plan) leaseSeconds() int { return int(cmp.Or(p.nodeLease, defaultNodeLease).Seconds()) }

// monitorGrace is how long a node may go without a renewal before it is not ready: more than two renewals.
func (p plan) monitorGrace() time.Duration { return cmp.Or(p.nodeLease, defaultNodeLease) * 5 / 8 }

func (p plan) apiServerURL() string { return "https://" + address(p.ports.APIServer) }

// core returns etcd and the API server, in the order in which they are started.
func (p plan) core() []command { return []command{p.etcd(), p.apiServer()} }

// controllers returns the clients of the API server, which can start in any order.
func (p plan) controllers() []command {
	all := []command{p.controllerManager(), p.scheduler(), p.kwok()}
	if p.withKarpenter {
		all = append(all, p.karpenter())
	}
	return all
}

func (p plan) etcd() command {
	client, peer := "https://"+address(p.ports.EtcdClient), "https://"+address(p.ports.EtcdPeer)
	return p.command(componentEtcd, client+"/readyz",
		"--name=lab",
		"--data-dir="+p.etcdData(),
		"--listen-client-urls="+client,
		"--advertise-client-urls="+client,
		"--listen-peer-urls="+peer,
		"--initial-advertise-peer-urls="+peer,
		"--initial-cluster=lab="+peer,
		// Without these every local user could write to etcd and bypass the API server.
		"--client-cert-auth",
		"--trusted-ca-file="+p.pki(etcdCACert),
		"--cert-file="+p.pki(etcdCert),
		"--key-file="+p.pki(etcdKey),
		"--peer-client-cert-auth",
		"--peer-trusted-ca-file="+p.pki(etcdCACert),
		"--peer-cert-file="+p.pki(etcdCert),
		"--peer-key-file="+p.pki(etcdKey),
		// The data need not survive a power cut, and fsync takes most of the time of a write.
		"--unsafe-no-fsync",
		"--log-level=warn",
	)
}

func (p plan) apiServer() command {
	cmd := p.command(componentAPIServer, p.apiServerURL()+"/readyz",
		"--bind-address="+loopback,
		"--advertise-address="+loopback,
		fmt.Sprintf("--secure-port=%d", p.ports.APIServer),
		"--tls-cert-file="+p.pki(servingCert),
		"--tls-private-key-file="+p.pki(servingKey),
		"--client-ca-file="+p.pki(caCert),
		"--anonymous-auth=false",
		"--authorization-mode=Node,RBAC",
		"--allow-privileged",
		"--etcd-servers=https://"+address(p.ports.EtcdClient),
		"--etcd-cafile="+p.pki(etcdCACert),
		"--etcd-certfile="+p.pki(etcdCert),
		"--etcd-keyfile="+p.pki(etcdKey),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file="+p.pki(serviceTokenKey),
		"--service-account-signing-key-file="+p.pki(serviceTokenKey),
		"--service-cluster-ip-range="+serviceCIDR,
		// The API server refuses to publish a loopback endpoint, and nothing in the lab uses the Service.
		"--endpoint-reconciler-type=none",
		"--profiling=false",
		// Kubelets of real nodes; kwok answers none of these requests. They look up no names.
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority="+p.pki(caCert),
		"--kubelet-client-certificate="+p.pki(kubeletClientCert),
		"--kubelet-client-key="+p.pki(kubeletClientKey),
	)
	if p.withAudit {
		cmd.args = append(cmd.args,
			"--audit-policy-file="+p.config(auditPolicyFile),
			"--audit-log-path="+p.log(auditLogName),
			// No rotation, even in a long run: readers expect one file.
			"--audit-log-maxsize=4096",
		)
	}
	cmd.args = append(cmd.args, p.apiServerArgs...)
	return cmd
}

// auditPolicy logs the operator's requests and nobody else's. A watch is logged when it starts as well, because it
// may never end.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: ["system:serviceaccount:` + OperatorNamespace + ":" + OperatorServiceAccount + `"]
`

func (p plan) controllerManager() command {
	return p.command(componentControllerManager, "https://"+address(p.ports.ControllerManager)+"/healthz",
		"--kubeconfig="+p.config(componentControllerManager+".kubeconfig"),
		"--bind-address="+loopback,
		fmt.Sprintf("--secure-port=%d", p.ports.ControllerManager),
		"--tls-cert-file="+p.pki(servingCert),
		"--tls-private-key-file="+p.pki(servingKey),
		"--leader-elect=false",
		"--use-service-account-credentials",
		"--service-account-private-key-file="+p.pki(serviceTokenKey),
		"--root-ca-file="+p.pki(caCert),
		"--cluster-signing-cert-file="+p.pki(caCert),
		"--cluster-signing-key-file="+p.pki(caKey),
		// The default is a directory of the whole machine, which it would create and watch.
		"--flex-volume-plugin-dir="+p.config("flexvolume"),
		"--node-monitor-grace-period="+p.monitorGrace().String(),
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		"--profiling=false",
	)
}

func (p plan) scheduler() command {
	return p.command(componentScheduler, "https://"+address(p.ports.Scheduler)+"/readyz",
		"--config="+p.config(schedulerConfigFile),
		"--bind-address="+loopback,
		fmt.Sprintf("--secure-port=%d", p.ports.Scheduler),
		"--tls-cert-file="+p.pki(servingCert),
		"--tls-private-key-file="+p.pki(servingKey),
	)
}

func (p plan) kwok() command {
	return p.command(componentKwok, "http://"+address(p.ports.Kwok)+"/readyz",
		"--kubeconfig="+p.config(componentKwok+".kubeconfig"),
		"--config="+p.config(kwokConfigFile),
		"--config="+filepath.Join(p.bin, binaries.StagesFile),
		"--manage-nodes-with-annotation-selector="+kwokNodeKey+"="+kwokNodeValue,
		"--server-address="+address(p.ports.Kwok),
		"--node-ip="+loopback,
		"--cidr=10.128.0.0/12",
		fmt.Sprintf("--node-lease-duration-seconds=%d", p.leaseSeconds()),
		// At level INFO kwok logs each change of each pod.
		"--v=WARN",
	)
}

// schedulerConfig returns the scheduler's default configuration with higher rate limits and without leader election.
func (p plan) schedulerConfig() string {
	return fmt.Sprintf(`apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection:
  leaderElect: false
clientConnection:
  kubeconfig: %q
  qps: 500
  burst: 1000
`, p.config(componentScheduler+".kubeconfig"))
}
