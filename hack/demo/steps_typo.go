package main

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// showTypo applies a manifest with a typing error.
func (d *demo) showTypo(ctx context.Context) error {
	refused, err := d.refuse(ctx, d.admin, "apply", "-f", manifest("typo"))
	if err != nil {
		return err
	}
	if refused == nil {
		refused = d.checkRefusal(ctx, d.admin, "typo", apierrors.IsInvalid, "spec.volumes", "trian")
	}
	d.screen.check("the slip is refused before anything is made of it, with the place, the reason and the way out", refused)
	return nil
}
