package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// hostDevice is what all device files in containers are: it exists everywhere, and harms nothing.
const hostDevice = "/dev/null"

// device is one device of a node.
type device struct {
	resource string
	// index is its number on the node, from 0 on.
	index int
	// id is unique in the cluster for GPUs, and on the node for adapters.
	id string
}

// kind is a kind of devices that each node has.
type kind struct {
	// resource is the extended resource by which pods ask for it.
	resource string
	// env is the variable that names a container's devices.
	env   string
	count int
	// id is a device's identifier.
	id func(node string, index int) string
	// file is a device's file in the container; shared are files that each container with such a device has.
	file   string
	shared []string
}

// gpus are called as NVIDIA's device plugin calls them, with its environment variable.
var gpus = kind{resource: "nvidia.com/gpu", env: "NVIDIA_VISIBLE_DEVICES", count: 8, id: gpuUUID, file: "/dev/nvidia%d"}

// hcas are host channel adapters, one beside each GPU. The variable is that of the SR-IOV network device plugin, PCIDEVICE_<resource>.
var hcas = kind{
	resource: "rdma/hca", env: "PCIDEVICE_RDMA_HCA", count: 8, id: pciAddress,
	file: "/dev/infiniband/uverbs%d", shared: []string{"/dev/infiniband/rdma_cm"},
}

var kinds = []kind{gpus, hcas}

func named(resource string) func(kind) bool {
	return func(k kind) bool { return k.resource == resource }
}

// gpuUUID is the same after each start, as that of hardware.
func gpuUUID(node string, index int) string {
	return "GPU-" + uuid.NewSHA1(uuid.NameSpaceDNS, fmt.Appendf(nil, "gpu-%d.%s", index, node)).String()
}

func pciAddress(_ string, index int) string { return fmt.Sprintf("0000:%02x:00.0", 0x18+index) }

// devices are those of a node, by index.
func (k kind) devices(node string) []device {
	all := make([]device, k.count)
	for i := range all {
		all[i] = device{resource: k.resource, index: i, id: k.id(node, i)}
	}
	return all
}

// path is the device's file in a container.
func (k kind) path(d device) string { return fmt.Sprintf(k.file, d.index) }

// allocation is what a container gets that has some of a node's devices.
func (k kind) allocation(node string, ids []string) (*pluginapi.ContainerAllocateResponse, error) {
	response := &pluginapi.ContainerAllocateResponse{}
	var own []string
	for _, d := range k.devices(node) {
		if !slices.Contains(ids, d.id) {
			continue
		}
		own = append(own, d.id)
		response.Devices = append(response.Devices, deviceFile(k.path(d)))
	}
	if len(own) != len(ids) {
		return nil, fmt.Errorf("this node has the %s %s, not all of %s", k.resource, strings.Join(own, ", "), strings.Join(ids, ", "))
	}
	response.Envs = map[string]string{k.env: strings.Join(own, ",")}
	for _, path := range k.shared {
		response.Devices = append(response.Devices, deviceFile(path))
	}
	return response, nil
}

func deviceFile(path string) *pluginapi.DeviceSpec {
	return &pluginapi.DeviceSpec{ContainerPath: path, HostPath: hostDevice, Permissions: "rw"}
}
