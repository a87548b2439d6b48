package cluster

import (
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func testPlan() plan {
	return plan{layout: layout{dir: "/lab"}, bin: "/bin", ports: ports{
		EtcdClient: 1001, EtcdPeer: 1002, APIServer: 1003, ControllerManager: 1004, Scheduler: 1005, Kwok: 1006,
		KarpenterMetrics: 1007, KarpenterHealth: 1008,
	}}
}

func TestCommandFlags(t *testing.T) {
	tests := map[string]struct {
		command command
		probe   string
		has     []string
	}{
		"etcd lets in nobody without a certificate of its own authority": {
			command: testPlan().etcd(),
			probe:   "https://127.0.0.1:1001/readyz",
			has:     []string{"--client-cert-auth", "--peer-client-cert-auth", "--trusted-ca-file=/lab/pki/etcd-ca.crt", "--unsafe-no-fsync"},
		},
		"the API server authorises like a real one": {
			command: testPlan().apiServer(),
			probe:   "https://127.0.0.1:1003/readyz",
			has: []string{
				"--authorization-mode=Node,RBAC", "--anonymous-auth=false", "--profiling=false",
				"--client-ca-file=/lab/pki/ca.crt", "--service-account-signing-key-file=/lab/pki/service-account.key",
			},
		},
		"the API server writes down what the operator asks, if somebody wants to know": {
			command: plan{layout: layout{dir: "/lab"}, withAudit: true}.apiServer(),
			probe:   "https://127.0.0.1:0/readyz",
			has:     []string{"--audit-policy-file=/lab/config/audit.yaml", "--audit-log-path=/lab/logs/audit.log"},
		},
		"the API server is told what the caller wants": {
			command: plan{apiServerArgs: []string{"--feature-gates=X=true"}}.apiServer(),
			probe:   "https://127.0.0.1:0/readyz",
			has:     []string{"--profiling=false", "--feature-gates=X=true"},
		},
		"controllers have their own rights": {
			command: testPlan().controllerManager(),
			probe:   "https://127.0.0.1:1004/healthz",
			has:     []string{"--use-service-account-credentials", "--leader-elect=false", "--root-ca-file=/lab/pki/ca.crt", "--kube-api-qps=500"},
		},
		"the scheduler reads its file": {
			command: testPlan().scheduler(),
			probe:   "https://127.0.0.1:1005/readyz",
			has:     []string{"--config=/lab/config/scheduler.yaml"},
		},
		"kwok keeps to its own nodes": {
			command: testPlan().kwok(),
			probe:   "http://127.0.0.1:1006/readyz",
			has: []string{
				"--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
				"--config=/lab/config/kwok.yaml", "--config=/bin/kwok-stages.yaml",
			},
		},
		"the manager is told what the lab knows, then what the caller wants": {
			command: ManagerOptions{Name: "manager", Path: "/bin/manager", Args: []string{"--v=2"}}.command("/lab/k", 1, 2),
			probe:   "http://127.0.0.1:2/readyz",
			has: []string{
				"--kubeconfig", "/lab/k", "--leader-elect", "--metrics-bind-address", "127.0.0.1:1",
				"--health-probe-bind-address", "127.0.0.1:2", "--v=2",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.command.probe != tt.probe {
				t.Errorf("probe %s, want %s", tt.command.probe, tt.probe)
			}
			for _, flag := range tt.has {
				if !slices.Contains(tt.command.args, flag) {
					t.Errorf("%s lacks %s: %q", tt.command.name, flag, tt.command.args)
				}
			}
		})
	}
}

// Karpenter has no flags to speak of.
func TestKarpenterEnvironment(t *testing.T) {
	cmd := testPlan().karpenter()
	if want := "http://127.0.0.1:1008/readyz"; cmd.probe != want {
		t.Errorf("probe %s, want %s", cmd.probe, want)
	}
	for _, pair := range []string{
		"KUBECONFIG=/lab/config/karpenter.kubeconfig", "METRICS_PORT=1007", "HEALTH_PROBE_PORT=1008",
		"FEATURE_GATES=StaticCapacity=true", "INSTANCE_TYPES_FILE_PATH=/lab/config/instance-types.json",
		"DISABLE_LEADER_ELECTION=true",
	} {
		if !slices.Contains(cmd.env, pair) {
			t.Errorf("it lacks %s: %q", pair, cmd.env)
		}
	}
}

func TestKarpenterIsOnlyThereIfWanted(t *testing.T) {
	isKarpenter := func(cmd command) bool { return cmd.name == componentKarpenter }
	p := testPlan()
	if slices.ContainsFunc(p.controllers(), isKarpenter) {
		t.Error("it is a component though nobody wants it")
	}
	p.withKarpenter = true
	if !slices.ContainsFunc(p.controllers(), isKarpenter) {
		t.Error("it is no component though it is wanted")
	}
}

func TestNobodyIsAuditedUnasked(t *testing.T) {
	for _, flag := range testPlan().apiServer().args {
		if strings.Contains(flag, "audit") {
			t.Errorf("the API server is told %s though nobody wants to know", flag)
		}
	}
}

// Nothing of the lab may be reached from another machine, Karpenter's metrics and health apart.
func TestOnlyLoopback(t *testing.T) {
	addresses := regexp.MustCompile(`\d+\.\d+\.\d+\.\d+(/\d+)?`)
	for _, cmd := range append(testPlan().core(), testPlan().controllers()...) {
		for _, arg := range cmd.args {
			for _, found := range addresses.FindAllString(arg, -1) {
				if !strings.Contains(found, "/") && !net.ParseIP(found).IsLoopback() {
					t.Errorf("%s is told of %s by %s", cmd.name, found, arg)
				}
			}
		}
	}
}

func TestChoosePorts(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	busy, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}

	first, err := choosePorts(ports{APIServer: busy})
	if err != nil {
		t.Fatal(err)
	}
	if first.APIServer == busy {
		t.Error("chose a port that somebody listens on")
	}
	all := []int{
		first.EtcdClient, first.EtcdPeer, first.APIServer, first.ControllerManager, first.Scheduler, first.Kwok,
		first.KarpenterMetrics, first.KarpenterHealth,
	}
	slices.Sort(all)
	if len(slices.Compact(all)) != 8 || all[0] < firstPort || all[7] >= lastPort {
		t.Errorf("want eight ports within the range, got %v", all)
	}
	if again, err := choosePorts(first); err != nil || again != first {
		t.Errorf("free ports of before were not taken again: %+v, then %+v, %v", first, again, err)
	}
}

func TestUserKubeconfigPaths(t *testing.T) {
	l := layout{dir: "/lab"}
	tests := map[string]struct {
		user   string
		groups []string
		want   string
	}{
		"a person":               {user: "kim@hanbit.example", want: "/lab/users/kim@hanbit.example.kubeconfig"},
		"a name with a path":     {user: "../ca", want: "/lab/users/..%2Fca.kubeconfig"},
		"with a group":           {user: "kim", groups: []string{"a"}, want: "/lab/users/kim-ca978112.kubeconfig"},
		"with another is not it": {user: "kim", groups: []string{"b"}, want: "/lab/users/kim-3e23e816.kubeconfig"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := l.user(tt.user, tt.groups); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
