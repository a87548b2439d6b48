package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/dynamic-resource-allocation/kubeletplugin"
	"k8s.io/dynamic-resource-allocation/resourceslice"
	"k8s.io/utils/clock"
)

// driverName is that of NVIDIA's DRA driver for GPUs.
const driverName = "gpu.nvidia.com"

// unhealthyTaint keeps claims from a broken GPU.
const unhealthyTaint = driverName + "/unhealthy"

const (
	// healthInterval is how often the kubelet is told again that nothing changed; after healthTimeout it would not know.
	healthInterval = 20 * time.Second
	healthTimeout  = time.Minute
)

// driver is a DRA driver for the GPUs of its node.
type driver struct {
	node   string
	faults faults
	cdi    cdiFolder
	clock  clock.WithTicker
}

var _ kubeletplugin.DRAPlugin = driver{}

// runDriver publishes the node's GPUs and prepares claims for them until the context ends.
func runDriver(ctx context.Context, node string, broken faults) error {
	d := driver{node: node, faults: broken, cdi: cdiFolder{dir: kubeletplugin.DefaultCDIDir}, clock: clock.RealClock{}}
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(kubeletplugin.KubeletPluginsDir, driverName), 0o750); err != nil {
		return fmt.Errorf("create the directory of the driver's socket: %w", err)
	}
	changes, err := broken.watch(ctx)
	if err != nil {
		return err
	}
	helper, err := kubeletplugin.Start(ctx, d, kubeletplugin.DriverName(driverName), kubeletplugin.NodeName(node), kubeletplugin.KubeClient(client))
	if err != nil {
		return fmt.Errorf("start the DRA driver: %w", err)
	}
	defer helper.Stop()
	if err := helper.PublishResources(ctx, d.resources()); err != nil {
		return err
	}
	for range changes {
		if err := helper.PublishResources(ctx, d.resources()); err != nil {
			return err
		}
	}
	return nil
}

// resources are the GPUs of the node, as a ResourceSlice has them. Broken ones are tainted.
func (d driver) resources() resourceslice.DriverResources {
	var devices []resourcev1.Device
	for _, gpu := range gpus.devices(d.node) {
		device := resourcev1.Device{
			Name: deviceName(gpu),
			Attributes: map[resourcev1.QualifiedName]resourcev1.DeviceAttribute{
				"type":        {StringValue: new("gpu")},
				"index":       {IntValue: new(int64(gpu.index))},
				"uuid":        {StringValue: new(gpu.id)},
				"productName": {StringValue: new("NVIDIA B200")},
			},
			Capacity: map[resourcev1.QualifiedName]resourcev1.DeviceCapacity{"memory": {Value: resource.MustParse("180Gi")}},
		}
		if d.faults.has(gpu) {
			device.Taints = []resourcev1.DeviceTaint{{Key: unhealthyTaint, Effect: resourcev1.DeviceTaintEffectNoSchedule}}
		}
		devices = append(devices, device)
	}
	return resourceslice.DriverResources{Pools: map[string]resourceslice.Pool{d.node: {Slices: []resourceslice.Slice{{Devices: devices}}}}}
}

// deviceName is a GPU's name in a ResourceSlice.
func deviceName(gpu device) string { return fmt.Sprintf("gpu-%d", gpu.index) }

// PrepareResourceClaims implements kubeletplugin.DRAPlugin.
func (d driver) PrepareResourceClaims(_ context.Context, claims []*resourcev1.ResourceClaim) (map[types.UID]kubeletplugin.PrepareResult, error) {
	results := map[types.UID]kubeletplugin.PrepareResult{}
	for _, claim := range claims {
		devices, err := d.prepare(claim)
		results[claim.UID] = kubeletplugin.PrepareResult{Devices: devices, Err: err}
	}
	return results, nil
}

// prepare lets the container runtime know the devices of a claim.
func (d driver) prepare(claim *resourcev1.ResourceClaim) ([]kubeletplugin.Device, error) {
	byName := map[string]device{}
	for _, gpu := range gpus.devices(d.node) {
		byName[deviceName(gpu)] = gpu
	}
	var prepared []kubeletplugin.Device
	var own []device
	for _, result := range claim.Status.Allocation.Devices.Results {
		if result.Driver != driverName {
			continue
		}
		gpu, known := byName[result.Device]
		if !known || result.Pool != d.node {
			return nil, fmt.Errorf("%s has no device %s of pool %s", d.node, result.Device, result.Pool)
		}
		own = append(own, gpu)
		prepared = append(prepared, kubeletplugin.Device{
			Requests: []string{result.Request}, PoolName: result.Pool, DeviceName: result.Device, CDIDeviceIDs: []string{cdiDevice(claim.UID, gpu)},
		})
	}
	return prepared, d.cdi.write(claim.UID, own)
}

// UnprepareResourceClaims implements kubeletplugin.DRAPlugin.
func (d driver) UnprepareResourceClaims(_ context.Context, claims []kubeletplugin.NamespacedObject) (map[types.UID]error, error) {
	results := map[types.UID]error{}
	for _, claim := range claims {
		results[claim.UID] = d.cdi.remove(claim.UID)
	}
	return results, nil
}

// HandleError implements kubeletplugin.DRAPlugin. Nothing is mended by a new process.
func (driver) HandleError(ctx context.Context, err error, msg string) {
	utilruntime.HandleErrorWithContext(ctx, err, msg)
}

// WatchHealthStatus implements kubeletplugin.DRAPlugin.
func (d driver) WatchHealthStatus(ctx context.Context, reports chan<- kubeletplugin.DeviceHealthReport) error {
	changes, err := d.faults.watch(ctx)
	if err != nil {
		return err
	}
	ticker := d.clock.NewTicker(healthInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case reports <- d.health():
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changes:
		case <-ticker.C():
		}
	}
}

// health is that of all GPUs.
func (d driver) health() kubeletplugin.DeviceHealthReport {
	var report kubeletplugin.DeviceHealthReport
	for _, gpu := range gpus.devices(d.node) {
		health := kubeletplugin.DeviceHealth{
			PoolName: d.node, DeviceName: deviceName(gpu), Health: kubeletplugin.HealthStatusHealthy, LastUpdated: d.clock.Now(), HealthCheckTimeout: healthTimeout,
		}
		if d.faults.has(gpu) {
			health.Health = kubeletplugin.HealthStatusUnhealthy
		}
		report.Devices = append(report.Devices, health)
	}
	return report
}
