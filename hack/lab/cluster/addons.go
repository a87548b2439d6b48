package cluster

import (
	"context"
	"embed"
	"fmt"
	"path/filepath"
)

// addons are what clusters with real nodes have besides: each is a program in an image, and a manifest that runs it in pods.
var addons = []addon{
	{name: "coredns"},
	{name: "devices"},
	{name: "localpath"},
}

// addon is called like its binary, its image and its manifest.
type addon struct {
	name string
}

//go:embed manifests/addons/*.yaml
var addonManifests embed.FS

// installAddons installs them. They run when there is a real node, and nothing waits for that.
func (c *Cluster) installAddons(ctx context.Context) error {
	for _, a := range addons {
		if err := c.installAddon(ctx, a); err != nil {
			return fmt.Errorf("install %s: %w", a.name, err)
		}
	}
	return nil
}

func (c *Cluster) installAddon(ctx context.Context, a addon) error {
	entrypoint := "/" + a.name
	image := Image{Files: map[string]string{entrypoint: filepath.Join(c.plan.bin, a.name)}, Entrypoint: entrypoint}
	if err := c.PushImage(ctx, Registry+"/"+a.name+":lab", image); err != nil {
		return err
	}
	manifest, err := addonManifests.ReadFile("manifests/addons/" + a.name + ".yaml")
	if err != nil {
		return err
	}
	return c.apply(ctx, manifest)
}
