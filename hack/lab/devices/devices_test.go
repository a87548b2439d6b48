package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/dynamic-resource-allocation/kubeletplugin"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
	"k8s.io/utils/clock"
)

// within is how long something may take that happens between two goroutines.
const within = 10 * time.Second

func TestDevicesAreTheSameAfterEachStart(t *testing.T) {
	first, again := gpus.devices("real-0"), gpus.devices("real-0")
	if len(first) != 8 || !slices.Equal(first, again) {
		t.Errorf("the GPUs of a node are %v, and then %v", first, again)
	}
	seen := map[string]bool{}
	for _, d := range append(first, gpus.devices("real-1")...) {
		seen[d.id] = true
	}
	if len(seen) != 16 {
		t.Errorf("two nodes have %d different GPUs, want 16", len(seen))
	}
}

func TestAllocation(t *testing.T) {
	adapters := hcas.devices("real-0")
	got, err := hcas.allocation("real-0", []string{adapters[5].id, adapters[1].id})
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"PCIDEVICE_RDMA_HCA": "0000:19:00.0,0000:1d:00.0"}; !cmp.Equal(got.Envs, want) {
		t.Errorf("the environment is %v, want %v", got.Envs, want)
	}
	var files []string
	for _, file := range got.Devices {
		files = append(files, file.ContainerPath)
	}
	if want := []string{"/dev/infiniband/uverbs1", "/dev/infiniband/uverbs5", "/dev/infiniband/rdma_cm"}; !slices.Equal(files, want) {
		t.Errorf("the files are %v, want %v", files, want)
	}
	if _, err := gpus.allocation("real-0", []string{gpus.id("real-1", 0)}); err == nil {
		t.Error("a GPU of another node is allocated")
	}
}

func TestNamesThatAreServed(t *testing.T) {
	for names, refused := range map[string]bool{
		"nvidia.com/gpu rdma/hca": false, "gpu.nvidia.com rdma/hca": false, "gpu.nvidia.com nvidia.com/gpu": true, "example.com/fpga": true,
	} {
		if err := checkNames(strings.Fields(names)); (err != nil) != refused {
			t.Errorf("%s: error %v, want one: %v", names, err, refused)
		}
	}
}

func TestHealthIsForDevicesThatExist(t *testing.T) {
	for args, refused := range map[string]bool{
		"nvidia.com/gpu 7 unhealthy": false, "nvidia.com/gpu 7 healthy": false, "nvidia.com/gpu 0 healthy": false, "nvidia.com/gpu 8 unhealthy": true,
		"nvidia.com/gpu -1 unhealthy": true, "nvidia.com/gpu 1 ill": true, "example.com/fpga 1 healthy": true,
	} {
		words := strings.Fields(args)
		if err := setHealth(faults{dir: t.TempDir()}, "real-0", words[0], words[1], words[2]); (err != nil) != refused {
			t.Errorf("%s: error %v, want one: %v", args, err, refused)
		}
	}
}

// kubelet accepts plugins.
type kubelet struct {
	pluginapi.UnimplementedRegistrationServer
	registered chan *pluginapi.RegisterRequest
}

func (k kubelet) Register(_ context.Context, request *pluginapi.RegisterRequest) (*pluginapi.Empty, error) {
	k.registered <- request
	return &pluginapi.Empty{}, nil
}

// start starts a kubelet's registration and returns what ends it.
func (k kubelet) start(t *testing.T, dir string) func() {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", filepath.Join(dir, "kubelet.sock"))
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pluginapi.RegisterRegistrationServer(server, k)
	go func() { _ = server.Serve(listener) }()
	return server.GracefulStop // the plugin has its answer
}

// awaitPlugin returns how a plugin registers.
func (k kubelet) awaitPlugin(ctx context.Context, t *testing.T) *pluginapi.RegisterRequest {
	t.Helper()
	select {
	case request := <-k.registered:
		return request
	case <-ctx.Done():
		t.Fatal("it does not register")
		return nil
	}
}

// A kubelet that starts anew hears of the plugin again, and sees each change of a device's health.
func TestPluginAndKubelet(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	dir, broken := t.TempDir(), faults{dir: t.TempDir()}
	k := kubelet{registered: make(chan *pluginapi.RegisterRequest, 1)}
	stop := k.start(t, dir)
	ended := make(chan error, 1)
	serving, end := context.WithCancel(ctx)
	go func() { ended <- plugin{kind: gpus, node: "real-0", faults: broken, dir: dir}.run(serving) }()

	if got := k.awaitPlugin(ctx, t); got.ResourceName != "nvidia.com/gpu" || got.Version != "v1beta1" {
		t.Errorf("it registers as %v", got)
	}
	stop()
	defer k.start(t, dir)()
	endpoint := k.awaitPlugin(ctx, t).Endpoint
	connection, err := grpc.NewClient("unix://"+filepath.Join(dir, endpoint), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	stream, err := pluginapi.NewDevicePluginClient(connection).ListAndWatch(ctx, &pluginapi.Empty{}, grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	awaitUnhealthy(t, stream, "")
	for _, step := range []struct{ health, broken string }{{"unhealthy", gpus.id("real-0", 3)}, {"healthy", ""}} {
		if err := setHealth(broken, "real-0", "nvidia.com/gpu", "3", step.health); err != nil {
			t.Fatal(err)
		}
		awaitUnhealthy(t, stream, step.broken)
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// awaitUnhealthy receives until exactly one device, or none if it is empty, is unhealthy.
func awaitUnhealthy(t *testing.T, stream grpc.ServerStreamingClient[pluginapi.ListAndWatchResponse], want string) {
	t.Helper()
	for {
		response, err := stream.Recv()
		if err != nil {
			t.Fatalf("before %q alone is unhealthy: %v", want, err)
		}
		var unhealthy []string
		for _, d := range response.Devices {
			if d.Health == pluginapi.Unhealthy {
				unhealthy = append(unhealthy, d.ID)
			}
		}
		if len(response.Devices) == 8 && strings.Join(unhealthy, " ") == want {
			return
		}
	}
}

// claim has GPUs of a node.
func claim(uid types.UID, node string, names ...string) *resourcev1.ResourceClaim {
	c := &resourcev1.ResourceClaim{}
	c.UID, c.Status.Allocation = uid, &resourcev1.AllocationResult{}
	for _, name := range names {
		c.Status.Allocation.Devices.Results = append(c.Status.Allocation.Devices.Results,
			resourcev1.DeviceRequestAllocationResult{Request: "gpus", Driver: driverName, Pool: node, Device: name})
	}
	return c
}

func TestClaims(t *testing.T) {
	d := driver{node: "real-0", faults: faults{dir: t.TempDir()}, cdi: cdiFolder{dir: t.TempDir()}, clock: clock.RealClock{}}
	prepare := func(c *resourcev1.ResourceClaim) kubeletplugin.PrepareResult {
		t.Helper()
		results, err := d.PrepareResourceClaims(t.Context(), []*resourcev1.ResourceClaim{c})
		if err != nil {
			t.Fatal(err)
		}
		return results[c.UID]
	}
	one := claim("1-1", "real-0", "gpu-1", "gpu-5")
	for range 2 { // the kubelet may ask again
		if got := prepare(one); got.Err != nil || len(got.Devices) != 2 || got.Devices[1].CDIDeviceIDs[0] != "k8s.gpu.nvidia.com/device=1-1-gpu-5" {
			t.Errorf("a claim is prepared as %+v", got)
		}
	}
	content, err := os.ReadFile(d.cdi.file("1-1"))
	if err != nil || !strings.Contains(string(content), `"GPU_DEVICE_5=`+gpus.id("real-0", 5)+`"`) || strings.Count(string(content), "/dev/nvidia") != 2 {
		t.Errorf("its specification is %s, error %v", content, err)
	}
	if got := prepare(claim("2-2", "real-0", "gpu-0", "gpu-5")); got.Err == nil {
		t.Error("a GPU is prepared for two claims")
	}
	if got := prepare(claim("3-3", "real-1", "gpu-7")); got.Err == nil {
		t.Error("a GPU of another node is prepared")
	}
	for range 2 {
		ended := []kubeletplugin.NamespacedObject{{UID: "1-1"}}
		if results, err := d.UnprepareResourceClaims(t.Context(), ended); err != nil || results["1-1"] != nil {
			t.Errorf("a claim is ended with %v, error %v", results, err)
		}
	}
	if got := prepare(claim("2-2", "real-0", "gpu-0", "gpu-5")); got.Err != nil {
		t.Error(got.Err)
	}
}

func TestBrokenGPUsAreTainted(t *testing.T) {
	d := driver{node: "real-0", faults: faults{dir: t.TempDir()}, clock: clock.RealClock{}}
	if err := d.faults.set(gpus.devices("real-0")[3], false); err != nil {
		t.Fatal(err)
	}
	health := d.health()
	for i, published := range d.resources().Pools["real-0"].Slices[0].Devices {
		broken := i == 3
		if (len(published.Taints) > 0) != broken || (health.Devices[i].Health != kubeletplugin.HealthStatusHealthy) != broken {
			t.Errorf("%s has the taints %v and is %s", published.Name, published.Taints, health.Devices[i].Health)
		}
	}
}
