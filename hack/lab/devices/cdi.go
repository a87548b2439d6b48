package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	cdi "tags.cncf.io/container-device-interface/specs-go"
)

const (
	cdiKind = "k8s." + driverName + "/device"
	// cdiVersion is the oldest that has all that is used: hostPath of a device came with 0.5.0, as names that begin with a digit.
	cdiVersion = "0.5.0"
)

// cdiFolder has a CDI specification for each prepared claim. They are the driver's memory: it may be replaced between a claim's
// preparation and its end.
type cdiFolder struct {
	dir string
}

// cdiDevice is what the container runtime calls a GPU of a claim.
func cdiDevice(claim types.UID, gpu device) string { return cdiKind + "=" + cdiName(claim, gpu) }

func cdiName(claim types.UID, gpu device) string { return string(claim) + "-" + deviceName(gpu) }

func (c cdiFolder) file(claim types.UID) string {
	return filepath.Join(c.dir, driverName+"-"+string(claim)+".json")
}

// write writes the specification of a claim, unless another claim has one of its GPUs. The scheduler sees to that; the driver is the last
// to notice.
func (c cdiFolder) write(claim types.UID, own []device) error {
	spec := cdi.Spec{Version: cdiVersion, Kind: cdiKind}
	for _, gpu := range own {
		others, err := filepath.Glob(filepath.Join(c.dir, driverName+"-*.json"))
		if err != nil {
			return err
		}
		for _, file := range others {
			if taken, err := names(file, gpu); file != c.file(claim) && (taken || err != nil) {
				return errors.Join(fmt.Errorf("%s is prepared for another claim by %s", deviceName(gpu), filepath.Base(file)), err)
			}
		}
		spec.Devices = append(spec.Devices, cdi.Device{Name: cdiName(claim, gpu), ContainerEdits: cdi.ContainerEdits{
			// As the example driver of Kubernetes names them: several claims of a container add up.
			Env:         []string{fmt.Sprintf("GPU_DEVICE_%d=%s", gpu.index, gpu.id)},
			DeviceNodes: []*cdi.DeviceNode{{Path: gpus.path(gpu), HostPath: hostDevice, Permissions: "rw"}},
		}})
	}
	content, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	// The runtime reads whatever is called *.json: it shall find all of it.
	if err := os.WriteFile(c.file(claim)+".new", content, 0o600); err != nil {
		return fmt.Errorf("write a CDI specification: %w", err)
	}
	return os.Rename(c.file(claim)+".new", c.file(claim))
}

// names reports whether a specification has a GPU.
func names(file string, gpu device) (bool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	var spec cdi.Spec
	if err := json.Unmarshal(content, &spec); err != nil {
		return false, err
	}
	for _, device := range spec.Devices {
		if strings.HasSuffix(device.Name, "-"+deviceName(gpu)) {
			return true, nil
		}
	}
	return false, nil
}

// remove removes the specification of a claim, if there is one.
func (c cdiFolder) remove(claim types.UID) error {
	if err := os.Remove(c.file(claim)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
