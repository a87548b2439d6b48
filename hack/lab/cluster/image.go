package cluster

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Image is a container image that is made from nothing but files.
type Image struct {
	// Files are the files of the image, by their absolute path in it, with where they are on this machine. All can be executed.
	Files      map[string]string
	Entrypoint string
	// User is as whom its process runs, such as 65532:65532; root if it is empty.
	User string
	// Env is of the form NAME=value.
	Env    []string
	Labels map[string]string
}

// PushImage makes an image and pushes it to the lab's registry, from which real nodes pull it: registry.example/name:tag.
func (c *Cluster) PushImage(ctx context.Context, name string, image Image) error {
	local := strings.Replace(name, Registry, address(c.plan.ports.Registry), 1)
	if local == name {
		return fmt.Errorf("image %s is not of the lab's registry, %s", name, Registry)
	}
	layer, err := os.CreateTemp(filepath.Join(c.plan.dir, nodesFolder), "layer-*.tar")
	if err != nil {
		return fmt.Errorf("make a layer of image %s: %w", name, err)
	}
	defer func() { _ = os.Remove(layer.Name()) }()
	if err := errors.Join(writeLayer(layer, image.Files), layer.Close()); err != nil {
		return fmt.Errorf("make a layer of image %s: %w", name, err)
	}
	if _, err := c.crane(ctx, "append", "--oci-empty-base", "--new_layer", layer.Name(), "--new_tag", local); err != nil {
		return err
	}
	_, err = c.crane(ctx, append([]string{"mutate", local, "--tag", local}, image.mutations()...)...)
	return err
}

// ImageConfig returns the configuration of an image in the lab's registry, as the OCI image specification has it.
func (c *Cluster) ImageConfig(ctx context.Context, name string) (string, error) {
	return c.crane(ctx, "config", strings.Replace(name, Registry, address(c.plan.ports.Registry), 1))
}

// mutations are the arguments of crane mutate.
func (i Image) mutations() []string {
	args := []string{"--set-platform", "linux/" + runtime.GOARCH, "--entrypoint", i.Entrypoint}
	if i.User != "" {
		args = append(args, "--user", i.User)
	}
	for _, env := range i.Env {
		args = append(args, "--env", env)
	}
	for _, name := range slices.Sorted(maps.Keys(i.Labels)) {
		args = append(args, "--label", name+"="+i.Labels[name])
	}
	return args
}

// crane runs crane and returns what it prints.
func (c *Cluster) crane(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(c.plan.bin, "crane"), append(args, "--insecure")...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("crane %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// writeLayer writes files, and the folders that they are in, as a tar archive.
func writeLayer(to io.Writer, files map[string]string) error {
	archive := tar.NewWriter(to)
	folders := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, folder := range foldersOf(name) {
			if folders[folder] {
				continue
			}
			folders[folder] = true
			if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder + "/", Mode: 0o755}); err != nil {
				return err
			}
		}
		if err := writeFile(archive, name, files[name]); err != nil {
			return err
		}
	}
	return archive.Close()
}

// foldersOf returns the folders in which a file is, the outermost first, without a leading slash.
func foldersOf(name string) []string {
	var folders []string
	for at := filepath.Dir(strings.TrimPrefix(name, "/")); at != "."; at = filepath.Dir(at) {
		folders = append(folders, at)
	}
	slices.Reverse(folders)
	return folders
}

func writeFile(archive *tar.Writer, name, from string) error {
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(name, "/"), Mode: 0o755, Size: info.Size()}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return err
}
