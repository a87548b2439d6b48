package cluster

import (
	"fmt"
	"path/filepath"

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

// kwokNodes marks the nodes that kwok plays the kubelet of, ours and those of other tools alike.
const (
	kwokNodeKey   = "kwok.x-k8s.io/node"
	kwokNodeValue = "fake"
)

const (
	// leaseSeconds is long, since kwok renews each node's lease four times in that time and hundreds of
	// renewals in each ten seconds would be most of an idle lab's work.
	leaseSeconds = 160
	// monitorGrace is how long a node may be silent: more than two renewals.
	monitorGrace = "100s"
)

// plan turns a layout and ports into what is to be run. It is pure.
type plan struct {
	layout
	bin   string
	ports ports
	// withKarpenter says that Karpenter is one of the components.
	withKarpenter bool
	// withAudit says that the API server keeps an audit log.
	withAudit bool
	// apiServerArgs are further arguments of the API server.
	apiServerArgs []string
}

func (p plan) command(name, probe string, args ...string) command {
	return command{name: name, binary: filepath.Join(p.bin, name), args: args, probe: probe}
}

func (p plan) apiServerURL() string { return "https://" + address(p.ports.APIServer) }

// core is etcd and the API server, in the order they are started.
func (p plan) core() []command { return []command{p.etcd(), p.apiServer()} }

// controllers is all that works through the API server, in no order.
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
		// Without these every user of this machine could write around the API server.
		"--client-cert-auth",
		"--trusted-ca-file="+p.pki(etcdCACert),
		"--cert-file="+p.pki(etcdCert),
		"--key-file="+p.pki(etcdKey),
		"--peer-client-cert-auth",
		"--peer-trusted-ca-file="+p.pki(etcdCACert),
		"--peer-cert-file="+p.pki(etcdCert),
		"--peer-key-file="+p.pki(etcdKey),
		// The data need not outlive a power cut, and syncing is most of the time of a write.
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
		"--service-cluster-ip-range=10.96.0.0/16",
		// An endpoint on loopback is refused, and nothing in the lab goes through the service.
		"--endpoint-reconciler-type=none",
		"--profiling=false",
	)
	if p.withAudit {
		cmd.args = append(cmd.args,
			"--audit-policy-file="+p.config(auditPolicyFile),
			"--audit-log-path="+p.log(auditLogName),
			// In one file, whatever a long run writes.
			"--audit-log-maxsize=4096",
		)
	}
	cmd.args = append(cmd.args, p.apiServerArgs...)
	return cmd
}

// auditPolicy has the operator's requests written down, and nobody else's. A watch is written down when it starts: it
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
		// It watches this folder and creates it, by default one of the whole machine.
		"--flex-volume-plugin-dir="+p.config("flexvolume"),
		"--node-monitor-grace-period="+monitorGrace,
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
		fmt.Sprintf("--node-lease-duration-seconds=%d", leaseSeconds),
		// At info kwok writes a line for each change of each pod.
		"--v=WARN",
	)
}

// schedulerConfig is the scheduler's default configuration, but quick and alone.
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
