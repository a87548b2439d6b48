package support

import (
	"context"
	"fmt"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/internal/guards"
)

// InstallGuards creates the admission policies that ship, as an admin does before anything else. The operator provisions
// nothing without them, and waits until the API server enforces them.
func InstallGuards(ctx context.Context, admin *rest.Config) error {
	shipped, err := guards.Shipped()
	if err != nil {
		return err
	}
	c, err := client.New(admin, client.Options{})
	if err != nil {
		return err
	}
	for _, guard := range shipped {
		copied, ok := guard.DeepCopyObject().(client.Object)
		if !ok {
			return fmt.Errorf("%T cannot be copied", guard)
		}
		if err := c.Create(ctx, copied); err != nil {
			return fmt.Errorf("install %s: %w", guard.GetName(), err)
		}
	}
	return nil
}
