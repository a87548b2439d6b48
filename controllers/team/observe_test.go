package team

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"foundation.team/operator/internal/apply"
	"foundation.team/operator/test/support/builder"
)

// What is in somebody else's namespace is not the team's, whatever its label says, unless it gives access and is the
// team's by its UID too.
func TestObservedObjects(t *testing.T) {
	hanbit := twoNamespaces()
	in := input(hanbit, builder.OwnedNamespace(hanbit, "train"), builder.ForeignNamespace("hanbit-eval"))
	in.addOwned(apply.OwnerOf(hanbit, nil), builder.Quota(hanbit, "train", nil))
	in.addOwned(apply.OwnerOf(hanbit, nil), builder.Quota(hanbit, "eval", nil))
	second := builder.Quota(hanbit, "train", nil)
	second.Name = "another"
	in.addOwned(apply.OwnerOf(hanbit, nil), second)
	in.addOwned(apply.OwnerOf(hanbit, nil), managed(builder.Claim(hanbit, "train", "corpus", "1Ti", ""), claimFields))
	in.addOwned(apply.OwnerOf(hanbit, nil), managed(builder.Claim(hanbit, "eval", "corpus", "1Ti", ""), claimFields))
	in.addOwned(apply.OwnerOf(hanbit, nil), builder.Claim(hanbit, "train", "made-from-a-template", "1Ti", ""))
	in.addOwned(apply.OwnerOf(hanbit, nil), &rbacv1.ClusterRole{ObjectMeta: builder.OwnedMeta(hanbit, "", "foundation-team:hanbit")})
	in.addOwned(apply.OwnerOf(hanbit, nil), &rbacv1.RoleBinding{ObjectMeta: builder.OwnedMeta(hanbit, "elsewhere", "ours")})
	in.addOwned(apply.OwnerOf(hanbit, nil), &rbacv1.RoleBinding{ObjectMeta: builder.OwnedMeta(builder.Team("hanbit", builder.TeamUID("earlier")), "elsewhere", "theirs")})
	in.addOwned(apply.OwnerOf(hanbit, nil), &corev1.LimitRange{ObjectMeta: builder.OwnedMeta(hanbit, "elsewhere", "foundation-team")})
	if len(in.Quotas) != 1 || in.Quotas["hanbit-train"] == nil {
		t.Errorf("quotas %v", in.Quotas)
	}
	if len(in.Volumes) != 1 || in.Volumes[0].Namespace != "hanbit-train" {
		t.Errorf("volumes %v", in.Volumes)
	}
	var others []string
	for _, obj := range in.Others {
		others = append(others, apply.KindOf(obj).Name+" "+obj.GetName())
	}
	if diff := cmp.Diff([]string{"ResourceQuota another", "ClusterRole foundation-team:hanbit", "RoleBinding ours"}, others); diff != "" {
		t.Error(diff)
	}
}
