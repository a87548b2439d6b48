package gpunode

import "k8s.io/apimachinery/pkg/types"

// Owner is the team that a node belongs to. The UID tells it from an earlier or later team of the same name.
type Owner struct {
	Name string
	UID  types.UID
}

func (o Owner) String() string { return o.Name + "/" + string(o.UID) }
