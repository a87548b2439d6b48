package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"k8s.io/klog/v2"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// registerWithin is how long a kubelet may take to accept a plugin. Between its socket and its answer it opens its checkpoint.
const registerWithin = 30 * time.Second

// plugin serves one kind of devices to the kubelet of its node.
type plugin struct {
	pluginapi.UnimplementedDevicePluginServer
	kind   kind
	node   string
	faults faults
	// dir has the sockets of the kubelet and of the plugins.
	dir string
}

func (p plugin) socket() string {
	return filepath.Join(p.dir, "lab-"+strings.ReplaceAll(p.kind.resource, "/", "-")+".sock")
}

func (p plugin) kubeletSocket() string {
	return filepath.Join(p.dir, filepath.Base(pluginapi.KubeletSocket))
}

// run serves until the context ends. A kubelet that starts deletes the sockets of all plugins and makes its own anew: then the plugin
// serves and registers anew, too.
func (p plugin) run(ctx context.Context) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch for the kubelet: %w", err)
	}
	defer func() { _ = watcher.Close() }()
	if err := watcher.Add(p.dir); err != nil {
		return fmt.Errorf("watch for the kubelet: %w", err)
	}
	for ctx.Err() == nil {
		if err := p.serve(ctx, watcher); err != nil {
			return err
		}
	}
	return nil
}

// serve serves until the kubelet has started anew or the context ends.
func (p plugin) serve(ctx context.Context, watcher *fsnotify.Watcher) error {
	if err := os.Remove(p.socket()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the socket of an earlier plugin: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", p.socket())
	if err != nil {
		return fmt.Errorf("listen for the kubelet: %w", err)
	}
	server := grpc.NewServer()
	pluginapi.RegisterDevicePluginServer(server, p)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Serve(listener) })
	group.Go(func() error {
		defer server.Stop()
		if err := p.register(ctx); err != nil {
			return fmt.Errorf("register %s with the kubelet: %w", p.kind.resource, err)
		}
		klog.InfoS("Registered with the kubelet", "resource", p.kind.resource, "devices", p.kind.count)
		return p.awaitKubelet(ctx, watcher)
	})
	return group.Wait()
}

// awaitKubelet returns when the kubelet has made its socket anew, or the context ends.
func (p plugin) awaitKubelet(ctx context.Context, watcher *fsnotify.Watcher) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-watcher.Errors:
			return fmt.Errorf("watch for the kubelet: %w", err)
		case event := <-watcher.Events:
			if event.Name == p.kubeletSocket() && event.Has(fsnotify.Create) {
				return nil
			}
		}
	}
}

// register tells the kubelet where the plugin is.
func (p plugin) register(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, registerWithin)
	defer cancel()
	connection, err := grpc.NewClient("unix://"+p.kubeletSocket(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	_, err = pluginapi.NewRegistrationClient(connection).Register(ctx, &pluginapi.RegisterRequest{
		Version: pluginapi.Version, Endpoint: filepath.Base(p.socket()), ResourceName: p.kind.resource,
	}, grpc.WaitForReady(true))
	return err
}

// GetDevicePluginOptions implements pluginapi.DevicePluginServer: the kubelet chooses devices, and starts containers without asking again.
func (plugin) GetDevicePluginOptions(context.Context, *pluginapi.Empty) (*pluginapi.DevicePluginOptions, error) {
	return &pluginapi.DevicePluginOptions{}, nil
}

// ListAndWatch implements pluginapi.DevicePluginServer.
func (p plugin) ListAndWatch(_ *pluginapi.Empty, stream grpc.ServerStreamingServer[pluginapi.ListAndWatchResponse]) error {
	changes, err := p.faults.watch(stream.Context())
	if err != nil {
		return err
	}
	if err := stream.Send(p.list()); err != nil {
		return err
	}
	for range changes {
		if err := stream.Send(p.list()); err != nil {
			return err
		}
	}
	return nil
}

// list are all devices with their health.
func (p plugin) list() *pluginapi.ListAndWatchResponse {
	response := &pluginapi.ListAndWatchResponse{}
	for _, d := range p.kind.devices(p.node) {
		health := pluginapi.Healthy
		if p.faults.has(d) {
			health = pluginapi.Unhealthy
		}
		response.Devices = append(response.Devices, &pluginapi.Device{ID: d.id, Health: health})
	}
	return response
}

// Allocate implements pluginapi.DevicePluginServer.
func (p plugin) Allocate(_ context.Context, request *pluginapi.AllocateRequest) (*pluginapi.AllocateResponse, error) {
	response := &pluginapi.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		allocation, err := p.kind.allocation(p.node, container.DevicesIds)
		if err != nil {
			return nil, err
		}
		response.ContainerResponses = append(response.ContainerResponses, allocation)
	}
	return response, nil
}
