package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// role is a ClusterRole, or a Role if it has a namespace.
type role struct {
	name, namespace string
	rules           []rbacv1.PolicyRule
}

// readRoles reads the roles in a folder's manifests, and not in folders below it.
func readRoles(dir string) ([]role, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var roles []role
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		found, err := parseRoles(content)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		roles = append(roles, found...)
	}
	if len(roles) == 0 {
		return nil, fmt.Errorf("no role is in %s", dir)
	}
	return roles, nil
}

func parseRoles(content []byte) ([]role, error) {
	var roles []role
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), len(content))
	for {
		var document rbacv1.ClusterRole // a Role has the same rules
		if err := documents.Decode(&document); errors.Is(err, io.EOF) {
			return roles, nil
		} else if err != nil {
			return nil, err
		}
		switch document.Kind {
		case "ClusterRole", "Role":
			if document.AggregationRule != nil {
				return nil, fmt.Errorf("%s aggregates other roles: what it gives cannot be read off it", document.Name)
			}
			roles = append(roles, role{document.Name, document.Namespace, document.Rules})
		}
	}
}
