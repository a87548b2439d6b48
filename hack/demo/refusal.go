package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// checkRefusal creates the object in a manifest as a person, and checks that the API server refuses it with that kind
// of error and these words in its message, and that the object does not exist afterwards.
func (d *demo) checkRefusal(ctx context.Context, who *person, name string, kind func(error) bool, words ...string) error {
	object, err := d.read(name)
	if err != nil {
		return err
	}
	if err := checkRefusalError(who.client.Create(ctx, object.DeepCopy()), kind, words...); err != nil {
		return err
	}
	if err := d.admin.client.Get(ctx, client.ObjectKeyFromObject(object), object); !apierrors.IsNotFound(err) {
		return fmt.Errorf("%s was refused and yet looked for with the result: %w", name, orExists(err))
	}
	return nil
}

func checkRefusalError(err error, kind func(error) bool, words ...string) error {
	if err == nil {
		return fmt.Errorf("the API server accepted it")
	}
	if !kind(err) {
		return fmt.Errorf("it was refused for another reason: %w", err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			return fmt.Errorf("it was refused without a word of %q: %w", word, err)
		}
	}
	return nil
}

func orExists(err error) error {
	if err == nil {
		return fmt.Errorf("it exists")
	}
	return err
}

// read returns the object in one of the demo's manifests.
func (d *demo) read(name string) (*unstructured.Unstructured, error) {
	content, err := os.ReadFile(filepath.Join(d.root, manifest(name)))
	if err != nil {
		return nil, fmt.Errorf("read a manifest: %w", err)
	}
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(content, object); err != nil {
		return nil, fmt.Errorf("decode %s: %w", manifest(name), err)
	}
	return object, nil
}
