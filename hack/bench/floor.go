package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
)

// writers is how many requests are under way at a time.
const writers = 32

// floor is what the API server takes to write teams' objects.
type floor struct {
	took time.Duration
	// objects is how many a team has.
	objects int
	// cpu is the API server's processor time, in seconds.
	cpu float64
}

// measureFloor has a bare client write the objects of so many teams by server-side apply, as the operator and with the operator's policies,
// on a control plane of its own.
func measureFloor(ctx context.Context, teams int) (found floor, err error) {
	lab, err := startLab(ctx, fewNodes)
	if err != nil {
		return floor{}, err
	}
	defer func() { err = joinStop(ctx, err, lab) }()
	if err := lab.StartOperator(ctx); err != nil {
		return floor{}, err
	}
	template := teamName(0)
	if _, err := provisionTeams(ctx, lab, []string{template}, nil); err != nil {
		return floor{}, err
	}
	team, err := objectsOf(ctx, lab, template)
	if err != nil {
		return floor{}, err
	}
	if err := lab.Operator.Stop(ctx); err != nil {
		return floor{}, err
	}
	bare, err := asOperator(ctx, lab)
	if err != nil {
		return floor{}, err
	}
	before, err := apiServer(ctx, lab)
	if err != nil {
		return floor{}, err
	}
	began := realClock.Now()
	var all errgroup.Group
	all.SetLimit(writers)
	for i := range teams {
		all.Go(func() error { return writeCopy(ctx, bare, team, template, teamName(i+1)) })
	}
	if err := all.Wait(); err != nil {
		return floor{}, err
	}
	took := realClock.Since(began)
	after, err := apiServer(ctx, lab)
	return floor{took: took, objects: len(team), cpu: after.cpu - before.cpu}, err
}

// objectsOf returns the objects that the operator has made for a team, namespaces first, without what the API server adds.
func objectsOf(ctx context.Context, lab *support.Lab, team string) ([][]byte, error) {
	var objects [][]byte
	for _, kind := range apply.Kinds() {
		list := &unstructured.UnstructuredList{}
		gvk, err := apiutil.GVKForObject(kind.New(), setup.Scheme())
		if err != nil {
			return nil, err
		}
		list.SetGroupVersionKind(gvk)
		if err := lab.Client.List(ctx, list, client.MatchingLabels{foundationv1alpha1.LabelTeam: team}); err != nil {
			return nil, fmt.Errorf("list %s: %w", kind.Name, err)
		}
		for _, item := range list.Items {
			for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"} {
				unstructured.RemoveNestedField(item.Object, "metadata", field)
			}
			delete(item.Object, "status")
			content, err := json.Marshal(item.Object)
			if err != nil {
				return nil, err
			}
			objects = append(objects, content)
		}
	}
	return objects, nil
}

// writeCopy writes a team's objects under another team's name.
func writeCopy(ctx context.Context, c client.Client, objects [][]byte, from, to string) error {
	for _, object := range objects {
		u := &unstructured.Unstructured{}
		if err := json.Unmarshal([]byte(strings.ReplaceAll(string(object), from, to)), &u.Object); err != nil {
			return err
		}
		if err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(foundationv1alpha1.FieldManager)); err != nil {
			return fmt.Errorf("write %s %s: %w", u.GetKind(), u.GetName(), err)
		}
	}
	return nil
}

// asOperator returns a client with the operator's rights.
func asOperator(ctx context.Context, lab *support.Lab) (client.Client, error) {
	token, err := lab.Token(ctx, cluster.OperatorNamespace, cluster.OperatorServiceAccount)
	if err != nil {
		return nil, err
	}
	return client.New(bearer(lab, token), client.Options{Scheme: runtime.NewScheme()})
}

// bearer returns a config with a token, without limits of its own.
func bearer(lab *support.Lab, token string) *rest.Config {
	cfg := rest.AnonymousClientConfig(lab.Admin)
	cfg.BearerToken, cfg.QPS = token, -1
	return cfg
}
